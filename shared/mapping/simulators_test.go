package mapping_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/cosell-sync/cosell-sync/shared/opportunities"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
	"github.com/cosell-sync/cosell-sync/shared/referrals"
	"github.com/google/go-cmp/cmp"
)

var (
	_ flow.Referrals     = (*referrals.Store)(nil)
	_ flow.Opportunities = (*opportunities.Store)(nil)
)

// inside hands requests to a handler as if it were the network, and counts them.
type inside struct {
	handler http.Handler
	calls   []string
}

func (i *inside) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	in := httptest.NewRequest(r.Method, r.URL.String(), bytes.NewReader(body))
	in.Header = r.Header.Clone()
	i.calls = append(i.calls, r.Method+" "+r.URL.Path)
	rec := httptest.NewRecorder()
	i.handler.ServeHTTP(rec, in)
	return rec.Result(), nil
}

// world is both simulators and the two stores over them.
type world struct {
	referrals     *referrals.Store
	opportunities *opportunities.Store
	sheet         *mapping.Sheet
	rules         []cosell.Rule
	crm           *dataverse.Client
	pc            *partnercenter.Client
	pcWire, dv    *inside
	control       *http.ServeMux // of the CRM
	now           *time.Time     // of the stores
	told          [][]opportunities.Mismatch
}

const crmHost = "cosell.crm4.dynamics.com"

func newWorld(t *testing.T, overlays ...string) *world {
	t.Helper()
	now := time.Date(2026, 3, 31, 9, 15, 0, 0, time.UTC)
	later := now // the stores have a clock of their own: tokens of the simulators end after an hour
	clock := func() time.Time { now = now.Add(time.Millisecond); return now }
	crm, err := dataversesim.New(dataversesim.Options{Now: clock, Seed: 1, Host: crmHost, Tenant: "7e000000-0000-4000-8000-0000000000aa",
		ClientID: "c11e0000-0000-4000-8000-0000000000bb", ClientSecret: "s", OrganizationID: "0a000000-0000-4000-8000-0000000000cc",
		WebhookURL: "https://product.example/api/crm", SecretHeader: "x-cosell-key", Secret: "k"})
	if err != nil {
		t.Fatal(err)
	}
	pc, err := partnercentersim.New(partnercentersim.Options{Now: clock, Seed: 1, Tenant: "tenant", ClientID: "app", ClientSecret: "s", RefreshToken: "r"})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{control: http.NewServeMux(), now: &later, pcWire: &inside{handler: pc}, dv: &inside{handler: crm}}
	crmToken := token(t, crm, "https://login.microsoftonline.com/7e000000-0000-4000-8000-0000000000aa/oauth2/v2.0/token", url.Values{"grant_type": {"client_credentials"},
		"client_id": {"c11e0000-0000-4000-8000-0000000000bb"}, "client_secret": {"s"}, "scope": {"https://" + crmHost + "/.default"}})
	pcToken := token(t, pc, "https://"+partnercentersim.LoginHost+"/tenant/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {"app"},
		"client_secret": {"s"}, "refresh_token": {"r"}, "resource": {partnercentersim.ReferralsAudience}})
	if w.crm, err = dataverse.NewClient(dataverse.Options{BaseURL: "https://" + crmHost + "/api/data/v9.2", HTTP: client(w.dv, crmHost, crmToken)}); err != nil {
		t.Fatal(err)
	}
	pcClient, err := partnercenter.NewClient(partnercenter.Options{ReferralsURL: partnercenter.ReferralsURL, Referrals: client(w.pcWire, partnercentersim.ReferralsHost, pcToken)})
	if err != nil {
		t.Fatal(err)
	}
	w.pc = pcClient
	crm.MountControl(w.control)
	var sources []mapping.Source
	for _, text := range overlays {
		sources = append(sources, mapping.Source{Name: "mapping.yaml", Text: []byte(text)})
	}
	sheet, err := mapping.Load(sources...)
	if err != nil {
		t.Fatal(err)
	}
	w.sheet, w.rules = sheet, sheet.Rules()
	w.opportunities = opportunities.New(w.crm, sheet, opportunities.Options{Environment: crmHost, PartnerTenant: "tenant", CheckMark: true, ContactConsent: true, Now: func() time.Time { return *w.now }, CRMZone: paris(t),
		Told: func(found []opportunities.Mismatch) { w.told = append(w.told, found) }})
	w.referrals = referrals.New(pcClient, sheet, referrals.Options{Ready: w.opportunities.Ready})
	return w
}

