package link_test

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/link"
)

// far is a delay that no test waits for: it ends when the weather does.
const far = time.Hour

// part is a program behind a link: it answers each line with the same line, and "bye" by closing.
type part struct {
	link  link.Link
	at    string
	heard chan string // every line
}

func start(t *testing.T) *part {
	t.Helper()
	raw, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &part{at: raw.Addr().String(), heard: make(chan string, 16)}
	l := p.link.Listen(raw)
	t.Cleanup(func() { _ = l.Close(); p.link.Calm() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(c)
		}
	}()
	return p
}

func (p *part) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	buffer := make([]byte, 100)
	for {
		n, err := c.Read(buffer)
		if err != nil {
			return
		}
		line := string(buffer[:n])
		p.heard <- line
		if line == "bye" {
			return
		}
		if _, err := c.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func dial(t *testing.T, at string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp4", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func say(t *testing.T, c net.Conn, line string) {
	t.Helper()
	if _, err := io.WriteString(c, line); err != nil {
		t.Fatal(err)
	}
}

// hear reads so many bytes.
func hear(t *testing.T, c net.Conn, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != want {
		t.Fatalf("%q, %v", got, err)
	}
}

// silent says that nothing has come so far, not even an end.
func silent(t *testing.T, c net.Conn) {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("%d bytes, %v", n, err)
	}
	if err := c.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
}

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// gone reads until the end, and gives how it came.
func gone(c net.Conn) error {
	_, err := io.ReadAll(c)
	return err
}

func (p *part) greeted(t *testing.T) net.Conn {
	t.Helper()
	c := dial(t, p.at)
	say(t, c, "hello")
	hear(t, c, "hello")
	<-p.heard
	return c
}

// awaits waits until so many connections are held.
func (p *part) awaits(t *testing.T, held int) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for p.link.Held() != held {
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatalf("%d are held", p.link.Held())
		}
	}
}

func TestResetEndsWhatIsOpenAndWhatIsNew(t *testing.T) {
	p := start(t)
	open := p.greeted(t)
	calm := p.link.Set(link.Weather{Fault: link.Reset})
	if err := gone(open); !isReset(err) {
		t.Errorf("open: %v", err)
	}
	fresh := dial(t, p.at)
	say(t, fresh, "hello")
	if err := gone(fresh); !isReset(err) {
		t.Errorf("new: %v", err)
	}
	if s := p.link.Status(); s.Fault != link.Reset || s.Played != 2 {
		t.Errorf("%+v", s)
	}
	calm()
	calm()
	p.greeted(t)
	if s := p.link.Status(); s.Fault != "" {
		t.Errorf("%+v", s)
	}
}

func TestResetOfOneConnectionMeetsTheNextThatIsUsed(t *testing.T) {
	p := start(t)
	used, idle := p.greeted(t), p.greeted(t)
	p.link.Set(link.Weather{Fault: link.Reset, Times: 1})
	say(t, used, "more")
	if err := gone(used); !isReset(err) {
		t.Errorf("%v", err)
	}
	say(t, idle, "more")
	hear(t, idle, "more")
	if line := <-p.heard; line != "more" || len(p.heard) > 0 {
		t.Errorf("what was reset on its way arrived: %q", line)
	}
}

func TestLatencyKeepsEachPiece(t *testing.T) {
	p := start(t)
	c := p.greeted(t)
	calm := p.link.Set(link.Weather{Fault: link.Latency, Delay: far})
	say(t, c, "late")
	p.awaits(t, 1)
	silent(t, c)
	calm()
	hear(t, c, "late")
	p.link.Set(link.Weather{Fault: link.Latency, Delay: time.Millisecond})
	say(t, c, "soon")
	hear(t, c, "soon")
}

