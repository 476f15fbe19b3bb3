package partnercentersim_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

// ask lists with OData options given as name, value, name, value.
func (p *place) ask(options ...string) answer {
	p.t.Helper()
	q := url.Values{}
	for i := 0; i < len(options); i += 2 {
		q.Set(options[i], options[i+1])
	}
	return p.call("GET", referrals+"?"+q.Encode(), nil)
}

// found are the names of what was listed, in order.
func found(a answer) string {
	var list []string
	value, _ := a.body["value"].([]any)
	for _, e := range value {
		name, _ := e.(object)["name"].(string)
		list = append(list, name)
	}
	return strings.Join(list, " ")
}

// three deals: A private in Germany, B shared in France, C inbound in Switzerland.
func three(t *testing.T) (*place, string) {
	p := newPlace(t)
	p.turn("microsoftSide", false)
	a := p.post(deal(set("name", "A")))
	p.pass(time.Minute)
	p.post(deal(shared, set("name", "B"), set("customerProfile/address/country", "FR"), set("team", []any{member("Kim"), member("Zoe")})))
	p.pass(time.Minute)
	p.do("/seller", object{"do": "invite", "referral": object{"name": "C"}})
	return p, a.text("engagementId")
}

func TestFilterFindsByDocumentedFields(t *testing.T) {
	p, engagement := three(t)
	for filter, want := range map[string]string{
		"":                                           "A B C",
		"engagementId eq '" + engagement + "'":       "A",
		"engagementId eq " + engagement:              "A",
		"direction eq 'Outgoing'":                    "A B",
		"direction ne 'Outgoing'":                    "C",
		"not (direction eq 'Outgoing')":              "C",
		"status eq 'New' and substatus eq 'Pending'": "C",
		"type eq 'Independent' or status eq 'New'":   "A C",
		"type eq 'Shared' and (status eq 'New' or direction eq 'Outgoing')":            "B C",
		"type eq 'Independent' or type eq 'Shared' and status eq 'New'":                "A C",
		"updatedDateTime gt 2026-03-02T09:14:05.1234567Z":                              "B C",
		"updatedDateTime ge 2026-03-02T09:14:05.1234567Z":                              "A B C",
		"updatedDateTime lt 2026-03-02T10:15:05.1234567+01:00":                         "A",
		"createdDateTime le 2026-03-02T09:15:05.1234567Z":                              "A B",
		"customerProfile/address/country eq 'FR'":                                      "B",
		"team/any(t:t/email eq 'zoe@northwind.example')":                               "B",
		"not team/any(t:t/email eq 'kim@northwind.example') and qualification ne null": "C",
	} {
		if got := found(p.ask("$filter", filter)); got != want {
			t.Errorf("%s: %q, want %q", filter, got, want)
		}
	}
}

func TestBadListQueriesAreRefused(t *testing.T) {
	p, _ := three(t)
	for _, filter := range []string{"direction", "direction eq", "direction eq Outgoing", "direction eq 'Sideways'", "direction has 'Outgoing'",
		"(direction eq 'Outgoing'", "direction eq 'Outgoing')", "direction eq 'Outgoing' and", "surprise eq '1'", "team eq 'x'", "customerProfile eq null",
		"team/any(t:x/email eq 'x')", "status/any(t:t eq 'x')", "updatedDateTime gt '2026-03-02'", "updatedDateTime gt yesterday",
		"externalReferenceId eq 'x'", "direction eq 'Out", "team/any(t t/email eq 'x')"} {
		if a := p.ask("$filter", filter); a.status != 400 || a.text("error/innerError/code") != "invalidFilter" {
			t.Errorf("%s: %d %s", filter, a.status, a.raw)
		}
	}
	for _, option := range [][2]string{{"$top", "x"}, {"$top", "-1"}, {"$skip", "-1"}, {"$count", "maybe"}, {"$orderby", "name"}, {"$orderby", "createdDateTime up"},
		{"$select", "surprise"}, {"$expand", "team"}, {"filter", "x"}, {"$search", "x"}, {"$skiptoken", "x"}} {
		if a := p.ask(option[0], option[1]); a.status != 400 || a.text("error/innerError/code") != "invalidQuery" {
			t.Errorf("%v: %d %s", option, a.status, a.raw)
		}
	}
	p.want(p.call("GET", referrals+"?$top=1&$top=2", nil), 400, "invalidQuery")
}

func TestRefusedFilterNamesThePosition(t *testing.T) {
	p, _ := three(t)
	a := p.want(p.ask("$filter", "status eq 'New' and externalReferenceId eq 'x'"), 400, "invalidFilter")
	if got := a.text("error/message"); !strings.Contains(got, "at position 20") || !strings.Contains(got, "externalReferenceId") {
		t.Error(got)
	}
}

