package partnercentersim_test

import "testing"

func TestProfileNamesThePartnerID(t *testing.T) {
	p := newPlace(t)
	const profile = "https://api.partnercenter.microsoft.com/v1/profiles/mpn"
	if a := p.call("GET", profile, nil); a.status != 200 || a.text("mpnId") != "1234567" {
		t.Error(a.raw)
	}
	p.turn("partnerProfile", "other")
	if a := p.call("GET", profile, nil); a.text("mpnId") != "9999999" {
		t.Error(a.raw)
	}
	if a := p.call("POST", profile, nil); a.status != 405 {
		t.Error(a.status)
	}
	p.turn("partnerProfile", "refused")
	if a := p.call("GET", profile, nil); a.status != 403 {
		t.Error(a.status)
	}
}
