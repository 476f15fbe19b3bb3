package cosell

import (
	"fmt"
	"strings"
	"testing"
)

// act is what a person does after a run, perhaps one that died.
type act struct {
	name string
	do   func(l *life, n string)
}

func acts() []act {
	const old = "Deal"
	return []act{
		{"Nobody", func(*life, string) {}},
		{"TheSellerTakesItBack", func(l *life, _ string) { l.types(InCRM, old) }},
		{"TheSellerTypesAnother", func(l *life, n string) { l.types(InCRM, "seller"+n) }},
		{"ThePortalTakesItBack", func(l *life, _ string) { l.types(InPartnerCenter, old) }},
		{"ThePortalTypesAnother", func(l *life, n string) { l.types(InPartnerCenter, "portal"+n) }},
		{"TheSellerEditsElsewhere", func(l *life, n string) { l.seller(Record{ClosingDate: "2027-01-0" + n}) }},
		{"ThePortalEditsElsewhere", func(l *life, n string) { l.portal(Record{DealValue: "10" + n}) }},
	}
}

// Every write that can be interrupted, at every point, with everything that a person can do before the event
// comes again, and a second death after that: in the end both sides say the same, nothing is written any
// more, and what was typed last stands, or Audit quotes it.
func TestI26_NoInterruptedWriteLosesAnEdit(t *testing.T) {
	t.Parallel()
	const every = 11 // of 88,200 stories; a stride that meets every value of each part. All of them: 1
	n := 0
	for _, field := range []Field{Name, "solutions/SOL-1"} {
		for _, wins := range []Wins{Newest, PartnerCenter, CRM} {
			for _, who := range []string{"seller", "portal", "both", "portalThenSeller"} {
				for _, no := range []Place{"", InPartnerCenter, InCRM} {
					for first := range boundaries {
						for _, then := range acts() {
							for second := range boundaries {
								for _, last := range acts() {
									if n++; n%every != 0 {
										continue
									}
									name := fmt.Sprint(field, " wins ", wins, ", ", who, ", refused at ", no, ", dies at ", first, ", ", then.name, ", dies at ", second, ", ", last.name)
									interrupt(t, name, field, wins, who, no, first, then, second, last)
									if t.Failed() {
										return
									}
								}
							}
						}
					}
				}
			}
		}
	}
	t.Logf("%d stories", n/every)
}

func interrupt(t *testing.T, name string, field Field, wins Wins, who string, no Place, first int, then act, second int, last act) {
	t.Helper()
	rules := withCurrency()
	for i := range rules {
		if rules[i].Field == field || rules[i].List {
			rules[i].Wins = wins
		}
	}
	l := newLife(rules, field)
	if _, _, member := field.List(); member {
		l.p[field], l.d[field] = "Deal", "Deal"
		l.row.Base = baseOf(l.p, l.d)
		l.met = "Deal"
	}
	refuses := func(atom Record) bool { _, ok := atom[field]; return ok }
	switch no {
	case InPartnerCenter:
		l.refusePC = refuses
	case InCRM:
		l.refuseCRM = refuses
	}
	if who != "seller" {
		l.types(InPartnerCenter, "theirs")
	}
	if who != "portal" {
		l.types(InCRM, "mine")
	}
	if who == "both" {
		l.portal(Record{field: "theirs"}) // saved once more: the newer record is Partner Center's
	}
	l.run(first)
	then.do(l, "1")
	l.run(second)
	l.refusePC, l.refuseCRM = nil, nil
	last.do(l, "2")
	silent := l.rest()
	theirs, _ := l.p.value(field)
	mine, _ := l.d.value(field)
	switch {
	case !silent:
		t.Errorf("%s: it is written again and again", name)
	case theirs != mine:
		t.Errorf("%s: %q and %q, held %+v", name, theirs, mine, l.row.Held)
	case l.lost() != "":
		t.Errorf("%s: %q was typed last, and is nowhere: %q\n%s", name, l.lost(), mine, l.d[Audit])
	case l.row.Sending != nil || len(l.row.Untold) > 0:
		t.Errorf("%s: left %+v %+v", name, l.row.Sending, l.row.Untold)
	case strings.Count(l.d[Audit], "no: no") > 2:
		t.Errorf("%s: a refusal is told again and again\n%s", name, l.d[Audit])
	}
}

// We closed the deal, and died. What CRM shows in the columns of the closing is nobody's edit; a person's closing is his.
func TestWhatComesIntoViewWithOurClosingIsNoEdit(t *testing.T) {
	rules := []Rule{{Field: ClosingDate, Way: Both, WhenWon: true}, {Field: Notes, Way: Both}}
	row := Opportunity{Side: Side{ID: "o", Version: "2", Record: Record{Status: Won, ClosingDate: "2026-03-02", Notes: "typed since", Audit: "won in Partner Center\n"}}}
	pair := Pair{OpportunityID: "o", Base: Base{Referral: Record{}, Opportunity: Record{Status: Open, ClosingDate: "2026-06-30", Notes: ""}},
		Sending: &Sending{Place: InCRM, Version: "1", Old: Record{Status: Open}, New: Record{Status: Won, Audit: "won in Partner Center\n"}}}
	for what, tt := range map[string]struct {
		audit string
		want  string
	}{"ours": {"won in Partner Center\n", "2026-03-02"}, "a person's": {"", "2026-06-30"}} {
		row.Record[Audit] = tt.audit
		got := pair.CameIntoView(row, rules)
		if base := got.Base.Opportunity; base[ClosingDate] != tt.want || base[Notes] != "" || pair.Base.Opportunity[ClosingDate] != "2026-06-30" {
			t.Errorf("%s: %v", what, base)
		}
	}
}

