package office

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/health"
)

// Record is everything that is known of one pair.
type Record struct {
	OpportunityID string     `json:"opportunity"`
	ReferralID    string     `json:"referral,omitempty"`
	MicrosoftID   string     `json:"microsoftReferral,omitempty"`
	EngagementID  string     `json:"engagement,omitempty"`
	Name          string     `json:"name"`
	Phase         string     `json:"phase"`
	LastSuccess   *time.Time `json:"lastSuccess,omitempty"`
	HeldUntil     *time.Time `json:"heldUntil,omitempty"` // a change that waits because a rule wants it

	Aside   *time.Time       `json:"aside,omitempty"` // since when something waits for the brake
	Why     string           `json:"why"`             // the state of the pair in one sentence
	InStep  bool             `json:"inStep"`
	Sides   *Sides           `json:"sides,omitempty"`
	Unread  string           `json:"unread,omitempty"` // why the sides could not be read
	Held    []Held           `json:"held"`
	Waiting []health.Waiting `json:"waiting"`
	Parked  []Parked         `json:"parked"`
	Lines   []Line           `json:"lines"` // what was done, newest first
}

// Sides are both records as they are now, and what differs.
type Sides struct {
	Opportunity map[string]string `json:"opportunity"`
	Referral    map[string]string `json:"referral"`
	Differences []Difference      `json:"differences"`
}

// Difference is a field that is not the same on both sides.
type Difference struct {
	Field       string `json:"field"`
	Opportunity string `json:"opportunity"`
	Referral    string `json:"referral"`
	Wins        string `json:"wins,omitempty"` // which side the sheet lets win
	Goes        string `json:"goes,omitempty"` // of a preview: the side that would get the other's value
	Why         string `json:"why,omitempty"`  // of a preview
	Unexplained bool   `json:"unexplained,omitempty"`
}

// Line is one entry of the trail.
type Line struct {
	At        time.Time `json:"at"`
	Direction string    `json:"direction"`
	Action    string    `json:"action"`
	Fields    []string  `json:"fields,omitempty"`
	Result    string    `json:"result"`
	Trace     string    `json:"trace"`
}

// linesShown is how much of a pair's trail is shown.
const linesShown = 10

// Status says everything about the pair of an id, or about the pairs whose names contain a text; more says that
// there are more than these. Both systems are read only where one pair is meant.
func (o *Office) Status(ctx context.Context, idOrName string) (out []Record, more bool, err error) {
	pairs, err := o.find(ctx, idOrName)
	if err != nil {
		return nil, false, err
	}
	if more = len(pairs) > maxFound; more {
		pairs = pairs[:maxFound]
	}
	held, err := o.held(ctx)
	if err != nil {
		return nil, false, err
	}
	parked, err := o.ParkedList(ctx)
	if err != nil {
		return nil, false, err
	}
	waiting := o.Waiting.Waiting(ctx)
	out = make([]Record, len(pairs))
	for i, p := range pairs {
		r := recordOf(p)
		r.Held = ofPair(held, func(h Held) bool { return strings.EqualFold(h.OpportunityID, p.OpportunityID) })
		r.Parked = ofPair(parked, func(m Parked) bool { return r.is(m.Record) })
		r.Waiting = ofPair(waiting, func(w health.Waiting) bool { return r.is(w.Record) })
		if r.Lines, err = o.lines(ctx, p.OpportunityID); err != nil {
			return nil, false, err
		}
		if len(pairs) == 1 {
			o.read(ctx, &r)
		}
		r.judge(o.Now())
		out[i] = r
	}
	return out, more, nil
}

func ofPair[T any](all []T, is func(T) bool) []T {
	out := slices.DeleteFunc(slices.Clone(all), func(t T) bool { return !is(t) })
	if out == nil {
		out = []T{}
	}
	return out
}

func recordOf(p cosell.Pair) Record {
	r := Record{OpportunityID: p.OpportunityID, ReferralID: p.ReferralID, MicrosoftID: p.MicrosoftID, EngagementID: p.EngagementID,
		Name: nameOf(p), Phase: string(p.Phase)}
	if !p.LastSuccess.IsZero() {
		r.LastSuccess = &p.LastSuccess
	}
	if !p.HeldUntil.IsZero() {
		r.HeldUntil = &p.HeldUntil
	}
	if _, since := p.AsideFor(); !since.IsZero() {
		r.Aside = &since
	}
	return r
}

