package cosell

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// two are solutions that both sides agreed on, and nothing else.
func two() Record {
	return Record{Solutions: "2", "solutions/SOL-1": `{"quantity":"1"}`, "solutions/SOL-2": `{"quantity":"2"}`, Status: Accepted}
}

// unsaid is a pair whose referral says nothing of its solutions, and whose opportunity shows the edit.
func unsaid(base Record, edit Record) Pairing {
	p, d := Record{Status: Accepted}, base.Clone()
	d[Status], d[Sync] = Open, True
	for f, v := range edit {
		d.put(f, v)
	}
	crm := base.Clone()
	crm[Status], crm[Sync] = Open, True
	in := pairing(Base{Referral: base, Opportunity: crm}, p, d)
	in.Rules = []Rule{{Field: Solutions, Way: Both, Wins: Newest, Door: NeverEmpty, List: true}}
	in.Referral.Unsaid = []Field{Solutions}
	return in
}

func TestAListThatIsNotSaidIsNoRemoval(t *testing.T) {
	whole := Record{"solutions/SOL-1": `{"quantity":"1"}`, "solutions/SOL-2": `{"quantity":"5"}`}
	for name, tt := range map[string]struct {
		base, edit, toReferral Record
		codes                  []string
	}{
		"NothingIsRemovedInCRM":         {base: two()},
		"AnEditSendsTheWholeList":       {base: two(), edit: Record{"solutions/SOL-2": `{"quantity":"5"}`}, toReferral: whole},
		"ARemovalLeavesTheOthers":       {base: two(), edit: Record{"solutions/SOL-2": ""}, toReferral: Record{"solutions/SOL-1": `{"quantity":"1"}`, "solutions/SOL-2": ""}},
		"TheLastOneStays":               {base: two(), edit: Record{"solutions/SOL-1": "", "solutions/SOL-2": ""}, codes: []string{"solution.required"}},
		"WhereNoneWasAgreedItIsEmpty":   {base: Record{Solutions: "0"}, edit: Record{"solutions/SOL-1": "{}"}, toReferral: Record{"solutions/SOL-1": "{}"}},
		"AtFirstSightItIsFilledFromCRM": {base: Record{}, edit: Record{Solutions: "1", "solutions/SOL-1": "{}"}, toReferral: Record{"solutions/SOL-1": "{}"}},
	} {
		t.Run(name, func(t *testing.T) {
			in := unsaid(tt.base, tt.edit)
			plan := Merge(in)
			if d := cmp.Diff(or(tt.toReferral), plan.ToReferral); d != "" {
				t.Errorf("to Partner Center (-want +got):\n%s", d)
			}
			if len(plan.ToOpportunity) != 0 {
				t.Errorf("to CRM: %v", plan.ToOpportunity)
			}
			if d := cmp.Diff(tt.codes, codes(plan.Problems)); d != "" {
				t.Errorf("problems (-want +got):\n%s", d)
			}
		})
	}
}

func TestAnEmptyListIsARemoval(t *testing.T) {
	in := unsaid(two(), nil)
	in.Referral.Record[Solutions], in.Referral.Unsaid = "0", nil
	if d := cmp.Diff(Record{"solutions/SOL-1": "", "solutions/SOL-2": ""}, Merge(in).ToOpportunity); d != "" {
		t.Errorf("to CRM (-want +got):\n%s", d)
	}
}

func TestWhatWasSentIntoAListThatIsNotSaidIsAgreed(t *testing.T) {
	edit := Record{"solutions/SOL-2": "", "solutions/SOL-3": "{}"}
	for name, settle := range map[string]func(Pairing, Plan, Referral) Pair{
		"Whole": func(in Pairing, plan Plan, answer Referral) Pair {
			return in.Settle(plan, Written{Referral: &answer}, "")
		},
		"Half": Pairing.SettleSent,
	} {
		t.Run(name, func(t *testing.T) {
			in := unsaid(two(), edit)
			plan := Merge(in)
			in.Pair = settle(in, plan, *in.Referral)
			if again := Merge(in); !again.Empty() {
				t.Errorf("the second comparison is not empty: %+v", again)
			}
			in.Opportunity.row.Record["solutions/SOL-3"] = `{"quantity":"3"}`
			if d := cmp.Diff(Record{"solutions/SOL-1": `{"quantity":"1"}`, "solutions/SOL-3": `{"quantity":"3"}`}, Merge(in).ToReferral); d != "" {
				t.Errorf("the next edit (-want +got):\n%s", d)
			}
			in.Opportunity.row.Record["solutions/SOL-3"] = "{}"
			in.Referral.Unsaid = nil // now it is said
			in.Referral.Record[Solutions], in.Referral.Record["solutions/SOL-1"], in.Referral.Record["solutions/SOL-3"] = "2", `{"quantity":"1"}`, "{}"
			if again := Merge(in); !again.Empty() {
				t.Errorf("nor is it once the list is said: %+v", again)
			}
		})
	}
}

func TestAWriteOfAListThatIsNotSaidIsMadeAgain(t *testing.T) {
	in := unsaid(two(), Record{"solutions/SOL-3": "{}"})
	in.Pair.Sending = in.NewSending(InPartnerCenter, Merge(in), noon)
	in.Referral.Version = "r2" // somebody wrote: we, or another
	in.Pair = in.Pair.Resolve(in.Referral.Side)
	if got := Merge(in).ToReferral["solutions/SOL-3"]; got != "{}" {
		t.Errorf("SOL-3 is not sent: %v", Merge(in))
	}
}
