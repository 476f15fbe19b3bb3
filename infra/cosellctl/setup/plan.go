package setup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/dataverse"
)

// Deed is what the plan does with a part of the CRM.
type Deed string

// The deeds of a plan.
const (
	Create Deed = "create"
	Change Deed = "change"
	Leave  Deed = "leave"  // it is as it should be, or not ours to change
	Stop   Deed = "stop"   // it cannot become what it should be: nothing at all is written
	Open   Deed = "open"   // something is missing that this run cannot have; the rest is done
	Remove Deed = "remove" // of teardown
)

// The results of an item that was applied.
const (
	Done    = "done"
	Denied  = "denied"  // the caller may not
	Failed  = "failed"  // the CRM refused it
	Skipped = "skipped" // it waits for another item
)

// Item is one part of the CRM: what it is, what is done with it and why.
type Item struct {
	Kind   string `json:"kind"` // publisher, choice, table, column, …
	Name   string `json:"name"` // opportunity/cosell_sync
	Do     Deed   `json:"do"`
	Why    string `json:"why,omitempty"`
	Mend   string `json:"mend,omitempty"`
	Result string `json:"result,omitempty"`
	Lacks  string `json:"lacks,omitempty"` // a privilege that the caller does not seem to have

	needs []string // the items without which it cannot be done, as id gives them
	apply func(ctx context.Context) error
}

func (i *Item) id() string { return i.Kind + " " + i.Name }

// Plan is what a run would do, in the order in which it does it.
type Plan struct {
	Items []*Item `json:"items"`

	publish    map[string]bool // tables whose forms, views and labels change
	script     bool
	choices    map[string]bool
	unreadable map[string]string // kinds of which nothing could be read, and the part that they are of
}

func (p *Plan) add(items ...*Item) { p.Items = append(p.Items, items...) }

// count says how many items have a deed.
func (p *Plan) count(deeds ...Deed) (n int) {
	for _, i := range p.Items {
		for _, d := range deeds {
			if i.Do == d {
				n++
			}
		}
	}
	return n
}

// Stopped are the items that keep the whole plan from being applied.
func (p *Plan) Stopped() (out []*Item) {
	for _, i := range p.Items {
		if i.Do == Stop {
			out = append(out, i)
		}
	}
	return out
}

// Differs says whether anything is not as it should be.
func (p *Plan) Differs() bool { return p.count(Create, Change, Stop, Open, Remove) > 0 }

// Unfinished says whether something that should have been done was not.
func (p *Plan) Unfinished() bool {
	for _, i := range p.Items {
		if i.Do == Open || i.Do == Stop || i.Result == Denied || i.Result == Failed || i.Result == Skipped {
			return true
		}
	}
	return false
}

// Summary is the last line: how many parts there are of each sort.
func (p *Plan) Summary() string {
	var parts []string
	for _, d := range []struct {
		deed Deed
		word string
	}{{Create, "to create"}, {Change, "to change"}, {Remove, "to remove"}, {Leave, "as they should be"}, {Open, "open"}, {Stop, "in the way"}} {
		if n := p.count(d.deed); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, d.word))
		}
	}
	if len(parts) == 0 {
		return "nothing of ours is there"
	}
	return strings.Join(parts, ", ")
}

// Apply does what the plan says, one item after the other; tell is told of each when it has ended. An item that is
// refused does not end the run: what needs it is left out, everything else is done, and a second run finishes.
func (p *Plan) Apply(ctx context.Context, tell func(*Item)) error {
	if stopped := p.Stopped(); len(stopped) > 0 {
		return errors.New("nothing was written: " + stopped[0].Why)
	}
	missing := map[string]bool{}
	for kind, part := range p.unreadable {
		missing[kind] = part != ""
	}
	for _, i := range p.Items {
		if i.Do == Open {
			missing[i.id()] = true
		}
		if i.apply == nil || i.Do == Leave || i.Do == Open {
			continue
		}
		if lacks := first(i.needs, missing); lacks != "" {
			i.Result, i.Why, i.Mend = Skipped, "waits for "+lacks, "run the same command again once that is there"
		} else if err := i.apply(ctx); err != nil {
			if ctx.Err() != nil {
				return fmt.Errorf("the run was ended before %s: run it again, it goes on: %w", i.id(), ctx.Err())
			}
			i.failed(err)
		} else {
			i.Result = Done
		}
		missing[i.id()] = i.Result != Done
		tell(i)
	}
	return nil
}

// first is what an item has to wait for: one that is missing, or one of a kind that could not be read.
func first(needs []string, missing map[string]bool) string {
	for _, n := range needs {
		kind, _, _ := strings.Cut(n, " ")
		if missing[n] || missing[kind] {
			return n
		}
	}
	return ""
}

// undone says whether an item that should have been made was not, or could not be looked for.
func (p *Plan) undone(id string) bool {
	kind, _, _ := strings.Cut(id, " ")
	return p.unreadable[kind] != "" || slices.ContainsFunc(p.Items, func(i *Item) bool { return i.id() == id && i.Do == Create && i.Result != Done })
}

// failed says why an item could not be done, and who can.
func (i *Item) failed(err error) {
	what, no := denied(err)
	if !no {
		i.Result, i.Why, i.Mend = Failed, err.Error(), mendFailed
		var keep *kept
		if errors.As(err, &keep) {
			i.Why, i.Mend = keep.why, keep.mend
		}
		return
	}
	i.Result = Denied
	i.Why = "the caller may not do this"
	if what != "" {
		i.Why = "the caller lacks " + what
	}
	i.Mend = mendRights
}

const mendFailed = "mend what the CRM says and run the same command again: it goes on where it is"

const mendRights = "have a System Administrator run the same command: a System Customizer may apply tables, columns, choices, keys, forms and views, " +
	"but no service endpoint, no event step, no role and no user"

// kept is an error with its own sentence about what to do.
type kept struct{ why, mend string }

func (k *kept) Error() string { return k.why }

// label is a text of ours in the languages of the organisation, as the metadata wants it.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/label
func label(t dataverse.Text, languages []int) map[string]any {
	all := make([]any, 0, len(languages))
	for _, l := range languages {
		all = append(all, map[string]any{"@odata.type": crmType + "LocalizedLabel", "Label": t.In(l), "LanguageCode": l})
	}
	return map[string]any{"@odata.type": crmType + "Label", "LocalizedLabels": all}
}

// completed is a label as people have it, with our text in the languages in which it says nothing yet: the metadata wants
// the base language with every change.
func (w wireLabel) completed(t dataverse.Text, languages []int) map[string]any {
	all := []any{}
	for _, l := range w.LocalizedLabels {
		if l.Label != "" {
			all = append(all, map[string]any{"@odata.type": crmType + "LocalizedLabel", "Label": l.Label, "LanguageCode": l.LanguageCode})
		}
	}
	more, _ := label(t, w.lacks(languages))["LocalizedLabels"].([]any)
	return map[string]any{"@odata.type": crmType + "Label", "LocalizedLabels": append(all, more...)}
}

const crmType = "Microsoft.Dynamics.CRM."

// wireLabel is a label as the metadata gives it.
type wireLabel struct {
	LocalizedLabels []struct {
		Label        string
		LanguageCode int
	}
}

// lacks says in which of the languages the label says nothing yet.
func (w wireLabel) lacks(languages []int) (out []int) {
	have := map[int]bool{}
	for _, l := range w.LocalizedLabels {
		have[l.LanguageCode] = l.Label != ""
	}
	for _, l := range languages {
		if !have[l] {
			out = append(out, l)
		}
	}
	return out
}
