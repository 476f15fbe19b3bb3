package cosell

import (
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// cut is a lossy way across: CRM holds four letters only.
func cut(s string) string { return s[:min(len(s), 4)] }

var rules = []Rule{
	{Field: Name, Way: Both, Wins: Newest},
	{Field: DealValue, Way: Both, Wins: Newest},
	{Field: ClosingDate, Way: Both, Wins: Newest},
	{Field: Notes, Way: Both, Wins: CRM, ToOpportunity: cut},
	{Field: Status, Way: Both, Door: Lifecycle},
	{Field: Reason, Way: Read},
	{Field: Visibility, Way: Both, Wins: CRM, Door: OneWay},
	{Field: Help, Way: Both, Wins: CRM, Door: OnceSet},
	{Field: CustomerCountry, Way: ToReferral, Door: OnceCreated},
	{Field: Contacts, Way: ToReferral, Door: OnceShared, List: true},
	{Field: Team, Way: ToReferral, List: true},
	{Field: Solutions, Way: Both, Wins: Newest, Door: NeverEmpty, List: true},
	{Field: MicrosoftStatus, Way: ToOpportunity},
}

const ada = `{"email":"ada@x","firstName":"Ada","lastName":"E","phone":"1"}`

const kim = `{"email":"kim@x","firstName":"Kim","lastName":"S","phone":"1"}`

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// agreed is a private, accepted deal on both sides.
func agreed() (Record, Record) {
	p := Record{Name: "Deal", DealValue: "100", ClosingDate: "2026-09-30", Notes: "long text", Status: Accepted,
		Visibility: False, CustomerCountry: "DE", Contacts: "0", Team: "1", "team/kim": kim,
		Solutions: "1", "solutions/SOL-1": `{"quantity":"1"}`}
	d := p.Clone()
	maps.Copy(d, Record{Currency: "EUR", CustomerName: "Tailspin", "customerAddress1": "Musterweg 1", "customerCity": "Hamburg"})
	d[Notes] = "long"
	d[Status] = Open
	d[Help] = ""
	d[MicrosoftStatus] = ""
	d[Sync] = True
	d[Audit] = ""
	d[Mark] = MarkOK
	return p, d
}

func pairing(base Base, p, d Record) Pairing {
	return Pairing{Pair: Pair{Base: base, Phase: Linked, OpportunityID: "o", ReferralID: "r"}, Rules: rules, At: noon, Linking: true,
		Referral:    &Referral{Side: Side{ID: "r", Version: "r1", Record: p, Modified: noon, Read: noon}, AcceptedAt: noon.Add(-time.Hour)},
		Opportunity: AtHand(Opportunity{Side: Side{ID: "o", Version: "o1", Record: d, Modified: noon.Add(time.Minute), Read: noon.Add(2 * time.Minute)}}),
		Options:     Options{WonGuard: "delay", WonAge: 72 * time.Hour, RegistrableValue: "25000", AcceptStrict: true}}
}

func baseOf(p, d Record) Base { return Base{Referral: Remember(p), Opportunity: Remember(d)} }

// edit gives both records of an agreed pair after the changes, and its base.
func edit(pc, crm Record) Pairing {
	p, d := agreed()
	base := baseOf(p, d)
	apply(p, pc)
	apply(d, crm)
	return pairing(base, p, d)
}

func apply(r, changes Record) {
	for f, v := range changes {
		if _, _, member := f.List(); member && v == "" {
			delete(r, f)
			continue
		}
		r[f] = v
	}
}

func codes(ps []Problem) []string {
	var out []string
	for _, p := range ps {
		out = append(out, p.Code)
	}
	return out
}

func TestMerge(t *testing.T) {
	tests := map[string]struct {
		pc, crm                   Record
		toReferral, toOpportunity Record
		codes                     []string
		invite                    string
	}{
		"NothingChangedWritesNothing":           {},
		"OneSideTravelsToCRM":                   {pc: Record{DealValue: "200"}, toOpportunity: Record{DealValue: "200"}},
		"OneSideTravelsToPartnerCenter":         {crm: Record{Name: "New"}, toReferral: Record{Name: "New"}},
		"LossyValueIsCutOnItsWay":               {pc: Record{Notes: "other text"}, toOpportunity: Record{Notes: "othe"}},
		"ChangeBeyondTheCutWritesNothing":       {pc: Record{Notes: "long text indeed"}},
		"DifferentFieldsCross":                  {pc: Record{DealValue: "1"}, crm: Record{Name: "N"}, toOpportunity: Record{DealValue: "1"}, toReferral: Record{Name: "N"}},
		"BothChangedToTheSameIsAgreement":       {pc: Record{DealValue: "7"}, crm: Record{DealValue: "7"}},
		"NewestWinsAndTheLoserIsTold":           {pc: Record{DealValue: "7"}, crm: Record{DealValue: "8"}, toReferral: Record{DealValue: "8"}, codes: []string{"conflict.resolved"}},
		"MemberAddedInCRM":                      {crm: Record{"solutions/SOL-2": "{}"}, toReferral: Record{"solutions/SOL-2": "{}"}},
		"MemberSwappedWithEqualCount":           {crm: Record{"solutions/SOL-1": "", "solutions/SOL-2": "{}"}, toReferral: Record{"solutions/SOL-1": "", "solutions/SOL-2": "{}"}},
		"MemberRemovedInPartnerCenter":          {pc: Record{"solutions/SOL-1": "", "solutions/SOL-3": "{}"}, toOpportunity: Record{"solutions/SOL-1": "", "solutions/SOL-3": "{}"}},
		"UnreadableValueIsToldAndTheRestGoesOn": {pc: Record{"unreadable/dealValue": "not an amount"}, crm: Record{Name: "N"}, toReferral: Record{Name: "N"}, codes: []string{"value.unreadable"}},
		"LastSolutionStaysInPartnerCenter":      {crm: Record{"solutions/SOL-1": ""}, codes: []string{"solution.required"}},
		"OwnerReplacesHisMemberOnly":            {pc: Record{"team/pat": `{}`}, crm: Record{"team/kim": "", "team/sam": `{}`}, toReferral: Record{"team/kim": "", "team/sam": `{}`}},
		"ShareTravels":                          {crm: Record{Visibility: True}, toReferral: Record{Visibility: True}},
		"ContactMayBeAddedBeforeSharing":        {crm: Record{"contacts/ada": `{}`}, toReferral: Record{"contacts/ada": `{}`}},
		"CustomerIsLockedAfterCreation":         {crm: Record{CustomerCountry: "FR"}, codes: []string{"customer.locked"}},
		"HelpInvitesMicrosoftAndMakesVisible":   {crm: Record{Help: "GeneralOrOther", "contacts/ada": ada}, invite: "GeneralOrOther", toReferral: Record{Visibility: True, "contacts/ada": ada}, toOpportunity: Record{Visibility: True}},
		"WonInPartnerCenterClosesTheDeal":       {pc: Record{Status: Won}, toOpportunity: Record{Status: Won, Reason: ""}},
		"LostInPartnerCenterCarriesItsReason":   {pc: Record{Status: Lost, Reason: "budget"}, toOpportunity: Record{Status: Lost, Reason: "budget"}},
		"R125_ClosingCarriesItsDay":             {pc: Record{Status: Won, ClosedOn: "2026-03-30"}, toOpportunity: Record{Status: Won, Reason: "", ClosedOn: "2026-03-30"}},
		"ExpiryLeavesWhatAPersonMovedOn":        {pc: Record{Status: Expired}, codes: []string{"referral.expired"}},
		"LostInCRMCarriesItsReason":             {crm: Record{Status: Lost, Reason: "price"}, toReferral: Record{Status: Lost, Reason: "price"}},
		"LostWithoutAWordStillHasAReason":       {crm: Record{Status: Canceled}, toReferral: Record{Status: Lost, Reason: "Others"}},
		"OnHoldWhileAcceptedIsNoBusinessOfPC":   {crm: Record{Status: OnHold}},
		"SmallDealIsWonAtOnce":                  {crm: Record{Status: Won}, toReferral: Record{Status: Won}},
		"BothClosedDifferentlyIsLeftToAPerson":  {pc: Record{Status: Won}, crm: Record{Status: Lost}, codes: []string{"status.differs"}},
		"BothClosedAlikeIsAgreement":            {pc: Record{Status: Declined}, crm: Record{Status: Canceled}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			plan := Merge(edit(tt.pc, tt.crm))
			if d := cmp.Diff(or(tt.toReferral), plan.ToReferral); d != "" {
				t.Errorf("to Partner Center (-want +got):\n%s", d)
			}
			if d := cmp.Diff(or(tt.toOpportunity), plan.ToOpportunity); d != "" {
				t.Errorf("to CRM (-want +got):\n%s", d)
			}
			if d := cmp.Diff(tt.codes, codes(plan.Problems)); d != "" {
				t.Errorf("problems (-want +got):\n%s", d)
			}
			if plan.Invite != tt.invite {
				t.Errorf("invite %q, want %q", plan.Invite, tt.invite)
			}
		})
	}
}

