package opportunities

import (
	"context"
	"errors"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient/httpclienttest"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/cosell-sync/cosell-sync/shared/mapping/mappingtest"
)

func opportunityRow(t testing.TB, changes map[string]any) string {
	t.Helper()
	raw, err := os.ReadFile("testdata/opportunity.json")
	if err != nil {
		t.Fatal(err)
	}
	return httpclienttest.Patched(t, string(raw), changes)
}

const catalogueRow = `{"cosell_solutiondetailid":"2a7d8f55-3333-4a5d-8c12-0a5c3d2e0021","cosell_identifier":"SOL-1","cosell_name":"One"}`

func testCRM(t *testing.T, changes map[string]any, options ...func(*Options)) (*Store, *crm, *httpclienttest.Wire) {
	t.Helper()
	c := &crm{t: t, row: opportunityRow(t, changes), rows: map[string]string{}, fail: map[string]reply{}, lists: map[string]string{
		"cosell_solutiondetails": catalogueRow,
		"transactioncurrencies":  `{"transactioncurrencyid":"0d3b3d1e-2222-4a0b-8a11-0a5c3d2e0002","isocurrencycode":"EUR"},{"transactioncurrencyid":"0d3b3d1e-2222-4a0b-8a11-0a5c3d2e0003","isocurrencycode":"USD"}`,
	}}
	s, w := testStore(t, c.ServeHTTP, options...)
	return s, c, w
}

