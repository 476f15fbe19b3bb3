package partnercentersim_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// at is the value at a path of an answer, as JSON; "-" when a member is missing. Numbers are places in arrays.
func (a answer) at(path string) string {
	d := json.NewDecoder(strings.NewReader(a.raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return err.Error()
	}
	for _, name := range strings.Split(path, "/") {
		switch in := v.(type) {
		case object:
			if _, there := in[name]; !there {
				return "-"
			}
			v = in[name]
		case []any:
			i := 0
			if _, err := fmt.Sscan(name, &i); err != nil || i >= len(in) {
				return "-"
			}
			v = in[i]
		default:
			return "-"
		}
	}
	out, _ := json.Marshal(v)
	return string(out)
}

// Every form of a value, in GET and, where a list holds it too, in the list.
func TestOdditiesOfTheWireAreSwitches(t *testing.T) {
	const price = "details/requirements/solutions/0/price"
	for _, c := range []struct{ name, value, path, want string }{
		{"idsForm", "array", "customerProfile/ids", "[]"},
		{"idsForm", "object", "customerProfile/ids", "{}"},
		{"idsForm", "null", "customerProfile/ids", "null"},
		{"idsForm", "missing", "customerProfile/ids", "-"},
		{"absentValues", "null", "statusReason", "null"},
		{"absentValues", "null", "details/requirements/offers", "[]"},
		{"absentValues", "nullLists", "details/requirements/offers", "null"},
		{"absentValues", "nullLists", "statusReason", "null"},
		{"absentValues", "empty", "statusReason", `""`},
		{"absentValues", "empty", "team/0/title", `""`},
		{"absentValues", "empty", "closedDateTime", "null"},
		{"absentValues", "missing", "statusReason", "-"},
		{"absentValues", "missing", "details/requirements/offers", "-"},
		{"absentValues", "missing", "team/0/title", "-"},
		{"absentValues", "missing", "name", `"Tailspin warehouse analytics"`},
		{"memberCase", "camel", "customerProfile/address/country", `"DE"`},
		{"memberCase", "pascal", "CustomerProfile/Address/Country", `"DE"`},
		{"memberCase", "pascal", "Team/0/FirstName", `"Kim"`},
		{"memberCase", "pascal", "customerProfile", "-"},
		{"activeStatus", "Active", "status", `"Active"`},
		{"activeStatus", "Engaged", "status", `"Engaged"`},
		{"moneyForm", "fraction", "details/dealValue", "85000.0"},
		{"moneyForm", "short", "details/dealValue", "85000"},
		{"moneyForm", "text", "details/dealValue", `"85000.00"`},
		{"moneyForm", "text", price, `"12.50"`},
		{"moneyForm", "short", price, "12.5"},
		{"stateMember", "state", "customerProfile/address/state", `"HH"`},
		{"stateMember", "region", "customerProfile/address/state", "null"},
		{"stateMember", "region", "customerProfile/address/region", `"HH"`},
		{"salesStageForm", "stored", "salesStage", `"Develop"`},
		{"salesStageForm", "percent", "salesStage", `"40"`},
		{"salesStageForm", "name", "salesStage", `"Develop"`},
		{"ownDirection", "Outgoing", "direction", `"Outgoing"`},
		{"ownDirection", "Incoming", "direction", `"Incoming"`},
	} {
		p := newPlace(t)
		p.turn(c.name, c.value)
		one := solution("SOL-12345-ABC")
		one["price"] = 12.5
		made := p.post(deal(set("customerProfile/address/state", "HH"), set("salesStage", "Develop"), set("details/requirements/solutions", []any{one})))
		if got := made.at(c.path); got != c.want {
			t.Errorf("%s=%s: POST answers %s at %s, want %s", c.name, c.value, got, c.path, c.want)
		}
		id := made.text("id") + made.text("Id")
		if got := p.get(id).at(c.path); got != c.want {
			t.Errorf("%s=%s: %s is %s, want %s", c.name, c.value, c.path, got, c.want)
		}
		if got := p.ask().at("value/0/" + c.path); got != c.want {
			t.Errorf("%s=%s: in a list %s is %s, want %s", c.name, c.value, c.path, got, c.want)
		}
		if got := p.patch(id, []object{replace("/details/notes", "Other")}, "Prefer", "return=representation").at(c.path); got != c.want {
			t.Errorf("%s=%s: PATCH answers %s at %s, want %s", c.name, c.value, got, c.path, c.want)
		}
	}
}

func TestStageNamesFollowThePercent(t *testing.T) {
	p := newPlace(t)
	p.turn("salesStageForm", "name")
	for percent, want := range map[string]string{"10": "Qualify", "20": "Qualify", "40": "Develop", "60": "Propose", "80": "Propose", "100": "Close", "odd": "odd"} {
		if got := p.post(deal(set("salesStage", percent))).text("salesStage"); got != want {
			t.Errorf("%s: %s, want %s", percent, got, want)
		}
	}
}

func TestIDsOfACustomerAreAlwaysAnArray(t *testing.T) {
	for _, form := range []string{"object", "null", "missing"} {
		p := newPlace(t)
		p.turn("idsForm", form)
		a := p.post(deal(set("customerProfile/ids", []any{object{"profileType": "Duns", "id": "123456789"}})))
		if got := a.at("customerProfile/ids/0/id"); got != `"123456789"` {
			t.Errorf("%s: %s", form, a.raw)
		}
	}
}

func TestOddFormsComeBackIn(t *testing.T) {
	p := newPlace(t)
	for name, value := range map[string]string{"idsForm": "object", "moneyForm": "text", "memberCase": "pascal", "activeStatus": "Engaged", "absentValues": "nullLists"} {
		p.turn(name, value)
	}
	a := p.post(deal())
	body := a.body
	delete(body, "Links")
	b := p.call("PUT", referrals+"/"+body["Id"].(string), body, "If-Match", body["ETag"].(string))
	if p.want(b, 200, ""); b.at("Status") != `"Engaged"` || b.at("Details/DealValue") != `"85000.00"` {
		t.Error(b.raw)
	}
	p.turn("memberCase", "camel")
	p.turn("activeStatus", "Active")
	p.want(p.patch(body["Id"].(string), []object{replace("/status", "Engaged"), replace("/substatus", "Accepted")}), 400, "invalidProperty")
}

func TestItemsOfAListMayBePartial(t *testing.T) {
	p := newPlace(t)
	p.post(deal())
	if item := p.ask().body["value"].([]any)[0].(object); item["details"] == nil || item["name"] == nil || item["links"] == nil {
		t.Error(item)
	}
	p.turn("listItems", "flat")
	if item := p.ask().body["value"].([]any)[0].(object); item["details"] != nil || item["team"] != nil || item["name"] == nil || item["updatedDateTime"] == nil {
		t.Error(item)
	}
	p.turn("listItems", "sample")
	if item := p.ask().body["value"].([]any)[0].(object); len(item) != 5 || item["id"] == nil || item["engagementId"] == nil || item["substatus"] != "Accepted" {
		t.Error(item)
	}
	if item := p.ask("$select", "name,details").body["value"].([]any)[0].(object); len(item) != 2 || item["details"] == nil {
		t.Error(item)
	}
}

func TestDirectionOfOwnDealsFiltersAsItIsShown(t *testing.T) {
	for _, direction := range []string{"Outgoing", "Incoming"} {
		p := newPlace(t)
		p.turn("ownDirection", direction)
		p.post(deal(set("name", "A")))
		p.do("/user", object{"do": "create", "referral": object{"name": "B"}})
		if got := found(p.ask("$filter", "direction eq '"+direction+"'")); got != "A B" {
			t.Errorf("%s: %q", direction, got)
		}
		if got := found(p.ask("$filter", "direction ne '"+direction+"'")); got != "" {
			t.Errorf("not %s: %q", direction, got)
		}
	}
}

func TestErrorsNameAPathOrNothingBySwitch(t *testing.T) {
	p := newPlace(t)
	id := p.post(deal()).text("id")
	for name, c := range map[string]struct {
		try  func() answer
		path string
	}{
		"demand":     {func() answer { return p.patch(id, []object{replace("/details/dealValue", 0)}) }, "/details/dealValue"},
		"in a list":  {func() answer { return p.patch(id, []object{replace("/team/0/email", "")}) }, "/team/0/email"},
		"of a kind":  {func() answer { return p.patch(id, []object{replace("/details/closingDateTime", "soon")}) }, "/details/closingDateTime"},
		"read-only":  {func() answer { return p.patch(id, []object{replace("/mpnId", "1")}) }, "/mpnId"},
		"unknown":    {func() answer { return p.patch(id, []object{replace("/surprise", "1")}) }, "/surprise"},
		"life cycle": {func() answer { return p.patch(id, state("Closed", "Declined")) }, "/substatus"},
		"reason":     {func() answer { return p.patch(id, state("Closed", "Lost")) }, "/statusReason"},
		"creation":   {func() answer { return p.call("POST", referrals, deal(set("name", ""), set("team", []any{}))) }, "/name"},
		"body":       {func() answer { return p.call("POST", referrals, deal(set("details/dealValue", true))) }, "/details/dealValue"},
	} {
		p.turn("errorTarget", "referral")
		if a := c.try(); a.status != 400 || a.text("error/target") != "referral" || a.text("error/innerError/code") == "" ||
			!strings.Contains(strings.ReplaceAll(a.raw, "/", "."), strings.ReplaceAll(c.path[1:], "/", ".")) {
			t.Errorf("%s, referral: %d %s", name, a.status, a.raw)
		}
		p.turn("errorTarget", "path")
		if a := c.try(); a.status != 400 || a.text("error/target") != c.path {
			t.Errorf("%s, path: %d %s", name, a.status, a.raw)
		}
		p.turn("errorTarget", "none")
		if a := c.try(); a.status != 400 || a.raw != `{"error":{"code":"invalidRequest","message":"The request is not valid."}}`+"\n" {
			t.Errorf("%s, none: %d %s", name, a.status, a.raw)
		}
	}
	p.turn("errorTarget", "path")
	if a := p.want(p.get("x"), 404, "itemNotFound"); a.text("error/target") != "referral" {
		t.Error(a.raw)
	}
	p.turn("errorTarget", "none")
	if a := p.want(p.get("x"), 404, "itemNotFound"); a.at("error/target") != "-" || !strings.Contains(a.raw, "not found") {
		t.Error(a.raw)
	}
}