func or(r Record) Record {
	if r == nil {
		return Record{}
	}
	return r
}

// from starts with another agreed state and then edits.
func from(pState, dState, pc, crm Record) Pairing {
	p, d := agreed()
	apply(p, pState)
	apply(d, dState)
	base := baseOf(p, d)
	apply(p, pc)
	apply(d, crm)
	return pairing(base, p, d)
}

var shared = Record{Visibility: True, "contacts/ada": `{}`}

func TestDoors(t *testing.T) {
	pendingP, pendingD := Record{Status: Pending, Name: ""}, Record{Status: OnHold, Name: "Referral from Microsoft"}
	tests := map[string]struct {
		in                        Pairing
		toReferral, toOpportunity Record
		codes                     []string
		held                      bool
	}{
		"NothingIsSentWhilePending": {in: from(pendingP, pendingD, nil, Record{DealValue: "5"})},
		"EditsTravelWithTheAcceptance": {in: from(pendingP, pendingD, nil, Record{DealValue: "5", Name: "Real", Status: Open}),
			toReferral: Record{DealValue: "5", Name: "Real", Status: Accepted}},
		"AcceptedInPortalOpens":         {in: from(pendingP, pendingD, Record{Status: Accepted}, nil), toOpportunity: Record{Status: Open}},
		"ExpiryCancelsWhatWaits":        {in: from(pendingP, pendingD, Record{Status: Expired}, nil), toOpportunity: Record{Status: Canceled, Reason: ""}},
		"DeclineWithoutAWordHasAReason": {in: from(pendingP, pendingD, nil, Record{Status: Lost}), toReferral: Record{Status: Declined, Reason: "Others"}},
		"DeclineCarriesTheReason":       {in: from(pendingP, pendingD, nil, Record{Status: Lost, Reason: "no budget"}), toReferral: Record{Status: Declined, Reason: "no budget"}},
		"PendingCannotBeWon":            {in: from(pendingP, pendingD, nil, Record{Status: Won}), codes: []string{"referral.pending"}},
		"SharedNeverGoesBack":           {in: from(shared, shared, nil, Record{Visibility: False}), toOpportunity: Record{Visibility: True}, codes: []string{"visibility.final"}},
		"ContactIsLockedOnceShared":     {in: from(shared, shared, nil, Record{"contacts/ada": "", "contacts/bob": `{}`}), codes: []string{"contact.locked"}},
		"ContactMayBeAddedWhenNone":     {in: from(Record{Visibility: True}, Record{Visibility: True}, nil, Record{"contacts/ada": `{}`}), toReferral: Record{"contacts/ada": `{}`}},
		"HelpIsFinal":                   {in: from(Record{Visibility: True, Help: "A"}, Record{Visibility: True, Help: "A"}, nil, Record{Help: "B"}), codes: []string{"help.submitted"}},
		"ClosedReferralIsNeverWritten":  {in: from(Record{Status: Won}, Record{Status: Won}, nil, Record{Name: "x"}), codes: []string{"referral.closed"}},
		"ReopenIsRefusedAndExplained":   {in: from(Record{Status: Won}, Record{Status: Won}, nil, Record{Status: Open}), codes: []string{"referral.closed"}},
		"ReadOnlyColumnIsRestored": {in: from(Record{MicrosoftStatus: "Accepted"}, Record{MicrosoftStatus: "Accepted"}, nil, Record{MicrosoftStatus: "mine"}),
			toOpportunity: Record{MicrosoftStatus: "Accepted"}, codes: []string{"column.readonly"}},
		"EarlyWinOfARegistrableDealWaits": {in: from(Record{Visibility: True, DealValue: "25000"}, Record{Visibility: True, DealValue: "25000"}, nil, Record{Status: Won, DealValue: "30000"}),
			codes: []string{"won.early"}, held: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			plan := Merge(tt.in)
			if d := cmp.Diff(or(tt.toReferral), plan.ToReferral); d != "" {
				t.Errorf("to Partner Center (-want +got):\n%s", d)
			}
			if d := cmp.Diff(or(tt.toOpportunity), plan.ToOpportunity); d != "" {
				t.Errorf("to CRM (-want +got):\n%s", d)
			}
			if d := cmp.Diff(tt.codes, codes(plan.Problems)); d != "" {
				t.Errorf("problems (-want +got):\n%s", d)
			}
			if plan.HeldUntil.IsZero() == tt.held {
				t.Errorf("held until %v, want held %v", plan.HeldUntil, tt.held)
			}
		})
	}
}

