package simulate

import (
	"strings"
	"testing"
	"time"
)

// What a person typed has crossed where it stood on the lead of its referral, or came with the request that made the referral, and whatever
// replaces it then is no loss. Where it has not crossed, Audit of the lead, or of what that has become, has it.
func TestAValueCrossesToALeadToo(t *testing.T) {
	const o, l, d = "0b8d0170", "98a33182", "b1b2c9d1"
	for name, c := range map[string]struct {
		edit  edit
		onto  touched // what a write of ours has replaced
		lead  string  // what the lead says, and
		audit string  // its Audit
		notes string  // what opportunity and referral say
		later string  // typed on the lead afterwards
		want  string
	}{
		"it stood on the lead":            {edit: edit{side: "pc", record: d, value: "theirs"}, onto: touched{"crm", "lead", l, map[string]any{"description": "before"}}, lead: "theirs", notes: "mine", later: "mine"},
		"it did not":                      {edit: edit{side: "pc", record: d, value: "theirs"}, lead: "mine", notes: "mine", want: "I1 I25"},
		"the lead's Audit has it":         {edit: edit{side: "pc", record: d, value: "theirs"}, lead: "mine", audit: "theirs", notes: "mine"},
		"typed on the lead":               {edit: edit{side: "crm", record: l, value: "mine"}, lead: "mine", notes: "theirs", want: "I1 I25"},
		"typed on the lead and told":      {edit: edit{side: "crm", record: l, value: "mine"}, lead: "theirs", audit: "mine", notes: "theirs"},
		"it came with the referral":       {edit: edit{side: "crm", record: o, value: "theirs"}, lead: "mine", notes: "theirs"},
		"it never stood in the referral":  {edit: edit{side: "crm", record: o, value: "mine"}, lead: "before", notes: "theirs", want: "I1 I25"},
		"nobody replaced it, and it came": {edit: edit{side: "pc", record: d, value: "theirs"}, lead: "mine", notes: "theirs"},
	} {
		t.Run(name, func(t *testing.T) {
			r := &run{plan: &plan{}, reached: map[string]int{}, faults: nil}
			r.people = people{run: r, seen: map[stand]map[string]bool{}, standing: map[stand]*edit{}, before: map[stand]replacement{}, wed: map[string][]string{d: {l, o}, l: {d}, o: {d}}}
			e := c.edit
			e.field, e.replaced = "notes", true
			r.people.edits = []*edit{&e}
			if c.later != "" {
				r.people.edits = append(r.people.edits, &edit{side: "crm", record: l, field: "notes", value: c.later})
			}
			if c.onto.id != "" {
				r.given(c.onto, map[string]any{"description": c.lead})
			}
			b := board{
				opportunities: map[string]map[string]any{o: {"opportunityid": o, "description": c.notes, "cosell_referralid": d, "cosell_sync": true, "statecode": 0, "_originatingleadid_value": strings.ToUpper(l)}},
				leads:         map[string]map[string]any{l: {"description": c.lead, "cosell_audit": c.audit}},
				referrals:     map[string]map[string]any{d: {"id": d, "status": "Active", "externalReferenceId": o, "details": map[string]any{"notes": c.notes}}}}
			r.looksAt(b)
			r.converged(b)
			r.noted(b)
			var got []string
			for _, text := range r.broken {
				got = append(got, strings.SplitN(text, ":", 2)[0])
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("broken are %q", r.broken)
			}
		})
	}
}

func TestALeadHasColumnsOfItsOwn(t *testing.T) {
	lead := map[string]any{"subject": "a", "estimatedamount": 5, "estimatedclosedate": "2026-07-01", "description": "b"}
	for name, want := range map[string]string{"name": "a", "dealValue": "5", "closingDate": "2026-07-01", "notes": "b"} {
		if got := mappedNamed(name).on("lead").of("crm", lead); got != want {
			t.Errorf("%s of the lead is %q", name, got)
		}
	}
}

// What was typed on a referral before another took its place has been typed on the deal; what was typed before something else, or elsewhere,
// has not.
func TestWhatAFormerPartnerSaidCounts(t *testing.T) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	mine := &edit{side: "crm", record: "o", field: "name", value: "mine", at: noon}
	r := &run{people: people{wed: map[string][]string{"o": {"former", "now"}}, edits: []*edit{mine,
		{side: "pc", record: "former", field: "name", value: "theirs", at: noon.Add(time.Minute)},
		{side: "pc", record: "former", field: "name", value: "early", at: noon.Add(-time.Minute)},
		{side: "pc", record: "stranger", field: "name", value: "strange", at: noon.Add(time.Minute)}},
		beside: []*edit{{side: "crm", record: "lead", field: "name", value: "of the lead", at: noon.Add(time.Minute)}, {side: "crm", record: "lead", field: "name", value: "before", at: noon.Add(-time.Minute)}}}}
	for value, want := range map[string]bool{"theirs": true, "early": false, "strange": false, "mine": false, "of the lead": true, "before": false} {
		if got := r.ofFormer(mine, map[string]any{"opportunityid": "o", "_originatingleadid_value": "LEAD"}, "name", value); got != want {
			t.Errorf("%s: %v", value, got)
		}
	}
}

// What a lead has become and somebody has unlinked is linked anew where the tables are lost; what nobody unlinked is not.
func TestAnUnlinkingIsForgottenWithTheTables(t *testing.T) {
	r := &run{people: people{wed: map[string][]string{"o": {"r"}, "kept": {"s"}}, ended: map[string]time.Time{"r": time.Now()}}}
	row := map[string]any{"_originatingleadid_value": "lead"}
	if !r.loosed("o", row) || r.loosed("kept", row) || r.loosed("o", map[string]any{}) ||
		r.loosed("o", map[string]any{"_originatingleadid_value": "lead", "cosell_referralid": "r"}) {
		t.Error("what somebody unlinked is taken for what nobody did, or the other way round")
	}
}
