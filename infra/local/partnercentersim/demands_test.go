package partnercentersim_test

import (
	"strings"
	"testing"
	"time"
)

// accepting is a PATCH that accepts, with these changes.
func accepting(more ...object) []object {
	return append(state("Active", "Accepted"), more...)
}

// whole is what the partner adds to a nameless invitation to make it complete.
func whole(without ...string) []object {
	var out []object
	for _, one := range []object{replace("/name", "Named"), replace("/team", []any{member("Kim")}), replace("/details/dealValue", 5000),
		replace("/details/closingDateTime", "2026-09-30T00:00:00Z"), replace("/details/notes", "Ours")} {
		if len(without) == 0 || one["path"] != without[0] {
			out = append(out, one)
		}
	}
	return out
}

func TestAcceptanceOfADealIsCheckedWholeBySwitch(t *testing.T) {
	p := newPlace(t)
	gap := func(path string, value any) string {
		names := strings.Split(strings.Trim(path, "/"), "/")
		referral := object{names[0]: value}
		if len(names) == 2 {
			referral = object{names[0]: object{names[1]: value}}
		}
		return p.do("/seller", object{"do": "invite", "referral": referral}).text("id")
	}
	for missing, id := range map[string]string{"/name": gap("/name", nil), "/team": gap("/team", []any{}), "/details/dealValue": gap("/details/dealValue", nil),
		"/details/closingDateTime": gap("/details/closingDateTime", nil)} {
		a := p.want(p.patch(id, accepting(whole(missing)...)), 400, "validationFailed")
		if !strings.HasPrefix(a.text("error/message"), missing[1:]+" ") || strings.Contains(a.text("error/message"), ";") {
			t.Errorf("without %s: %s", missing, a.raw)
		}
		p.want(p.patch(id, whole(missing)), 204, "") // not accepting: only what is touched counts
		p.want(p.patch(id, accepting(whole()...)), 204, "")
	}
	for name, referral := range map[string]object{
		"no street":   {"customerProfile": object{"address": object{"addressLine1": ""}}},
		"no country":  {"customerProfile": object{"address": object{"country": "Schweiz"}}},
		"no currency": {"details": object{"currency": nil}},
		"no solution": {"details": object{"requirements": object{"solutions": []any{}}}},
		"no intent":   {"details": object{"requirements": object{"additionalRequirements": object{"attributes": []any{}}}}},
		"no consent":  {"consent": object{"consentToToShareInfoWithOthers": false}},
		"no contact":  {"customerProfile": object{"team": []any{}}},
	} {
		id := p.do("/seller", object{"do": "invite", "referral": referral}).text("id")
		p.want(p.patch(id, accepting(whole()...)), 400, "validationFailed")
		p.turn("strict", false)
		p.want(p.patch(id, accepting()), 204, "")
		if got := p.get(id).text("status"); got != "Active" {
			t.Errorf("%s, lenient: %s", name, got)
		}
		p.turn("strict", true)
	}
	p.turn("acceptance", "touched")
	id := p.do("/seller", object{"do": "invite"}).text("id")
	p.want(p.patch(id, accepting()), 204, "")
}

func TestAcceptanceOfALeadNeedsNameValueDateAndNotes(t *testing.T) {
	p := newPlace(t)
	lead := func() string {
		return p.do("/seller", object{"do": "lead", "referral": object{"details": object{"notes": nil}}}).text("id")
	}
	for _, missing := range []string{"/name", "/team", "/details/dealValue", "/details/closingDateTime", "/details/notes"} {
		a := p.want(p.patch(lead(), accepting(whole(missing)...)), 400, "validationFailed")
		if !strings.HasPrefix(a.text("error/message"), missing[1:]+" ") {
			t.Errorf("without %s: %s", missing, a.raw)
		}
	}
	p.want(p.patch(lead(), accepting(whole()...)), 204, "")
}

func TestPersonCompletesTheFormThatAccepts(t *testing.T) {
	p := newPlace(t)
	id := p.do("/seller", object{"do": "invite"}).text("id")
	p.do("/user", object{"do": "accept", "id": id, "changes": object{"/name": "Ours"}})
	if got := p.get(id); got.text("status") != "Active" || got.text("name") != "Ours" || got.at("team/0/email") != `"kim@northwind.example"` || got.at("team/1") != "-" {
		t.Error(got.raw)
	}
	id = p.do("/seller", object{"do": "invite"}).text("id")
	p.do("/user", object{"do": "accept", "id": id, "changes": object{"/team/-": member("Zoe")}})
	if got := p.get(id); got.at("team/0/firstName") != `"Zoe"` || got.at("team/1") != "-" {
		t.Error(got.raw)
	}
	lead := p.do("/seller", object{"do": "lead"}).text("id")
	p.do("/user", object{"do": "accept", "id": lead})
	if got := p.get(lead); got.text("name") != "Deal with Adventure Works Ltd" || got.at("details/dealValue") != "85000.0" || got.text("details/notes") != "I would like a demonstration." {
		t.Error(got.raw)
	}
	id = p.do("/seller", object{"do": "invite", "referral": object{"customerProfile": object{"address": object{"city": ""}}}}).text("id")
	if a := p.tell("POST", "/user", object{"do": "accept", "id": id}); a.status != 400 || !strings.Contains(a.text("error"), "city is required") {
		t.Error(a.raw)
	}
	p.turn("acceptance", "touched")
	id = p.do("/seller", object{"do": "invite"}).text("id")
	p.do("/user", object{"do": "accept", "id": id})
	if got := p.get(id); got.at("name") != "null" || got.at("team") != "[]" {
		t.Error(got.raw)
	}
}