// is says whether kind|id names one of the pair's records.
func (r Record) is(record string) bool {
	_, id, _ := strings.Cut(record, "|")
	return id != "" && slices.ContainsFunc([]string{r.OpportunityID, r.ReferralID, r.MicrosoftID}, func(own string) bool { return strings.EqualFold(own, id) })
}

func (o *Office) lines(ctx context.Context, opportunityID string) ([]Line, error) {
	entries, err := o.Ledger.Audit(ctx, opportunityID, linesShown)
	out := make([]Line, len(entries))
	for i, e := range entries {
		out[i] = Line{At: e.At, Direction: e.Direction, Action: e.Action, Result: e.Result, Trace: e.Trace}
		for _, f := range e.Fields {
			out[i].Fields = append(out[i].Fields, string(f))
		}
	}
	return out, err
}

// read adds the sides. That they cannot be read is part of the answer.
func (o *Office) read(ctx context.Context, r *Record) {
	desk, err := o.desk()
	var sides Sides
	if err == nil {
		sides, err = desk.Sides(ctx, r.OpportunityID)
	}
	if err != nil {
		r.Unread = err.Error()
		return
	}
	r.Sides = &sides
}

// judge finds the sentence that says it: what keeps the pair from being in step, the weightiest first.
func (r *Record) judge(now time.Time) {
	switch {
	case r.Phase == string(cosell.Ended):
		r.Why = "ended: one of the records was deleted, or a person let the pair go; it is never made again"
	case len(r.Held) > 0:
		h := r.Held[0]
		r.Why = fmt.Sprintf("held: %s", h.Text)
		if h.Mend != "" {
			r.Why += ". What to do: " + h.Mend
		}
	case len(r.Parked) > 0:
		r.Why = "a message about it is parked: " + r.Parked[0].Reason
	case len(r.Waiting) > 0:
		r.Why = "a change waits since " + r.Waiting[0].Since.UTC().Format(time.RFC3339) + ": " + r.Waiting[0].Say
	case r.Aside != nil:
		r.Why = "something would be written and no edit explains it, so it waits since " + r.Aside.UTC().Format(time.RFC3339) + " until it is known how much of that there is: cosellctl brake show"
	case r.HeldUntil != nil && r.HeldUntil.After(now):
		r.Why = "a change waits until " + r.HeldUntil.UTC().Format(time.RFC3339) + ", as a rule wants"
	case r.Phase != string(cosell.Linked):
		r.Why = "not linked yet: the pair is in the phase " + r.Phase
	case r.Sides != nil && len(r.Sides.Differences) > 0:
		r.Why = fmt.Sprintf("%d fields differ: resync looks at the pair now", len(r.Sides.Differences))
	case r.Unread != "":
		r.Why = "linked, and nothing is held or waits; the records themselves could not be read"
	default:
		r.Why, r.InStep = "in step", true
	}
}

// Resync has both records of a pair looked at now, and what is held tried again. An id that no pair knows
// is looked at on both sides: whichever has it takes it up.
func (o *Office) Resync(ctx context.Context, a Act, what string) error {
	p, err := o.one(ctx, what)
	if id, is := cosell.ID(what); is && fault.Is(err, fault.Gone) {
		p, err = cosell.Pair{OpportunityID: id, ReferralID: id}, nil
	}
	if err == nil {
		err = o.look(ctx, p.OpportunityID, p.ReferralID)
	}
	if err == nil { // by its id: what was asked for may be a name
		o.did(ctx, a, "resync", "opportunity_id", p.OpportunityID, "referral_id", p.ReferralID)
	}
	return err
}

func (o *Office) look(ctx context.Context, opportunityID, referralID string) error {
	const why = "operator"
	if referralID != "" {
		if err := o.Post.Send(ctx, queueOf("referral"), pointerTo("referral", referralID, why)); err != nil {
			return err
		}
	}
	return o.Post.Send(ctx, queueOf("opportunity"), pointerTo("opportunity", opportunityID, why))
}
