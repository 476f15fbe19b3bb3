package lambdasim

import (
	"net/http"
	"sync"
	"testing"
	"time"
)

func TestExpressionsNameTheirTimes(t *testing.T) {
	at := func(text string) time.Time {
		when, err := time.Parse(time.DateTime, text)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for expression, want := range map[string][2]string{
		"rate(1 minute)":          {"2026-11-26 07:31:30", "2026-11-26 07:32:30"},
		"rate(5 minutes)":         {"2026-11-26 07:31:30", "2026-11-26 07:36:30"},
		"rate(1 day)":             {"2026-11-26 07:31:30", "2026-11-27 07:31:30"},
		"cron(0/5 * * * ? *)":     {"2026-11-26 07:35:00", "2026-11-26 07:40:00"},
		"cron(10,20 8 * * ? *)":   {"2026-11-26 08:10:00", "2026-11-26 08:20:00"},
		"cron(0 12 ? * 2-6 *)":    {"2026-11-26 12:00:00", "2026-11-27 12:00:00"},
		"cron(30 7 1 1,12 ? *)":   {"2026-12-01 07:30:00", "2027-01-01 07:30:00"},
		"cron(59 23 * * ? *)":     {"2026-11-26 23:59:00", "2026-11-27 23:59:00"},
		"cron(0-2/2 7-8 * * ? *)": {"2026-11-26 08:00:00", "2026-11-26 08:02:00"},
	} {
		r, err := newRule(Schedule{Expression: expression}, at("2026-11-26 07:31:30"))
		if err != nil {
			t.Fatal(err)
		}
		if first := r.next; !first.Equal(at(want[0])) {
			t.Errorf("%s: first %s", expression, first)
		}
		if r.step(r.next); !r.next.Equal(at(want[1])) {
			t.Errorf("%s: then %s", expression, r.next)
		}
		r.step(at("2027-03-01 00:00:00"))
		if behind := at("2027-03-01 00:00:00"); !r.next.After(behind) || r.next.Sub(behind) > 366*24*time.Hour {
			t.Errorf("%s: after a long time %s", expression, r.next)
		}
	}
}

// worldClock can be moved.
type worldClock struct {
	mu     sync.Mutex
	offset time.Duration
}

func (c *worldClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset)
}

func (c *worldClock) advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += by
}

func (p platform) runs(name string) (good, bad int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.entries {
		if e.Identity != name || e.Method != "schedule" {
			continue
		}
		if e.Status == http.StatusOK {
			good++
		} else {
			bad++
		}
	}
	return good, bad
}

func TestMovedClockLetsWhatIsDueRunOnceAndCountsAsWorkUntilThen(t *testing.T) {
	c := &worldClock{}
	p := started(t, Function{Schedules: []Schedule{{Name: "hourly", Expression: "rate(1 hour)", Input: `{"do":"plain"}`}}}, Options{Now: c.now})
	await(t, "the first run", func() bool { good, _ := p.runs("hourly"); return good == 1 && p.Busy() == 0 })
	c.advance(73 * time.Hour)
	if p.Busy() == 0 {
		t.Error("what is due does not count")
	}
	p.Wake()
	await(t, "the second run", func() bool { good, _ := p.runs("hourly"); return good == 2 && p.Busy() == 0 })
	if next := p.functions[0].schedules[0].due(p.Platform).Sub(c.now()); next <= 0 || next > time.Hour {
		t.Errorf("the next one in %s: what was missed is not made up for", next)
	}
}

// due is when a schedule is due next, by its clock.
func (r *rule) due(p *Platform) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return r.next
}

func TestScheduleThatWaitsIsNoWorkAndAMovedClockPutsNoneBesideIt(t *testing.T) {
	c := &worldClock{}
	p := started(t, Function{Schedules: []Schedule{{Name: "drain", Expression: "rate(1 hour)", Input: `{"do":"wait"}`, Waits: true}}}, Options{Now: c.now})
	await(t, "it to run", func() bool { return p.Status().Running == 1 })
	if p.Busy() != 0 {
		t.Error("it counts as work")
	}
	rule := p.functions[0].schedules[0]
	next := rule.due(p.Platform)
	c.advance(73 * time.Hour)
	p.mu.Lock()
	p.hear(rule, time.Now())
	p.mu.Unlock()
	if moved := rule.due(p.Platform); !moved.Equal(next) {
		t.Errorf("the next one was due at %s, and is at %s while one is under way", next, moved)
	}
	p.open(t)
	await(t, "the one that came due meanwhile", func() bool { good, _ := p.runs("drain"); return good == 2 && p.Status().Running == 0 })
	if left := time.Until(rule.due(p.Platform)); left <= 0 || left > time.Hour {
		t.Errorf("the next one in %s: what was missed is not made up for", left)
	}
}

// A look that crashed is followed by the next when its time has come, and the world's clock can be moved there.
func TestAMovedClockBringsTheNextOneAfterACrash(t *testing.T) {
	c := &worldClock{}
	p := started(t, Function{Schedules: []Schedule{{Name: "drain", Expression: "rate(1 hour)", Input: `{"do":"crash"}`, Waits: true}}}, Options{Now: c.now})
	for n := 1; n <= 3; n++ {
		await(t, "the crash", func() bool { _, bad := p.runs("drain"); return bad == n && p.Status().Running == 0 })
		c.advance(59 * time.Minute)
		p.Wake()
		await(t, "the schedule to hear of it", func() bool { return time.Until(p.functions[0].schedules[0].due(p.Platform)) <= time.Minute })
		if _, bad := p.runs("drain"); bad != n {
			t.Fatalf("%d runs: it came early", bad)
		}
		c.advance(time.Minute)
		p.Wake()
	}
}

func TestFailedScheduleIsTriedAgainAsOftenAsItMay(t *testing.T) {
	p := started(t, Function{Schedules: []Schedule{{Name: "bad", Expression: "rate(1 day)", Input: `{"do":"fail"}`}}}, Options{})
	await(t, "its failure", func() bool { _, bad := p.runs("bad"); return bad == 1 && p.Busy() == 0 })
	if err := p.Trigger(t.Context(), "bad"); err == nil {
		t.Error("a failed run was no error")
	}
	if err := p.Trigger(t.Context(), "nothing"); err == nil {
		t.Error("there is no such schedule")
	}
}
