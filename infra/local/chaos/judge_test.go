package chaos

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

const (
	anOpportunity = "20000000-0000-4000-8000-000000000001"
	aReferral     = "10000000-0000-4000-8000-000000000001"
)

func noon(minutes int) time.Time {
	return time.Date(2026, 3, 2, 12, minutes, 0, 0, time.UTC)
}

// trial is a court over one deal of the CRM that is in step: the value 7 was typed in the CRM and has crossed.
func trial() *court {
	d := &deal{born: "crm", opportunity: anOpportunity, referral: aReferral}
	s := &stage{tag: "T", deals: []*deal{d}, edits: []edit{{from: noon(0), to: noon(0), deal: d, side: inCRM, field: "value", value: "7"}}}
	row := fields{"name": "✓ T deal", "estimatedvalue": "7.00", "estimatedclosedate": "2026-06-30", "description": "n", "statecode": 0, "cosell_sync": true, "cosell_referralid": aReferral,
		"cosell_audit": "2026-03-02 12:00 - to Partner Center: referral " + aReferral + " created, sync success (aa)"}
	referral := fields{"organizationId": organizationID, "name": "T deal", "status": "Active", "externalReferenceId": anOpportunity, "eTag": "1",
		"details": fields{"dealValue": "7", "closingDateTime": "2026-06-30T00:00:00Z", "notes": "n"}}
	c := &court{s: s, judged: map[string]int{}}
	c.b = board{referrals: map[string]fields{aReferral: referral}, tables: map[string]map[string]fields{"opportunity": {anOpportunity: row}, "account": {}, "contact": {}, "lead": {}, "cosell_solution": {}}}
	c.pc = []control.Entry{
		{N: 1, At: noon(1), Method: "POST", URL: "https://" + referralsHost + "/v1.0/engagements/referrals", Status: 201,
			RequestBody: `{"name":"T deal","externalReferenceId":"` + anOpportunity + `","details":{"dealValue":7}}`, ResponseBody: `{"id":"` + aReferral + `","eTag":"1","status":"Active"}`},
	}
	return c
}

// verdict judges what needs no world.
func (c *court) verdict() (rules []string) {
	c.toPC, c.toCRM = writes(c.pc), writes(c.dv)
	c.records()
	c.edits()
	c.lines()
	c.calls()
	c.throttles()
	for _, v := range c.found {
		rules = append(rules, v.Rule)
	}
	slices.Sort(rules)
	return slices.Compact(rules)
}

func (c *court) row() fields      { return c.b.tables["opportunity"][anOpportunity] }
func (c *court) referral() fields { return c.b.referrals[aReferral] }

// patch is a change of the referral by the product.
func patch(minutes int, match, path, value string) control.Entry {
	return control.Entry{At: noon(minutes), Method: "PATCH", URL: "https://" + referralsHost + "/v1.0/engagements/referrals/" + aReferral, Status: 200,
		RequestHeaders: map[string]string{"If-Match": match}, RequestBody: fmt.Sprintf(`[{"op":"replace","path":%q,"value":%s}]`, path, value)}
}

// made is a referral that the product made.
func made(body string) control.Entry {
	return control.Entry{At: noon(2), Method: "POST", URL: "https://" + referralsHost + "/v1.0/engagements/referrals", Status: 201, RequestBody: body, ResponseBody: `{}`}
}

// change is one of the CRM's rows, in a batch.
func change(minutes int, condition, path, body string) control.Entry {
	return control.Entry{At: noon(minutes), Method: "POST", URL: "https://" + crmHost + "/api/data/v9.2/$batch", Status: 200, ResponseBody: "HTTP/1.1 204 No Content",
		RequestBody: "PATCH " + path + " HTTP/1.1\r\nContent-Type: application/json\r\n" + condition + "\r\n\r\n" + body + "\r\n--b--"}
}

func calledAgain(minutes int) control.Entry {
	return control.Entry{At: noon(minutes), Method: "GET", URL: "https://" + referralsHost + "/v1.0/engagements/referrals/x", Status: 200}
}

func throttled() control.Entry {
	e := calledAgain(2)
	e.Status, e.ResponseBody = http.StatusTooManyRequests, fmt.Sprintf(waits, 120)
	return e
}

