package mapping

import "testing"

// A yes or no that nobody has said is neither: an empty side is filled from the other one. A consent that is not there
// is not given.
func TestR87_AYesOrNoThatNobodySaidIsNeither(t *testing.T) {
	own := Row{Field: "own", As: AsFlag, CRM: "new_own", Referral: attributes + "/type=Own/id"}
	given := Row{Field: "visibility", As: AsFlag, CRM: "cosell_visible", Referral: "/consent/consentToShareReferralWithMicrosoftSellers"}
	g := NewGlossary(nil)
	for _, c := range []struct {
		row  Row
		want string
	}{{own, ""}, {given, "false"}} {
		there, err := c.row.FromReferral(g, nil)
		here, second := c.row.FromCRM(g, c.row.CRM, "")
		if err != nil || second != nil || there != c.want || here != c.want {
			t.Errorf("%s: %q in the referral, %q in the CRM, not %q (%v, %v)", c.row.Field, there, here, c.want, err, second)
		}
	}
	if v, err := own.ToCRM(g, own.CRM, ""); v != nil || err != nil {
		t.Errorf("an emptied one is written as %v, %v", v, err)
	}
}

// A referral's members have the types that Partner Center gives them, whatever column a value comes from.
func TestR87_AReferralHasItsOwnTypes(t *testing.T) {
	g := NewGlossary(nil)
	for _, c := range []struct {
		path, as, text string
		want           any
	}{
		{"/campaignId", AsWhole, "5", "5"}, {attributes + "/type=Own/id", AsFlag, "true", "true"}, {attributes + "/type=Own/id", "money", "1.5", "1.5"},
		{"/consent/consentToContact", AsFlag, "true", true}, {additional + "/iot/attachServices", AsFlag, "false", false}, {"/campaignId", AsWhole, "", nil},
	} {
		got, err := Row{As: c.as, Referral: c.path, CRM: "new_own"}.ToReferral(g, c.text)
		if err != nil || got != c.want {
			t.Errorf("%s at %s is %#v (%v), not %#v", c.text, c.path, got, err, c.want)
		}
	}
	if got, err := (Row{As: "money", Referral: "/details/dealValue", CRM: "estimatedvalue"}).ToReferral(g, "1.5"); err != nil || Compact(got) != "1.5" {
		t.Errorf("an amount is %#v, %v", got, err)
	}
	if got := (Row{Referral: "/campaignId"}).Worded(7); got != "7" {
		t.Errorf("a constant is %#v", got)
	}
}
