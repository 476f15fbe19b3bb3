package office

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
)

// SheetText is a field sheet as an operator hands it over.
type SheetText struct {
	File   string `json:"file"` // its name, for mistakes
	Text   string `json:"text"`
	Yes    bool   `json:"yes,omitempty"`    // of a push: values that are there may change
	Reason string `json:"reason,omitempty"` // of a push

	// Of a push whose count goes on: where, what was counted before, and the number of the version that counted then.
	From    string  `json:"from,omitempty"`
	After   int     `json:"after,omitempty"`
	Counted *Counts `json:"counted,omitempty"`
}

// SheetVersion is a field sheet that was pushed.
type SheetVersion struct {
	Number int       `json:"number"` // 0: nobody has pushed one
	By     string    `json:"by,omitempty"`
	At     time.Time `json:"at,omitzero"`
	Reason string    `json:"reason,omitempty"`
	File   string    `json:"file,omitempty"`
	Text   string    `json:"text,omitempty"`
}

// Mapping is the answer about field sheets.
type Mapping struct {
	Mistakes    []string          `json:"mistakes"`              // "file:line: what is wrong: what is allowed"
	Notes       []string          `json:"notes,omitempty"`       // what is allowed and worth knowing
	Version     *SheetVersion     `json:"version,omitempty"`     // the one that counts
	Versions    []SheetVersion    `json:"versions,omitempty"`    // all, the newest first, without texts
	Differences []SheetDifference `json:"differences,omitempty"` // beside the sheet in force
	Counts      *Counts           `json:"counts,omitempty"`
	Next        string            `json:"next,omitempty"` // of a push: where its count goes on, with the counts so far
	Pushed      bool              `json:"pushed"`
	Why         string            `json:"why,omitempty"` // why it was not pushed, or that there was nothing to push
}

// SheetDifference is one key of one row that two sheets do not say alike; empty: the row is not there.
type SheetDifference struct {
	Field string `json:"field"`
	Key   string `json:"key"`
	Now   string `json:"now"`
	Then  string `json:"then"`
}

// Counts say what all pairs would do under a sheet.
type Counts struct {
	Pairs    int     `json:"pairs"`              // that there are
	Looked   int     `json:"looked"`             // that were looked at so far
	Change   int     `json:"change"`             // pairs of which a value that is there would change
	Fill     int     `json:"fill"`               // pairs of which only empty values would be filled
	Refused  int     `json:"refused"`            // pairs of which a value would be refused
	Held     int     `json:"held"`               // pairs of which something would wait for a person
	Unread   int     `json:"unread"`             // pairs that cannot be read now
	Examples []Write `json:"examples,omitempty"` // of values that would change
}

// Sheets is the room of the field sheets, which only the app has. Errors are faults: Broken, Later, Denied where the
// CRM cannot be asked.
type Sheets interface {
	// Check names every mistake of a customer's sheet, also beside the CRM's metadata of now.
	Check(ctx context.Context, file, text string) (mistakes, notes []string, err error)
	// Differences are those of the sheet beside the one in force. Invalid: it has mistakes.
	Differences(ctx context.Context, file, text string) ([]SheetDifference, error)
	// Trial is a desk as it would be with the sheet. Invalid: it has mistakes.
	Trial(ctx context.Context, file, text string) (Desk, error)
	// Under are the fields that lie under a pushed sheet.
	Under() []string
	// TakeUp has this process take up what was pushed.
	TakeUp(ctx context.Context) error
}

// SheetTable keeps the sheets that were pushed, as ledger.Ledger does.
type SheetTable interface {
	SheetHead(ctx context.Context) (ledger.SheetVersion, error)
	Sheet(ctx context.Context, number int) (ledger.SheetVersion, bool, error)
	Sheets(ctx context.Context) ([]ledger.SheetVersion, error)
	PushSheet(ctx context.Context, v ledger.SheetVersion, after int) (ledger.SheetVersion, error)
}

// MappingCheck names every mistake of a sheet.
func (o *Office) MappingCheck(ctx context.Context, s SheetText) (Mapping, error) {
	mistakes, notes, err := o.Sheets.Check(ctx, s.File, s.Text)
	return Mapping{Mistakes: listed(mistakes), Notes: notes}, err
}

// MappingDiff says what a sheet would have otherwise than the one in force, or names its mistakes.
func (o *Office) MappingDiff(ctx context.Context, s SheetText) (Mapping, error) {
	m, err := o.MappingCheck(ctx, s)
	if err != nil || len(m.Mistakes) > 0 {
		return m, err
	}
	m.Differences, err = o.Sheets.Differences(ctx, s.File, s.Text)
	return m, err
}

// MappingPull gives the version that counts, or another one by its number, and names all of them. Gone: there is none.
func (o *Office) MappingPull(ctx context.Context, number int) (Mapping, error) {
	all, err := o.SheetTable.Sheets(ctx)
	if err != nil {
		return Mapping{}, err
	}
	m := Mapping{Mistakes: []string{}}
	for _, v := range all {
		m.Versions = append(m.Versions, shownVersion(v))
	}
	if number == 0 && len(all) > 0 {
		number = all[0].Number
	}
	if number == 0 {
		m.Version = &SheetVersion{}
		return m, nil
	}
	v, ok, err := o.SheetTable.Sheet(ctx, number)
	if err == nil && !ok {
		err = fault.New(fault.Gone, "there is no version %d of the field sheet", number)
	}
	shown := shownVersion(v)
	m.Version = &shown
	return m, err
}

func shownVersion(v ledger.SheetVersion) SheetVersion {
	return SheetVersion{Number: v.Number, By: v.By, At: v.At, Reason: v.Reason, File: v.File, Text: v.Text}
}

