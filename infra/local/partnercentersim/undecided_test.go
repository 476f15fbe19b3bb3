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

func TestValuesThatAreOnLists(t *testing.T) {
	p := newPlace(t)
	odd := []func(object){set("customerProfile/size", "big"), set("details/requirements/industries", []any{object{"id": "Space"}}),
		set("details/requirements/services", []any{object{"id": "Magic"}}), set("details/requirements/products", []any{object{"id": "Clippy"}}),
		set("details/requirements/additionalRequirements/attributes", []any{object{"type": "CustomerMarketplaceIntent", "id": "Perhaps"}})}
	for _, one := range odd {
		p.post(deal(one))
	}
	p.turn("codes", "checked")
	for i, one := range odd {
		if a := p.want(p.call("POST", referrals, deal(one)), 400, "validationFailed"); !strings.Contains(a.raw, "is none of") {
			t.Errorf("%d: %s", i, a.raw)
		}
	}
	id := p.post(deal(set("customerProfile/size", "Morethan500employees"))).text("id")
	p.want(p.patch(id, []object{replace("/details/requirements/industries", []any{object{"id": "Space"}})}), 400, "validationFailed")
	p.want(p.patch(id, []object{replace("/details/requirements/industries", []any{object{"id": "Retail & Consumer Goods"}})}), 204, "")
}

func TestNotesToMicrosoftMayBeTooShort(t *testing.T) {
	p := newPlace(t)
	p.turn("inviteNotesMinimum", 40)
	engagement := p.post(deal(shared)).text("engagementId")
	p.want(p.call("POST", referrals, forMicrosoft(engagement)), 400, "validationFailed")
	p.post(forMicrosoft(engagement, set("inviteContext/notes", strings.Repeat("Please introduce us. ", 3))))
}
