package cosell

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// noCustomer is a linked deal whose opportunity was made without its customer, for the reason that is held.
func noCustomer(reason Held, set func(*Pairing)) Pairing {
	customer := Record{CustomerName: "Tailspin", "customerCity": "Hamburg", CustomerCountry: "DE", Contacts: "1", "contacts/ada": ada}
	in := from(customer, Record{CustomerName: "", "customerCity": "", CustomerCountry: "", "customerAddress1": ""}, nil, nil)
	in.Rules = append([]Rule{}, rules...)
	for _, f := range []Field{CustomerName, "customerCity"} {
		in.Rules = append(in.Rules, Rule{Field: f, Way: ToReferral, Related: true, Door: OnceCreated})
	}
	for i := range in.Rules {
		if in.Rules[i].Field == "customerCity" {
			in.Rules[i].ToOpportunity = cut
		}
	}
	if reason.Code != "" {
		in.Pair.Held = []Held{reason}
		in.Pair.Told = Prints([]Problem{reason.Problem()})
	}
	if set != nil {
		set(&in)
	}
	return in
}

func TestR127_ACustomerThatIsMissingComesFromTheReferral(t *testing.T) {
	no := Held{Place: InCRM, Field: CustomerName, Class: OfRecord, Code: "no", Value: "print", Version: "o1"}
	arrives := want{toOpportunity: Record{CustomerName: "Tailspin", "customerCity": "Hamb", CustomerCountry: "DE", "contacts/ada": ada}}
	other := func(change func(*Held)) Held {
		h := no
		change(&h)
		return h
	}
	unclear := other(func(h *Held) { h.Class, h.Code, h.Value = OfRule, accountUnclear, "" })
	for name, tt := range map[string]struct {
		held  Held
		set   func(*Pairing)
		want  want
		reads bool
	}{
		"NothingIsHeld":          {Held{}, nil, want{}, false},
		"Refused":                {no, nil, arrives, false},
		"RefusedByItsCountry":    {other(func(h *Held) { h.Field = CustomerCountry }), nil, arrives, false},
		"RefusedByItsContacts":   {other(func(h *Held) { h.Field = Contacts.Of("ada") }), nil, arrives, false},
		"AnotherFieldIsHeld":     {other(func(h *Held) { h.Field = Name }), nil, want{}, false},
		"HeldOnTheOtherSide":     {other(func(h *Held) { h.Place = InPartnerCenter }), nil, want{}, false},
		"AccountWasChosen":       {no, func(in *Pairing) { in.Opportunity.row.Record[CustomerName] = "Mine" }, want{}, false},
		"ContactWasChosen":       {no, func(in *Pairing) { in.Opportunity.row.Record["contacts/pat"] = ada }, want{codes: []string{"contact.locked"}}, false},
		"ReferralHasNone":        {no, func(in *Pairing) { in.Referral.Record[CustomerName] = "" }, want{}, false},
		"OnlyAssumed":            {no, func(in *Pairing) { in.Opportunity = Assumed(in.Pair) }, want{}, true},
		"TwoAccountsFit":         {unclear, nil, want{codes: []string{accountUnclear}}, false},
		"TwoAccountsFitAndRetry": {unclear, func(in *Pairing) { in.Retry = true }, arrives, false},
		"TwoFitAndOneIsChosen":   {unclear, func(in *Pairing) { in.Opportunity.row.Record[CustomerName] = "Mine" }, want{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			in := noCustomer(tt.held, tt.set)
			in.Pair.Base.Opportunity[CustomerName] = in.Opportunity.Side().Record[CustomerName] // a choice is no edit here
			in.Referral.Record[Visibility], in.Pair.Base.Referral[Visibility] = True, True
			in.Opportunity.row.Record[Visibility], in.Pair.Base.Opportunity[Visibility] = True, True
			plan := Merge(in)
			tt.want.check(t, plan)
			if plan.NeedsOpportunity != tt.reads {
				t.Errorf("the opportunity is wanted: %v", plan.NeedsOpportunity)
			}
		})
	}
}

func TestR127_TheCustomerIsAskedForAsAWholeAndNamedInAudit(t *testing.T) {
	in := noCustomer(Held{Place: InCRM, Field: CustomerName, Class: OfRecord, Code: "no", Value: "print", Version: "o1"}, nil)
	plan := Merge(in)
	if atoms := Atoms(plan.ToOpportunity); len(atoms) != 1 || len(atoms[0]) != 4 {
		t.Errorf("a customer without one of its values would be another: %v", atoms)
	}
	after, done := write(in, plan)
	if d := cmp.Diff([]string{"to CRM: the customer is Tailspin", "to CRM: in step again"}, told(in, plan, done)); d != "" {
		t.Error(d)
	}
	done.Opportunity.Record["customerAddress1"] = "Musterweg 1" // the account says more than the referral
	after.Opportunity.row.Record["customerAddress1"] = "Musterweg 1"
	after.Pair = in.Settle(plan, done, "")
	if after.Pair.Base.Opportunity["customerAddress1"] != "Musterweg 1" || len(after.Pair.Held) > 0 {
		t.Errorf("%v, held %v", after.Pair.Base.Opportunity, after.Pair.Held)
	}
	want{}.check(t, Merge(after))
}

// What CRM refuses again waits for its time, and is asked for as a whole then.
func TestR127_ARefusedCustomerIsNotAskedForAtEveryEvent(t *testing.T) {
	in := refused(noCustomer(Held{Place: InCRM, Field: CustomerName, Class: OfRecord, Code: "no", Value: "print", Version: "o1"}, nil), InCRM, "no", OfRecord, CustomerName)
	want{codes: []string{"no"}}.check(t, Merge(in))
	in.At = noon.Add(15 * time.Minute)
	if got := Merge(in).ToOpportunity; len(got) != 4 {
		t.Errorf("due, and asked for %v", got)
	}
	in.At = noon
	in.Referral.Record["customerCity"] = "Bremen"
	if got := Merge(in).ToOpportunity; len(got) != 4 {
		t.Errorf("another customer, and asked for %v", got)
	}
}

func TestOfCustomer(t *testing.T) {
	for f, want := range map[Field]bool{CustomerName: true, CustomerCountry: true, "customerCity": true, Contacts: true, "contacts/ada": true,
		Name: false, Team: false, "team/kim": false, "solutions/customer": false} {
		if OfCustomer(f) != want {
			t.Errorf("%s: %v", f, !want)
		}
	}
}
