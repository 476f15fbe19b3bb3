package cosell

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Words alone are noted as any write is, lead nowhere else, and are agreed once they stand there.
func TestI26_WordsAreNotedBeforeTheyAreWritten(t *testing.T) {
	before := Side{ID: "o", Version: "o1", Record: Record{Audit: "older", State: StateInSync, Name: "N"}}
	line := AuditLine(noon, Nowhere, "waits", "t1")
	values := Record{Audit: line + "\nolder", State: StateWaiting}
	pair := Pair{OpportunityID: "o", OpportunityVersion: "o1", Base: Base{Referral: Record{}, Opportunity: Record{Audit: "older", State: StateInSync, Name: "N"}}}
	noted := pair.Says(before, values, noon, Entry{})
	if d := cmp.Diff(&Sending{Place: InCRM, Version: "o1", Old: Record{Audit: "older", State: StateInSync}, New: values, Source: Record{}, Wordless: true, At: noon}, noted.Sending); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	written := Side{ID: "o", Version: "o2", Record: Record{Audit: values[Audit], State: StateWaiting, Name: "somebody's"}}
	done := noted.Said(before, written, values)
	if done.Sending != nil || done.OpportunityVersion != "o2" || !done.Knows(written) {
		t.Errorf("%+v", done)
	}
	if d := cmp.Diff(Record{Audit: values[Audit], State: StateWaiting, Name: "N"}, done.Base.Opportunity); d != "" {
		t.Errorf("only what was said is agreed (-want +got):\n%s", d)
	}
	if pair.Base.Opportunity[State] != StateInSync {
		t.Error("the pair before it was changed")
	}
	// A version that went with no base goes with none afterwards.
	pair.OpportunityVersion = ""
	if got := pair.Says(before, values, noon, Entry{}).Said(before, written, values); got.OpportunityVersion != "" {
		t.Errorf("version %q", got.OpportunityVersion)
	}
	// A note about the other side is not the words'.
	pair.Sending = &Sending{Place: InPartnerCenter}
	if got := pair.Said(before, written, values); got.Sending == nil {
		t.Error("a write to Partner Center counts as settled")
	}
}

// Of words too the line in Audit proves that they were written, whoever finds the note.
func TestI26_TheLineProvesThatWordsWereWritten(t *testing.T) {
	line := AuditLine(noon, Nowhere, "waits", "t1")
	values := Record{Audit: line + "\nolder", Mark: MarkFailed}
	before := Side{ID: "o", Version: "o1", Record: Record{Audit: "older", Mark: MarkOK}}
	for name, tt := range map[string]struct {
		version, audit string
		made           bool
	}{
		"NotWritten":         {"o1", "older", false},
		"Written":            {"o2", line + "\nolder", true},
		"WrittenAndMoreCame": {"o3", "newer\n" + line + "\nolder", true},
		"SavedElsewhere":     {"o2", "older", false},
		"AnotherLineOfOurs":  {"o2", AuditLine(noon, Nowhere, "other", "t1") + "\nolder", false},
	} {
		pair := Pair{Base: Base{Referral: Record{}, Opportunity: Record{Audit: "older", Mark: MarkOK}}, OpportunityVersion: "o1", Untold: []Problem{{Code: "told"}}}
		got := pair.Says(before, values, noon, Entry{}).Resolve(Side{ID: "o", Version: tt.version, Record: Record{Audit: tt.audit, Mark: MarkOK}})
		if made := got.Base.Opportunity[Mark] == MarkFailed; made != tt.made || got.Sending != nil {
			t.Errorf("%s: made %v, %+v", name, made, got.Sending)
		}
		if len(got.Untold) != 1 { // these words are not those
			t.Errorf("%s: still to be told %v", name, got.Untold)
		}
	}
}

