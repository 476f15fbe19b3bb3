package office

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// What a look does, in a word.
const (
	Nothing = "nothing"
	Creates = "create"
	Updates = "update"
	Closes  = "close"
	Tells   = "tell"   // nothing but words to the seller, and how things stand
	Refuses = "refuse" // a value or a rule of one side is in the way: nothing crosses until it is mended
	Holds   = "hold"   // a rule of ours waits for a person
	Waits   = "wait"   // a rule of ours waits for a time
)

// Preview is what a look at a record would do now.
type Preview struct {
	OpportunityID string       `json:"opportunity,omitempty"`
	ReferralID    string       `json:"referral,omitempty"`
	Name          string       `json:"name"`
	Does          string       `json:"does"`
	Writes        []Write      `json:"writes"`
	Differences   []Difference `json:"differences,omitempty"` // as they are now, and what becomes of each
	Problems      []Held       `json:"problems"`              // what would be refused or held, and why
	Lines         []string     `json:"lines,omitempty"`       // that Audit would get
	Waits         string       `json:"waits,omitempty"`
	Aside         bool         `json:"aside,omitempty"` // the brake keeps it, as no edit explains it
	Failed        string       `json:"failed,omitempty"`
}

// Write is one value that would be written.
type Write struct {
	To    string `json:"to"` // the side
	Field string `json:"field"`
	From  string `json:"from"`
	Value string `json:"value"`
	New   bool   `json:"new,omitempty"` // of a record that would be created
}

// PreviewCounts are previews in numbers; a record counts once for each that it is.
type PreviewCounts struct {
	Records int `json:"records"`
	Create  int `json:"create"`
	Change  int `json:"change"`
	Tell    int `json:"tell"`
	Refused int `json:"refused"`
	Held    int `json:"held"`
	Wait    int `json:"wait"`
	Failed  int `json:"failed"`
	InStep  int `json:"inStep"`
}

// Count adds up previews.
func Count(all []Preview) (c PreviewCounts) {
	c.Records = len(all)
	for _, v := range all {
		refused, held := false, false
		for _, p := range v.Problems {
			rule := p.Class == string(cosell.OfRule)
			refused, held = refused || !rule, held || rule
		}
		add := func(n *int, is bool) {
			if is {
				*n++
			}
		}
		add(&c.Create, v.Does == Creates)
		add(&c.Change, v.Does == Updates || v.Does == Closes)
		add(&c.Tell, v.Does == Tells)
		add(&c.Refused, refused)
		add(&c.Held, held)
		add(&c.Wait, v.Waits != "")
		add(&c.Failed, v.Failed != "")
		add(&c.InStep, (v.Does == Nothing || v.Does == "") && len(v.Writes) == 0 && !refused && !held && v.Waits == "" && v.Failed == "")
	}
	return c
}

// longestPage is how long one answer takes at most: the host waits 230 s.
const longestPage = 90 * time.Second

// PreviewOne says what a look at a record would do: a pair by an id or its name, or a record that is in no pair
// by its own id. Nothing is written.
func (o *Office) PreviewOne(ctx context.Context, what string) (Preview, error) {
	desk, err := o.desk()
	if err != nil {
		return Preview{}, err
	}
	p, err := o.one(ctx, what)
	if id, is := cosell.ID(what); is && fault.Is(err, fault.Gone) {
		p, err = cosell.Pair{OpportunityID: id, ReferralID: id}, nil
	}
	if err != nil {
		return Preview{}, err
	}
	return o.preview(ctx, desk, p)
}

// PreviewSome does so for several ids, with a comma between them, and says which were left out because it would
// take too long. A record that cannot be read says so in its own row.
func (o *Office) PreviewSome(ctx context.Context, ids string) (out []Preview, rest string, err error) {
	began := time.Now()
	all := strings.Split(ids, ",")
	for i, id := range all {
		if len(out) > 0 && time.Since(began) > longestPage {
			return out, strings.Join(all[i:], ","), nil
		}
		v, err := o.PreviewOne(ctx, id)
		if v, err = previewed(ctx, v, err, cosell.Pair{OpportunityID: id}); err != nil {
			return nil, "", err
		}
		out = append(out, v)
	}
	return out, "", nil
}

