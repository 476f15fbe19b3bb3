package dataversesim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

const contracts = `http:\/\/schemas.microsoft.com\/xrm\/2011\/Contracts`

func TestUpdateEventHasTheShapeOfTheContext(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity("")
	w.deliver(200)
	w.do("PATCH", "opportunities("+id+")?tag=cosell%2F1", `{"name":"A/B 😀","estimatedvalue":125000,"estimatedclosedate":"2026-03-31","cosell_sync":true,"cosell_help":700010001,"parentaccountid@odata.bind":"/accounts(`+dataversesim.AccountID+`)","description":null}`).is(204)
	events := w.deliver(200)
	if len(events) != 1 {
		t.Fatalf("events: %s", messages(events))
	}
	e := events[0]
	if e.url != "https://product.example/api/crm" {
		t.Errorf("url %s", e.url)
	}
	for name, want := range map[string]string{"Content-Type": "application/json", "x-ms-dynamics-organization": host, "x-ms-dynamics-entity-name": "opportunity",
		"x-ms-dynamics-request-name": "Update", "x-cosell-key": `a<b&"c`, "x-ms-correlation-request-id": fmt.Sprint(e.body["CorrelationId"]), "x-ms-dynamics-msg-size-exceeded": ""} {
		if got := e.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	contains(t, e.body, map[string]any{"MessageName": "Update", "PrimaryEntityName": "opportunity", "PrimaryEntityId": id, "Stage": 40, "Mode": 1, "Depth": 1,
		"UserId": dataversesim.ApplicationUserID, "InitiatingUserId": dataversesim.ApplicationUserID, "OrganizationId": "0a000000-0000-4000-8000-0000000000cc",
		"OrganizationName": "cosell", "OperationCreatedOn": "/Date(1774948500000+0000)/", "RequestId": nil, "BusinessUnitId": dataversesim.BusinessUnitID})
	for _, want := range []string{
		`{"key":"name","value":"A\/B \ud83d\ude00"}`,
		`{"key":"estimatedvalue","value":{"__type":"Money:` + contracts + `","Value":125000.00}}`,
		`{"key":"estimatedclosedate","value":"\/Date(1774915200000)\/"}`,
		`{"key":"cosell_sync","value":true}`,
		`{"key":"cosell_help","value":{"__type":"OptionSetValue:` + contracts + `","Value":700010001}}`,
		`{"key":"parentaccountid","value":{"__type":"EntityReference:` + contracts + `","Id":"` + dataversesim.AccountID + `","KeyAttributes":[],"LogicalName":"account","Name":null,"RowVersion":null}}`,
		`{"key":"description","value":null}`,
		`{"key":"modifiedon","value":"\/Date(1774948500000)\/"}`,
		`"OwningExtension":{"Id":"`,
	} {
		if !strings.Contains(e.raw, want) {
			t.Errorf("no %s in\n%s", want, e.raw)
		}
	}
	if got := keys(target(t, e)["Attributes"]); got != "opportunityid,name,estimatedvalue,estimatedclosedate,cosell_sync,cosell_help,parentaccountid,description,modifiedon,modifiedby,modifiedonbehalfby" {
		t.Errorf("attributes %s", got)
	}
	parent := e.body["ParentContext"].(map[string]any)
	if pair(t, parent["SharedVariables"], "tag") != "cosell/1" || pair(t, e.body["SharedVariables"], "tag") != nil {
		t.Errorf("tag is not in the parent alone")
	}
	contains(t, parent, map[string]any{"Stage": 30, "ParentContext": nil})
	name := pair(t, e.body["PostEntityImages"], "AsynchronousStepPrimaryName").(map[string]any)
	if pair(t, name["Attributes"], "name") != "A/B 😀" || name["__type"] != nil {
		t.Errorf("AsynchronousStepPrimaryName %v", name)
	}
}

func TestTagCanSitInTheOuterContext(t *testing.T) {
	w := newWorld(t)
	w.flip("tagLevel", "outer")
	w.create("opportunities?tag=x", `{"name":"n"}`)
	e := w.deliver(200)[0]
	parent := e.body["ParentContext"].(map[string]any)
	if pair(t, parent["SharedVariables"], "tag") != nil || pair(t, e.body["SharedVariables"], "tag") != "x" {
		t.Error("tag is not in the outer context alone")
	}
}

func TestIdsAndDatesCanBeWrapped(t *testing.T) {
	w := newWorld(t)
	w.flip("wrappedValues", true)
	id := w.opportunity("")
	e := w.deliver(200)[0]
	if !strings.Contains(e.raw, `{"key":"opportunityid","value":{"__type":"Guid:#System","__value":"`+id+`"}}`) ||
		!strings.Contains(e.raw, `{"key":"createdon","value":{"__type":"DateTime:#System","__value":"\/Date(1774948500000)\/"}}`) {
		t.Error(e.raw)
	}
}

func TestFilteringAttributesAskForPresenceNotForChange(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity("")
	w.deliver(200)
	w.do("PATCH", "opportunities("+id+")", `{"stepname":"x","cosell_errorcode":"y"}`).is(204)
	if got := messages(w.deliver(200)); got != "" {
		t.Errorf("columns outside of the filter raised %s", got)
	}
	w.do("PATCH", "opportunities("+id+")", `{"name":"Deal","stepname":"x"}`).is(204)
	if got := messages(w.deliver(200)); got != "Update opportunity" {
		t.Errorf("a filtered column with its old value raised %q", got)
	}
	w.do("PATCH", "opportunities("+id+")", `{}`).is(204)
	if got := messages(w.deliver(200)); got != "" {
		t.Errorf("an empty update raised %s", got)
	}
}

func TestUpdateOfStateAndOthersRaisesTwoEvents(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity("")
	w.deliver(200)
	w.do("PATCH", "opportunities("+id+")", `{"name":"N","statuscode":2,"statecode":0}`).is(204)
	events := w.deliver(200)
	if len(events) != 2 {
		t.Fatalf("events %s", messages(events))
	}
	if got := keys(target(t, events[0])["Attributes"]); got != "opportunityid,name,modifiedon,modifiedby,modifiedonbehalfby" {
		t.Errorf("first: %s", got)
	}
	if got := keys(target(t, events[1])["Attributes"]); got != "opportunityid,statuscode,statecode,modifiedon,modifiedby,modifiedonbehalfby" {
		t.Errorf("second: %s", got)
	}
}

func TestCreateAndDeleteEvents(t *testing.T) {
	w := newWorld(t)
	opp := w.opportunity("")
	id := w.create("cosell_solutions", `{"cosell_name":"S","cosell_price":12.5,"cosell_OpportunityId@odata.bind":"/opportunities(`+opp+`)"}`)
	events := w.deliver(200)
	if got := messages(events); got != "Create opportunity, Create cosell_solution" {
		t.Fatalf("events %s", got)
	}
	if pair(t, events[1].body["OutputParameters"], "id") != id || !strings.Contains(events[1].raw, `{"key":"cosell_price","value":12.5000}`) {
		t.Errorf("create: %s", events[1].raw)
	}
	if pair(t, target(t, events[0])["FormattedValues"], "statecode") != "Open" {
		t.Errorf("formatted values of a create: %v", target(t, events[0])["FormattedValues"])
	}
	w.do("DELETE", "opportunities("+opp+")", "").is(204)
	events = w.deliver(200)
	if got := messages(events); got != "Delete opportunity, Delete cosell_solution" {
		t.Fatalf("events %s", got)
	}
	contains(t, target(t, events[0]), map[string]any{"Id": opp, "LogicalName": "opportunity"})
	pre := pair(t, events[1].body["PreEntityImages"], "pre").(map[string]any)
	if to := pair(t, pre["Attributes"], "cosell_opportunityid").(map[string]any); to["Id"] != opp || pre["__type"] != nil {
		t.Errorf("pre image %v", pre)
	}
	if len(pair(t, events[1].body["PostEntityImages"], "AsynchronousStepPrimaryName").(map[string]any)["Attributes"].([]any)) != 2 {
		t.Error("no primary name with Delete")
	}
}

func TestUpdateEventCarriesThePreImage(t *testing.T) {
	w := newWorld(t)
	first, second := w.opportunity(""), w.opportunity("")
	id := w.create("cosell_solutions", `{"cosell_OpportunityId@odata.bind":"/opportunities(`+first+`)"}`)
	w.deliver(200)
	w.do("PATCH", "cosell_solutions("+id+")", `{"cosell_OpportunityId@odata.bind":"/opportunities(`+second+`)"}`).is(204)
	e := w.deliver(200)[0]
	pre := pair(t, e.body["PreEntityImages"], "pre").(map[string]any)
	if pair(t, pre["Attributes"], "cosell_opportunityid").(map[string]any)["Id"] != first || pair(t, target(t, e)["Attributes"], "cosell_opportunityid").(map[string]any)["Id"] != second {
		t.Error(e.raw)
	}
	if pair(t, pre["FormattedValues"], "cosell_opportunityid") != "Deal" {
		t.Errorf("formatted values %v", pre["FormattedValues"])
	}
}

func TestWinAndLoseEvents(t *testing.T) {
	for message, status := range map[string]string{"Win": "3", "Lose": "5"} {
		w := newWorld(t)
		id := w.opportunity("")
		w.deliver(200)
		w.do("POST", message+"Opportunity", closeBody(id, status, `,"actualrevenue":5`)).is(204)
		events := w.deliver(200)
		if got := messages(events); got != message+" opportunity, Update opportunity, Update opportunity" {
			t.Fatalf("events %s", got)
		}
		e := events[0]
		if got := keys(e.body["InputParameters"]); got != "OpportunityClose,Status" {
			t.Errorf("parameters %s", got)
		}
		activity := pair(t, e.body["InputParameters"], "OpportunityClose").(map[string]any)
		if to := pair(t, activity["Attributes"], "opportunityid").(map[string]any); to["Id"] != id || activity["LogicalName"] != "opportunityclose" {
			t.Errorf("activity %v", activity)
		}
		if got := fmt.Sprint(pair(t, e.body["InputParameters"], "Status").(map[string]any)["Value"]); got != status {
			t.Errorf("Status %s", got)
		}
		if e.body["PrimaryEntityId"] != id || len(e.body["PreEntityImages"].([]any)) != 0 {
			t.Error(e.raw)
		}
	}
	w := newWorld(t)
	w.flip("winRaisesUpdate", false)
	id := w.opportunity("")
	w.deliver(200)
	w.do("POST", "WinOpportunity", closeBody(id, "3", "")).is(204)
	if got := messages(w.deliver(200)); got != "Win opportunity" {
		t.Errorf("without Update: %s", got)
	}
}

func TestLargeEventsLoseParametersAndImages(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity("")
	w.deliver(200)
	w.do("PATCH", "opportunities("+id+")", `{"name":"n","cosell_audit":"`+strings.Repeat("😀", 25000)+`"}`).is(204)
	e := w.deliver(200)[0]
	if e.header.Get("x-ms-dynamics-msg-size-exceeded") == "" {
		t.Error("no header")
	}
	for _, gone := range []string{"ParentContext", "InputParameters", "PreEntityImages", "PostEntityImages"} {
		if _, there := e.body[gone]; there {
			t.Errorf("%s is still there", gone)
		}
	}
	contains(t, e.body, map[string]any{"PrimaryEntityId": id, "MessageName": "Update", "InitiatingUserId": dataversesim.ApplicationUserID})
	w.flip("eventLimitBytes", 100)
	w.do("PATCH", "opportunities("+id+")", `{"name":"n"}`).is(204)
	if events := w.deliver(200); len(events) != 0 {
		t.Error("an event above the limit was sent")
	}
	if got := w.do("GET", "asyncoperations?$select=errorcode", "").rows()[0]["errorcode"].(float64); uint32(int64(got)) != 0x80050207 {
		t.Errorf("errorcode %v", got)
	}
}

func TestStepsAreRowsAndTakeEffectAtOnce(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity("")
	w.deliver(200)
	steps := w.do("GET", "sdkmessageprocessingsteps?$select=name&$filter=sdkmessageid/name eq 'Update' and sdkmessagefilterid/primaryobjecttypecode eq 'opportunity'", "").rows()
	step := "sdkmessageprocessingsteps(" + steps[0]["sdkmessageprocessingstepid"].(string) + ")"
	change := func() string {
		w.do("PATCH", "opportunities("+id+")", `{"name":"n"}`).is(204)
		return messages(w.deliver(200))
	}
	w.do("PATCH", step, `{"statecode":1,"statuscode":2}`).is(204)
	if got := change(); got != "" {
		t.Errorf("a disabled step sent %s", got)
	}
	w.do("PATCH", step, `{"statecode":0,"filteringattributes":"stepname"}`).is(204)
	if got := change(); got != "" {
		t.Errorf("the new filter was not heeded: %s", got)
	}
	w.do("PATCH", step, `{"filteringattributes":null}`).is(204)
	if got := change(); got != "Update opportunity" {
		t.Errorf("without a filter every update counts: %q", got)
	}
	w.do("DELETE", step, "").is(204)
	if got := change(); got != "" {
		t.Errorf("a deleted step sent %s", got)
	}
}

func TestStepsAndEndpointsRegisteredByTheWebAPI(t *testing.T) {
	w := newWorld(t)
	endpoint := w.create("serviceendpoints", `{"name":"mine","contract":8,"authtype":4,"url":"https://other.example/hook?x=1","authvalue":"k/1"}`)
	message := w.do("GET", "sdkmessages?$select=sdkmessageid&$filter=name eq 'Update'", "").rows()[0]["sdkmessageid"].(string)
	filter := w.do("GET", "sdkmessagefilters?$select=sdkmessagefilterid&$filter=primaryobjecttypecode eq 'contact' and _sdkmessageid_value eq "+message, "").rows()[0]["sdkmessagefilterid"].(string)
	body := func(mode string) string {
		return `{"name":"s","mode":` + mode + `,"stage":40,"rank":1,"sdkmessageid@odata.bind":"/sdkmessages(` + message + `)","sdkmessagefilterid@odata.bind":"/sdkmessagefilters(` + filter +
			`)","eventhandler_serviceendpoint@odata.bind":"/serviceendpoints(` + endpoint + `)"}`
	}
	w.do("POST", "sdkmessageprocessingsteps", body("0")).is(501)
	w.do("POST", "sdkmessageprocessingsteps", `{"name":"s","mode":1}`).is(400)
	step := w.create("sdkmessageprocessingsteps", body("1"))
	w.create("sdkmessageprocessingstepimages", `{"name":"b","entityalias":"both","imagetype":2,"messagepropertyname":"Target","attributes":"lastname","sdkmessageprocessingstepid@odata.bind":"/sdkmessageprocessingsteps(`+step+`)"}`)
	send := func() sentEvent {
		t.Helper()
		w.do("PATCH", "contacts("+dataversesim.ContactID+")", `{"jobtitle":"x","lastname":"New"}`).is(204)
		for _, e := range w.deliver(200) {
			if strings.HasPrefix(e.url, "https://other.example/") {
				return e
			}
		}
		t.Fatal("no event for the new step")
		return sentEvent{}
	}
	e := send()
	if e.url != "https://other.example/hook?x=1&code=k%2F1" {
		t.Errorf("webhook key: %s", e.url)
	}
	pre, post := pair(t, e.body["PreEntityImages"], "both").(map[string]any), pair(t, e.body["PostEntityImages"], "both").(map[string]any)
	if pair(t, pre["Attributes"], "lastname") != "Example" || pair(t, post["Attributes"], "lastname") != "New" {
		t.Errorf("images %v %v", pre, post)
	}
	w.do("PATCH", "serviceendpoints("+endpoint+")", `{"authtype":6,"authvalue":"<settings><setting name=\"a\" value=\"b&amp;c\" /></settings>"}`).is(204)
	if e = send(); e.url != "https://other.example/hook?x=1&a=b%26c" {
		t.Errorf("query string: %s", e.url)
	}
	w.do("PATCH", "serviceendpoints("+endpoint+")", `{"authtype":5,"authvalue":"no xml"}`).is(204)
	w.do("PATCH", "contacts("+dataversesim.ContactID+")", `{"jobtitle":"x"}`).is(204)
	w.deliver(200)
	if got := w.do("GET", "asyncoperations?$select=errorcode&$filter=_owningextensionid_value eq "+step+" and statuscode eq 31", "").rows()[0]["errorcode"].(float64); uint32(int64(got)) != 0x80050203 {
		t.Errorf("malformed authvalue: %v", got)
	}
	w.do("DELETE", "serviceendpoints("+endpoint+")", "").is(204)
	w.do("GET", "sdkmessageprocessingsteps("+step+")", "").is(404)
}

func TestStepsCanBeBypassedWithThePrivilege(t *testing.T) {
	w := newWorld(t)
	all := []string{"MSCRM.BypassBusinessLogicExecution", "CustomSync,CustomAsync"}
	w.do("POST", "opportunities", `{"name":"x"}`, all...).refused(403, "0x80040220")
	w.flip("bypassPrivilege", true)
	w.do("POST", "opportunities", `{"name":"x"}`, all...).is(204)
	steps := w.do("GET", "sdkmessageprocessingsteps?$select=name&$filter=sdkmessageid/name eq 'Create' and sdkmessagefilterid/primaryobjecttypecode eq 'opportunity'", "").rows()
	ids := "MSCRM.BypassBusinessLogicExecutionStepIds"
	w.do("POST", "opportunities", `{"name":"x"}`, ids, steps[0]["sdkmessageprocessingstepid"].(string)).is(204)
	if got := messages(w.deliver(200)); got != "" {
		t.Errorf("bypassed steps sent %s", got)
	}
	w.do("POST", "opportunities", `{"name":"x"}`, ids, "a,b,c,d").is(400)
}

func TestImpersonationShowsBothUsers(t *testing.T) {
	w := newWorld(t)
	object := w.do("GET", "systemusers("+dataversesim.SellerID+")", "").json["azureactivedirectoryobjectid"].(string)
	id := w.create("opportunities", `{"name":"x"}`, "CallerObjectId", object)
	e := w.deliver(200)[0]
	contains(t, e.body, map[string]any{"UserId": dataversesim.SellerID, "InitiatingUserId": dataversesim.ApplicationUserID, "UserAzureActiveDirectoryObjectId": object})
	w.do("GET", "opportunities("+id+")", "").has(map[string]any{"_createdby_value": dataversesim.SellerID, "_createdonbehalfby_value": dataversesim.ApplicationUserID, "_ownerid_value": dataversesim.SellerID})
	w.do("GET", "WhoAmI", "", "CallerObjectId", unknownID).refused(403, "0x80072560")
}

// jobs lists state and status of the jobs there are.
func (w *world) jobs() string {
	w.Helper()
	var out []string
	for _, r := range w.do("GET", "asyncoperations?$select=statecode,statuscode", "").rows() {
		out = append(out, fmt.Sprintf("%v/%v", r["statecode"], r["statuscode"]))
	}
	return strings.Join(out, " ")
}

func TestJobsGoThroughTheirStates(t *testing.T) {
	w := newWorld(t)
	w.opportunity("")
	if got := w.jobs(); got != "0/0" {
		t.Errorf("after the commit: %s", got)
	}
	if w.news.Load() != 1 || w.sim.Pending(w.now()) != 1 {
		t.Errorf("news %d, pending %d", w.news.Load(), w.sim.Pending(w.now()))
	}
	if next, ok := w.sim.Next(); !ok || next.After(w.now()) {
		t.Errorf("Next %v %t", next, ok)
	}
	out := w.sim.Advance(w.now())
	if got := w.jobs(); got != "2/20" || w.sim.Pending(w.now()) != 1 {
		t.Errorf("in flight: %s, pending %d", got, w.sim.Pending(w.now()))
	}
	w.sim.Delivered(out[0].ID, 202)
	if got := w.jobs(); got != "" || w.sim.Pending(w.now()) != 0 {
		t.Errorf("after success: %s, pending %d", got, w.sim.Pending(w.now()))
	}
	if _, ok := w.sim.Next(); ok {
		t.Error("something is due though nothing is left")
	}
}

func TestOneRetryForGatewayErrorsOnly(t *testing.T) {
	for status, retried := range map[int]bool{502: true, 503: true, 504: true, 500: false, 429: false, 408: false, 401: false, 0: false, 302: false} {
		w := newWorld(t)
		w.opportunity("")
		first := w.deliver(status)
		w.advance(4 * time.Second)
		if len(w.deliver(200)) != 0 {
			t.Errorf("%d: a retry came too early", status)
		}
		w.advance(time.Second)
		again := w.deliver(status)
		if (len(again) == 1) != retried {
			t.Errorf("%d: %d retries", status, len(again))
		}
		if retried && again[0].raw != first[0].raw {
			t.Errorf("%d: the retry differs", status)
		}
		w.advance(10 * time.Minute)
		if len(w.deliver(200)) != 0 {
			t.Errorf("%d: a third attempt", status)
		}
		if got := w.jobs(); got != "3/31" {
			t.Errorf("%d: the job ends as %s", status, got)
		}
	}
	w := newWorld(t)
	w.flip("retryOnNoAnswer", true)
	w.opportunity("")
	w.deliver(0)
	w.advance(5 * time.Second)
	if len(w.deliver(200)) != 1 || w.jobs() != "" {
		t.Error("switch retryOnNoAnswer: no second attempt")
	}
}