// The steps that a write to Partner Center would bring are noted with it, and told by whoever finds that it was
// made.
func TestI25_TheStepsOfAnInterruptedWriteAreTold(t *testing.T) {
	for name, tt := range map[string]struct {
		edit  Record
		audit string
		notes []string
	}{
		"Won":             {Record{Status: Won}, "steps", []string{"closed as won"}},
		"Shared":          {Record{Visibility: True}, "steps", []string{"shared: Microsoft's sellers can see the deal"}},
		"APlainEdit":      {Record{Name: "N"}, "steps", nil},
		"WonUntold":       {Record{Status: Won}, "none", nil},
		"LostWithAReason": {Record{Status: Lost, Reason: "price"}, "all", []string{"closed as lost, reason: price"}},
	} {
		in := edit(nil, tt.edit)
		in.Options.AuditSuccess, in.Options.WonGuard = tt.audit, "off"
		plan := Merge(in)
		in.Pair.Sending = in.NewSending(InPartnerCenter, plan, noon)
		after, _ := write(in, plan)
		after.Referral.Version = "r2"
		var got []string
		for _, p := range in.Pair.Resolve(after.Referral.Side).Untold {
			got = append(got, p.Text)
		}
		if d := cmp.Diff(tt.notes, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
		if crm := in.NewSending(InCRM, plan, noon); len(crm.Notes) != 0 {
			t.Errorf("%s: a step towards Partner Center is noted with a write to CRM: %+v", name, crm.Notes)
		}
	}
}

// Linking back writes identifier and link; Microsoft's answer and the help are agreed, or still to be asked.
func TestF44_LinkingBackWithMicrosoftsReferral(t *testing.T) {
	before := Opportunity{Side: Side{ID: "o", Version: "o1", Record: Record{Help: "A", Name: "A long name", Sync: True}}}
	written := Opportunity{Rows: []string{"row"}, Side: Side{ID: "o", Version: "o2", Record: Record{Help: "A", Name: "A long na…", Sync: True, ReferralID: "r", MicrosoftStatus: "Pending"}}}
	own := Referral{Side: Side{ID: "r", Version: "r1", Read: noon.Add(time.Minute), Record: Record{Status: Accepted, Visibility: True}}}
	microsoft := Referral{Side: Side{ID: "m", Version: "m1", Record: Record{MicrosoftStatus: "Pending"}}}
	base := Base{Referral: Record{Name: "A long name"}, Opportunity: Record{Name: "A long name", Help: "A", Sync: True}}
	start := Pair{OpportunityID: "o", ReferralID: "r", Phase: Creating, Base: base, Held: []Held{{Code: "no"}}, Told: []string{"no"}}
	for name, tt := range map[string]struct {
		microsoftID string
		helpThere   string
		helpHere    string
	}{
		"Asked":    {"m", "A", "A"},
		"NotAsked": {"", "", ""},
	} {
		p := start
		p.MicrosoftID = tt.microsoftID
		answer := Record{}
		if tt.microsoftID != "" {
			answer = Record{MicrosoftStatus: "Pending"}
		}
		got := p.LinkedBack(before, written, own, microsoft, answer)
		if got.Phase != Linked || got.Held != nil || got.Told != nil || !got.LastSuccess.Equal(own.Read) || got.OpportunityVersion != "o2" || len(got.Rows) != 1 {
			t.Errorf("%s: %+v", name, got)
		}
		if got.Base.Referral[Help] != tt.helpThere || got.Base.Opportunity[Help] != tt.helpHere {
			t.Errorf("%s: help %q and %q", name, got.Base.Referral[Help], got.Base.Opportunity[Help])
		}
		if (got.Base.Referral[MicrosoftStatus] == "Pending") != (tt.microsoftID != "") || got.Base.Opportunity[MicrosoftStatus] != answer[MicrosoftStatus] {
			t.Errorf("%s: Microsoft's answer in %v", name, got.Base)
		}
		if got.Base.Opportunity[Name] != "A long na…" {
			t.Errorf("%s: the name that made room for the mark looks like an edit: %q", name, got.Base.Opportunity[Name])
		}
	}
	asked := start
	asked.MicrosoftID, asked.Base = "m", Base{Referral: Record{}, Opportunity: Record{Help: "B"}}
	microsoft.Record = Record{MicrosoftStatus: "Pending", Help: "B"}
	if got := asked.LinkedBack(before, written, own, microsoft, nil); got.Base.Referral[Help] != "B" || got.Base.Opportunity[Help] != "B" {
		t.Errorf("the help that was chosen since Microsoft was asked counts as agreed: %q and %q", got.Base.Referral[Help], got.Base.Opportunity[Help])
	}
	edited := before
	edited.Record = before.Record.Clone()
	edited.Record[Name] = "Edited meanwhile"
	if got := start.LinkedBack(edited, written, own, microsoft, nil); got.Base.Opportunity[Name] != "A long name" {
		t.Errorf("an edit made meanwhile counts as agreed: %q", got.Base.Opportunity[Name])
	}
}

func TestFingerprintKeepsFieldsApart(t *testing.T) {
	for _, pair := range [][2]Record{
		{{Name: "a", DealValue: "b"}, {Name: "b", DealValue: "a"}},
		{{Name: "EUR"}, {Currency: "EUR"}},
		{{Name: "a\nb"}, {Name: "a", DealValue: "b"}},
		{{CustomerName: "DE"}, {CustomerCountry: "DE"}},
	} {
		if Fingerprint(pair[0]) == Fingerprint(pair[1]) {
			t.Errorf("%v is taken for %v", pair[0], pair[1])
		}
	}
}

// What was refused of a status stays a wish: it is told until it is over, and sent once it can be.
func TestWhatAStatusCannotDoStaysHeld(t *testing.T) {
	for name, in := range map[string]Pairing{
		"WonWhilePending": answerable(nil, Record{Status: Won}),
		"ReopenedAfter":   from(Record{Status: Won}, Record{Status: Won}, nil, Record{Status: Open}),
	} {
		plan := Merge(in)
		in.Pair = in.Settle(plan, Written{}, "")
		if in.Pair.Base.Opportunity[Status] == in.Opportunity.Side().Record[Status] {
			t.Errorf("%s: it counts as agreed", name)
		}
		again := Merge(in)
		if len(plan.Problems) == 0 || len(again.Told().Problems) != len(plan.Told().Problems) || len(told(in, again, Written{})) != 0 {
			t.Errorf("%s: first %v, then %v", name, codes(plan.Problems), codes(again.Problems))
		}
	}
}

// An acceptance goes without the value that was refused, which waits alone.
func TestR138_AnAcceptanceGoesWithoutWhatWasRefused(t *testing.T) {
	in := answerable(nil, Record{Status: Open, ClosingDate: "2027-01-01"})
	in.Pair.Held = []Held{{Place: InPartnerCenter, Field: ClosingDate, Class: OfRecord, Code: "no", Value: "2027-01-01", Version: "r1", Next: noon.Add(time.Hour)}}
	want{toReferral: Record{Status: Accepted}, codes: []string{"no"}}.check(t, Merge(in))
	in.At = noon.Add(time.Hour)
	want{toReferral: Record{Status: Accepted, ClosingDate: "2027-01-01"}}.check(t, Merge(in))
	in.At = noon
	in.Pair.Held[0].Field, in.Pair.Held[0].Value = Status, Asked(Record{Status: Accepted, ClosingDate: "2027-01-01"})
	want{codes: []string{"no"}}.check(t, Merge(in)) // the whole was refused, and waits as a whole
}
