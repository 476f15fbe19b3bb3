package partnercenter_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cosell-sync/cosell-sync/infra/local/contract"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
)

// The contract is what the product takes for granted of Partner Center. The simulator is held against it
// always, a real tenant when the shell names one (LIVE_PARTNER_CENTER_…); there it only reads, unless
// LIVE_WRITE=1. What the documents leave open is observed and written down, see docs/divergences.md.

// clauses that write make a private deal of their own, which nobody at Microsoft sees, and close it in
// the end: referrals cannot be deleted.
var clauses = []contract.Clause[target]{
	{Name: "a list gives ids and the server's clock", Run: listGivesIDs},
	{Name: "a referral has a version", Run: referralHasAVersion},
	{Name: "a referral that is not there is gone", Run: unknownReferral},
	{Name: "a filter on the last change is kept or refused", Run: filterOnChange},
	{Name: "a filter that makes no sense is ours", Run: badFilter},
	{Name: "a token for the other host is denied", Run: wrongAudience},
	{Name: "the registration can be read", Run: readRegistration},
	{Name: "a deal is made once and found by its engagement", Writes: true, Run: makeAndFind},
	{Name: "a change needs the version, and is answered with the deal", Writes: true, Run: changeUnderVersion},
	{Name: "a name can be changed, or its refusal holds nothing else", Writes: true, Run: renameApart},
	{Name: "a refused value is the record's", Writes: true, Run: refusedValues},
	{Name: "a deal is closed in one change, for good", Writes: true, Run: closing},
}

func TestContract(t *testing.T) {
	contract.Run(t, "Partner Center", "../../docs/divergences.md", targets(t), clauses)
}

var ctx = context.Background()

func wantRefused(t testing.TB, err error, class fault.Class, codes ...string) *fault.Error {
	t.Helper()
	e := fault.Of(err)
	if err == nil || fault.ClassOf(err) != class || len(codes) > 0 && !slices.Contains(codes, e.Code) {
		t.Fatalf("got %v (%+v), want a refusal of class %s with %v", err, e, class, codes)
	}
	return e
}

// some gives up to n referrals.
func some(t testing.TB, on target, q partnercenter.Query, n int) ([]partnercenter.Document, time.Time) {
	t.Helper()
	var docs []partnercenter.Document
	date, err := on.client.List(ctx, q, func(d partnercenter.Document) bool {
		docs = append(docs, d)
		return len(docs) < n
	})
	if err != nil {
		t.Fatal(err)
	}
	return docs, date
}

func listGivesIDs(t *contract.T, on target) {
	docs, date := some(t, on, partnercenter.Query{OrderBy: "updatedDateTime desc", Top: 5}, 20)
	if date.IsZero() || len(docs) == 0 {
		t.Fatalf("%d referrals at %s", len(docs), date)
	}
	directions := map[string]int{}
	for _, d := range docs {
		if _, err := uuid.Parse(d.ID()); err != nil {
			t.Errorf("id %q", d.ID())
		}
		if d.Text("/type") != "" && d.Text("/direction") != "" {
			directions[d.Text("/type")+" "+d.Text("/direction")]++
		}
	}
	t.Observed("directions by type", fmt.Sprint(directions))
	t.Observed("list items hold the customer", fmt.Sprint(docs[0].Text("/customerProfile/name") != ""))
}

func referralHasAVersion(t *contract.T, on target) {
	docs, _ := some(t, on, partnercenter.Query{Top: 1}, 1)
	if len(docs) == 0 {
		t.Fatal("the tenant has no referral")
	}
	d, err := on.client.Get(ctx, docs[0].ID())
	if err != nil || d.ETag() == "" || d.Date().IsZero() || d.Text("/status") == "" {
		t.Errorf("version %q, date %s, status %q, %v", d.ETag(), d.Date(), d.Text("/status"), err)
	}
	t.Observed("the version stands in the body too", fmt.Sprint(d.Text("/eTag") == d.ETag()))
}

func unknownReferral(t *contract.T, on target) {
	_, err := on.client.Get(ctx, uuid.NewString())
	if !fault.Is(err, fault.Gone) {
		t.Fatalf("got %v", err)
	}
	t.Observed("answer for a referral that is not there", fmt.Sprintf("%d %s", fault.Of(err).Status, fault.Of(err).Code))
}