func TestFilterFieldsAndUpdatedFilterAreSwitches(t *testing.T) {
	p, _ := three(t)
	p.turn("listFilterUpdated", "refuse")
	p.want(p.ask("$filter", "updatedDateTime gt 2026-03-02T00:00:00Z"), 400, "invalidFilter")
	p.turn("filterFields", "any")
	for filter, want := range map[string]string{"name eq 'A'": "A", "details/dealValue gt 1000.5 and name ne 'A'": "B C", "favorite eq true": "",
		"contains eq 'x'": "", "externalReferenceId eq null": "C", "name eq 'O''Hara'": ""} {
		a := p.ask("$filter", filter)
		if strings.HasPrefix(filter, "contains") {
			p.want(a, 400, "invalidFilter")
		} else if got := found(a); a.status != 200 || got != want {
			t.Errorf("%s: %d %q, want %q", filter, a.status, got, want)
		}
	}
}

func TestOrderSelectTopSkipAndCount(t *testing.T) {
	p, _ := three(t)
	a := p.ask("$orderby", "createdDateTime desc", "$top", "1", "$skip", "1", "$select", "id,name", "$count", "true")
	item := a.body["value"].([]any)[0].(object)
	if found(a) != "B" || len(item) != 2 || a.body["@odata.count"] != float64(3) || a.body["@odata.nextLink"] != nil {
		t.Error(a.raw)
	}
	if a := p.ask("$count", "false"); a.body["@odata.count"] != nil {
		t.Error(a.raw)
	}
	if a := p.ask("$orderby", "updatedDateTime"); found(a) != "A B C" {
		t.Error(found(a))
	}
	if a := p.ask("$top", "0"); found(a) != "" {
		t.Error(found(a))
	}
}

func TestListsComeInPagesOfHundred(t *testing.T) {
	p := newPlace(t)
	for i := range 205 {
		p.do("/user", object{"do": "create", "referral": object{"name": fmt.Sprintf("D%03d", i)}})
	}
	seen := map[string]bool{}
	sizes := []int{}
	a := p.ask("$filter", "direction eq 'Outgoing'", "$orderby", "createdDateTime desc")
	for {
		value := a.body["value"].([]any)
		sizes = append(sizes, len(value))
		for _, e := range value {
			seen[e.(object)["id"].(string)] = true
		}
		next, _ := a.body["@odata.nextLink"].(string)
		if next == "" {
			break
		}
		if !strings.HasPrefix(next, referrals+"?$skiptoken=") {
			t.Fatal(next)
		}
		a = p.call("GET", next, nil)
	}
	if fmt.Sprint(sizes) != "[100 100 5]" || len(seen) != 205 {
		t.Errorf("pages %v with %d different", sizes, len(seen))
	}
	if a := p.ask("$top", "150"); len(a.body["value"].([]any)) != 100 || a.body["@odata.nextLink"] == nil {
		t.Error("150 must come in two pages")
	} else if b := p.call("GET", a.body["@odata.nextLink"].(string), nil); len(b.body["value"].([]any)) != 50 || b.body["@odata.nextLink"] != nil {
		t.Error("the second page of 150 must hold 50")
	}
}

func TestNextLinkMayBeTheDocumentedOneThatLeadsNowhere(t *testing.T) {
	p := newPlace(t)
	for range 101 {
		p.do("/user", object{"do": "create"})
	}
	p.turn("nextLink", "http")
	next, _ := p.ask().body["@odata.nextLink"].(string)
	token, ok := strings.CutPrefix(next, "http://api.partner.microsoft.com/v1.0/referrals?$skiptoken=")
	if !ok {
		t.Fatal(next)
	}
	p.want(p.call("GET", "https://api.partner.microsoft.com/v1.0/referrals?$skiptoken="+token, nil), 404, "itemNotFound")
	if a := p.ask("$skiptoken", token); len(a.body["value"].([]any)) != 1 {
		t.Error(a.raw)
	}
}

func TestTooManyRequestsAreThrottled(t *testing.T) {
	p := newPlace(t)
	p.turn("requestsPerMinute", 2)
	p.ask()
	p.pass(20 * time.Second)
	p.call("GET", hooks, nil)
	a := p.ask()
	if a.status != 429 || a.header.Get("Retry-After") != "40" || a.body["statusCode"] != float64(429) ||
		a.text("message") != "Rate limit is exceeded. Try again in 40 seconds." {
		t.Errorf("%d %v %s", a.status, a.header, a.raw)
	}
	if a := p.call("GET", hooks, nil); a.status != 429 {
		t.Errorf("webhooks: %d", a.status)
	}
	p.pass(40 * time.Second)
	p.want(p.ask(), 200, "")
}