func TestHeldEditsStayChangesUntilTheyTravel(t *testing.T) {
	in := from(Record{Status: Pending}, Record{Status: OnHold}, nil, Record{DealValue: "5"})
	pair := in.Settle(Merge(in), Written{}, "")
	if !Changed(pair.Base, in.Opportunity.row, rules) {
		t.Fatal("the edit was forgotten while the referral was pending")
	}
	if pair.OpportunityVersion != "" {
		t.Errorf("version %q would let the next write assume the base", pair.OpportunityVersion)
	}
}

func TestEarlyWinGoesThroughWhenItsTimeHasCome(t *testing.T) {
	in := from(Record{Visibility: True, DealValue: "25000"}, Record{Visibility: True, DealValue: "25000"}, nil, Record{Status: Won, DealValue: "30000"})
	in.Referral.Read = in.Referral.AcceptedAt.Add(72 * time.Hour)
	plan := Merge(in)
	if d := cmp.Diff(Record{Status: Won, DealValue: "30000"}, plan.ToReferral); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// A name that nobody has typed stays where it stands for one: also after the tables were lost.
func TestAStopgapIsNoNameForTheReferral(t *testing.T) {
	for name, want := range map[string]string{Stopgap(StopgapLead, "Adventure Works"): "", Stopgap(StopgapReferral, ""): "", "Lead from Microsoft's fair": "Lead from Microsoft's fair", "Deal": "Deal"} {
		plan := Merge(pairing(Base{}, Record{Name: "", Status: Accepted}, Record{Name: name, Status: Open, Sync: True}))
		if got := plan.ToReferral[Name]; got != want {
			t.Errorf("of %q the referral gets %q, want %q", name, got, want)
		}
	}
}

func TestFirstSightLeavesDifferencesAlone(t *testing.T) {
	p, d := agreed()
	d[DealValue] = "999"
	plan := Merge(pairing(Base{}, p, d))
	if len(plan.ToReferral)+len(plan.ToOpportunity) != 0 {
		t.Errorf("wrote %v and %v without a base", plan.ToReferral, plan.ToOpportunity)
	}
	if d := cmp.Diff([]string{"values.differ"}, codes(plan.Problems)); d != "" {
		t.Error(d)
	}
}

func TestAssumedOpportunityIsNeverTheChangedSide(t *testing.T) {
	in := edit(Record{DealValue: "7"}, nil)
	in.Opportunity = Assumed(in.Pair)
	plan := Merge(in)
	if d := cmp.Diff(Record{DealValue: "7"}, plan.ToOpportunity); d != "" || len(plan.ToReferral) != 0 {
		t.Errorf("%s %v", d, plan.ToReferral)
	}
	in = edit(Record{"solutions/SOL-9": "{}"}, nil)
	in.Opportunity = Assumed(in.Pair)
	if !Merge(in).NeedsOpportunity {
		t.Error("solution rows were written without being read")
	}
}

func TestLongValuesAreRememberedByTheirHash(t *testing.T) {
	long := string(make([]byte, 3000))
	r := Remember(Record{Notes: long, Audit: long})
	if len(r[Notes]) > 100 || r[Audit] != long {
		t.Errorf("notes take %d bytes, audit %d", len(r[Notes]), len(r[Audit]))
	}
	if !same(r[Notes], long) || same(r[Notes], long+"x") {
		t.Error("a hashed value does not compare as the value")
	}
}

// write plays the systems: what is written is what is held.
func write(in Pairing, plan Plan) (Pairing, Written) {
	w := Written{}
	p, d := in.Referral.Record.Clone(), in.Opportunity.row.Record.Clone()
	apply(p, plan.ToReferral)
	apply(d, plan.ToOpportunity)
	r, o := *in.Referral, in.Opportunity.row
	r.Record, o.Record = p, d
	if len(plan.ToReferral) > 0 {
		w.Referral = &r
	}
	if len(plan.ToOpportunity) > 0 {
		w.Opportunity = &o
	}
	in.Referral, in.Opportunity = &r, AtHand(o)
	return in, w
}

// edits are what people do on one side in the property tests.
func edits(t *rapid.T, label string) Record {
	fields := []Field{Name, DealValue, ClosingDate, Notes, "solutions/SOL-1", "solutions/SOL-2"}
	out := Record{}
	for _, f := range rapid.SliceOfNDistinct(rapid.SampledFrom(fields), 0, 4, rapid.ID[Field]).Draw(t, label) {
		words := rapid.StringMatching(`[a-z]{1,6}`)
		if f == DealValue {
			words = rapid.StringMatching(`[1-9][0-9]{0,5}`)
		}
		out[f] = words.Draw(t, label+" "+string(f))
	}
	return out
}

func TestSecondRunIsEmpty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := edit(edits(t, "pc"), edits(t, "crm"))
		plan := Merge(in)
		after, done := write(in, plan)
		pair := in.Settle(plan, done, "")
		after.Pair = pair
		if again := Merge(after); len(again.ToReferral)+len(again.ToOpportunity) != 0 {
			t.Fatalf("wrote again: %v and %v", again.ToReferral, again.ToOpportunity)
		}
	})
}

