package lambdasim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// rule is a schedule under way.
type rule struct {
	Schedule
	every time.Duration // of rate(…)
	cron  *cron         // of cron(…)
	next  time.Time     // by the world's clock; of one that waits by the machine's

	ahead time.Duration // what the world's clock was moved by, as far as one that waits has heard of it
	under int           // invocations that have not ended
}

var rate = regexp.MustCompile(`^rate\(([1-9][0-9]*) (minute|minutes|hour|hours|day|days)\)$`)

// newRule reads an expression of EventBridge Scheduler. A rate begins at once, without a start date.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
func newRule(s Schedule, now time.Time) (*rule, error) {
	r := &rule{Schedule: s}
	if m := rate.FindStringSubmatch(s.Expression); m != nil {
		n, err := strconv.Atoi(m[1])
		if err != nil || (n == 1) == strings.HasSuffix(m[2], "s") {
			return nil, fmt.Errorf("%q: the unit is singular for 1 and plural otherwise", s.Expression)
		}
		r.every = time.Duration(n) * map[byte]time.Duration{'m': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}[m[2][0]]
		r.next = now
		return r, nil
	}
	text, ok := strings.CutPrefix(s.Expression, "cron(")
	text, closed := strings.CutSuffix(text, ")")
	if !ok || !closed {
		return nil, fmt.Errorf("%q: use rate(5 minutes) or cron(0/5 * * * ? *)", s.Expression)
	}
	c, err := parseCron(text)
	if err != nil {
		return nil, err
	}
	r.cron, r.next = c, c.after(now)
	return r, nil
}

// clock is the world's, but the machine's for a schedule whose invocation waits: that lasts as long as it lasts, however
// the world's clock is moved, and a second one beside it would be no more than it gets in earnest.
func (p *Platform) clock(r *rule) time.Time {
	if r.Waits {
		return time.Now()
	}
	return p.opt.Now()
}

// hear brings the next invocation of a schedule that waits nearer by what the world's clock was moved by. While one is
// under way it hears nothing, and what came due meanwhile begins when that one is over, once. So nobody sits out the
// pause after an invocation that has crashed who moves the clock over it; in earnest there were more, side by side.
func (p *Platform) hear(r *rule, now time.Time) {
	if !r.Waits || r.under > 0 {
		return
	}
	ahead := p.ahead()
	if moved := ahead - r.ahead; moved > 0 {
		r.next = later(r.next.Add(-moved), now)
	}
	r.ahead = ahead
}

// ahead is what the world's clock was moved by.
func (p *Platform) ahead() time.Duration { return time.Until(p.opt.Now()).Round(time.Millisecond) }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// step moves on to the next time after now. What was missed while the clock was moved is not made up for.
func (r *rule) step(now time.Time) {
	if r.cron != nil {
		r.next = r.cron.after(now)
		return
	}
	if behind := now.Sub(r.next); behind >= 0 {
		r.next = r.next.Add((behind/r.every + 1) * r.every)
	}
}

// cron is minute, hour, day, month, weekday, year: sets of what may be.
type cron struct{ minute, hour, day, month, weekday uint64 }

// parseCron reads numbers, *, ?, lists, ranges and steps. Words, L, W and # are not simulated.
func parseCron(text string) (*cron, error) {
	parts := strings.Fields(text)
	if len(parts) != 6 {
		return nil, fmt.Errorf("cron(%s): six fields are needed, minute hour day month weekday year", text)
	}
	if (parts[2] == "?") == (parts[4] == "?") {
		return nil, fmt.Errorf("cron(%s): one of day and weekday must be ?", text)
	}
	if parts[5] != "*" {
		return nil, fmt.Errorf("cron(%s): years are not simulated", text)
	}
	c := &cron{}
	for i, f := range []struct {
		set      *uint64
		min, max int
	}{{&c.minute, 0, 59}, {&c.hour, 0, 23}, {&c.day, 1, 31}, {&c.month, 1, 12}, {&c.weekday, 1, 7}} {
		for item := range strings.SplitSeq(parts[i], ",") {
			bits, err := cronItem(item, f.min, f.max)
			if err != nil {
				return nil, fmt.Errorf("cron(%s): %w", text, err)
			}
			*f.set |= bits
		}
	}
	return c, nil
}

