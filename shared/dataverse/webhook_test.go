package dataverse

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

const userID = "30000000-0000-4000-8000-000000000003"

func sample(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("testdata/update-opportunity.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func verifier(t testing.TB) *Verifier {
	t.Helper()
	v, err := NewVerifier(VerifierOptions{Header: "x-cosell-secret", Secrets: []string{"new", "old"}, OrganizationID: strings.ToUpper(orgID), Host: "Org1.crm.dynamics.com"})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func genuine() http.Header {
	return http.Header{"X-Cosell-Secret": {"new"}, "X-Ms-Dynamics-Organization": {"org1.crm.dynamics.com"}}
}

func open(t testing.TB, h http.Header, body string) (Event, error) {
	return verifier(t).Open(&http.Request{Header: h}, []byte(body))
}

func TestGenuineEventIsOpened(t *testing.T) {
	t.Parallel()
	want := Event{Message: "Update", Table: "opportunity", ID: oneID, OrganizationID: orgID, CorrelationID: "20000000-0000-4000-8000-000000000002"}
	for _, secret := range []string{"new", "old"} { // C5
		h := genuine()
		h.Set("X-Cosell-Secret", secret)
		if got, err := open(t, h, sample(t)); err != nil || got != want {
			t.Errorf("got %+v, %v", got, err)
		}
	}
}

// A relay may drop the header; the body names the organisation as well.
func TestEventWithoutTheOrganisationHeaderIsJudgedByItsBody(t *testing.T) {
	t.Parallel()
	h := genuine()
	h.Del("X-Ms-Dynamics-Organization")
	if _, err := open(t, h, sample(t)); err != nil {
		t.Error(err)
	}
	if _, err := open(t, h, strings.ReplaceAll(sample(t), orgID, userID)); !fault.Is(err, fault.Denied) {
		t.Errorf("another organisation: got %v", err)
	}
}

func TestStrangersAreDenied(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(h http.Header){
		"C1 none":           func(h http.Header) { h.Del("X-Cosell-Secret") },
		"C1 wrong":          func(h http.Header) { h.Set("X-Cosell-Secret", "wrong") },
		"C1 empty":          func(h http.Header) { h.Set("X-Cosell-Secret", "") },
		"C1 trailing space": func(h http.Header) { h.Set("X-Cosell-Secret", "new ") },
		"C1 prefix":         func(h http.Header) { h.Set("X-Cosell-Secret", "ne") },
		"repeated":          func(h http.Header) { h.Add("X-Cosell-Secret", "new") },
		"C4 other host":     func(h http.Header) { h.Set("X-Ms-Dynamics-Organization", "org2.crm.dynamics.com") },
		"repeated host":     func(h http.Header) { h.Add("X-Ms-Dynamics-Organization", "org1.crm.dynamics.com") },
	} {
		h := genuine()
		change(h)
		for _, body := range []string{sample(t), "", "{"} {
			if _, err := open(t, h, body); !fault.Is(err, fault.Denied) {
				t.Errorf("%s: got %v", name, err)
			}
		}
	}
	other := strings.ReplaceAll(sample(t), orgID, userID) // C3
	_, err := open(t, genuine(), other)
	wantKind(t, err, fault.Denied, "organization")
	// C2: a secret in the query is no secret.
	r, _ := http.NewRequest("POST", "https://x/?code=new&x-cosell-secret=new", nil)
	r.Header.Set("X-Ms-Dynamics-Organization", "org1.crm.dynamics.com")
	_, err = verifier(t).Open(r, []byte(sample(t)))
	wantKind(t, err, fault.Denied, "secret")
}

func TestDoorStaysShutWithoutASecret(t *testing.T) {
	t.Parallel()
	good := VerifierOptions{Header: "h", Secrets: []string{"canary"}, OrganizationID: orgID, Host: "x"}
	for name, change := range map[string]func(o *VerifierOptions){
		"no secret": func(o *VerifierOptions) { o.Secrets = nil }, "empty secret": func(o *VerifierOptions) { o.Secrets = []string{"canary", ""} },
		"three": func(o *VerifierOptions) { o.Secrets = []string{"canary", "b", "c"} }, "no header": func(o *VerifierOptions) { o.Header = "" },
		"no organisation": func(o *VerifierOptions) { o.OrganizationID = "x" }, "no host": func(o *VerifierOptions) { o.Host = "" },
	} {
		o := good
		change(&o)
		if _, err := NewVerifier(o); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// execution composes a context; null members as Dataverse writes them.
func execution(message, table, id, parameters, images string) string {
	return `{"CorrelationId":null,"InputParameters":` + parameters + `,"MessageName":"` + message + `","OrganizationId":"` + orgID +
		`","ParentContext":{"MessageName":"Other","PrimaryEntityId":"` + userID + `","InputParameters":[{"key":"Target","value":{"Id":"` + userID + `"}}]},` +
		`"PreEntityImages":` + images + `,"PrimaryEntityId":"` + id + `","PrimaryEntityName":"` + table + `","SharedVariables":[]}`
}

func lookup(column, id string) string {
	return `[{"key":"other","value":NaN},{"key":"` + column + `","value":{"__type":"EntityReference:http:\/\/schemas.microsoft.com\/xrm\/2011\/Contracts","Id":"` + id + `","LogicalName":"opportunity","Name":null}}]`
}

func target(table, id, attributes string) string {
	return `[{"key":"Target","value":{"__type":"Entity:http:\/\/schemas.microsoft.com\/xrm\/2011\/Contracts","Attributes":` + attributes + `,"Id":"` + id + `","LogicalName":"` + table + `"}}]`
}

func image(attributes string) string {
	return `[{"key":"a","value":{"Attributes":[],"Id":"` + oneID + `"}},{"key":"pre","value":{"Attributes":` + attributes + `,"Id":"` + oneID + `"}}]`
}

func TestEventsNameTheirRow(t *testing.T) {
	t.Parallel()
	const solution = "cosell_solutiondetail"
	column := "cosell_opportunityid"
	reference := `[{"key":"Target","value":{"__type":"EntityReference:http:\/\/x","Id":"` + oneID + `","LogicalName":"account"}}]`
	closed := `[{"key":"OpportunityClose","value":{"Attributes":` + lookup("opportunityid", oneID) + `,"Id":"` + userID + `","LogicalName":"opportunityclose"}},{"key":"Status","value":{"Value":3}}]`
	qualified := `[{"key":"LeadId","value":{"__type":"EntityReference:http:\/\/x","Id":"` + oneID + `","LogicalName":"lead"}},{"key":"CreateOpportunity","value":true}]`
	wrapped := `[{"key":"cosell_opportunityid","value":{"__type":"Guid:#System","__value":"` + otherID + `"}}]`
	for name, c := range map[string]struct {
		body string
		want Event
	}{
		"create":                {execution("Create", "opportunity", oneID, target("opportunity", oneID, "[]"), "[]"), Event{Table: "opportunity", ID: oneID}},
		"over 256 KB":           {`{"MessageName":"Update","OrganizationId":"` + orgID + `","PrimaryEntityId":"` + oneID + `","PrimaryEntityName":"opportunity"}`, Event{Message: "Update", Table: "opportunity", ID: oneID}},
		"null members":          {execution("Update", "opportunity", oneID, "null", "null"), Event{Table: "opportunity", ID: oneID}},
		"delete, reference":     {execution("Delete", "none", nobody, reference, "[]"), Event{Message: "Delete", Table: "account", ID: oneID}},
		"win":                   {execution("Win", "opportunity", oneID, closed, "[]"), Event{Message: "Win", Table: "opportunity", ID: oneID, OpportunityID: oneID}},
		"lose without id":       {execution("Lose", "opportunity", nobody, closed, "[]"), Event{Message: "Lose", Table: "opportunity", ID: oneID, OpportunityID: oneID}},
		"qualify":               {execution("QualifyLead", "lead", oneID, qualified, "[]"), Event{Message: "QualifyLead", Table: "lead", ID: oneID}},
		"qualify without id":    {execution("QualifyLead", "none", nobody, qualified, "[]"), Event{Message: "QualifyLead", Table: "lead", ID: oneID}},
		"close activity":        {execution("Create", "opportunityclose", userID, target("opportunityclose", userID, lookup("opportunityid", oneID)), "[]"), Event{Table: "opportunityclose", ID: userID, OpportunityID: oneID}},
		"solution by target":    {execution("Create", solution, oneID, target(solution, oneID, lookup(column, otherID)), image(lookup(column, userID))), Event{Table: solution, ID: oneID, OpportunityID: otherID}},
		"solution by image":     {execution("Update", solution, oneID, target(solution, oneID, "[]"), image(lookup(column, otherID))), Event{Table: solution, ID: oneID, OpportunityID: otherID}},
		"solution deleted":      {execution("Delete", solution, oneID, reference, image(lookup(column, otherID))), Event{Table: solution, ID: oneID, OpportunityID: otherID}},
		"solution cleared":      {execution("Update", solution, oneID, target(solution, oneID, `[{"key":"cosell_opportunityid","value":null}]`), image(lookup(column, otherID))), Event{Table: solution, ID: oneID, OpportunityID: otherID}},
		"solution wrapped":      {execution("Update", solution, oneID, target(solution, oneID, wrapped), "[]"), Event{Table: solution, ID: oneID, OpportunityID: otherID}},
		"connection":            {execution("Create", "connection", oneID, target("connection", oneID, lookup("record1id", otherID)), "[]"), Event{Table: "connection", ID: oneID, OpportunityID: otherID}},
		"connection reversed":   {execution("Create", "connection", oneID, target("connection", oneID, lookup("record2id", otherID)), "[]"), Event{Table: "connection", ID: oneID, OpportunityID: otherID}},
		"connection deleted":    {execution("Delete", "connection", oneID, reference, image(lookup("record2id", otherID))), Event{Table: "connection", ID: oneID, OpportunityID: otherID}},
		"connection of others":  {execution("Create", "connection", oneID, target("connection", oneID, strings.ReplaceAll(lookup("record1id", otherID), "opportunity", "account")), "[]"), Event{Table: "connection", ID: oneID}},
		"solution without":      {execution("Update", solution, oneID, target(solution, oneID, "[]"), "[]"), Event{Table: solution, ID: oneID}},
		"capitals and wrapping": {strings.ReplaceAll(execution("Update", "Opportunity", "ID", "[]", "[]"), `"ID"`, `{"__type":"Guid:#System","__value":"`+strings.ToUpper(oneID)+`"}`), Event{Table: "opportunity", ID: oneID}},
	} {
		got, err := open(t, genuine(), c.body)
		c.want.OrganizationID = orgID
		if c.want.Message == "" {
			c.want.Message = got.Message
		}
		if err != nil || got != c.want {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestMalformedEventsAreInvalid(t *testing.T) {
	t.Parallel()
	good := execution("Update", "opportunity", oneID, "[]", "[]")
	for _, body := range []string{
		"", "null", "[]", `"x"`, "1", "{", "}", good + "x", good + good, good[:100], good[1:], "\x00", strings.Repeat("[", 100_000), strings.Repeat(`{"a":`, 100_000),
		strings.TrimSuffix(good, "}") + `,"deep":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + "}",
		"{}", `{"MessageName":"Update"}`, execution("Update", "opportunity", "x", "[]", "[]"), execution("", "opportunity", oneID, "[]", "[]"),
		execution("Up date", "opportunity", oneID, "[]", "[]"), execution("Update", "a/b", oneID, "[]", "[]"), execution("Update", "opportunity", oneID, "{}", "[]"),
		execution("Update", "opportunity", oneID, "[1]", "[]"), execution("Update", "opportunity", oneID, "[,]", "[]"), execution("Update", "opportunity", oneID, "[{}{}]", "[]"),
		execution("Update", "opportunity\xff", oneID, "[]", "[]"), `{"MessageName":"a"` + strings.Repeat(" ", MaxEvent) + "}",
		`{"a":nan}`, `{"a":"` + "\n" + `"}`, `{"a":1,}`, `{"a" 1}`, `{"a":` + strings.Repeat("9", 1000) + `}`, `{a:1}`,
	} {
		if _, err := open(t, genuine(), body); !fault.Is(err, fault.Invalid) {
			t.Errorf("%.80s: got %v", body, err)
		}
	}
}

func TestRecordedValuesOfTheSerializerAreWalkedOver(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/dataverse-event-json.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct{ Case, JSON string }
	if err := json.Unmarshal(text, &cases); err != nil || len(cases) < 25 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	tail := `"MessageName":"Update","OrganizationId":"` + orgID + `","PrimaryEntityId":"` + oneID + `","PrimaryEntityName":"opportunity"}`
	for _, c := range cases {
		inner := strings.TrimSuffix(strings.TrimPrefix(c.JSON, "{"), "}")
		for where, body := range map[string]string{
			"beside": "{" + inner + "," + tail,
			"target": `{"InputParameters":[{"key":"Target","value":` + c.JSON + `}],` + tail,
			"parent": `{"ParentContext":` + c.JSON + `,` + tail,
		} {
			if got, err := open(t, genuine(), body); err != nil || got.ID != oneID || got.Message != "Update" {
				t.Errorf("%s, %s: got %+v, %v", c.Case, where, got, err)
			}
		}
	}
}

func TestPlainReadsWhatTheSerializerEscapes(t *testing.T) {
	t.Parallel()
	for span, want := range map[string]string{
		`"a\/b"`: "a/b", `"x\ud83dy"`: "x\ufffdy", `"\u00e9"`: "é", `null`: "", `1`: "", `{}`: "", `{"__value":{"__value":"a"}}`: "", `{"__type":"t","__value":"a"}`: "a", ``: "", `{`: "",
	} {
		if got := plain([]byte(span)); got != want {
			t.Errorf("%s: %q, want %q", span, got, want)
		}
	}
}

func FuzzOpenEvent(f *testing.F) {
	f.Add(sample(f))
	f.Add(execution("Win", "opportunity", oneID, target("opportunity", oneID, lookup("a", oneID)), image("[]")))
	for _, seed := range []string{"", "{}", `{"MessageName":NaN}`, `{"InputParameters":[{"key":"Target","value":{"__value":"x"}}]}`, `{"a":"\ud83d"}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		e, err := parseEvent([]byte(body), "cosell_opportunityid")
		if err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("kind %s", fault.KindOf(err))
		}
		if err == nil && (guid(e.ID) == "" || e.Table == "" || e.Message == "") {
			t.Errorf("event %+v", e)
		}
	})
}

// FuzzWalk compares with the standard library: what is JSON there is JSON here.
func FuzzWalk(f *testing.F) {
	for _, seed := range []string{`{"a":[1,{"b":null}],"c":"\""}`, `{}`, `{"a":-1.5e+10,"b":true}`, ` { "a" : [ ] } `} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		var members map[string]json.RawMessage
		if len(body) > 400 || json.Unmarshal([]byte(body), &members) != nil || members == nil {
			return
		}
		if err := walk([]byte(body), func(_, _ []byte) error { return nil }); err != nil {
			t.Errorf("%q: %v", body, err)
		}
	})
}

func BenchmarkOpenEvent(b *testing.B) {
	body, v, r := []byte(sample(b)), verifier(b), &http.Request{Header: genuine()}
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := v.Open(r, body); err != nil {
			b.Fatal(err)
		}
	}
}
