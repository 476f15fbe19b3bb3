package partnercentersim_test

import (
	"reflect"
	"strings"
	"testing"
)

// What a service may make of values as it stores them: in POST, in PATCH, and of what a person types.
func TestStoredValuesMayDifferFromWhatWasSent(t *testing.T) {
	for _, c := range []struct{ name, value, path, sent, want string }{
		{"trimText", "false", "name", "  Deal ", "  Deal "},
		{"trimText", "true", "name", "  Deal ", "Deal"},
		{"trimText", "true", "details/notes", "a\n", "a"},
		{"upperText", "true", "name", "Tür", "TÜR"},
		{"upperText", "true", "externalReferenceId", "7d9f1c2a-8b3e-ef11-a731-000d3a1b2c3d", "7D9F1C2A-8B3E-EF11-A731-000D3A1B2C3D"},
		{"cutText", "4", "details/notes", "größer", "größ"},
		{"cutText", "4", "externalReferenceId", "7d9f1c2a-8b3e", "7d9f1c2a-8b3e"},
		{"fillDefaults", "true", "salesStage", "", "10"},
		{"fillDefaults", "true", "salesStage", "40", "40"},
		{"fillDefaults", "false", "salesStage", "", ""},
	} {
		p := newPlace(t)
		p.turn(c.name, c.value)
		if got := p.post(deal(set(c.path, c.sent))).text(c.path); got != c.want {
			t.Errorf("%s=%s: POST stores %q, want %q", c.name, c.value, got, c.want)
		}
		id := p.do("/user", object{"do": "create"}).text("id")
		p.want(p.patch(id, []object{replace("/"+c.path, c.sent)}), 204, "")
		if got := p.get(id).text(c.path); got != c.want {
			t.Errorf("%s=%s: PATCH stores %q, want %q", c.name, c.value, got, c.want)
		}
	}
}

func TestStoredMoneyMayBeRounded(t *testing.T) {
	for digits, want := range map[string]string{"off": "85000.129", "2": "85000.13", "0": "85000.0"} {
		p := newPlace(t)
		p.turn("roundMoney", digits)
		one := solution("SOL-12345-ABC")
		one["price"] = "85000.129"
		a := p.post(deal(set("details/dealValue", "85000.129"), set("details/requirements/solutions", []any{one})))
		if a.at("details/dealValue") != want || a.at("details/requirements/solutions/0/price") != want {
			t.Errorf("%s: %s", digits, a.raw)
		}
		p.want(p.patch(a.text("id"), []object{replace("/details/dealValue", 1.5)}), 204, "")
		if got := p.get(a.text("id")).at("details/dealValue"); (digits == "0") != (got == "2.0") {
			t.Errorf("%s: 1.5 is stored as %s", digits, got)
		}
	}
}

func TestPersonMayTypeWhatNoDocumentKnows(t *testing.T) {
	p := newPlace(t)
	raw := object{"/status": "Engaged", "/details/currency": "Euro", "/details/dealValue": "around 5000", "/details/closingDateTime": "next week",
		"/customerProfile/address/country": "Atlantis", "/details/requirements/solutions/0/type": "Bundle", "/details/requirements/solutions/-": object{"id": 7},
		"/direction": nil, "/somethingNew": object{"deep": []any{1}}, "/team": object{}}
	made := p.do("/user", object{"do": "create", "raw": raw})
	got := p.get(made.text("id"))
	for path, want := range map[string]string{"status": `"Engaged"`, "details/currency": `"Euro"`, "details/dealValue": `"around 5000"`,
		"details/closingDateTime": `"next week"`, "customerProfile/address/country": `"Atlantis"`, "details/requirements/solutions/0/type": `"Bundle"`,
		"details/requirements/solutions/1/id": "7", "direction": "null", "somethingNew/deep/0": "1", "team": "{}"} {
		if got.at(path) != want {
			t.Errorf("%s is %s, want %s", path, got.at(path), want)
		}
	}
	if got := p.ask().at("value/0/details/currency"); got != `"Euro"` {
		t.Errorf("in the list %s", got)
	}
	p.want(p.patch(made.text("id"), []object{replace("/details/notes", "One can still work on it.")}), 204, "")
	if again := p.get(made.text("id")); again.at("details/currency") != `"Euro"` || again.text("details/notes") != "One can still work on it." {
		t.Error(again.raw)
	}
	p.want(p.patch(made.text("id"), append(state("Closed", "Lost"), replace("/statusReason", "Others"))), 204, "")
}

func TestRawValuesCanBeTypedAtEveryAct(t *testing.T) {
	p := newPlace(t)
	p.turn("acceptance", "touched")
	raw := object{"/details/currency": "Euro"}
	invited := p.do("/seller", object{"do": "invite", "raw": raw}).text("id")
	lead := p.do("/seller", object{"do": "lead", "raw": raw}).text("id")
	deal := p.do("/user", object{"do": "create", "help": "GeneralOrOther"})
	changed := p.do("/user", object{"do": "create"}).text("id")
	before := p.get(changed).text("eTag")
	p.do("/user", object{"do": "update", "id": changed, "raw": raw})
	if p.get(changed).text("eTag") == before {
		t.Error("typing makes no new version")
	}
	p.do("/seller", object{"do": "accept", "id": deal.text("id"), "raw": raw})
	p.do("/user", object{"do": "accept", "id": lead, "raw": object{"/details/currency": "Taler"}})
	for id, want := range map[string]string{invited: "Euro", changed: "Euro", deal.text("microsoftId"): "Euro", lead: "Taler"} {
		if got := p.get(id).text("details/currency"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	p.do("/seller", object{"do": "edit", "id": deal.text("id"), "raw": object{"/details/dealValue": "lots"}})
	if got := p.get(deal.text("microsoftId")).text("details/dealValue"); got != "lots" {
		t.Errorf("%q", got)
	}
	for _, bad := range []object{{"details": 1}, {"/id": "x"}, {"/eTag": "x"}, {"/": 1}, {"/details/requirements/solutions/9/id": "x"}, {"/nothing/deep": 1}} {
		if a := p.tell("POST", "/user", object{"do": "update", "id": changed, "raw": bad}); a.status != 400 || !strings.Contains(a.text("error"), "raw") {
			t.Errorf("%v: %d %s", bad, a.status, a.raw)
		}
		if a := p.tell("POST", "/seller", object{"do": "invite", "raw": bad}); a.status != 400 {
			t.Errorf("invite %v: %d %s", bad, a.status, a.raw)
		}
	}
	all := p.tell("GET", "/records", nil).body
	if n := len(all["referrals"].(object)); n != 6 {
		t.Errorf("%d referrals, want 6: a refused act leaves nothing", n)
	}
	if one := p.tell("GET", "/records?table=referrals", nil).body; len(one) != 1 || !reflect.DeepEqual(one["referrals"], all["referrals"]) {
		t.Errorf("one table alone: %v", one)
	}
	for _, wrong := range []string{"table=referral", "tables=referrals"} {
		if a := p.tell("GET", "/records?"+wrong, nil); a.status != 400 || !strings.Contains(a.text("error"), "use ") {
			t.Errorf("%s: %d %s", wrong, a.status, a.raw)
		}
	}
}