// administrator changes the CRM's metadata, person works in its forms.
func (w *world) administrator(t *testing.T, change string) { w.post(t, "/schema", change) }

func (w *world) person(t *testing.T, change string) { w.post(t, "/user", change) }

func (w *world) post(t *testing.T, path, change string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(change))
	rec := httptest.NewRecorder()
	w.control.ServeHTTP(rec, r)
	if rec.Code >= 300 {
		t.Fatalf("%s: %d %s", change, rec.Code, rec.Body)
	}
}

func client(base http.RoundTripper, host, token string) *httpclient.Client {
	return httpclient.New(httpclient.Options{Base: base, Hosts: []string{host}, Token: func(context.Context, string, string) (string, error) { return token, nil }})
}

func token(t *testing.T, h http.Handler, target string, form url.Values) string {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	var out struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil || out.Token == "" {
		t.Fatalf("no token: %d %s", rec.Code, rec.Body)
	}
	return out.Token
}

const (
	deal     = "0dea1000-0000-4000-8000-000000000001"
	solution = "50100000-0000-4000-8000-000000000001"
)

// sellersDeal makes the opportunity of a seller.
func (w *world) sellersDeal(t *testing.T) cosell.Opportunity {
	t.Helper()
	_, err := w.crm.ChangeSet(context.Background(), []dataverse.Write{
		{Method: "PATCH", Path: "opportunities(" + deal + ")", IfNoneMatch: "*", Body: map[string]any{"name": "Deal", "estimatedvalue": 85000, "estimatedclosedate": "2026-09-30",
			"description": "notes", "cosell_sync": true, "cosell_help": 700010005, "customerid_account@odata.bind": dataverse.Bind("accounts", dataversesim.AccountID),
			"parentcontactid@odata.bind": dataverse.Bind("contacts", dataversesim.ContactID), "ownerid@odata.bind": dataverse.Bind("systemusers", dataversesim.SellerID),
			"transactioncurrencyid@odata.bind": dataverse.Bind("transactioncurrencies", dataversesim.EuroID)}},
		{Method: "PATCH", Path: "cosell_solutions(" + solution + ")", IfNoneMatch: "*", Body: map[string]any{
			"cosell_OpportunityId@odata.bind": dataverse.Bind("opportunities", deal), "cosell_SolutionDetailId@odata.bind": dataverse.Bind("cosell_solutiondetails", dataversesim.ForecastID),
			"cosell_price": json.Number("10.5"), "cosell_quantity": 2, "cosell_currency": "EUR"}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	o, err := w.opportunities.Get(context.Background(), deal)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// shared makes the two referrals of a seller's deal.
func (w *world) shared(t *testing.T) (cosell.Opportunity, cosell.Referral, cosell.Referral) {
	t.Helper()
	ctx := context.Background()
	o := w.sellersDeal(t)
	values, problems := cosell.Prepare(o, w.rules)
	if len(problems) > 0 {
		t.Fatalf("%+v", problems)
	}
	d := cosell.Draft{RequestID: "4a1f3a10-0000-4000-8000-000000000001", Values: values, Help: o.Record[cosell.Help]}
	own, unknown, err := w.referrals.Create(ctx, o, d)
	if err != nil || unknown {
		t.Fatal(err)
	}
	d.Microsoft, d.EngagementID, d.RequestID = true, own.EngagementID, "4a1f3a10-0000-4000-8000-000000000002"
	microsofts, _, err := w.referrals.Create(ctx, o, d)
	if err != nil || !microsofts.Microsoft {
		t.Fatalf("%v %+v", err, microsofts)
	}
	if own, err = w.referrals.Get(ctx, own.ID); err != nil {
		t.Fatal(err)
	}
	return o, own, microsofts
}

func TestSellersDealReachesPartnerCenterWhole(t *testing.T) {
	w := newWorld(t)
	o, own, microsofts := w.shared(t)
	for _, rule := range w.rules {
		for f, v := range o.Record {
			list, _, member := f.List()
			if rule.Way == cosell.Read || rule.Door == cosell.Lifecycle || f != rule.Field && (!member || list != rule.Field) ||
				f == cosell.Help || f == cosell.Visibility || rule.Way == cosell.ToOpportunity {
				continue
			}
			if own.Record[f] != v {
				t.Errorf("%s is %q in CRM and %q in Partner Center", f, v, own.Record[f])
			}
		}
	}
	if own.Record[cosell.Visibility] != cosell.True || own.Record[cosell.Status] != cosell.Accepted || own.Lead || own.Microsoft || own.Record[cosell.CRMID] != deal {
		t.Errorf("%v", own.Record)
	}
	if microsofts.Record[cosell.MicrosoftStatus] != "Pending" || microsofts.Record[cosell.Help] != "GeneralOrOther" {
		t.Errorf("%v", microsofts.Record)
	}
	all, err := w.referrals.Engagement(context.Background(), own.EngagementID)
	if err != nil || len(all) != 2 {
		t.Errorf("%v, %d in the engagement", err, len(all))
	}
	found, err := w.referrals.FindCreated(context.Background(), deal, own.CreatedAt.Add(-time.Minute))
	if err != nil || len(found) != 1 || found[0].ID != own.ID {
		t.Errorf("%v, found %+v", err, found)
	}
	changes, cursor, err := gathered(w.referrals.Changed, context.Background(), "")
	if err != nil || len(changes) != 2 {
		t.Errorf("%v %v", err, changes)
	}
	if changes, _, err = gathered(w.referrals.Changed, context.Background(), cursor); err != nil || len(changes) != 0 {
		t.Errorf("again: %v %v", err, changes)
	}
}

func TestBothSidesTakeEveryEdit(t *testing.T) {
	w := newWorld(t)
	o, own, _ := w.shared(t)
	ctx := context.Background()
	edits := cosell.Record{cosell.Name: "New <name> & 😀", cosell.DealValue: "90000.5", cosell.Currency: "USD", cosell.ClosingDate: "2026-12-24", cosell.Notes: "a\nb"}
	one := edits.Clone()
	one["solutions/SOL-15974-MQF"] = `{"name":"Northwind Insight"}`
	one["solutions/SOL-12345-ABC"] = ""
	r, err := w.referrals.Put(ctx, own, one)
	if err != nil {
		t.Fatal(err)
	}
	two := one.Clone()
	two[cosell.Mark] = cosell.MarkOK
	written, err := w.opportunities.Put(ctx, o, two)
	if err != nil {
		t.Fatal(err)
	}
	for f, v := range edits {
		if r.Record[f] != v || written.Record[f] != v {
			t.Errorf("%s: want %q, Partner Center has %q, CRM %q", f, v, r.Record[f], written.Record[f])
		}
	}
	if d := cmp.Diff(r.Record.Members(cosell.Solutions), written.Record.Members(cosell.Solutions)); d != "" {
		t.Errorf("solutions (-Partner Center +CRM):\n%s", d)
	}
	if _, err := w.referrals.Put(ctx, own, edits); !fault.Is(err, fault.Conflict) {
		t.Errorf("a stale referral was written: %v", err)
	}
	if _, err := w.opportunities.Put(ctx, o, cosell.Record{cosell.Notes: "z"}); !fault.Is(err, fault.Conflict) {
		t.Errorf("a stale opportunity was written: %v", err)
	}
}

func TestR125_ClosingBothWays(t *testing.T) {
	for status, reason := range map[string]string{cosell.Won: "because", cosell.Lost: "Customer chose another vendor", cosell.Canceled: "Others"} {
		t.Run(status, func(t *testing.T) {
			w := newWorld(t)
			o, own, _ := w.shared(t)
			ctx := context.Background()
			closed, err := w.opportunities.Put(ctx, o, cosell.Record{cosell.Status: status, cosell.Reason: "because", cosell.DealValue: "99.5", cosell.ClosingDate: "2026-05-01", "closedOn": "2026-03-30"})
			if err != nil {
				t.Fatal(err)
			}
			day := "2026-05-01"
			if status == cosell.Won {
				day = "2026-03-30"
			}
			if closed.Record[cosell.Status] != status || closed.Record[cosell.Reason] != reason || closed.Record[cosell.DealValue] != "99.5" || closed.Record[cosell.ClosingDate] != day {
				t.Errorf("%v", closed.Record)
			}
			row, err := w.crm.Get(ctx, "opportunities", deal, dataverse.Query{Select: []string{"actualclosedate"}})
			if err != nil || row.Text("actualclosedate") != "2026-03-30" {
				t.Errorf("%v, actually closed on %q", err, row.Text("actualclosedate"))
			}
			if status == cosell.Canceled {
				status = cosell.Lost
			}
			r, err := w.referrals.Put(ctx, own, cosell.Record{cosell.Status: status, cosell.Reason: "because"})
			if err != nil || r.Record[cosell.Status] != status || r.Record[cosell.Reason] != "because" {
				t.Errorf("%v %v", err, r.Record)
			}
			opened, err := w.opportunities.Put(ctx, closed, cosell.Record{cosell.Status: cosell.Open})
			if err != nil || opened.Record[cosell.Status] != cosell.Open {
				t.Errorf("%v %v", err, opened.Record)
			}
		})
	}
}

func TestADealOfPartnerCenterReachesCRMWhole(t *testing.T) {
	w := newWorld(t)
	_, own, _ := w.shared(t)
	ctx := context.Background()
	id := w.opportunities.ID(own.ID)
	values := own.Record.Clone()
	for _, f := range []cosell.Field{cosell.CRMID, cosell.Reason, cosell.Contacts, cosell.Solutions, cosell.Team} {
		delete(values, f)
	}
	values[cosell.Status], values[cosell.Mark], values[cosell.Sync], values[cosell.ReferralID] = cosell.OnHold, cosell.MarkOK, cosell.True, own.ID
	before := len(w.dv.calls)
	made, err := w.opportunities.Create(ctx, id, own, values)
	if err != nil {
		t.Fatal(err)
	}
	if made.Record[cosell.Status] != cosell.OnHold || made.Record[cosell.Mark] != cosell.MarkOK || !made.Synced() {
		t.Errorf("%v", made.Record)
	}
	for f, v := range own.Record {
		if f == cosell.Status || f == cosell.CRMID || f == cosell.Reason || f == cosell.Help || strings.HasPrefix(string(f), "team/") {
			continue
		}
		if made.Record[f] != v {
			t.Errorf("%s is %q in Partner Center and %q in CRM", f, v, made.Record[f])
		}
	}
	t.Logf("calls to CRM: %v", w.dv.calls[before:])
	again, err := w.opportunities.Create(ctx, id, own, values)
	if err != nil || again.Version != made.Version {
		t.Errorf("made again: %v, version %s instead of %s", err, again.Version, made.Version)
	}
	found, err := w.opportunities.FindByReferral(ctx, own.ID)
	if err != nil || len(found) != 1 || found[0].ID != id {
		t.Errorf("%v %+v", err, found)
	}
	if ids, err := w.opportunities.Related(ctx, "account", dataversesim.AccountID); err != nil || len(ids) != 2 {
		t.Errorf("%v %v", err, ids)
	}
	if ids, err := w.opportunities.Related(ctx, "contact", dataversesim.ContactID); err != nil || len(ids) != 2 {
		t.Errorf("%v %v", err, ids)
	}
	if of, ok, err := w.opportunities.OpportunityOf(ctx, solution); of != deal || !ok || err != nil {
		t.Errorf("%q %v %v", of, ok, err)
	}
}

func TestR16_ANewCustomerIsMadeOnce(t *testing.T) {
	w := newWorld(t)
	_, own, _ := w.shared(t)
	ctx := context.Background()
	own.Record = own.Record.Clone()
	own.Record[cosell.CustomerName] = "Nobody's & Sons Ltd."
	customer := func(more cosell.Record) cosell.Record {
		for f, v := range own.Record {
			if strings.HasPrefix(string(f), "customer") {
				more[f] = v
			}
		}
		return more
	}
	id := w.opportunities.ID(own.ID)
	made, err := w.opportunities.Create(ctx, id, own, customer(cosell.Record{cosell.Name: "D", cosell.Status: cosell.Open, cosell.ReferralID: own.ID, cosell.Visibility: cosell.True}))
	if err != nil {
		t.Fatal(err)
	}
	if made.Record[cosell.CustomerName] != "Nobody's & Sons Ltd." || made.Record[cosell.CustomerCountry] != "DE" || len(made.Record.Members(cosell.Contacts)) != 1 {
		t.Errorf("%v", made.Record)
	}
	second, err := w.opportunities.Create(ctx, w.opportunities.ID("other"), own, customer(cosell.Record{cosell.Name: "E", cosell.Status: cosell.Lost, cosell.Reason: "late"}))
	if err != nil || second.Record[cosell.Status] != cosell.Lost {
		t.Fatalf("%v %v", err, second.Record)
	}
	accounts, err := w.crm.List(ctx, "accounts", dataverse.Query{Select: []string{"name"}, Filter: dataverse.EqText("name", "Nobody's & Sons Ltd.")})
	if err != nil || len(accounts) != 1 {
		t.Errorf("%v, %d accounts", err, len(accounts))
	}
}

func TestCRMFeedsTellOfChanges(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	cursors := map[string]string{}
	for _, kind := range w.opportunities.Kinds() {
		changes, cursor, err := gathered(of(w.opportunities.Changed, kind), ctx, "")
		if err != nil || len(changes) != 0 {
			t.Fatalf("%s: %v %v", kind, err, changes)
		}
		cursors[kind] = cursor
	}
	w.sellersDeal(t)
	for kind, want := range map[string][]cosell.Hint{"opportunity": {{Kind: "opportunity", ID: deal}}, "solution": {{Kind: "solution", ID: solution}}, "account": nil} {
		changes, _, err := gathered(of(w.opportunities.Changed, kind), ctx, cursors[kind])
		if d := cmp.Diff(want, changes); err != nil || d != "" {
			t.Errorf("%s: %v %s", kind, err, d)
		}
	}
}

func paris(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// gathered is a feed in one piece, without the versions that it has shown.
func gathered(feed func(context.Context, string, func(cosell.Hint) error) (string, error), ctx context.Context, cursor string) (changes []cosell.Hint, next string, err error) {
	next, err = feed(ctx, cursor, func(h cosell.Hint) error {
		h.Shown = cosell.Shown{}
		changes = append(changes, h)
		return nil
	})
	return changes, next, err
}

// of is the feed of one table.
func of(feed func(context.Context, string, string, func([]cosell.Hint, string) error) (string, bool, error), kind string) func(context.Context, string, func(cosell.Hint) error) (string, error) {
	return func(ctx context.Context, cursor string, each func(cosell.Hint) error) (string, error) {
		next, _, err := feed(ctx, kind, cursor, func(page []cosell.Hint, _ string) error {
			for _, h := range page {
				if err := each(h); err != nil {
					return err
				}
			}
			return nil
		})
		return next, err
	}
}