func TestReplayWithTheOldBaseIsEmpty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := edit(edits(t, "pc"), edits(t, "crm"))
		after, _ := write(in, Merge(in)) // a crash: written, not remembered
		if again := Merge(after); len(again.ToReferral)+len(again.ToOpportunity) != 0 {
			t.Fatalf("wrote again: %v and %v", again.ToReferral, again.ToOpportunity)
		}
	})
}

func TestNoEditIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pc, crm := edits(t, "pc"), edits(t, "crm")
		in := edit(pc, crm)
		after, _ := write(in, Merge(in))
		for f, v := range crm {
			if _, both := pc[f]; !both && after.Referral.Record[f] != v {
				t.Fatalf("CRM's %s = %q did not reach Partner Center: %q", f, v, after.Referral.Record[f])
			}
		}
		for f, v := range pc {
			want := v
			if f == Notes {
				want = cut(v)
			}
			if _, both := crm[f]; !both && after.Opportunity.row.Record[f] != want && v != in.Pair.Base.Referral[f] {
				t.Fatalf("Partner Center's %s = %q did not reach CRM: %q", f, v, after.Opportunity.row.Record[f])
			}
		}
	})
}

func TestMergeDoesNotTouchItsInput(t *testing.T) {
	in := edit(Record{DealValue: "7"}, Record{Name: "x", Help: "GeneralOrOther"})
	p, d, b := maps.Clone(in.Referral.Record), maps.Clone(in.Opportunity.row.Record), maps.Clone(in.Pair.Base.Referral)
	plan := Merge(in)
	in.Settle(plan, Written{}, "")
	if !maps.Equal(p, in.Referral.Record) || !maps.Equal(d, in.Opportunity.row.Record) || !maps.Equal(b, in.Pair.Base.Referral) {
		t.Error("Merge or Settle changed what it was given")
	}
}

func TestR141_ALockedCustomerIsToldWhereTheReferralCouldChange(t *testing.T) {
	open := edit(nil, Record{CustomerCountry: "FR"})
	plan := Merge(open)
	if got := codes(plan.Problems); len(got) != 1 || got[0] != "customer.locked" || len(plan.ToReferral) != 0 {
		t.Fatalf("%v %v", got, plan.ToReferral)
	}
	open.Pair = open.Settle(plan, Written{}, "")
	if plan = Merge(open); len(plan.Problems) != 0 {
		t.Errorf("one change is told twice: %v", codes(plan.Problems))
	}
	for _, status := range []string{Won, Lost, Expired} {
		closed := from(Record{Status: status}, Record{Status: StatusFor(status)}, nil, Record{CustomerCountry: "FR"})
		if plan := Merge(closed); !plan.Empty() {
			t.Errorf("%s: %v %v", status, plan.ToReferral, codes(plan.Problems))
		}
	}
}
