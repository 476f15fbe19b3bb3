package cosell

import "testing"

func TestAPastedBlockNamesItsReferral(t *testing.T) {
	const id, other = "599dad44-a3f6-468e-b390-794959e03596", "c2c885d5-6875-43f9-a42c-182013778d2e"
	for notes, want := range map[string]string{
		"Deal name: Contoso\nReferral ID: " + id + "\nStatus: Active":                 id,
		"referral identifier = {599DAD44-A3F6-468E-B390-794959E03596}":                id,
		"see https://partner.microsoft.com/referrals/v2/inbox?id=" + id + " for all":  id,
		"https://partner.microsoft.com/en-us/dashboard/referrals/v2/leads/" + id:      id,
		"Referral: https://partner.microsoft.com/x?id=" + id + "\nReferral ID: " + id: id,
		"Referral ID: " + id + "\nReferral ID: " + other:                              "",
		"our quote " + id:                  "",
		"https://example.com/orders/" + id: "",
		"Referral ID: none, order " + id:   "",
		"":                                 "",
		"Referral ID: 599dad44-a3f6-468e-b390-794959e0359": "",
	} {
		if got := Pasted(Opportunity{Side: Side{Record: Record{Notes: notes}}}); got != want {
			t.Errorf("%q names %q, want %q", notes, got, want)
		}
	}
}