func read(t *testing.T, s *Store) cosell.Opportunity {
	t.Helper()
	o, err := s.Get(context.Background(), crmID)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// A row that names nothing is no row of the catalogue, also not of one that has no identifier yet.
func TestARowThatNamesNothingIsNoService(t *testing.T) {
	s, crm, _ := testCRM(t, nil)
	crm.lists["cosell_solutiondetails"] += `,{"cosell_solutiondetailid":"2a7d8f55-3333-4a5d-8c12-0a5c3d2e0099","cosell_identifier":" ","cosell_name":"Draft","cosell_type":"Consulting service"}`
	if o := read(t, s); !strings.Contains(o.Record["unreadable/solutions"], "nothing chosen") || o.Record[cosell.ServicesDeal] != "" {
		t.Errorf("services deal %q, %q", o.Record[cosell.ServicesDeal], o.Record["unreadable/solutions"])
	}
}

func TestOpportunityGivesAllFieldsInOneCall(t *testing.T) {
	s, _, w := testCRM(t, nil)
	read(t, s)
	before := len(w.Calls)
	o := read(t, s)
	if len(w.Calls) != before+1 {
		t.Errorf("%d calls once metadata and catalogue are known:\n%s", len(w.Calls)-before, w.List())
	}
	want := cosell.Record{
		"name": "Fabric roll-out", "mark": "ok", "dealValue": "85000", "currency": "EUR", "closingDate": "2026-09-30", "notes": "line 1\nline 2",
		"status": "open", "consent": "true", "visibility": "true", "unreadable/solutions": `not sent, because no solution of the catalogue is chosen and no identifier is filled in: "nothing chosen"`, "help": "GeneralOrOther", "sync": "true", "audit": "2026-05-04 09:00 - x",
		"referralId": ownID, "referralLink": "https://partner.microsoft.com/x", "microsoftCrmId": "", "microsoftStatus": "", "microsoftSeller": "",
		"team": "1", "team.first": "kim@northwind.example", "contacts.first": "ada@tailspin.example", "team/kim@northwind.example": `{"email":"kim@northwind.example","firstName":"Kim","lastName":"Seller","phone":"1"}`,
		"contacts": "1", "contacts/ada@tailspin.example": `{"email":"Ada@Tailspin.example","firstName":"Ada","lastName":"Example","phone":"+49"}`,
		"solutions": "2", "solutions/SOL-1": `{"currency":"EUR","name":"One","price":"10.5","quantity":"2"}`, "solutions/SOL-2": `{"name":"Typed"}`,
		"customerName": "Tailspin Toys GmbH", "customerAddress1": "Musterweg 1", "customerAddress2": "", "customerCity": "Hamburg",
		"customerState": "HH", "customerPostalCode": "20095", "customerCountry": "Germany",
	}
	mappingtest.Fill(t, want, o.Record, func(r mapping.Row) bool { return r.CRM != "" && !strings.Contains(r.CRM, "/") })
	if d := cmp.Diff(want, o.Record); d != "" {
		t.Errorf("record (-want +got):\n%s", d)
	}
	if o.ID != crmID || o.Version != `W/"100"` || o.Modified.IsZero() || !o.Read.Equal(serverNow) || !o.Synced() {
		t.Errorf("%+v", o.Side)
	}
}

func TestMissingRelativesOfAnOpportunityLeaveFieldsAbsent(t *testing.T) {
	s, _, _ := testCRM(t, map[string]any{"parentaccountid": nil, "parentcontactid": nil, "owninguser": nil, "transactioncurrencyid": nil,
		"cosell_opportunity_solution": nil, "Opportunity_OpportunityClose": httpclienttest.Absent, "cosell_help": nil})
	o := read(t, s)
	for _, f := range []cosell.Field{cosell.CustomerName, cosell.CustomerCountry, cosell.Team, cosell.Reason} {
		if v, ok := o.Record[f]; ok {
			t.Errorf("%s is %q", f, v)
		}
	}
	if o.Record[cosell.Contacts] != "0" || o.Record[cosell.Solutions] != "0" || o.Record[cosell.Currency] != "" || o.Record[cosell.Help] != "" {
		t.Errorf("%v", o.Record)
	}
	person := map[string]any{"firstname": "Per", "lastname": "Son", "emailaddress1": "per@x"}
	s, _, _ = testCRM(t, map[string]any{"parentaccountid": nil, "parentcontactid": nil, "customerid_contact": person})
	if o := read(t, s); o.Record[cosell.Contacts.Of("per@x")] == "" || o.Record[cosell.CustomerName] != "" {
		t.Errorf("a customer that is a person: %v", o.Record)
	}
	s, _, _ = testCRM(t, map[string]any{"parentaccountid": nil, "customerid_account": map[string]any{"name": "Customer"}})
	if o := read(t, s); o.Record[cosell.CustomerName] != "Customer" {
		t.Errorf("a customer in customerid alone: %v", o.Record)
	}
}

func TestWonShowsActualValues(t *testing.T) {
	s, _, _ := testCRM(t, map[string]any{"statecode": 1, "statuscode": 3, "actualvalue": 1, "actualclosedate": "2026-05-01",
		"Opportunity_OpportunityClose": []any{map[string]any{"subject": "Opportunity Close - Fabric", "description": nil}}})
	o := read(t, s)
	if o.Record[cosell.DealValue] != "1" || o.Record[cosell.ClosingDate] != "2026-05-01" || o.Record[cosell.Status] != cosell.Won || o.Record[cosell.Reason] != "" {
		t.Errorf("%v", o.Record)
	}
	open, _, _ := testCRM(t, nil)
	before := read(t, open)
	if before.Own != nil || len(o.Own) != 2 || o.Own[cosell.DealValue] != before.Record[cosell.DealValue] || o.Own[cosell.ClosingDate] != before.Record[cosell.ClosingDate] {
		t.Errorf("the own columns of a won deal hold %v, of an open one %v", o.Own, before.Own)
	}
}

func TestPutIsOneConditionalPatch(t *testing.T) {
	s, _, w := testCRM(t, nil)
	o := read(t, s)
	_, err := s.Put(context.Background(), o, cosell.Record{cosell.Name: "New name", cosell.DealValue: "90000.5", cosell.Currency: "USD",
		cosell.ClosingDate: "2026-10-01", cosell.Notes: "", cosell.Visibility: "true", cosell.Help: "QuotesOrLicensing", cosell.Audit: "line",
		cosell.Status: cosell.OnHold, cosell.MicrosoftSeller: "S T", cosell.CustomerName: "not through the opportunity", cosell.Mark: cosell.MarkFailed})
	if err != nil {
		t.Fatal(err)
	}
	call := w.Last()
	if call.Method != "PATCH" || call.Header.Get("If-Match") != o.Version || !strings.Contains(call.Header.Get("Prefer"), "return=representation") {
		t.Errorf("%s %v", call, call.Header)
	}
	httpclienttest.SameJSON(t, `{"name":"✗ New name","estimatedvalue":90000.5,"transactioncurrencyid@odata.bind":"/transactioncurrencies(0d3b3d1e-2222-4a0b-8a11-0a5c3d2e0003)",
		"estimatedclosedate":"2026-10-01","description":null,"cosell_visible":true,"cosell_help":700010003,"cosell_audit":"line","statuscode":2,
		"cosell_microsoftseller":"S T"}`, call.Body)
}

func TestAssumedOpportunityIsWrittenWithoutReading(t *testing.T) {
	s, _, w := testCRM(t, map[string]any{"cosell_help": nil, "cosell_opportunity_solution": []any{}})
	assumed := cosell.Opportunity{Side: cosell.Side{ID: crmID, Version: `W/"100"`, Record: cosell.Record{cosell.Mark: cosell.MarkOK, cosell.Name: "sha256:00", cosell.Status: "open"}}}
	o, err := s.Put(context.Background(), assumed, cosell.Record{cosell.Name: "New", cosell.DealValue: "1"})
	if err != nil || len(w.Calls) != 1 || o.Record[cosell.Notes] == "" {
		t.Fatalf("%v, %d calls, %v", err, len(w.Calls), o.Record)
	}
	httpclienttest.SameJSON(t, `{"name":"✓ New","estimatedvalue":1}`, w.Last().Body)
	for _, values := range []cosell.Record{{cosell.Solutions.Of("SOL-1"): "{}"}, {cosell.Mark: cosell.MarkFailed}} {
		if _, err := s.Put(context.Background(), assumed, values); !errors.Is(err, cosell.ErrUnread) {
			t.Errorf("%v: %v", values, err)
		}
	}
	if len(w.Calls) != 1 {
		t.Errorf("written without knowing:\n%s", w.List())
	}
}

func TestSystemCalculatedRevenueIsNotWritten(t *testing.T) {
	s, _, w := testCRM(t, map[string]any{"isrevenuesystemcalculated": true})
	o := read(t, s)
	before := len(w.Calls)
	if _, err := s.Put(context.Background(), o, cosell.Record{cosell.DealValue: "1"}); err != nil || len(w.Calls) != before {
		t.Errorf("%v, %s", err, w.Last())
	}
	if _, err := s.Put(context.Background(), o, cosell.Record{cosell.DealValue: "1", cosell.Notes: "n"}); err != nil {
		t.Fatal(err)
	}
	httpclienttest.SameJSON(t, `{"description":"n"}`, w.Last().Body)
}

func TestCheckMarkOffLeavesTheNameAlone(t *testing.T) {
	off := func(o *Options) { o.CheckMark = false }
	s, _, w := testCRM(t, nil, off)
	o := read(t, s)
	before := len(w.Calls)
	if _, err := s.Put(context.Background(), o, cosell.Record{cosell.Mark: cosell.MarkFailed}); err != nil || len(w.Calls) != before {
		t.Errorf("%v, %s %s", err, w.Last(), w.Last().Body)
	}
	if _, err := s.Put(context.Background(), o, cosell.Record{cosell.Mark: cosell.MarkOK, cosell.Name: "From PC"}); err != nil {
		t.Fatal(err)
	}
	httpclienttest.SameJSON(t, `{"name":"From PC"}`, w.Last().Body)
}

func TestMarkFlipsAndTheSameNameIsNotWritten(t *testing.T) {
	s, _, w := testCRM(t, map[string]any{"name": "✓ ✗ ✔ Deal"})
	o := read(t, s)
	if _, err := s.Put(context.Background(), o, cosell.Record{cosell.Mark: cosell.MarkFailed}); err != nil {
		t.Fatal(err)
	}
	httpclienttest.SameJSON(t, `{"name":"✗ Deal"}`, w.Last().Body)
	s, _, w = testCRM(t, nil)
	o = read(t, s)
	before := len(w.Calls)
	if _, err := s.Put(context.Background(), o, cosell.Record{cosell.Mark: cosell.MarkOK, cosell.Name: "Fabric roll-out"}); err != nil || len(w.Calls) != before {
		t.Errorf("%v, %s", err, w.Last().Body)
	}
}

func TestVersionConflictIsAConflict(t *testing.T) {
	s, c, _ := testCRM(t, nil)
	o := read(t, s)
	c.fail["PATCH opportunities("+crmID+")"] = reply{412, "0x80060882"}
	c.fail["batch"] = reply{412, "0x80060882"}
	for _, values := range []cosell.Record{{cosell.Notes: "x"}, {cosell.Status: cosell.Lost}} {
		if _, err := s.Put(context.Background(), o, values); !fault.Is(err, fault.Conflict) {
			t.Errorf("%v: %v", values, err)
		}
	}
}

func TestSolutionRowsAreWrittenOneByOneWithTheirVersions(t *testing.T) {
	s, c, _ := testCRM(t, nil)
	o := read(t, s)
	_, err := s.Put(context.Background(), o, cosell.Record{
		"solutions/SOL-1": mapping.Solution{Name: "renamed in Partner Center", Price: "11", Quantity: "2", Currency: "EUR"}.Text(),
		"solutions/SOL-2": "", "solutions/SOL-9": mapping.Solution{Name: "Nine", Quantity: "3"}.Text(),
	})
	if !unlisted(err) { // the fake lists what it did before
		t.Fatal(err)
	}
	id := s.deterministic("solution", crmID, "SOL-9")
	want := "PATCH cosell_solutions(2a7d8f55-3333-4a5d-8c12-0a5c3d2e0011)\nDELETE cosell_solutions(2a7d8f55-3333-4a5d-8c12-0a5c3d2e0012)\nPATCH cosell_solutions(" + id + ")"
	if d := cmp.Diff(want, c.lines()); d != "" {
		t.Fatal(d)
	}
	if c.parts[0].ifMatch != `W/"101"` || c.parts[1].ifMatch != `W/"102"` || c.parts[2].ifNone != "*" {
		t.Errorf("%+v", c.parts)
	}
	httpclienttest.SameJSON(t, `{"cosell_price":11}`, c.parts[0].body)
	httpclienttest.SameJSON(t, `{"cosell_identifier":"SOL-9","cosell_name":"Nine","cosell_quantity":3,"cosell_OpportunityId@odata.bind":"/opportunities(`+crmID+`)"}`, c.parts[2].body)
}

// unlisted says that rows were written and the list does not show it yet.
func unlisted(err error) bool {
	f := fault.Of(err)
	return f != nil && f.Kind == fault.Later && f.Code == fault.CodeStale && f.Maybe
}

// Lists may be behind what was written: taken for what CRM made of it, the old list would say that it took nothing.
func TestF27_SolutionRowsThatAreListedAsBeforeAreNotBelieved(t *testing.T) {
	const first, second = "2a7d8f55-3333-4a5d-8c12-0a5c3d2e0011", "2a7d8f55-3333-4a5d-8c12-0a5c3d2e0012"
	row := func(id, version string) map[string]any {
		return map[string]any{"@odata.etag": `W/"` + version + `"`, "cosell_solutionid": id, "cosell_identifier": "SOL-" + id[len(id)-1:], "cosell_name": "x"}
	}
	gone, changed := cosell.Record{"solutions/SOL-2": ""}, cosell.Record{"solutions/SOL-1": mapping.Solution{Price: "11"}.Text()}
	for name, tt := range map[string]struct {
		values cosell.Record
		after  []any
		old    bool
	}{
		"Deleted":            {gone, []any{row(first, "101")}, false},
		"DeletedAndListed":   {gone, []any{row(first, "101"), row(second, "102")}, true},
		"Changed":            {changed, []any{row(first, "110"), row(second, "102")}, false},
		"ChangedAndAsBefore": {changed, []any{row(first, "101"), row(second, "102")}, true},
		"MadeAndNotListed":   {cosell.Record{"solutions/SOL-9": mapping.Solution{}.Text()}, []any{row(first, "101"), row(second, "102")}, true},
	} {
		s, c, _ := testCRM(t, map[string]any{"cosell_opportunity_solution": []any{row(first, "101"), row(second, "102")}})
		o := read(t, s)
		c.row = opportunityRow(t, map[string]any{"cosell_opportunity_solution": tt.after})
		if _, err := s.Put(context.Background(), o, tt.values); unlisted(err) != tt.old || err != nil && !tt.old {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAddingACatalogueSolutionBindsIt(t *testing.T) {
	s, c, _ := testCRM(t, map[string]any{"cosell_opportunity_solution": []any{}})
	if _, err := s.Put(context.Background(), read(t, s), cosell.Record{"solutions/SOL-1": mapping.Solution{Name: "One"}.Text()}); !unlisted(err) {
		t.Fatal(err)
	}
	if !strings.Contains(c.parts[0].body, `"cosell_SolutionDetailId@odata.bind":"/cosell_solutiondetails(2a7d8f55-3333-4a5d-8c12-0a5c3d2e0021)"`) {
		t.Errorf("%s", c.parts[0].body)
	}
}

func TestAWriteIsRefusedForAFractionOfASolution(t *testing.T) {
	s, c, _ := testCRM(t, nil)
	_, err := s.Put(context.Background(), read(t, s), cosell.Record{"solutions/SOL-1": mapping.Solution{Quantity: "1.5"}.Text()})
	if !fault.Is(err, fault.Refused) || codeOf(err) != "value.invalid" || len(c.parts) != 0 {
		t.Errorf("%v", err)
	}
}

func TestCurrencyThatCRMLacksIsRefusedBeforeWriting(t *testing.T) {
	s, _, w := testCRM(t, nil)
	_, err := s.Put(context.Background(), read(t, s), cosell.Record{cosell.Currency: "XAF"})
	if !fault.Is(err, fault.Refused) || codeOf(err) != "currency.unknown" || w.Last().Method != "GET" {
		t.Errorf("%v", err)
	}
}

func TestShorterColumnsAreLearntFromTheRefusal(t *testing.T) {
	s, c, w := testCRM(t, map[string]any{"cosell_help": nil})
	o := read(t, s)
	c.fail["PATCH opportunities("+crmID+")"] = reply{400, dataverse.CodeTooLong}
	if _, err := s.Put(context.Background(), o, cosell.Record{cosell.Notes: "x"}); codeOf(err) != dataverse.CodeTooLong {
		t.Errorf("%v", err)
	}
	patches := 0
	for _, call := range w.Calls {
		if call.Method == "PATCH" {
			patches++
		}
	}
	if patches != 2 {
		t.Errorf("%d tries:\n%s", patches, w.List())
	}
}

func TestR141_RelatedAsksForSyncedOpenOpportunitiesOnly(t *testing.T) {
	s, c, w := testCRM(t, nil)
	c.lists[opportunitySet] = `{"opportunityid":"` + crmID + `"}`
	for kind, column := range map[string]string{"account": "_parentaccountid_value", "contact": "_parentcontactid_value"} {
		ids, err := s.Related(context.Background(), kind, ownID)
		calls := slices.DeleteFunc(slices.Clone(w.Calls), func(c httpclienttest.Served) bool { return !strings.HasSuffix(c.Path, "/opportunities") })
		q, _ := url.ParseQuery(calls[len(calls)-1].Query)
		want := "cosell_sync eq true and statecode eq 0 and (" + column + " eq " + ownID + " or _customerid_value eq " + ownID + ")"
		if err != nil || len(ids) != 1 || ids[0] != crmID || q.Get("$filter") != want {
			t.Errorf("%v %v %q", err, ids, q.Get("$filter"))
		}
	}
	if ids, err := s.Related(context.Background(), "lead", ownID); ids != nil || err != nil {
		t.Errorf("%v %v", ids, err)
	}
}

func TestOpportunityOfASolutionRow(t *testing.T) {
	s, c, _ := testCRM(t, nil)
	c.rows["cosell_solutions("+ownID+")"] = `{"@odata.etag":"W/\"1\"","cosell_solutionid":"` + ownID + `","_cosell_opportunityid_value":"` + crmID + `"}`
	if id, ok, err := s.OpportunityOf(context.Background(), ownID); id != crmID || !ok || err != nil {
		t.Errorf("%q %v %v", id, ok, err)
	}
	if _, ok, err := s.OpportunityOf(context.Background(), microsoftID); ok || err != nil {
		t.Errorf("a deleted row: %v %v", ok, err)
	}
}

func TestIDIsAlwaysTheSameForAReferral(t *testing.T) {
	s, _, _ := testCRM(t, nil)
	other, _, _ := testCRM(t, nil, func(o *Options) { o.PartnerTenant = "other" })
	if s.ID(ownID) != s.ID(strings.ToUpper(ownID)) || s.ID(ownID) == s.ID(microsoftID) || s.ID(ownID) == other.ID(ownID) {
		t.Error("ids depend on the wrong things")
	}
	if got := s.ID(ownID); got != "7fd88090-c434-5a13-8999-9afcf9d23535" {
		t.Errorf("the id of every deal that was made has changed to %q", got)
	}
}

func TestR21_SolutionRowsWithoutAKeyAreToldAndTheCatalogueMindsNoCase(t *testing.T) {
	s, c, _ := testCRM(t, map[string]any{"cosell_opportunity_solution": []any{
		map[string]any{"cosell_solutionid": ownID, "cosell_name": "Only a name"}, map[string]any{"cosell_solutionid": microsoftID, "cosell_identifier": "SOL-1"}}})
	o := read(t, s)
	if why := o.Record[cosell.Unreadable.Of("solutions")]; !strings.Contains(why, `"Only a name"`) || o.Record[cosell.Solutions] != "1" {
		t.Errorf("told %q, %s counted", why, o.Record[cosell.Solutions])
	}
	if _, err := s.Put(context.Background(), o, cosell.Record{"solutions/sol-1": mapping.Solution{}.Text()}); !unlisted(err) {
		t.Fatal(err)
	}
	if !strings.Contains(c.parts[0].body, `"cosell_SolutionDetailId@odata.bind"`) {
		t.Errorf("sol-1 is not linked to the catalogue: %s", c.parts[0].body)
	}
}

func TestR79_MarksThatPeopleTypedBecomeOne(t *testing.T) {
	for _, name := range []string{"✔ ✗ ✓ Fabric", "✓  Fabric", "✓Fabric"} {
		s, _, w := testCRM(t, map[string]any{"name": name})
		o := read(t, s)
		if o.Record[cosell.Name] != "Fabric" || o.Record[cosell.Mark] != cosell.MarkUntidy {
			t.Errorf("%q is read as %q with mark %q", name, o.Record[cosell.Name], o.Record[cosell.Mark])
		}
		for _, values := range []cosell.Record{{cosell.Mark: cosell.MarkOK}, {cosell.Name: "Fabric"}} {
			if _, err := s.Put(context.Background(), o, values); err != nil {
				t.Fatal(err)
			}
			httpclienttest.SameJSON(t, `{"name":"✓ Fabric"}`, w.Last().Body)
		}
	}
}

func TestARowIsUntouchedWhileItsMakerAloneWroteIt(t *testing.T) {
	const other = "d0000000-0000-4000-8000-000000000009"
	for name, tt := range map[string]struct {
		by   map[string]any
		want bool
	}{
		"MakerAlone":      {map[string]any{"_createdby_value": ownID, "_modifiedby_value": ownID}, true},
		"SomebodySince":   {map[string]any{"_createdby_value": ownID, "_modifiedby_value": other}, false},
		"NotToldByTheRow": {map[string]any{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, _ := testCRM(t, tt.by)
			if got := read(t, s).Untouched; got != tt.want {
				t.Errorf("untouched: %v", got)
			}
		})
	}
}

// An administrator changes two columns one after the other: the second refusal leads to another look, within
// seconds, and a refusal that lasts to no more than one in that time.
func TestR142_ARefusalLeadsToAnotherLookWithinSeconds(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	s, c, w := testCRM(t, map[string]any{"cosell_help": nil}, func(o *Options) { o.Now = func() time.Time { return now } })
	o := read(t, s)
	c.fail["PATCH opportunities("+crmID+")"] = reply{400, dataverse.CodeTooLong}
	for _, step := range []struct {
		after time.Duration
		looks bool
	}{{time.Hour, true}, {4 * time.Second, false}, {4 * time.Second, false}, {4 * time.Second, true}} {
		now = now.Add(step.after)
		before := strings.Count(w.List(), "EntityDefinitions")
		if _, err := s.Put(context.Background(), o, cosell.Record{cosell.Notes: "x"}); codeOf(err) != dataverse.CodeTooLong {
			t.Errorf("%v", err)
		}
		if looked := strings.Count(w.List(), "EntityDefinitions") > before; looked != step.looks {
			t.Errorf("%s later: looked %v", step.after, looked)
		}
	}
}

// What was written and cannot be read is not a write that failed: who tries again has to know that CRM took it.
func TestAWriteWhoseRowCannotBeReadHasLanded(t *testing.T) {
	first, _, _ := testCRM(t, nil)
	o := read(t, first)
	for _, status := range []int{429, 503} {
		s, c, w := testCRM(t, nil)
		c.fail["GET EntityDefinitions(LogicalName='opportunity')/Attributes"] = reply{status, "0x1"}
		_, err := s.Put(context.Background(), o, cosell.Record{cosell.Notes: "written"})
		if f := fault.Of(err); f == nil || !f.Maybe || f.Kind != fault.Later || !strings.Contains(w.List(), "PATCH") {
			t.Errorf("%d: %v\n%s", status, err, w.List())
		}
	}
}