func filterOnChange(t *contract.T, on target) {
	from := time.Now().Add(-365 * 24 * time.Hour)
	_, err := on.client.List(ctx, partnercenter.Query{Filter: partnercenter.Since("updatedDateTime", from), OrderBy: "updatedDateTime asc", Top: 5},
		func(d partnercenter.Document) bool { return false })
	if err != nil {
		wantRefused(t, err, fault.Ours)
	}
	t.Observed("a filter on updatedDateTime is taken", fmt.Sprint(err == nil))
}

func badFilter(t *contract.T, on target) {
	_, err := on.client.List(ctx, partnercenter.Query{Filter: partnercenter.Eq("noSuchMember", "x")}, func(partnercenter.Document) bool { return false })
	if err == nil {
		t.Observed("a filter on a member that does not exist is taken", "true")
		return
	}
	t.Observed("a filter on a member that does not exist is taken", fmt.Sprintf("false, %d %s", fault.Of(err).Status, fault.Of(err).Code))
	wantRefused(t, err, fault.Ours)
}

func wrongAudience(t *contract.T, on target) {
	_, err := on.lost.Get(ctx, uuid.NewString())
	if !fault.Is(err, fault.Denied) {
		t.Fatalf("got %v", err)
	}
	t.Observed("code for a token of another audience", fault.Of(err).Code)
}

func readRegistration(t *contract.T, on target) {
	r, there, err := on.client.Registration(ctx)
	if err != nil || there && (!strings.HasPrefix(r.WebhookURL, "https://") || len(r.Events) == 0) {
		t.Errorf("%+v, %v", r, err)
	}
	t.Observed("a webhook is registered", fmt.Sprint(there))
}

// deal makes a private deal, and closes it in the end.
func deal(t testing.TB, on target) partnercenter.Document {
	t.Helper()
	d, err := on.client.Create(ctx, body(), uuid.NewString())
	if err != nil {
		t.Fatalf("%v: %s", err, fault.Of(err).Theirs)
	}
	if d, err = on.client.Get(ctx, d.ID()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		now, err := on.client.Get(ctx, d.ID())
		if err != nil || now.Text("/status") == "Closed" {
			return
		}
		if _, err := on.client.Patch(ctx, d.ID(), now.ETag(), lost()); err != nil {
			t.Errorf("referral %s is left open: %v", d.ID(), err)
		}
	})
	return d
}

func lost() []partnercenter.Operation {
	return []partnercenter.Operation{{Op: "replace", Path: "/status", Value: "Closed"}, {Op: "replace", Path: "/substatus", Value: "Lost"},
		{Op: "add", Path: "/statusReason", Value: "Customer chose another vendor"}}
}

func body() map[string]any {
	person := func(first, last, phone, email string) map[string]any {
		return map[string]any{"firstName": first, "lastName": last, "phoneNumber": phone, "email": email}
	}
	return map[string]any{
		"name": "cosell-sync contract", "type": "Independent", "qualification": "SalesQualified", "status": "Active", "substatus": "Accepted",
		"externalReferenceId": uuid.NewString(),
		"customerProfile": map[string]any{"name": "Contoso Contract GmbH", "address": map[string]any{"addressLine1": "Musterweg 1", "city": "Hamburg", "state": "HH", "postalCode": "20095", "country": "DE"},
			"team": []any{person("Ada", "Example", "+49405550100", "ada@example.com")}},
		"consent": map[string]any{"consentToToShareInfoWithOthers": true, "consentToContact": true, "consentToShareReferralWithMicrosoftSellers": false},
		"details": map[string]any{"notes": "A check of the interface; it closes itself.", "dealValue": 1000, "currency": "EUR",
			"closingDateTime": time.Now().AddDate(0, 3, 0).UTC().Format("2006-01-02T00:00:00Z"),
			"requirements": map[string]any{"industries": []any{map[string]any{"id": "Retail & Consumer Goods"}}, "products": []any{map[string]any{"id": "Azure"}},
				"services":               []any{map[string]any{"id": "DeploymentOrMigration"}},
				"solutions":              []any{map[string]any{"id": "SOL-12345-ABC", "name": "Northwind Forecast", "type": "Name"}},
				"additionalRequirements": map[string]any{"iot": map[string]any{}, "attributes": []any{map[string]any{"type": "CustomerMarketplaceIntent", "id": "HaveNotDecided"}}}}},
		"team": []any{person("Kim", "Seller", "+4940555099", "kim@example.com")},
	}
}