// MappingPush checks a sheet, looks what all pairs would do under it, and keeps it as the version that counts. It
// stays as it was where the sheet has a mistake, and, without a yes, where one value that is there would change or
// not all pairs were looked at. Where they are too many for one call it says where to go on. Conflict: somebody else
// pushed meanwhile, between two of these calls too.
func (o *Office) MappingPush(ctx context.Context, a Act, s SheetText) (Mapping, error) {
	m, err := o.MappingCheck(ctx, s)
	if err != nil || len(m.Mistakes) > 0 {
		return m, err
	}
	head, err := o.SheetTable.SheetHead(ctx)
	if err != nil {
		return m, err
	}
	shown := shownVersion(head)
	m.Version = &shown
	if s.From != "" && s.After != head.Number {
		return m, fault.New(fault.Conflict, "version %d was pushed while the pairs were counted: look at it, then push again", head.Number)
	}
	digest := cosell.Digest(s.Text)
	if head.Number > 0 && head.Digest == digest {
		m.Why = "the version that counts says the same"
		return m, nil
	}
	desk, err := o.Sheets.Trial(ctx, s.File, s.Text)
	if err != nil {
		return m, err
	}
	counts, next, err := o.count(ctx, desk, s.From, s.Counted)
	m.Counts = &counts
	switch {
	case err != nil:
		return m, err
	case s.Yes:
	case next != "":
		m.Next, m.Why = next, "not all pairs could be looked at in the time of one call"
		return m, nil
	case counts.Change > 0:
		m.Why = "values that are there would change"
		return m, nil
	case counts.Unread > 0:
		m.Why = "not all pairs could be read"
		return m, nil
	}
	v, err := o.SheetTable.PushSheet(ctx, ledger.SheetVersion{Digest: digest, File: s.File, By: a.By, Reason: s.Reason, At: o.Now().UTC(), Text: s.Text, Under: o.Sheets.Under()}, head.Number)
	if err != nil {
		return m, err
	}
	shown = shownVersion(v)
	shown.Text = ""
	m.Version, m.Pushed = &shown, true
	o.did(ctx, a, "mapping push", "version", v.Number, "change", counts.Change, "fill", counts.Fill, "refused", counts.Refused, "held", counts.Held, "yes", s.Yes)
	return m, o.Sheets.TakeUp(ctx)
}

// How long pairs are taken up for a count, and how long each may take, as the host ends a call after 230 s; how many
// are looked at at once, and how many examples are shown.
const (
	countTime    = 150 * time.Second
	lookTime     = 40 * time.Second
	countAtOnce  = 8
	mostExamples = 10
)

// pairKey orders pairs for a count that takes several calls.
func pairKey(p cosell.Pair) string { return p.OpportunityID + " " + p.ReferralID }

// count looks at the pairs behind from as the desk would have it, on top of what was counted before; next is where it
// goes on, "" where all were looked at.
func (o *Office) count(ctx context.Context, desk Desk, from string, before *Counts) (c Counts, next string, err error) {
	if before != nil {
		c = *before
	}
	pairs, all, err := o.uncounted(ctx, from)
	if c.Pairs = all; err != nil {
		return c, from, err
	}
	over := time.After(countTime)
	todo := make(chan cosell.Pair)
	var mu sync.Mutex
	var looking sync.WaitGroup
	for range countAtOnce {
		looking.Go(func() {
			for p := range todo {
				within, cancel := context.WithTimeout(ctx, lookTime)
				v, err := o.listed(within, desk, p)
				cancel()
				mu.Lock()
				c.add(v, err)
				mu.Unlock()
			}
		})
	}
	next = from
	for i, p := range pairs {
		select {
		case todo <- p:
			if next = pairKey(p); i == len(pairs)-1 {
				next = ""
			}
			continue
		case <-over:
		case <-ctx.Done():
		}
		break
	}
	if len(pairs) == 0 {
		next = ""
	}
	close(todo)
	looking.Wait()
	return c, next, ctx.Err()
}

// uncounted are the living pairs behind a place, in the order in which they are counted, and how many there are in all.
func (o *Office) uncounted(ctx context.Context, from string) (pairs []cosell.Pair, all int, err error) {
	err = o.Ledger.Pairs(ctx, func(p cosell.Pair) bool {
		if p.Phase == cosell.Ended {
			return true
		}
		all++
		if pairKey(p) > from {
			pairs = append(pairs, cosell.Pair{OpportunityID: p.OpportunityID, ReferralID: p.ReferralID, Unread: p.Unread})
		}
		return true
	})
	slices.SortFunc(pairs, func(a, b cosell.Pair) int { return strings.Compare(pairKey(a), pairKey(b)) })
	return pairs, all, err
}

// add counts what one pair would do.
func (c *Counts) add(v Preview, err error) {
	switch {
	case fault.Is(err, fault.Gone): // it went while we looked
		c.Looked++
		return
	case err != nil:
		c.Looked++
		c.Unread++
		return
	}
	c.Looked++
	change, fill := false, false
	for _, w := range v.Writes {
		if w.From == "" {
			fill = true
			continue
		}
		change = true
		if len(c.Examples) < mostExamples {
			c.Examples = append(c.Examples, w)
		}
	}
	refused, held := false, false
	for _, h := range v.Problems {
		refused = refused || h.Class == string(cosell.OfRecord)
		held = held || h.Class == string(cosell.OfRule)
	}
	for n, so := range map[*int]bool{&c.Change: change, &c.Fill: fill && !change, &c.Refused: refused, &c.Held: held} {
		if so {
			*n++
		}
	}
}

func listed(texts []string) []string {
	if texts == nil {
		return []string{}
	}
	return texts
}
