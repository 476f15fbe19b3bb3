package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/cosell-sync/cosell-sync/shared/office"
)

type adoptCmd struct {
	Plan   bool   `xor:"what" help:"List what the work would begin with. Nothing is written."`
	Yes    bool   `xor:"what" help:"Begin with what the list shows, and print the setting to keep."`
	Since  string `placeholder:"DATE" help:"Leave out what would be made and was last changed before that day."`
	Reason string `help:"Why, for the log."`
}

// errOlder: the app does not know what it is asked.
var errOlder = errors.New("the app lists nothing: is it of an older version?")

// Validate implements kong's check of the arguments.
func (a *adoptCmd) Validate() error {
	if !a.Plan && !a.Yes {
		return errors.New("either --plan, to see what the work would begin with, or --yes, to begin")
	}
	return nil
}

// Run lists, or begins; a plan is something found where anything would be made or waits for a person.
func (a *adoptCmd) Run(ctx context.Context, c *client, p *printer) error {
	p.progress("reading what stands open in both systems")
	if a.Yes {
		answer, err := c.do(ctx, "adopt", office.Deed{Since: a.Since, Reason: a.Reason})
		if err == nil && answer.Census == nil {
			err = errOlder
		}
		if err != nil {
			return err
		}
		return p.show(answer, func() { p.begun(*answer.Census) })
	}
	query := url.Values{}
	if a.Since != "" {
		query.Set("since", a.Since)
	}
	answer, err := c.ask(ctx, "adopt", query)
	if err == nil && answer.Census == nil {
		err = errOlder
	}
	if err != nil {
		return err
	}
	nothing := len(answer.Census.Found) == 0 && len(answer.Census.Flows) == 0
	return foundUnless(nothing, p.show(answer, func() { p.census(*answer.Census) }))
}

// fates is what a person reads of each fate, in their order: the sentence after a number, and the word in the table.
var fates = []struct{ fate, says, word string }{
	{"comes", "would come in from Partner Center", "comes in"},
	{"shared", "would be shared with Partner Center", "is shared"},
	{"incomplete", "would be shared with Partner Center, once what is missing is filled in", "lacks something"},
	{"links", "would be linked: both records exist, nothing is made", "is linked"},
	{"closedhere", "would be linked as they are: the opportunity is closed, the referral is open, and neither is changed", "closed in CRM"},
	{"closed", "would be linked as they are: the referral is closed, the opportunity is open, and neither is changed", "closed there"},
	{"unknown", "would be told: the identifier names no referral", "unknown there"},
	{"unread", "name a referral that is not open, and were not looked up: a list looks up 100", "not read"},
	{"asks", "would ask the seller of the opportunity that the referral names", "asks the seller"},
	{"several", "name a record that another one names as well: the first that is looked at would be linked, the other told", "one of several"},
	{"taken", "would be told: the record that it names has another", "is told"},
	{"foreign", "would be left alone: the CRM id is another system's", "foreign id"},
	{"outside", "stay outside: another environment's (SYNC_SCOPE=own)", "outside"},
	{"keptout", "stay in Partner Center: leads, of which none come (SYNC_COSELL_ONLY)", "kept out"},
	{"letgo", "stay as they are: a person deleted or unlinked them", "stays"},
}

// flows shows what of Microsoft's connector is on: the work does not begin beside it.
func (p *printer) flows(c office.Census) {
	if c.Unread != "" {
		p.line("cannot tell: %s\n", c.Unread)
	}
	if len(c.Flows) == 0 {
		return
	}
	on, which := fmt.Sprintf("%d flows of Microsoft's connector are on", len(c.Flows)), "them"
	if len(c.Flows) == 1 {
		on, which = "one flow of Microsoft's connector is on", "it"
	}
	p.line("%s, and would write beside this installation. Switch %s off before the work begins:", on, which)
	for _, f := range c.Flows {
		p.line("       %s (since %s)", f.Name, when(f.Changed))
	}
	p.line("")
}

// census shows the counts first, then the records.
func (p *printer) census(c office.Census) {
	p.flows(c)
	count := map[string]int{}
	for _, f := range c.Found {
		count[f.Fate]++
	}
	for _, f := range fates {
		if count[f.fate] > 0 {
			p.line("%6d %s", count[f.fate], f.says)
		}
	}
	if len(c.Found) == 0 {
		p.line("%6d found that are in no pair", 0)
	}
	p.line("%6d open referrals are in pairs already", c.Paired)
	if c.Hidden > 0 {
		p.line("%6d pairs have rows in the tables that cannot be read, and nothing is made for them: cosellctl drift says why", c.Hidden)
	}
	if c.Since != nil {
		p.line("%6d left out: last changed before %s", c.Older, when(*c.Since))
	}
	if len(c.Found) == 0 {
		return
	}
	words := map[string]string{}
	for _, f := range fates {
		words[f.fate] = f.word
	}
	var rows [][]string
	for _, f := range c.Found {
		about := f.Other
		for _, problem := range f.Problems {
			about += problem.Text + "; "
		}
		rows = append(rows, []string{words[f.Fate], f.Kind, f.ID, f.Name, f.Status, when(f.Changed), about})
	}
	p.line("")
	p.table("WHAT|KIND|ID|NAME|STATUS|CHANGED|ABOUT", rows)
}

// begun shows the same once it has begun, and the setting to keep last.
func (p *printer) begun(c office.Census) {
	p.census(c)
	p.line("\n%d of %d are looked at now%s", c.Taken, len(c.Found), map[bool]string{true: ", the rest by the next pass of reconcile"}[c.Taken < len(c.Found)])
	p.line("The work has begun. Keep this setting:\n\n%s", c.Setting)
}

// progress tells a person that waits what is going on, beside the answer.
func (p *printer) progress(format string, args ...any) {
	if p.beside != nil {
		fmt.Fprintf(p.beside, "cosellctl: "+format+"\n", args...)
	}
}