func makeAndFind(t *contract.T, on target) {
	d := deal(t, on)
	t.Observed("direction of an own deal", d.Text("/direction"))
	engagement := d.Text("/engagementId")
	if engagement == "" || d.Text("/status") != "Active" {
		t.Fatalf("engagement %q, status %q", engagement, d.Text("/status"))
	}
	found, _ := some(t, on, partnercenter.Query{Filter: partnercenter.EqGUID("engagementId", engagement)}, 1000)
	if !slices.ContainsFunc(found, func(f partnercenter.Document) bool { return f.ID() == d.ID() }) {
		t.Observed("a new deal is listed at once", "false")
	}
}

func changeUnderVersion(t *contract.T, on target) {
	d := deal(t, on)
	value := []partnercenter.Operation{{Op: "replace", Path: "/details/dealValue", Value: 2000}}
	after, err := on.client.Patch(ctx, d.ID(), d.ETag(), value)
	if err != nil || !strings.HasPrefix(after.Text("/details/dealValue"), "2000") || after.ETag() == d.ETag() {
		t.Fatalf("value %s, version %s after %s, %v", after.Text("/details/dealValue"), after.ETag(), d.ETag(), err)
	}
	if _, err = on.client.Patch(ctx, d.ID(), d.ETag(), value); !fault.Is(err, fault.Conflict) {
		t.Errorf("an old version: %v", err)
	}
	_, err = on.client.Patch(ctx, uuid.NewString(), d.ETag(), value)
	if !fault.Is(err, fault.Gone) && !fault.Is(err, fault.Conflict) {
		t.Errorf("a referral that is not there: %v", err)
	}
}

func renameApart(t *contract.T, on target) {
	d := deal(t, on)
	both := []partnercenter.Operation{{Op: "replace", Path: "/details/dealValue", Value: 3000}, {Op: "replace", Path: "/name", Value: "cosell-sync contract, renamed"}}
	after, err := on.client.Patch(ctx, d.ID(), d.ETag(), both)
	if err != nil {
		if e := wantRefused(t, err, fault.Record); e.Target != "/name" {
			t.Errorf("refused at %q", e.Target)
		}
		after, err = on.client.Patch(ctx, d.ID(), d.ETag(), both[:1])
		t.Observed("a name can be changed", "false")
	} else {
		t.Observed("a name can be changed", fmt.Sprint(strings.HasSuffix(after.Text("/name"), "renamed")))
	}
	if err != nil || !strings.HasPrefix(after.Text("/details/dealValue"), "3000") {
		t.Errorf("value %s, %v", after.Text("/details/dealValue"), err)
	}
}

func refusedValues(t *contract.T, on target) {
	d := deal(t, on)
	for path, value := range map[string]any{"/details/dealValue": 0, "/details/currency": "XYZ", "/details/closingDateTime": "no date"} {
		after, err := on.client.Patch(ctx, d.ID(), d.ETag(), []partnercenter.Operation{{Op: "replace", Path: path, Value: value}})
		if err == nil {
			t.Observed(fmt.Sprintf("%v as %s is taken", value, path), "true")
			d = after
			continue
		}
		e := wantRefused(t, err, fault.Record)
		if e.Target != path {
			t.Errorf("%s is refused at %q", path, e.Target)
		}
		t.Observed(fmt.Sprintf("%v as %s is taken", value, path), "false, "+e.Code)
	}
}

func closing(t *contract.T, on target) {
	d := deal(t, on)
	after, err := on.client.Patch(ctx, d.ID(), d.ETag(), lost())
	if err != nil || after.Text("/status") != "Closed" || after.Text("/substatus") != "Lost" {
		t.Fatalf("%s/%s, %v", after.Text("/status"), after.Text("/substatus"), err)
	}
	_, err = on.client.Patch(ctx, d.ID(), after.ETag(), []partnercenter.Operation{{Op: "replace", Path: "/status", Value: "Active"}, {Op: "replace", Path: "/substatus", Value: "Accepted"}})
	e := wantRefused(t, err, fault.Record)
	t.Observed("refusal to open a closed deal", fmt.Sprintf("%d %s at %s", e.Status, e.Code, e.Target))
}

func TestHalfALiveTenantIsNoTarget(t *testing.T) {
	if _, ok := liveSettings(t, func(string) string { return "" }); ok {
		t.Error("no settings are a tenant")
	}
	if l, ok := liveSettings(t, func(string) string { return "x" }); !ok || l.refreshToken != "x" {
		t.Errorf("got %+v", l)
	}
}