func TestCutHoldsWhatIsSentUntilItIsOver(t *testing.T) {
	p := start(t)
	c := p.greeted(t)
	calm := p.link.Set(link.Weather{Fault: link.Cut})
	say(t, c, "work")
	p.awaits(t, 1)
	if len(p.heard) > 0 {
		t.Error("it was heard")
	}
	_ = c.Close() // the caller gives up
	calm()
	if line := <-p.heard; line != "work" {
		t.Errorf("%q", line)
	}
	p.awaits(t, 0)
}

func TestCutOfAnswersLetsTheWorkBeDone(t *testing.T) {
	p := start(t)
	c := p.greeted(t)
	calm := p.link.Set(link.Weather{Fault: link.CutAnswers})
	say(t, c, "work")
	if line := <-p.heard; line != "work" {
		t.Errorf("%q", line)
	}
	p.awaits(t, 1)
	silent(t, c)
	calm()
	hear(t, c, "work")
}

func TestSlowCloseHidesTheEnd(t *testing.T) {
	p := start(t)
	c := p.greeted(t)
	calm := p.link.Set(link.Weather{Fault: link.SlowClose, Delay: far})
	say(t, c, "bye")
	<-p.heard
	silent(t, c)
	calm()
	if err := gone(c); err != nil {
		t.Errorf("%v", err)
	}
	other := p.greeted(t)
	p.link.Set(link.Weather{Fault: link.SlowClose, Delay: time.Millisecond})
	say(t, other, "bye")
	if err := gone(other); err != nil {
		t.Errorf("%v", err)
	}
}

func TestHalfOpenConnectionsAreForgottenUntilTheyAreReset(t *testing.T) {
	p := start(t)
	c := p.greeted(t)
	calm := p.link.Set(link.Weather{Fault: link.HalfOpen})
	p.greeted(t)
	say(t, c, "lost")
	silent(t, c)
	calm()
	if err := gone(c); !isReset(err) {
		t.Errorf("%v", err)
	}
	if len(p.heard) > 0 {
		t.Errorf("it was heard: %q", <-p.heard)
	}
	if s := p.link.Status(); s.Played != 1 {
		t.Errorf("%+v", s)
	}
}

func TestTruncatedAnswersEndInTheirMiddle(t *testing.T) {
	p := start(t)
	c := p.greeted(t)
	p.link.Set(link.Weather{Fault: link.Truncate, Times: 1})
	say(t, c, "12345678")
	if got, err := io.ReadAll(c); string(got) != "1234" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	p.greeted(t)
}

func TestForwardPassesBothWaysAndEndsBoth(t *testing.T) {
	p := start(t)
	front, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); link.Forward(front, p.at) }()
	c := dial(t, front.Addr().String())
	say(t, c, "hello")
	hear(t, c, "hello")
	say(t, c, "bye")
	if err := gone(c); err != nil {
		t.Errorf("%v", err)
	}
	_ = front.Close()
	<-ended
}

func TestNobodyBehindAForwardIsAClosedConnection(t *testing.T) {
	nobody, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := nobody.Addr().String()
	_ = nobody.Close()
	front, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); link.Forward(front, at) }()
	if err := gone(dial(t, front.Addr().String())); err != nil && !isReset(err) {
		t.Errorf("%v", err)
	}
	_ = front.Close()
	<-ended
}

func TestWeatherSaysWhatItTakes(t *testing.T) {
	for _, c := range []struct {
		weather link.Weather
		says    string
	}{
		{link.Weather{Fault: link.Cut}, ""},
		{link.Weather{Fault: link.Latency, Delay: time.Second, Times: 3}, ""},
		{link.Weather{Fault: "rain"}, "use one of"},
		{link.Weather{Fault: link.SlowClose}, "needs a duration"},
		{link.Weather{Fault: link.Reset, Delay: time.Second}, "takes none"},
		{link.Weather{Fault: link.Reset, Times: -1}, "times -1"},
		{link.Weather{Fault: link.HalfOpen, Times: 1}, "halfOpen"},
	} {
		if err := c.weather.Check(); (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v", c.weather, err)
		}
	}
}
