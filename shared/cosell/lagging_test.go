package cosell

import (
	"testing"
	"time"
)

func withRows(status string, r Record, rows ...Side) Opportunity {
	o := Opportunity{Side: Side{ID: "o", Version: "2", Modified: noon, Record: r.Clone()}, Children: rows}
	o.Record[Status] = status
	for _, row := range rows {
		o.Rows = append(o.Rows, row.ID)
	}
	return o
}

// What hangs on a row is read from lists, which may be behind the row: what they cannot know yet is nobody's edit.
func TestF27_WhatListsDoNotShowYetIsNobodysEdit(t *testing.T) {
	a, b := Side{ID: "a", Version: "1"}, Side{ID: "b", Version: "1"}
	two := Pair{OpportunityID: "o", Base: Base{Opportunity: Record{Status: Open}}}.SawRow(withRows(Open, nil, a, b))
	wrote := func(members Record) Pair {
		p := two
		p.Sending = &Sending{Place: InCRM, New: members, Taken: true}
		return p
	}
	closedBefore := two
	closedBefore.Base.Opportunity = Record{Status: Open, LastClosed: "2026-01-01T00:00:00Z"}
	const less, deleted = "a child row is not listed any more, and nobody said that it was deleted", "a child row that was deleted is still listed"
	const before, written = "a child row is listed as it was before", "child rows are listed as before they were written"
	const unexplained = "the deal is closed, and its close activity is not listed yet"
	lost := func(r Record) Opportunity { return withRows(Lost, r, a, b) }
	for name, tt := range map[string]struct {
		pair Pair
		row  Opportunity
		gone string
		why  string
	}{
		"AsBefore":                       {two, withRows(Open, nil, a, b), "", ""},
		"ARowMore":                       {two, withRows(Open, nil, a, b, Side{ID: "c", Version: "1"}), "", ""},
		"ARowLess":                       {two, withRows(Open, nil, a), "", less},
		"ARowLessAndItsEventSaysSo":      {two, withRows(Open, nil, a), "b", ""},
		"AnotherRowLessThanTheEventSays": {two, withRows(Open, nil, a), "c", less},
		"ADeletedRowIsListed":            {two, withRows(Open, nil, a, b), "b", deleted},
		"ARowChanged":                    {two, withRows(Open, nil, a, Side{ID: "b", Version: "2"}), "", ""},
		"ARowAsItWas":                    {two.SawRow(withRows(Open, nil, a, Side{ID: "b", Version: "2"})), withRows(Open, nil, a, b), "", before},
		"ARowThatWeDeleted":              {two.wroteRows(withRows(Open, nil, a, b), withRows(Open, nil, a)), withRows(Open, nil, a, b), "", before},
		"ARowThatWeDeletedIsGone":        {two.wroteRows(withRows(Open, nil, a, b), withRows(Open, nil, a)), withRows(Open, nil, a), "", ""},
		"WrittenAndNotListed":            {wrote(Record{"solutions/SOL-9": "{}"}), withRows(Open, nil, a, b), "", written},
		"WrittenAndListed":               {wrote(Record{"solutions/SOL-9": "{}"}), withRows(Open, Record{"solutions/SOL-9": "{}"}, a, b), "", ""},
		"TakenAwayAndListed":             {wrote(Record{"solutions/SOL-2": ""}), withRows(Open, Record{"solutions/SOL-2": "{}"}, a, b), "", written},
		"TakenAway":                      {wrote(Record{"solutions/SOL-2": ""}), withRows(Open, nil, a), "", ""},
		"LostWithoutAWord":               {two, lost(Record{Reason: ""}), "", unexplained},
		"LostAndTheActivityShows":        {two, lost(Record{LastClosed: "2026-03-02T09:00:00Z"}), "", ""},
		"LostAgainAndTheOldReasonShows":  {closedBefore, lost(Record{LastClosed: "2026-01-01T00:00:00Z", Reason: "the old one"}), "", unexplained},
		"WonNeedsNoReason":               {two, withRows(Won, nil, a, b), "", ""},
	} {
		if why := tt.pair.Lagging(tt.row, tt.gone); why != tt.why {
			t.Errorf("%s: %q, instead of %q", name, why, tt.why)
		}
	}
}

func TestChildRowsThatAreGoneAreForgotten(t *testing.T) {
	a, b := Side{ID: "a", Version: "1"}, Side{ID: "b", Version: "1"}
	p := Pair{OpportunityID: "o"}.SawRow(withRows(Open, nil, a, b)).Saw(Side{ID: "r", Version: "1"})
	p = p.wroteRows(withRows(Open, nil, a, b), withRows(Open, nil, a))
	if p = p.SawRow(withRows(Open, nil, a)); len(p.Seen) != 3 {
		t.Errorf("%v", p.Seen)
	}
	p = p.SawRow(withRows(Open, nil))
	if _, known := p.Seen["a"]; known || len(p.Rows) != 0 {
		t.Errorf("%v", p.Seen)
	}
}

func TestWhatListsShowForLongIsBelieved(t *testing.T) {
	a := Side{ID: "a", Version: "1"}
	p := Pair{OpportunityID: "o"}.SawRow(withRows(Open, nil, a)).SawRow(withRows(Open, nil, Side{ID: "a", Version: "2"}))
	p = p.Doubts("o", noon.Add(time.Second)).BelievesAll(withRows(Open, nil, a))
	if why := p.Lagging(withRows(Open, nil, a), ""); why != "" {
		t.Error(why)
	}
}

// While the other side refuses the closing, the deal goes on to look as if it had just been closed: what was believed once stays so,
// also after a write of ours, until somebody else changes the row.
func TestAClosingWithoutAWordIsBelievedOnce(t *testing.T) {
	lost := withRows(Lost, Record{Reason: ""})
	p := Pair{OpportunityID: "o", Base: Base{Opportunity: Record{Status: Open}}}.SawRow(withRows(Open, nil))
	if p.Lagging(lost, "") == "" {
		t.Fatal("it is believed at once")
	}
	p = p.Doubts("o", noon).BelievesAll(lost).SawRow(lost)
	if why := p.Lagging(lost, ""); why != "" {
		t.Error(why)
	}
	ours, theirs := lost, lost
	ours.Version, theirs.Version = "3", "4"
	p = p.Wrote("2", ours.Side)
	if why := p.Lagging(ours, ""); why != "" {
		t.Errorf("after a write of ours: %s", why)
	}
	if p.Lagging(theirs, "") == "" {
		t.Error("somebody has closed it anew, and it is believed at once")
	}
}