func cronItem(item string, least, most int) (bits uint64, err error) {
	span, stepText, stepped := strings.Cut(item, "/")
	from, to, step := least, most, 1
	if stepped {
		if step, err = strconv.Atoi(stepText); err != nil || step < 1 {
			return 0, fmt.Errorf("%q has no step", item)
		}
	}
	if span != "*" && span != "?" {
		first, last, ranged := strings.Cut(span, "-")
		if from, err = strconv.Atoi(first); err != nil {
			return 0, fmt.Errorf("%q is no number", item)
		}
		if to = from; stepped {
			to = most
		}
		if ranged {
			if to, err = strconv.Atoi(last); err != nil {
				return 0, fmt.Errorf("%q is no range", item)
			}
		}
	}
	if from < least || to > most || from > to {
		return 0, fmt.Errorf("%q is not within %d to %d", item, least, most)
	}
	for i := from; i <= to; i += step {
		bits |= 1 << i
	}
	return bits, nil
}

// after is the first minute after now that the expression names, in UTC.
func (c *cron) after(now time.Time) time.Time {
	t := now.UTC().Truncate(time.Minute).Add(time.Minute)
	for range 366 * 24 * 60 {
		if c.minute>>t.Minute()&1 == 1 && c.hour>>t.Hour()&1 == 1 && c.day>>t.Day()&1 == 1 && c.month>>int(t.Month())&1 == 1 && c.weekday>>(int(t.Weekday())+1)&1 == 1 {
			return t
		}
		t = t.Add(time.Minute)
	}
	return t // more than a year away
}

// keep lets one schedule invoke its function until the platform ends.
func (p *Platform) keep(f *function, r *rule) {
	for {
		p.mu.Lock()
		woken, now := p.woken, p.clock(r)
		p.hear(r, now)
		due := !now.Before(r.next)
		if due {
			r.step(now)
			r.under++
			if !r.Waits {
				f.busy++
			}
		}
		left := r.next.Sub(now)
		p.mu.Unlock()
		if due {
			p.all.Go(func() {
				p.deliver(f, r)
				p.over(f, r)
			})
			continue
		}
		timer := time.NewTimer(max(time.Millisecond, left))
		select {
		case <-p.ctx.Done():
			timer.Stop()
			return
		case <-woken:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// over counts an invocation that has ended. One that waits has its schedule look at the clock again.
func (p *Platform) over(f *function, r *rule) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r.under--
	if r.Waits {
		p.wake()
	} else {
		f.busy--
	}
	p.note()
}

// patience of a schedule that found no room: the pause before it is tried again doubles up to five minutes.
const (
	firstPause = time.Second
	mostPause  = 5 * time.Minute
)

// deliver is one asynchronous invocation: without room it waits, as long as the event lives; a failed one is tried
// again after one and two minutes, as often as it may.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
func (p *Platform) deliver(f *function, r *rule) {
	until := time.Now().Add(f.MaxAge)
	if f.MaxAge == 0 {
		until = time.Now().Add(6 * time.Hour)
	}
	pause, failures := firstPause, 0
	for {
		err := p.once(f, r)
		switch {
		case err == nil || p.ctx.Err() != nil:
			return
		case errors.Is(err, errThrottled):
			if !p.rest(pause) || time.Now().After(until) {
				p.logf(f.Name, "schedule %s dropped: no room for it", r.Name)
				return
			}
			pause = min(2*pause, mostPause)
		default:
			p.logf(f.Name, "schedule %s: %v", r.Name, err)
			if failures++; failures > f.Retries || time.Now().After(until) || !p.rest(time.Duration(failures)*time.Minute) {
				return
			}
		}
	}
}

func (p *Platform) rest(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.ctx.Done():
		return false
	}
}

func (p *Platform) once(f *function, r *rule) error {
	var out bytes.Buffer
	err := p.invoke(f, []byte(r.Input), answerIn(&out))
	if errors.Is(err, errThrottled) {
		return err
	}
	status, text := 200, out.String()
	if err != nil {
		status, text = 500, err.Error()
	}
	p.record("schedule", f.Name, r.Name, r.Input, text, status)
	return err
}

// Trigger runs a schedule now, on top of its times, and waits for its end.
func (p *Platform) Trigger(ctx context.Context, name string) error {
	for _, f := range p.functions {
		for _, r := range f.schedules {
			if r.Name == name {
				return p.once(f, r)
			}
		}
	}
	return fmt.Errorf("there is no schedule %q", name)
}