// plea is what was done to a deal that was in step, and the rules that must say no to it.
type plea struct {
	spoil func(c *court)
	rules []string
}

// making is the making of an opportunity.
func making(row string, status int) control.Entry {
	return control.Entry{Method: http.MethodPatch, URL: row, Status: status, RequestHeaders: map[string]string{"If-None-Match": "*"}, RequestBody: `{"cosell_referralid":"` + aReferral + `"}`}
}

func pleas() map[string]plea {
	const row = "/api/data/v9.2/opportunities(" + anOpportunity + ")"
	return map[string]plea{
		"nothing is wrong": {func(*court) {}, nil},
		"a second referral": {func(c *court) {
			c.b.referrals["other"] = fields{"organizationId": organizationID, "status": "Active", "externalReferenceId": strings.ToUpper(anOpportunity)}
		}, []string{"once"}},
		"a second referral that was closed since": {func(c *court) { c.pc = append(c.pc, c.pc[0]) }, []string{"once"}},
		"a second opportunity": {func(c *court) {
			c.b.tables["opportunity"]["other"] = fields{"cosell_referralid": aReferral}
		}, []string{"once"}},
		"an opportunity that was made again":         {func(c *court) { c.dv = append(c.dv, making(row, 200), making(row, 204)) }, []string{"once"}},
		"a making that nobody saw, and one that was": {func(c *court) { c.dv = append(c.dv, making(row, 0), making(row, 204)) }, nil},
		"a second account": {func(c *court) {
			c.b.tables["account"] = map[string]fields{"a": {"name": "T customer 1", "statecode": 0}, "b": {"name": "T CUSTOMER 1", "statecode": 0}}
		}, []string{"once"}},
		"a second contact": {func(c *court) {
			c.b.tables["contact"] = map[string]fields{"a": {"emailaddress1": "a@example.com"}, "b": {"emailaddress1": "A@example.com"}}
		}, []string{"once"}},
		"no referral":              {func(c *court) { c.s.deals[0].referral = "" }, []string{"arrived"}},
		"a referral of other rows": {func(c *court) { c.referral()["externalReferenceId"] = "x" }, []string{"arrived"}},
		"another value there": {func(c *court) {
			c.referral()["details"].(fields)["dealValue"] = "8"
		}, []string{"in step"}},
		"another value that is told": {func(c *court) {
			c.referral()["details"].(fields)["dealValue"] = "8"
			c.row()["cosell_audit"] = text(c.row()["cosell_audit"]) + "\nvalues.differ: Est. Revenue"
		}, nil},
		"another value that is held": {func(c *court) {
			c.referral()["details"].(fields)["dealValue"] = "8"
			c.held = []held{{Opportunity: anOpportunity, Class: "record"}}
		}, nil},
		"solutions": {func(c *court) {
			c.b.tables["cosell_solution"]["s"] = fields{"_cosell_opportunityid_value": anOpportunity, "statecode": 0, "cosell_identifier": "SOL"}
		}, []string{"in step"}},
		"a cross and nothing held": {func(c *court) { c.row()["name"] = "✗ T deal" }, []string{"in step"}},
		"an edit that we overwrote": {func(c *court) {
			c.pc[0].RequestBody = strings.Replace(c.pc[0].RequestBody, "7", "9", 1)
			c.dv = append(c.dv, change(2, "If-Match: W/1", row, `{"estimatedvalue":9}`))
			c.row()["estimatedvalue"], c.referral()["details"].(fields)["dealValue"] = "9", "9"
		}, []string{"nothing lost"}},
		"an edit that gave way, with a line": {func(c *court) {
			c.pc[0].RequestBody = strings.Replace(c.pc[0].RequestBody, "7", "9", 1)
			c.dv = append(c.dv, change(2, "If-Match: W/1", row, `{"estimatedvalue":9,"cosell_audit":"conflict.resolved: the value of CRM gave way: \"7\""}`))
			c.row()["estimatedvalue"], c.referral()["details"].(fields)["dealValue"] = "9", "9"
		}, nil},
		"an edit that we overwrote before the next": {func(c *court) {
			c.pc[0].RequestBody = strings.Replace(c.pc[0].RequestBody, "7", "9", 1)
			c.dv = append(c.dv, change(2, "If-Match: W/1", row, `{"estimatedvalue":9}`))
			c.s.edits = append(c.s.edits, edit{from: noon(3), to: noon(3), deal: c.s.deals[0], side: inCRM, field: "value", value: "11"})
			c.row()["estimatedvalue"], c.referral()["details"].(fields)["dealValue"] = "11", "11"
		}, []string{"nothing lost"}},
		"an edit that a person typed over": {func(c *court) {
			c.pc[0].RequestBody = strings.Replace(c.pc[0].RequestBody, "7", "11", 1)
			c.s.edits = append(c.s.edits, edit{from: noon(3), to: noon(3), deal: c.s.deals[0], side: inCRM, field: "value", value: "11"})
			c.row()["estimatedvalue"], c.referral()["details"].(fields)["dealValue"] = "11", "11"
		}, nil},
		"a line twice": {func(c *court) {
			c.row()["cosell_audit"] = text(c.row()["cosell_audit"]) + "\nsomething\nsomething"
		}, []string{"lines"}},
		"a conflict twice": {func(c *court) {
			c.row()["cosell_audit"] = text(c.row()["cosell_audit"]) + "\n12:01 conflict.resolved: x (aa)\n12:02 conflict.resolved: x (bb)"
		}, []string{"lines"}},
		"no line of its birth":    {func(c *court) { c.row()["cosell_audit"] = "" }, []string{"lines"}},
		"a change of any version": {func(c *court) { c.pc = append(c.pc, patch(2, "", "/name", `"n"`)) }, []string{"versions"}},
		"a row of any version":    {func(c *court) { c.dv = append(c.dv, change(2, "X: y", row, `{}`)) }, []string{"versions"}},
		"consent taken back": {func(c *court) {
			c.pc[0].ResponseBody = `{"eTag":"1","status":"Active","consent":{"consentToShareReferralWithMicrosoftSellers":true}}`
			c.pc = append(c.pc, patch(2, "1", "/consent/consentToShareReferralWithMicrosoftSellers", "false"))
		}, []string{"doors"}},
		"a closed referral is written": {func(c *court) {
			c.pc[0].ResponseBody = `{"eTag":"1","status":"Closed"}`
			c.pc = append(c.pc, patch(2, "1", "/name", `"n"`))
		}, []string{"doors"}},
		"a referral goes back": {func(c *court) { c.pc = append(c.pc, patch(2, "1", "/status", `"New"`)) }, []string{"doors"}},
		"another help": {func(c *court) {
			c.pc[0].ResponseBody = `{"eTag":"1","status":"Active","inviteContext":{"assistanceRequestCode":"A"}}`
			c.pc = append(c.pc, patch(2, "1", "/inviteContext/assistanceRequestCode", `"B"`))
		}, []string{"doors"}},
		"a call in a wait": {func(c *court) { c.pc = append(c.pc, throttled(), calledAgain(3)) }, []string{"throttles"}},
		"a call after it":  {func(c *court) { c.pc = append(c.pc, throttled(), calledAgain(5)) }, nil},
		"a wait that nobody could hear": {func(c *court) {
			c.pc = append(c.pc, throttled(), calledAgain(3))
			c.s.shaken = []span{{noon(3), noon(4)}}
		}, nil},
		"Microsoft asked once": {func(c *court) {
			c.pc = append(c.pc, made(`{"externalReferenceId":"`+anOpportunity+`","engagementId":"e","inviteContext":{"invitedBy":{}}}`))
		}, nil},
		"Microsoft asked twice": {func(c *court) {
			asked := made(`{"externalReferenceId":"` + anOpportunity + `","engagementId":"e","inviteContext":{"invitedBy":{}}}`)
			c.pc = append(c.pc, asked, asked)
		}, []string{"once"}},
		"an opportunity made twice": {func(c *court) {
			one := change(2, "If-None-Match: *", row, `{"cosell_referralid":"`+aReferral+`"}`)
			c.dv = append(c.dv, one, one)
		}, []string{"once"}},
		"a lead made twice": {func(c *court) {
			one := change(2, "If-None-Match: *", "/api/data/v9.2/leads(x)", `{"cosell_referralid":"`+aReferral+`"}`)
			c.dv = append(c.dv, one, one)
		}, []string{"once"}},
		"a referral of the portal that is nothing in the CRM": {func(c *court) {
			d := c.s.deals[0]
			d.born, d.opportunity, c.s.edits = "portal", "", nil
			c.b.tables["opportunity"] = nil
		}, []string{"arrived"}},
		"two lines of its birth": {func(c *court) {
			c.row()["cosell_audit"] = text(c.row()["cosell_audit"]) + "\n2026-03-02 12:07 - to Partner Center: referral " + aReferral + " created, sync success (bb)"
		}, []string{"lines"}},
		"any version of a referral": {func(c *court) { c.pc = append(c.pc, patch(2, "*", "/name", `"n"`)) }, []string{"versions"}},
		"any version of a row":      {func(c *court) { c.dv = append(c.dv, change(2, "If-Match: *", row, `{}`)) }, []string{"versions"}},
		"a task of our own is done": {func(c *court) { c.dv = append(c.dv, change(2, "If-Match: *", "/api/data/v9.2/tasks(x)", `{}`)) }, nil},
		"a row is won": {func(c *court) {
			c.dv = append(c.dv, control.Entry{At: noon(2), Method: "POST", URL: "https://" + crmHost + "/api/data/v9.2/WinOpportunity", Status: 204})
		}, nil},
		"the CRM called in a wait": {func(c *court) {
			first, second := throttled(), calledAgain(3)
			first.URL, second.URL = "https://"+crmHost+"/api/data/v9.2/x", "https://"+crmHost+"/api/data/v9.2/y"
			c.dv = append(c.dv, first, second)
		}, []string{"throttles"}},
	}
}

