package partnercentersim_test

import (
	"strings"
	"testing"
)

func TestSalesStagesThatAreTaken(t *testing.T) {
	for position, want := range map[string][3]int{"any": {204, 204, 204}, "percent": {204, 400, 400}, "names": {400, 204, 400}} {
		p := newPlace(t)
		p.turn("salesStages", position)
		id := p.post(deal()).text("id")
		for i, stage := range []string{"40", "Propose", "Nearly there"} {
			if a := p.patch(id, []object{replace("/salesStage", stage)}); a.status != want[i] {
				t.Errorf("%s, %s: %d %s", position, stage, a.status, a.raw)
			}
		}
	}
}

func TestHelpCodeInTheOwnDeal(t *testing.T) {
	help := func(d object) {
		shared(d)
		d["inviteContext"] = object{"notes": "Please introduce us.", "assistanceRequestCode": "QuotesOrLicensing"}
	}
	for position, want := range map[string]string{"stored": `"QuotesOrLicensing"`, "invites": `"Unknown"`, "ignored": `"Unknown"`} {
		p := newPlace(t)
		p.turn("helpInOwnPost", position)
		own := p.post(deal(help))
		if got := own.at("inviteContext/assistanceRequestCode"); got != want {
			t.Errorf("%s: %s", position, got)
		}
		second := p.call("POST", referrals, forMicrosoft(own.text("engagementId")))
		if invited := second.status == 409; invited != (position == "invites") {
			t.Errorf("%s: the second POST is answered with %d", position, second.status)
		}
	}
	p := newPlace(t)
	p.turn("helpInOwnPost", "invites")
	p.want(p.call("POST", referrals, deal(help, set("customerProfile/team", []any{}))), 400, "validationFailed")
	if list, _ := p.call("GET", referrals, nil).body["value"].([]any); len(list) != 0 {
		t.Errorf("%d are left", len(list))
	}
}

func TestTopHasALimit(t *testing.T) {
	p := newPlace(t)
	p.turn("topLimit", 50)
	p.want(p.call("GET", referrals+"?$top=50", nil), 200, "")
	if a := p.want(p.call("GET", referrals+"?$top=51", nil), 400, "invalidQuery"); !strings.Contains(a.raw, "50") {
		t.Error(a.raw)
	}
}