// What table 5.2 demands, and the lenient API does not.
func TestLenientPositionTakesEverythingThatOnlyPortalAndBulkDemand(t *testing.T) {
	p := newPlace(t)
	for name, change := range incomplete() {
		p.turn("strict", true)
		body := deal(change)
		p.want(p.call("POST", referrals, body), 400, "validationFailed")
		p.turn("strict", false)
		a := p.call("POST", referrals, body)
		needed := body["type"] == nil || body["customerProfile"] == nil || body["consent"] == nil || body["details"] == nil
		if needed && (a.status != 400 || a.text("error/innerError/code") != "validationFailed") || !needed && a.status != 201 {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	p.want(p.call("POST", referrals, deal(set("details/dealValue", "much"))), 400, "invalidProperty")
	id := p.post(deal()).text("id")
	for _, step := range []object{replace("/name", ""), replace("/details/dealValue", 0), replace("/details/currency", "Euro"), replace("/team", []any{}),
		replace("/details/requirements/solutions", []any{}), replace("/details/closingDateTime", nil)} {
		p.want(p.patch(id, []object{step}), 204, "")
		p.turn("strict", true)
		p.want(p.patch(p.post(deal()).text("id"), []object{step}), 400, "validationFailed")
		p.turn("strict", false)
	}
	p.want(p.patch(id, state("Closed", "Lost")), 204, "") // no reason is demanded
}

func TestSolutionIDsAreCheckedAgainstFormOrCatalogueBySwitch(t *testing.T) {
	azure := "4024fcfe-71b6-4a8f-9d9e-3f1a2f7c5b11"
	for _, c := range []struct {
		kind, id                  string
		anything, form, catalogue bool
	}{
		{"Name", "SOL-12345-ABC", true, true, true},
		{"Name", azure, true, true, true},
		{"Name", strings.ToUpper(azure), true, true, true},
		{"Name", "SOL-99999-XYZ", true, true, false},
		{"Name", "SOL-40004-OLD", true, true, false}, // not co-sell ready
		{"Name", "00000000-0000-4000-8000-000000000000", true, true, false},
		{"Name", "BigData", true, false, false},
		{"Name", "our product", true, false, false},
		{"Category", "BigData", true, true, true},
		{"Category", "SOL-12345-ABC", true, false, false},
		{"Category", "Big Data", true, false, false},
		{"None", "SOL-12345-ABC", false, false, false},
	} {
		p := newPlace(t)
		body := deal(set("details/requirements/solutions", []any{object{"type": c.kind, "id": c.id}}))
		for position, want := range map[string]bool{"any": c.anything, "form": c.form, "catalogue": c.catalogue} {
			p.turn("solutionIds", position)
			a := p.call("POST", referrals, body)
			if got := a.status == 201; got != want || !got && !strings.Contains(a.text("error/message"), "solutions/0/") {
				t.Errorf("%s %s, %s: %d %s", c.kind, c.id, position, a.status, a.raw)
			}
		}
		p.turn("solutionIds", "catalogue")
		if a := p.patch(p.post(deal()).text("id"), []object{replace("/details/requirements/solutions/0", object{"type": c.kind, "id": c.id})}); (a.status == 204) != c.catalogue {
			t.Errorf("PATCH %s %s: %d %s", c.kind, c.id, a.status, a.raw)
		}
	}
	p := newPlace(t)
	if list, _ := p.tell("GET", "/records", nil).body["catalogue"].([]any); len(list) < 5 {
		t.Errorf("records show %d solutions", len(list))
	}
}

func TestNotesAreRequiredBySwitch(t *testing.T) {
	p := newPlace(t)
	id := p.post(deal(set("details/notes", nil))).text("id")
	p.turn("notes", "required")
	p.want(p.call("POST", referrals, deal(set("details/notes", " "))), 400, "validationFailed")
	p.want(p.patch(id, []object{replace("/details/dealValue", 1)}), 204, "")
	p.want(p.patch(id, []object{replace("/details/notes", "")}), 400, "validationFailed")
	if a := p.tell("POST", "/user", object{"do": "create", "referral": object{"details": object{"notes": ""}}}); a.status != 400 {
		t.Error(a.raw)
	}
	p.turn("strict", false)
	p.post(deal(set("details/notes", nil)))
}

// taxonomy are the attributes of a deal with the yearly values.
func taxonomy(role, area, play string) func(object) {
	list := []any{object{"type": "CustomerMarketplaceIntent", "id": "HaveNotDecided"}}
	for kind, id := range map[string]string{"PartnerRole": role, "SolutionArea": area, "SolutionPlay": play} {
		if id != "" {
			list = append(list, object{"type": kind, "id": id})
		}
	}
	return set("details/requirements/additionalRequirements/attributes", list)
}

func TestTaxonomyIsDemandedOfServicesOrOfAllSharedDealsBySwitch(t *testing.T) {
	good := taxonomy("Solution design", "AI Business Solutions", "Copilot and Agents at Work")
	service := set("details/requirements/solutions", []any{solution("SOL-30003-SVC")})
	for name, c := range map[string]struct {
		body                object
		none, services, all bool
	}{
		"private":              {deal(), true, true, true},
		"shared application":   {deal(shared), true, true, false},
		"shared service":       {deal(shared, service), true, false, false},
		"private service":      {deal(service), true, true, true},
		"with all":             {deal(shared, service, good), true, true, true},
		"without role":         {deal(shared, service, taxonomy("", "Security", "Data Security")), true, false, false},
		"without area":         {deal(shared, service, taxonomy("Transaction", "", "Data Security")), true, false, false},
		"without play":         {deal(shared, service, taxonomy("Transaction", "Security", "")), true, false, false},
		"play of another area": {deal(shared, service, taxonomy("Transaction", "Security", "Copilot and Agents at Work")), true, false, false},
		"unknown role":         {deal(shared, service, taxonomy("Boss", "Security", "Data Security")), true, false, false},
	} {
		p := newPlace(t)
		for position, want := range map[string]bool{"none": c.none, "services": c.services, "all": c.all} {
			p.turn("taxonomy", position)
			if a := p.call("POST", referrals, c.body); (a.status == 201) != want {
				t.Errorf("%s, %s: %d %s", name, position, a.status, a.raw)
			}
		}
	}
	p := newPlace(t)
	p.turn("taxonomy", "all")
	id := p.post(deal()).text("id")
	p.want(p.patch(id, []object{replace(share, true)}), 400, "validationFailed")
	attributes := deal(good)["details"].(object)["requirements"].(object)["additionalRequirements"].(object)["attributes"]
	p.want(p.patch(id, []object{replace("/details/requirements/additionalRequirements/attributes", attributes), replace(share, true)}), 204, "")
}

func TestOldTaxonomyIsTakenUntilTheDateOfTheSwitch(t *testing.T) {
	p := newPlace(t)
	p.turn("taxonomy", "all")
	old, present := taxonomy("Transaction", "Modern Work", "Copilot for Microsoft 365"), taxonomy("Transaction", "AI Business Solutions", "Secure AI Productivity")
	p.want(p.call("POST", referrals, deal(shared, old)), 400, "validationFailed")
	p.turn("oldTaxonomyUntil", "2026-03-10")
	p.post(deal(shared, old))
	p.post(deal(shared, present))
	p.pass(8 * 24 * time.Hour)
	p.want(p.call("POST", referrals, deal(shared, old)), 400, "validationFailed")
	p.now = time.Date(2025, 6, 30, 12, 0, 0, 0, time.UTC) // the year before
	p.post(deal(shared, old))
	p.want(p.call("POST", referrals, deal(shared, present)), 400, "validationFailed")
}

func TestOnlyCurrenciesThatOneCanPayWithAreTaken(t *testing.T) {
	p := newPlace(t)
	for _, code := range []string{"XXX", "XTS", "ABC", "eur", "EURO", "DEM", ""} {
		p.want(p.call("POST", referrals, deal(set("details/currency", code))), 400, "validationFailed")
	}
	for _, code := range []string{"EUR", "JPY", "TND"} {
		p.post(deal(set("details/currency", code)))
	}
	p.turn("strict", false)
	p.post(deal(set("details/currency", "XXX")))
}

func TestFormsOfEMailAndPhoneAreCheckedBySwitch(t *testing.T) {
	one := func(phone, email string) object {
		m := member("Kim")
		m["phoneNumber"], m["email"] = phone, email
		return m
	}
	p := newPlace(t)
	id := p.post(deal(set("team", []any{one("1", "nobody")}))).text("id")
	p.turn("formats", "checked")
	for _, bad := range []object{one("1", "kim@northwind.example"), one("call me", "kim@northwind.example"), one("+4940555099", "kim"), one("+4940555099", "kim@northwind"),
		one("+4940555099", "kim s@northwind.example"), one("+4940555099", "kim@@northwind.example"), one("+49 (0)40 + 5", "kim@northwind.example")} {
		p.want(p.call("POST", referrals, deal(set("team", []any{bad}))), 400, "validationFailed")
	}
	for _, good := range []object{one("+49 (40) 555-099", "q.d'arc+x%@northwind.example"), one("040/555099", "kim@北.example.co"), one("+1 425 555 0100 ext. 12", "k@a.io")} {
		if a := p.call("POST", referrals, deal(set("team", []any{good}))); strings.Contains(good["email"].(string), "北") != (a.status == 400) {
			t.Errorf("%v: %d %s", good, a.status, a.raw)
		}
	}
	p.want(p.patch(id, []object{replace("/name", "Other")}), 204, "") // what is not touched stays
	p.want(p.patch(id, []object{replace("/team/0/firstName", "Other")}), 400, "validationFailed")
	p.turn("strict", false)
	p.want(p.patch(id, []object{replace("/team/0/firstName", "Other")}), 204, "")
}

func TestPastClosingDatesAreRefusedBySwitch(t *testing.T) {
	p := newPlace(t)
	id := p.post(deal(set("details/closingDateTime", "2026-03-01T00:00:00Z"))).text("id")
	p.turn("pastClosing", "refuse")
	p.want(p.call("POST", referrals, deal(set("details/closingDateTime", "2026-03-01T23:59:59Z"))), 400, "validationFailed")
	p.post(deal(set("details/closingDateTime", "2026-03-02T00:00:00Z"))) // today
	p.want(p.patch(id, []object{replace("/name", "Other")}), 204, "")
	p.want(p.patch(id, []object{replace("/details/closingDateTime", "0001-01-01T00:00:00Z")}), 400, "validationFailed")
	p.want(p.patch(id, append(state("Closed", "Won"), replace("/details/closingDateTime", "2026-02-28T00:00:00Z"))), 204, "")
}

func TestTextsAreLimitedBySwitch(t *testing.T) {
	p := newPlace(t)
	id := p.post(deal(set("details/notes", strings.Repeat("ü", 101)))).text("id")
	p.turn("textLimit", 100)
	p.want(p.call("POST", referrals, deal(set("name", strings.Repeat("x", 101)))), 400, "validationFailed")
	p.post(deal(set("name", strings.Repeat("ü", 100))))
	p.want(p.patch(id, []object{replace("/name", "Other")}), 204, "")
	a := p.want(p.patch(id, []object{replace("/details/notes", strings.Repeat("ä", 101))}), 400, "validationFailed")
	if !strings.Contains(a.text("error/message"), "100 characters, not 101") {
		t.Error(a.raw)
	}
}

func TestReasonIsAnyTextOrOneOfThePortalsOrACode(t *testing.T) {
	for _, c := range []struct {
		substatus, reason    string
		anything, text, code bool
	}{
		{"Lost", "The dog ate it", true, false, false},
		{"Lost", "Chose another vendor", true, true, false},
		{"Lost", "project budget not adequate", true, true, false},
		{"Lost", "8", true, false, true},
		{"Lost", "9", true, false, false},
		{"Error", "connector data sync issues", true, true, false},
		{"Error", "chose another vendor", true, false, false},
		{"Error", "9", true, false, true},
		{"Lost", "", false, false, false},
		{"Won", "", true, true, true},
		{"Won", "Great", true, true, true},
	} {
		p := newPlace(t)
		for position, want := range map[string]bool{"any": c.anything, "text": c.text, "code": c.code} {
			p.turn("statusReason", position)
			id := p.post(deal()).text("id")
			a := p.patch(id, append(state("Closed", c.substatus), replace("/statusReason", c.reason)))
			if (a.status == 204) != want || a.status == 400 && !strings.HasSuffix(a.text("error/innerError/code"), "eason") && !strings.HasSuffix(a.text("error/innerError/code"), "Required") {
				t.Errorf("%s %q, %s: %d %s", c.substatus, c.reason, position, a.status, a.raw)
			}
		}
	}
	p := newPlace(t)
	p.turn("statusReason", "code")
	id := p.post(deal()).text("id")
	p.do("/user", object{"do": "lose", "id": id, "reason": "Chose another vendor"})
	if got := p.get(id).text("statusReason"); got != "3" {
		t.Errorf("the portal stores %q", got)
	}
	p.turn("statusReason", "text")
	if a := p.tell("POST", "/user", object{"do": "lose", "id": p.post(deal()).text("id"), "reason": "The dog ate it"}); a.status != 400 {
		t.Error(a.raw)
	}
}
