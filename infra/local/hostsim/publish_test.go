package hostsim

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"slices"
	"testing"
)

// caller has one connection to a fleet.
type caller struct {
	conn net.Conn
	r    *bufio.Reader
}

func connect(t *testing.T, addr string) *caller {
	t.Helper()
	conn, err := net.Dial("tcp4", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &caller{conn, bufio.NewReader(conn)}
}

func (c *caller) ask(t *testing.T, path string) {
	t.Helper()
	if _, err := io.WriteString(c.conn, "GET "+path+" HTTP/1.1\r\nHost: app.example\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
}

// get answers with the status and the body.
func (c *caller) get(t *testing.T, path string) string {
	t.Helper()
	c.ask(t, path)
	g := readAnswer(c.r, "GET")
	return fmt.Sprint(g.status, " ", string(g.body))
}

func pidsOf(f *Fleet) (out []int) {
	for _, p := range f.Status().Processes {
		out = append(out, p.PID)
	}
	slices.Sort(out)
	return out
}

// again are the members that a fleet was started with, with something more.
func again(f *Fleet, more map[string]string) (out []Member) {
	for _, h := range f.list() {
		settings := maps.Clone(h.opt.Settings)
		maps.Copy(settings, more)
		out = append(out, Member{Name: h.name, Settings: settings})
	}
	return out
}

func TestRecreateEndsWhatRunsAndKeepsConnections(t *testing.T) {
	f, addr, q := fiveProcesses(t)
	slow, next := connect(t, addr), connect(t, addr)
	before := pidsOf(f)
	first := next.get(t, "/api/web/pid")
	slow.ask(t, "/api/web/slow-60000")
	eventually(t, func() bool { return f.Busy() == 1 })
	if err := f.Publish(t.Context(), f.opt.Dir, Recreate, again(f, nil)...); err != nil {
		t.Fatal(err)
	}
	if g := readAnswer(slow.r, "GET"); g.status == 200 {
		t.Errorf("a call that ran was answered: %d %s", g.status, g.body)
	}
	if got := next.get(t, "/api/web/pid"); got == first || got[:4] != "200 " {
		t.Errorf("the same connection got %q after %q", got, first)
	}
	eventually(t, func() bool { return f.Status().State == StateRunning })
	for _, pid := range pidsOf(f) {
		if slices.Contains(before, pid) {
			t.Errorf("process %d still runs", pid)
		}
	}
	q.send("s", "m")
	eventually(t, func() bool { return slices.Equal(q.done(), []string{"complete m"}) })
}

func TestBesideLetsBothVersionsServe(t *testing.T) {
	f, addr, q := fiveProcesses(t)
	c := connect(t, addr)
	before := pidsOf(f)
	first := c.get(t, "/api/web/pid")
	if err := f.Publish(t.Context(), f.opt.Dir, Beside, again(f, nil)...); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return f.Status().State == StateRunning })
	if now := pidsOf(f); len(now) != 2*len(before) {
		t.Errorf("%d processes beside %d", len(now), len(before))
	}
	names := map[string]bool{}
	for _, p := range f.Status().Processes {
		names[p.Name] = true
	}
	if len(names) != 2*len(before) {
		t.Errorf("names %v", names)
	}
	answers := map[string]int{}
	for range 4 {
		answers[c.get(t, "/api/web/pid")]++
	}
	if len(answers) != 2 || answers[first] != 2 {
		t.Errorf("of four calls: %v, the old one is %q", answers, first)
	}
	q.send("s", "m")
	eventually(t, func() bool { return slices.Equal(q.done(), []string{"complete m"}) })
	if err := f.Publish(t.Context(), f.opt.Dir, Recreate, again(f, nil)[:len(before)]...); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return f.Status().State == StateRunning })
	if now := pidsOf(f); len(now) != len(before) || slices.ContainsFunc(now, func(pid int) bool { return slices.Contains(before, pid) }) {
		t.Errorf("after the next publication %v, before %v", now, before)
	}
	if got := c.get(t, "/api/web/pid"); answers[got] > 0 || got[:4] != "200 " {
		t.Errorf("%q", got)
	}
}

// A message that is worked on when its process is ended comes again, to a new one.
func TestAMessageThatRecreateInterruptsComesAgain(t *testing.T) {
	f, _, q := fiveProcesses(t)
	if err := f.Publish(t.Context(), f.opt.Dir, Recreate, again(f, map[string]string{"TEST_WORK_MS": "60000"})...); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return f.Status().State == StateRunning })
	q.send("s", "m")
	eventually(t, func() bool { return f.Busy() == 1 })
	if err := f.Publish(t.Context(), f.opt.Dir, Recreate, again(f, map[string]string{"TEST_WORK_MS": ""})...); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return slices.Equal(q.done(), []string{"abandon m", "complete m"}) })
}

func TestRollingLetsWhatRunsFinish(t *testing.T) {
	f, addr, q := fiveProcesses(t)
	if err := f.Publish(t.Context(), f.opt.Dir, Recreate, again(f, map[string]string{"TEST_WORK_MS": "300"})...); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return f.Status().State == StateRunning })
	slow, next := connect(t, addr), connect(t, addr)
	old := next.get(t, "/api/web/pid")
	slow.ask(t, "/api/web/slow-300")
	q.send("s", "m")
	eventually(t, func() bool { return f.Busy() == 2 })
	if err := f.Publish(t.Context(), f.opt.Dir, Rolling, again(f, map[string]string{"TEST_WORK_MS": ""})...); err != nil {
		t.Fatal(err)
	}
	if g := readAnswer(slow.r, "GET"); fmt.Sprint(g.status, " ", string(g.body)) != old {
		t.Errorf("a call that ran: %d %s, want %s", g.status, g.body, old)
	}
	if got := q.done(); !slices.Equal(got, []string{"complete m"}) {
		t.Errorf("the message that ran: %v", got)
	}
	if got := next.get(t, "/api/web/pid"); got == old || got[:4] != "200 " {
		t.Errorf("the next call: %s", got)
	}
	q.send("s", "n")
	eventually(t, func() bool { return slices.Equal(q.done(), []string{"complete m", "complete n"}) })
	if err := f.Trigger(t.Context(), "tick"); err != nil {
		t.Error(err)
	}
}

func TestWhatCannotBePublishedLeavesTheOldOne(t *testing.T) {
	f, addr, _ := fiveProcesses(t)
	before := pidsOf(f)
	for _, c := range []struct{ dir, strategy string }{{t.TempDir(), Recreate}, {f.opt.Dir, "swap"}} {
		if err := f.Publish(t.Context(), c.dir, c.strategy, again(f, nil)...); err == nil {
			t.Errorf("%v was published", c)
		}
	}
	if got := pidsOf(f); !slices.Equal(got, before) {
		t.Errorf("%v, want %v", got, before)
	}
	if got := connect(t, addr).get(t, "/api/web/x"); got != "200 {}" {
		t.Error(got)
	}
	if _, err := os.Stat(f.opt.Dir); err != nil {
		t.Error(err)
	}
}
