// Package doctor looks at everything that the product needs, as named checks: what is wrong, since when, and how to mend
// it. Nothing is written but a status row of its own, to see that it can be.
package doctor

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// State is how a check has ended.
type State string

// The states, the best first. Unverified: nobody can say now, or ever, from here. Skipped: a check that this one rests
// on has not come out well.
const (
	OK         State = "ok"
	Warning    State = "warning"
	Unverified State = "unverified"
	Skipped    State = "skipped"
	Failed     State = "failed"
)

// Finding is one thing that a check has found. A check has one at least.
type Finding struct {
	Check string     `json:"check"`
	State State      `json:"state"`
	Code  string     `json:"code,omitempty"` // the machine word that health has for it
	Say   string     `json:"say"`
	Mend  string     `json:"mend,omitempty"`
	Since *time.Time `json:"since,omitempty"`
	Rests string     `json:"restsOn,omitempty"` // of skipped: the check that has to come out well first
}

// Check is one check, declared once.
type Check struct {
	Name  string
	By    string   // who looks: the sync app, or cosellctl
	Rests []string // the checks without which it makes no sense
	Looks string   // what it looks at, for the table in docs/doctor.md
	For   string   // the preconditions, troubles and requirements that it is for
	Run   func(ctx context.Context) []Finding
}

// Who looks.
const (
	BySync   = "sync app"
	ByCaller = "cosellctl"
)

// patience is how long one check may take; all of them are run side by side.
const patience = 8 * time.Second

// Run runs the checks that only names, or all of them, and what those rest on; what it gives is in the order of the
// checks. only is a check's name, or the part of it before a dot.
func Run(ctx context.Context, checks []Check, only string) []Finding {
	wanted := chosen(checks, only)
	ended := map[string]chan struct{}{}
	found := map[string][]Finding{}
	for _, c := range wanted {
		ended[c.Name] = make(chan struct{})
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, c := range wanted {
		all.Go(func() {
			defer close(ended[c.Name])
			out := c.after(ctx, ended, func(name string) []Finding {
				mu.Lock()
				defer mu.Unlock()
				return found[name]
			})
			mu.Lock()
			defer mu.Unlock()
			found[c.Name] = out
		})
	}
	all.Wait()
	var out []Finding
	for _, c := range wanted {
		out = append(out, found[c.Name]...)
	}
	return out
}

// chosen are the checks that are meant, with those that they rest on.
func chosen(checks []Check, only string) []Check {
	if only == "" {
		return checks
	}
	names := map[string]bool{}
	for i := len(checks) - 1; i >= 0; i-- { // what a check rests on stands before it
		c := checks[i]
		if names[c.Name] || c.Name == only || strings.HasPrefix(c.Name, only+".") {
			names[c.Name] = true
			for _, r := range c.Rests {
				names[r] = true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(checks), func(c Check) bool { return !names[c.Name] })
}

// Known says whether only names a check.
func Known(checks []Check, only string) bool { return only == "" || len(chosen(checks, only)) > 0 }

// after runs the check once those that it rests on have come out well.
func (c Check) after(ctx context.Context, ended map[string]chan struct{}, of func(string) []Finding) []Finding {
	for _, name := range c.Rests {
		if ended[name] == nil {
			continue // looked at elsewhere
		}
		<-ended[name]
		if !Sound(of(name)) {
			return c.named([]Finding{{State: Skipped, Rests: name, Say: "not looked at, because it rests on " + name, Mend: "mend " + name + " first"}})
		}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out := c.Run(ctx)
	if len(out) == 0 {
		out = []Finding{Fine(c.Looks)}
	}
	return c.named(out)
}

func (c Check) named(found []Finding) []Finding {
	for i := range found {
		found[i].Check = c.Name
	}
	return found
}

// Sound says whether nothing has to be mended, so that others may rest on it: warnings, and what cannot be verified, are
// allowed.
func Sound(found []Finding) bool {
	return !slices.ContainsFunc(found, func(f Finding) bool { return f.State == Failed || f.State == Skipped })
}

// Fine is what a check finds where nothing is wrong.
func Fine(say string) Finding { return Finding{State: OK, Say: say} }

// Warn is what may stay as it is, and should be known.
func Warn(code, say, mend string) Finding {
	return Finding{State: Warning, Code: code, Say: say, Mend: mend}
}

// Bad is what has to be mended.
func Bad(code, say, mend string) Finding {
	return Finding{State: Failed, Code: code, Say: say, Mend: mend}
}

// Unsure is what cannot be verified, and why.
func Unsure(code, say, mend string) Finding {
	return Finding{State: Unverified, Code: code, Say: say, Mend: mend}
}

// OfError is what a failure means for a check: a refusal, or something that is not there, has to be mended; a system
// that does not answer now leaves it open.
func OfError(doing string, err error) Finding {
	e := fault.Of(err)
	say := e.Say
	if say == "" {
		say = err.Error()
	}
	f := Finding{State: Failed, Code: e.Code, Say: doing + ": " + say, Mend: e.Mend}
	switch e.Kind {
	case fault.Broken, fault.Later, fault.Conflict:
		f.State = Unverified
		if f.Mend == "" {
			f.Mend = "try again; if it lasts, look at the service's health and at the network between"
		}
	}
	return f
}