// What somebody typed before we closed the deal, and had not crossed, is his edit, also where CRM shows it in a column of the closing.
func TestI25_WhatWasTypedBeforeOurClosingIsAnEdit(t *testing.T) {
	rules := []Rule{{Field: Status, Door: Lifecycle}, {Field: DealValue, Way: Both, WhenWon: true}, {Field: ClosingDate, Way: Both, WhenWon: true}}
	pair := Pair{OpportunityID: "o", Base: Base{Referral: Record{DealValue: "100", ClosingDate: "2026-06-30"}, Opportunity: Record{Status: Open, DealValue: "100", ClosingDate: "2026-06-30"}}}
	row := Opportunity{Side: Side{ID: "o", Version: "1", Record: Record{Status: Open, DealValue: "300", ClosingDate: "2026-06-30"}}}
	in := Pairing{Pair: pair, Rules: rules, Opportunity: AtHand(row), Referral: &Referral{Side: Side{Record: Record{DealValue: "200", Status: Won}}}}
	pair.Sending = in.NewSending(InCRM, Plan{ToOpportunity: Record{Status: Won, Audit: "won in Partner Center\n"}}, in.At)
	won := Opportunity{Side: Side{ID: "o", Version: "2", Record: Record{Status: Won, DealValue: "300", ClosingDate: "2026-03-02", Audit: "won in Partner Center\n"}}}
	got := pair.CameIntoView(won, rules)
	if base := got.Base.Opportunity; base[DealValue] != "100" || base[ClosingDate] != "2026-03-02" {
		t.Errorf("%v", base)
	}
}

// An attempt at a creation that left a value out, and was taken late, is told from the next one, which has it: the row lacks it.
func TestI2_ARowThatLacksAValueIsTheAttemptsThatLeftItOut(t *testing.T) {
	all := Record{Name: "Deal", Notes: "text", DealValue: "5", Currency: "EUR"}
	source := all.Clone()
	full := &Sending{Place: InCRM, New: all, Source: source}
	less := full.Without(all, Record{Name: "Deal"})
	row := Opportunity{Side: Side{Record: Record{Name: "Deal", Notes: "", DealValue: "", Currency: "EUR"}}, Untouched: true} // the currency of the organisation
	by := full.After(less).By(row)
	if got := by.New[Notes]; got != "" {
		t.Errorf("the row is that of the attempt that wrote %q", got)
	}
	if base := by.Made(row); base.Referral[Notes] == "text" {
		t.Error("that the notes are missing counts as agreed")
	}
	amount := full.Without(all, Record{Name: "Deal", Notes: "text"}) // which goes with its currency
	row.Record = Record{Name: "Deal", Notes: "text", DealValue: "", Currency: "EUR"}
	if by := full.After(amount).By(row); by.New[DealValue] != "" {
		t.Error("a row without an amount is not the attempt's that wrote it")
	}
	row.Record = all
	if by := full.After(less).By(row); by.New[Notes] != "text" {
		t.Error("a row that has it is not the attempt's that wrote it")
	}
}

// What a write has told of which nobody knew that it was made is not told again, whatever else Audit explained before it; what it has not
// told is.
func TestWhatAnInterruptedWriteHasToldIsNotToldAgain(t *testing.T) {
	before := Problem{Code: "sync.off", Field: Sync, Place: InPartnerCenter, Class: OfRule, Warn: true, Text: "it is off", Mend: "switch it on"}
	lasting := Problem{Code: "lead.unconverted", Field: Status, Place: InPartnerCenter, Class: OfRule, Warn: true, Text: "it is qualified", Mend: "make an opportunity"}
	for name, told := range map[string]bool{"it was made": true, "it was not": false} {
		in := edit(nil, nil)
		in.Pair.Told = Prints([]Problem{before})
		words := Words{Rules: in.Rules, At: noon, Trace: "abcd1234"}
		plan := Plan{ToOpportunity: Record{}, Problems: []Problem{lasting}}
		lines := in.Lines(plan, Written{}, words)
		if len(lines) != 1 {
			t.Fatalf("%v", lines)
		}
		plan.ToOpportunity[Audit] = Prepend("", lines...)
		in.Pair.Sending = in.NewSending(InCRM, plan, noon)
		row := in.Opportunity.row
		row.Version, row.Record = "o2", row.Record.Clone()
		if row.Record[Audit] = "somebody's words"; told {
			row.Record[Audit] = plan.ToOpportunity[Audit]
		}
		in.Opportunity, in.Pair = AtHand(row), in.Pair.Resolve(row.Side)
		if again := in.Lines(plan, Written{}, words); (len(again) == 0) != told {
			t.Errorf("%s: %v", name, again)
		}
	}
}
