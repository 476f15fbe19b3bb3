package hostsim

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// dormitory is the fleet of five processes with its queue and clock; say makes a control call.
func dormitory(t *testing.T) (f *Fleet, q *fakeQueue, pass func(time.Duration), say func(method, body string) (int, string)) {
	t.Helper()
	clock := &worldClock{now: time.Date(2026, 11, 22, 8, 0, 30, 0, time.UTC)}
	f, _, q = fiveProcessesAt(t, clock.Now)
	mux := http.NewServeMux()
	f.MountControl(mux)
	pass = func(d time.Duration) {
		clock.advance(f.hosts[0], d)
		f.Wake()
	}
	return f, q, pass, func(method, body string) (int, string) {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(method, "/sleep", strings.NewReader(body)))
		return w.Code, w.Body.String()
	}
}

func (f *Fleet) done() int { return len(f.journal.since(0)) }

func TestFirstMessageAfterAPauseIsNoticedLate(t *testing.T) {
	f, q, pass, say := dormitory(t)
	if code, body := say("POST", `{"after":"5m","wake":"2m"}`); code != 200 || body != `{"after":"5m0s","wake":"2m0s","ready":[]}`+"\n" {
		t.Fatalf("%d %s", code, body)
	}
	q.send("a", "while it is awake")
	eventually(t, func() bool { return f.done() == 1 })
	pass(6 * time.Minute)
	before := f.Status()
	q.send("b", "the first after the pause")
	q.send("c", "and another")
	eventually(t, func() bool { return f.Status().Restarts > before.Restarts })
	pass(119 * time.Second)
	wait(t.Context(), 50*time.Millisecond)
	if n := f.done(); n != 1 {
		t.Errorf("%d messages were worked on before they were noticed", n-1)
	}
	pass(time.Second)
	eventually(t, func() bool { return f.done() == 3 })
	for i, p := range f.Status().Processes {
		if isNew := p.PID != before.Processes[i].PID; isNew && !strings.HasPrefix(p.Name, "work#") {
			t.Errorf("%s is new, too", p.Name)
		}
	}
	q.send("d", "soon after")
	eventually(t, func() bool { return f.done() == 4 })
}

func TestFunctionThatIsAlwaysReadyIsNeverLate(t *testing.T) {
	f, q, pass, say := dormitory(t)
	if code, body := say("POST", `{"after":"5m","wake":"2m","ready":["work"]}`); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	pass(time.Hour)
	q.send("a", "the first after the pause")
	eventually(t, func() bool { return f.done() == 1 })
	if code, body := say("GET", ""); code != 200 || !strings.Contains(body, `"ready":["work"]`) {
		t.Errorf("%d %s", code, body)
	}
}

func TestSleepThatCannotBeIsRefused(t *testing.T) {
	_, _, _, say := dormitory(t)
	for body, says := range map[string]string{
		`{"after":"soon"}`: `after \"soon\"`, `{"wake":"11m"}`: "from 0s to 10m0s", `{"wake":"-1s"}`: "wake", `{"ready":["tick"]}`: `use some of [\"work\"]`, `{"asleep":true}`: "unknown field",
	} {
		if code, answer := say("POST", body); code != 400 || !strings.Contains(answer, says) {
			t.Errorf("%s: %d %s", body, code, answer)
		}
	}
}
