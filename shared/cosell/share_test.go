package cosell

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestR110_NothingOfATrialIsShown(t *testing.T) {
	row := Opportunity{Side: Side{Record: Record{Name: "N", Help: "GeneralOrOther", Visibility: True, Contacts: "1", "contacts/ada": "{}"}}}
	for share, want := range map[string]Record{
		"allow":    row.Record,
		ShareNever: {Name: "N", Help: "", Visibility: False, Contacts: "0"},
	} {
		if diff := cmp.Diff(want, Options{Share: share}.Shown(row).Record); diff != "" {
			t.Errorf("%s: %s", share, diff)
		}
	}
	if got := (Options{Share: ShareNever}).Shown(Opportunity{Side: Side{Record: Record{Name: "N"}}}).Record; len(got) != 1 {
		t.Errorf("fields that were not read: %v", got)
	}
	for name, tt := range map[string]struct {
		share string
		row   Record
		want  bool
	}{
		"Visible": {ShareNever, Record{Visibility: True}, true},
		"Help":    {ShareNever, Record{Help: "x"}, true},
		"Private": {ShareNever, Record{Visibility: False, Help: ""}, false},
		"Allowed": {"allow", Record{Visibility: True, Help: "x"}, false},
	} {
		if got := (Options{Share: tt.share}).Withholds(Opportunity{Side: Side{Record: tt.row}}); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// On a linked deal neither the switch nor a help option goes through, each is told, and stays undecided, so that it
// crosses once sharing is allowed. What Microsoft sees already goes on as ever.
func TestR110_SharingALinkedDealIsHeldBack(t *testing.T) {
	for name, tt := range map[string]struct {
		share     string
		edit      Record
		seen      bool
		want      Record
		invite    bool
		told      bool
		undecided Field
	}{
		"Switch":         {ShareNever, Record{Visibility: True}, false, Record{}, false, true, Visibility},
		"Help":           {ShareNever, Record{Help: "GeneralOrOther"}, false, Record{}, false, true, Help},
		"Value":          {ShareNever, Record{DealValue: "200"}, false, Record{DealValue: "200"}, false, false, ""},
		"AllowedSwitch":  {"allow", Record{Visibility: True}, false, Record{Visibility: True}, false, false, ""},
		"AllowedHelp":    {"allow", Record{Help: "GeneralOrOther"}, false, Record{Visibility: True}, true, false, ""},
		"SeenAlready":    {ShareNever, Record{DealValue: "200"}, true, Record{DealValue: "200"}, false, false, ""},
		"ContactOfATest": {ShareNever, Record{Visibility: True, "contacts/bob": "{}"}, false, Record{}, false, true, Contacts.Of("bob")},
	} {
		in := sharing(tt.edit, tt.seen)
		in.Options.Share = tt.share
		plan := Merge(in)
		if diff := cmp.Diff(tt.want, plan.ToReferral); diff != "" || (plan.Invite != "") != tt.invite {
			t.Errorf("%s: %s, invite %q", name, diff, plan.Invite)
		}
		told := false
		for _, p := range plan.Problems {
			told = told || p.Code == "share.never" && p.Class == OfRule && p.Warn
		}
		if told != tt.told || tt.undecided != "" && !plan.keep[tt.undecided] {
			t.Errorf("%s: told %v, undecided %v", name, told, plan.keep)
		}
	}
}

// sharing is an edit of a deal with a contact, which Microsoft's sellers see already or not.
func sharing(crm Record, seen bool) Pairing {
	p, d := agreed()
	for _, r := range []Record{p, d} {
		r[Contacts], r["contacts/ada"] = "1", ada
		if seen {
			r[Visibility] = True
		}
	}
	base := baseOf(p, d)
	apply(d, crm)
	return pairing(base, p, d)
}