// previewed puts a failure into the record's own row, unless the same would come of all others.
func previewed(ctx context.Context, v Preview, err error, p cosell.Pair) (Preview, error) {
	if fault.Is(err, fault.Later) || ctx.Err() != nil {
		return v, err
	}
	if err != nil {
		return Preview{OpportunityID: p.OpportunityID, ReferralID: p.ReferralID, Name: nameOf(p), Writes: []Write{}, Problems: []Held{}, Failed: err.Error()}, nil
	}
	return v, nil
}

// PreviewAll does so for pairs in the order of their ids, after the one given, at most limit. next is
// where to go on, "" at the end. A pair that cannot be read says so in its own row.
func (o *Office) PreviewAll(ctx context.Context, after string, limit int) (out []Preview, next string, total int, err error) {
	desk, err := o.desk()
	if err != nil {
		return nil, "", 0, err
	}
	var pairs []cosell.Pair
	err = o.Ledger.Pairs(ctx, func(p cosell.Pair) bool {
		if p.Phase == cosell.Ended {
			return true
		}
		if total++; p.OpportunityID > after && len(pairs) <= limit {
			pairs = append(pairs, p)
		}
		return true
	})
	if err != nil {
		return nil, "", 0, err
	}
	if len(pairs) > limit {
		pairs = pairs[:limit]
		next = pairs[limit-1].OpportunityID
	}
	out = []Preview{}
	began := time.Now()
	for i, p := range pairs {
		if i > 0 && time.Since(began) > longestPage {
			return out, pairs[i-1].OpportunityID, total, nil
		}
		v, err := o.preview(ctx, desk, p)
		if v, err = previewed(ctx, v, err, p); err != nil {
			return nil, "", 0, err
		}
		out = append(out, v)
	}
	return out, next, total, nil
}

func (o *Office) preview(ctx context.Context, desk Desk, p cosell.Pair) (Preview, error) {
	v, err := o.listed(ctx, desk, p)
	if p.OpportunityID != p.ReferralID {
		v.OpportunityID, v.ReferralID = p.OpportunityID, p.ReferralID
	}
	if name := nameOf(p); name != "" {
		v.Name = name
	}
	if err == nil {
		err = o.dropped(ctx, v)
	}
	return v, err
}

// listed is the desk's preview of a pair that a list gave. Of one whose row cannot be read it says why.
func (o *Office) listed(ctx context.Context, desk Desk, p cosell.Pair) (Preview, error) {
	if p.Unread {
		if _, _, err := o.Ledger.Find(ctx, p.OpportunityID); err != nil {
			return Preview{}, err
		}
	}
	return desk.Preview(ctx, p.OpportunityID, p.ReferralID)
}

// trailRead is how far back the trail of a pair is read for what a person has dropped.
const trailRead = 500

// dropped explains differences that nothing else does by what a person has said: to leave them. A later write of the
// field ends that.
func (o *Office) dropped(ctx context.Context, v Preview) error {
	open := func(d Difference) bool { return d.Unexplained }
	if !slices.ContainsFunc(v.Differences, open) {
		return nil
	}
	trail, err := o.Ledger.Audit(ctx, v.OpportunityID, trailRead)
	for i, d := range v.Differences {
		last := slices.IndexFunc(trail, func(e cosell.Entry) bool {
			return (e.Action == "forgotten" || e.Action == "updated") && slices.ContainsFunc(e.Fields, func(f cosell.Field) bool { return d.Field == string(f) || strings.HasPrefix(d.Field, string(f)+"/") })
		})
		if open(d) && last >= 0 && trail[last].Action == "forgotten" {
			v.Differences[i].Unexplained = false
			v.Differences[i].Why = "an operator has dropped it at " + trail[last].At.UTC().Format(time.RFC3339) + ": it is left until one of them changes"
		}
	}
	return err
}
