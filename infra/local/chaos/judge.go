package chaos

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// What is judged is stated from what people are promised, and looked up in the records and histories of both systems.
// What the product says of itself counts where that is what is promised: the drift report, what is held, what is parked.

// Violation is something that must not be.
type Violation struct {
	Rule string `json:"rule"`
	Deal int    `json:"deal"` // -1: of no deal
	Text string `json:"text"`
	deal *deal
	at   string // the line of the judge that said no
}

// court is what there is to judge by.
type court struct {
	s      *stage
	b      board
	pc, dv []control.Entry
	toPC   []write
	toCRM  []write
	held   []held
	found  []Violation
	judged map[string]int // how often each rule had something to judge
}

func (c *court) violates(rule string, d *deal, format string, args ...any) {
	v := Violation{Rule: rule, Deal: -1, Text: fmt.Sprintf(format, args...), deal: d}
	if _, file, line, ok := runtime.Caller(1); ok {
		v.at = fmt.Sprintf("%s:%d", filepath.Base(file), line)
	}
	if d != nil {
		v.Deal = d.n
	}
	c.found = append(c.found, v)
}

// judge looks at a world that has come to rest, and then at whether it stays so: by every event that was ever sent, too, if
// the whole world is judged. Else it is the deals of this play.
func (s *stage) judge(whole bool) (*court, error) {
	c := &court{s: s, judged: map[string]int{}}
	var err error
	if c.b, err = s.look(); err != nil {
		return nil, err
	}
	if c.pc, err = s.c.history(s.ctx, "partnercenter", s.from["partnercenter"]); err != nil {
		return nil, err
	}
	if c.dv, err = s.c.history(s.ctx, "dataverse", s.from["dataverse"]); err != nil {
		return nil, err
	}
	c.toPC, c.toCRM = writes(c.pc), writes(c.dv)
	if c.held, err = s.c.held(s.ctx); err != nil {
		return nil, err
	}
	c.records()
	c.edits()
	c.lines()
	c.calls()
	c.throttles()
	for _, ask := range []func(whole bool) error{c.aside, c.drifts, c.silence} {
		if err := ask(whole); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// aside is what lies in a corner: dead letters, parked messages, and held rows that nothing explains.
func (c *court) aside(bool) error {
	var queues map[string]struct{ DeadLettered int }
	if err := c.s.c.Call(c.s.ctx, http.MethodGet, c.s.c.part("servicebus"), "/queues", nil, &queues); err != nil {
		return err
	}
	for _, name := range sortedKeys(queues) {
		c.judged["dead letters"]++
		if n := queues[name].DeadLettered; n > 0 {
			c.violates("dead letters", nil, "%d in %s", n, name)
		}
	}
	var answer struct{ Parked []fields }
	if err := c.s.c.Operate(c.s.ctx, http.MethodGet, "/api/operator/parked", nil, &answer); err != nil {
		return err
	}
	for _, p := range answer.Parked {
		c.violates("parked", c.of(fmt.Sprint(p)), "%v", p)
	}
	for _, h := range c.held {
		d := c.of(h.Opportunity, h.Referral)
		if d == nil {
			continue
		}
		c.judged["held"]++
		if h.Class == "ours" || h.Code == "" || h.Text == "" { // nothing is denied to us by now
			c.violates("held", d, "%s %s %s %s: %s", h.Place, h.Field, h.Class, h.Code, h.Text)
		}
	}
	return nil
}

// of is the deal that one of the texts speaks of.
func (c *court) of(texts ...string) *deal {
	for _, d := range c.s.deals {
		for _, t := range texts {
			for _, id := range []string{d.opportunity, d.referral} {
				if id != "" && strings.Contains(strings.ToLower(t), strings.ToLower(id)) {
					return d
				}
			}
		}
	}
	return nil
}

// drifts is what the product itself would say of both systems: every difference has its reason, and nothing is left to do.
func (c *court) drifts(whole bool) error {
	var ids []string
	for _, d := range c.s.deals {
		if id := cmp.Or(d.opportunity, d.referral); id != "" && !whole {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 && !whole {
		return nil
	}
	all, err := c.s.c.drift(c.s.ctx, ids...)
	if err != nil {
		return err
	}
	for _, p := range all {
		d := c.of(p.Opportunity, p.Referral)
		if d == nil {
			continue
		}
		c.judged["drift"]++
		if p.Failed != "" {
			c.violates("drift", d, "the pair cannot be read: %s", p.Failed)
		}
		for _, difference := range p.Differences {
			if difference["unexplained"] == true {
				c.violates("drift", d, "unexplained: %v", difference)
			}
		}
		if len(p.Writes) > 0 {
			c.violates("drift", d, "the world is at rest, and something would be written: %v", p.Writes)
		}
	}
	return nil
}

// silence is that nothing moves any more: a pass changes nothing, and of a whole world three passes and every event that was
// ever sent.
func (c *court) silence(whole bool) error {
	from := map[string]int64{"partnercenter": last(c.pc, c.s.from["partnercenter"]), "dataverse": last(c.dv, c.s.from["dataverse"])}
	if err := c.s.pass(); err != nil {
		return err
	}
	if whole {
		if err := errors.Join(c.s.pass(), c.s.pass(), c.s.again()); err != nil {
			return err
		}
	}
	for _, part := range []string{"partnercenter", "dataverse"} {
		late, err := c.s.c.history(c.s.ctx, part, from[part])
		if err != nil {
			return err
		}
		c.judged["silence"]++
		for _, w := range writes(late) {
			c.violates("silence", c.of(w.path+w.body), "%s %s %d at rest: %.600s", w.method, w.path, w.entry.Status, w.body)
		}
	}
	return nil
}

// again is every event that was ever sent, shuffled.
func (s *stage) again() error {
	for _, part := range []string{"partnercenter", "dataverse"} {
		if err := s.c.post(s.ctx, s.c.part(part), "/delivery", control.Delivery{Shuffle: true}); err != nil {
			return err
		}
		if err := s.c.post(s.ctx, s.c.part(part), "/redeliver", fields{"all": true}); err != nil {
			return err
		}
	}
	return errors.Join(s.c.rest(s.ctx), s.calm())
}

func last(history []control.Entry, without int64) int64 {
	if len(history) == 0 {
		return without
	}
	return history[len(history)-1].N
}