func TestJudgesSayNo(t *testing.T) {
	for name, c := range pleas() {
		court := trial()
		c.spoil(court)
		if got := court.verdict(); !slices.Equal(got, c.rules) {
			t.Errorf("%s: %v, want %v: %+v", name, got, c.rules, court.found)
		}
	}
}

// A lead is on both sides as a lead; a deal that somebody deleted is nobody's any more.
func TestWhatMustBeOnBothSides(t *testing.T) {
	c := trial()
	d := c.s.deals[0]
	d.born, d.opportunity, d.lead = "lead", "", true
	c.s.edits = nil
	if got := c.verdict(); !slices.Equal(got, []string{"arrived"}) {
		t.Errorf("%v", c.found)
	}
	c = trial()
	d = c.s.deals[0]
	d.born, d.opportunity, d.lead = "lead", "", true
	c.s.edits, c.b.tables["lead"] = nil, map[string]fields{"l": {"cosell_referralid": aReferral}}
	c.b.tables["opportunity"] = nil
	if got := c.verdict(); got != nil {
		t.Errorf("%v", c.found)
	}
	c = trial()
	c.s.deals[0].dropped = true
	delete(c.b.tables["opportunity"], anOpportunity)
	if got := c.verdict(); got != nil {
		t.Errorf("%v", c.found)
	}
}

func TestWritesAreReadFromBatches(t *testing.T) {
	e := change(1, "If-Match: W/1", "/api/data/v9.2/opportunities(o)", `{"estimatedvalue":9}`)
	e.RequestBody = "GET /x HTTP/1.1\r\n\r\n--b\r\n" + e.RequestBody
	all := writes([]control.Entry{e, {Method: "GET"}, {Method: "POST", URL: "https://login/oauth2/token"}})
	if len(all) != 1 || all[0].header["if-match"] != "W/1" || !all[0].taken {
		t.Fatalf("%+v", all)
	}
	if v, ok := all[0].sets(mappedFields()[1], inCRM); v != "9" || !ok {
		t.Errorf("%q %v", v, ok)
	}
	e.ResponseBody = "HTTP/1.1 412 Precondition Failed"
	if all := writes([]control.Entry{e}); all[0].taken {
		t.Error("a change set that was refused counts as done")
	}
}
