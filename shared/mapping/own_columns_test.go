package mapping_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
)

// own is where the tests keep a value that only the organisation knows.
const own = "/details/requirements/offers/type=own/value"

const ownCode = "/details/requirements/offers/type=code/value"

// ownKind is a column of a type, what stands in it, and what a referral then says.
type ownKind struct {
	name, schema string // what the administrator adds
	row          string // more keys of the sheet's row
	crm          any    // as the CRM takes it
	shown        string // as the CRM shows it, where it differs
	referral     string // JSON
	odd          string // JSON of a referral that the column cannot hold
}

func ownKinds() []ownKind {
	return []ownKind{
		{name: "text", schema: `"type":"String","length":20`, crm: "Nordwest", referral: `"Nordwest"`},
		{name: "memo", schema: `"type":"Memo","length":500`, crm: "a\nb", referral: `"a\nb"`},
		{name: "whole", schema: `"type":"Integer","min":-100,"max":100`, crm: 42, shown: "42", referral: `42`, odd: `4.5`},
		{name: "decimal", schema: `"type":"Decimal","precision":4`, crm: json.Number("1.25"), shown: "1.25", referral: `1.25`, odd: `"about one"`},
		{name: "double", schema: `"type":"Double","precision":3`, crm: json.Number("0.125"), shown: "0.125", referral: `0.125`, odd: `"1,5"`},
		{name: "money", schema: `"type":"Money","precision":2`, crm: json.Number("99.5"), shown: "99.5", referral: `99.5`, odd: `"much"`},
		{name: "day", schema: `"type":"DateTime","behavior":"DateOnly"`, crm: "2026-03-31", referral: `"2026-03-31T00:00:00Z"`, odd: `"next week"`},
		{name: "localDay", schema: `"type":"DateTime","behavior":"UserLocal","format":"DateOnly"`, crm: "2026-03-30T22:00:00Z", referral: `"2026-03-31T00:00:00Z"`, odd: `"31.3.26"`},
		{name: "instant", schema: `"type":"DateTime","behavior":"UserLocal"`, crm: "2026-03-31T10:20:30Z", referral: `"2026-03-31T10:20:30Z"`, odd: `"noon"`},
		{name: "zoneless", schema: `"type":"DateTime","behavior":"TimeZoneIndependent","format":"DateOnly"`, crm: "2026-03-31T00:00:00Z", referral: `"2026-03-31T00:00:00Z"`, odd: `"noon"`},
		{name: "choice", schema: `"type":"Picklist","options":[{"value":100,"label":"Gold"},{"value":200,"label":"Silver"}]`, crm: 200, shown: "200", referral: `"Silver"`, odd: `"Bronze"`},
		{name: "tabled", schema: `"type":"Picklist","options":[{"value":100,"label":"Gold","labels":{"1036":"Or"}},{"value":200,"label":"Silver","labels":{"1036":"Argent"}}]`,
			row: "values: {or: tier-1, 200: tier-2}", crm: 100, shown: "100", referral: `"tier-1"`, odd: `"tier-9"`},
		{name: "choices", schema: `"type":"MultiSelectPicklist","options":[{"value":100,"label":"Gold"},{"value":200,"label":"Silver"},{"value":300,"label":"Bronze"}]`,
			crm: "300,100", shown: "100,300", referral: `"Bronze, Gold"`, odd: `"Gold, Iron"`},
		{name: "big", schema: `"type":"BigInt"`, crm: json.Number("12345678901"), shown: "12345678901", referral: `12345678901`, odd: `1.5`},
		{name: "flag", schema: `"type":"Boolean"`, crm: true, shown: "true", referral: `true`, odd: `"perhaps"`},
		{name: "tabledFlag", schema: `"type":"Boolean"`, row: "values: {Yes: public, No: private}", crm: true, shown: "true", referral: `"public"`, odd: `"secret"`},
		{name: "tabledText", schema: `"type":"String","length":20`, row: "values: {North: N, South: S}", crm: "South", referral: `"S"`, odd: `"W"`},
		{name: "numbered", schema: `"type":"Integer","min":0,"max":9`, row: "values: {1: low, 2: high}", crm: 2, shown: "2", referral: `"high"`, odd: `"top"`},
	}
}

// ownWorld is a world in which the CRM has the column and the sheet its row, and a seller's deal that holds a value.
func ownWorld(t *testing.T, k ownKind) *world {
	t.Helper()
	row := "- {field: own, referral: " + own + ", crm: new_own"
	if k.row != "" {
		row += ", " + k.row
	}
	w := newWorld(t, row+"}\n")
	w.administrator(t, `{"do":"add","table":"opportunity","column":"new_own",`+k.schema+`}`)
	return w
}

func (w *world) raw(t *testing.T, id string) (dataverse.Row, string) {
	t.Helper()
	row, err := w.crm.Get(context.Background(), "opportunities", id, dataverse.Query{Select: []string{"new_own"}})
	if err != nil {
		t.Fatal(err)
	}
	return row, row.Text("new_own")
}

func saidIn(t *testing.T, r cosell.Referral, pointer string) string {
	t.Helper()
	d, ok := r.Source.(partnercenter.Document)
	if !ok {
		t.Fatal("the referral was not read")
	}
	b, err := json.Marshal(mapping.Row{Referral: pointer}.Pointer().Value(d.Value))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A column of the organisation's own needs a line of the sheet and nothing else: its codec follows from the
// metadata. What a seller typed reaches the referral that is made for it, in the form that the sheet says.
func TestR87_AnOwnColumnOfAnyTypeReachesPartnerCenter(t *testing.T) {
	for _, k := range ownKinds() {
		t.Run(k.name, func(t *testing.T) {
			w := ownWorld(t, k)
			o := w.sellersDeal(t)
			if _, err := w.crm.Update(context.Background(), "opportunities", deal, o.Version, map[string]any{"new_own": k.crm}, dataverse.Query{Select: []string{"name"}}); err != nil {
				t.Fatal(err)
			}
			o, err := w.opportunities.Get(context.Background(), deal)
			if err != nil {
				t.Fatal(err)
			}
			values, problems := cosell.Prepare(o, w.rules)
			if len(problems) > 0 {
				t.Fatalf("%+v", problems)
			}
			made, _, err := w.referrals.Create(context.Background(), o, cosell.Draft{RequestID: "4a1f3a10-0000-4000-8000-000000000001", Values: values})
			if err != nil {
				t.Fatal(err)
			}
			if got := saidIn(t, made, own); got != k.referral {
				t.Errorf("%v in CRM is %s in the referral, not %s", k.crm, got, k.referral)
			}
			if made.Record["own"] != o.Record["own"] {
				t.Errorf("the two sides differ: %q in CRM, %q in Partner Center", o.Record["own"], made.Record["own"])
			}
		})
	}
}

// And the other way: what a referral says is written into the column, emptied, and refused where the column
// cannot hold it, with a word about that field alone.
func TestR87_AnOwnColumnOfAnyTypeReachesCRM(t *testing.T) {
	for _, k := range ownKinds() {
		t.Run(k.name, func(t *testing.T) {
			ctx := context.Background()
			w := ownWorld(t, k)
			o, r, _ := w.shared(t)
			said := func(text string) cosell.Referral {
				t.Helper()
				var v any
				if err := json.Unmarshal([]byte(text), &v); err != nil {
					t.Fatal(err)
				}
				w.portal(t, &r, own, v)
				return r
			}
			text, ok := said(k.referral).Record["own"]
			if !ok {
				t.Fatalf("nothing is read: %v", r.Record)
			}
			o, err := w.opportunities.Put(ctx, o, cosell.Record{"own": text})
			if err != nil {
				t.Fatal(err)
			}
			want := k.shown
			if want == "" {
				want = fmt.Sprint(k.crm)
			}
			if _, got := w.raw(t, deal); got != want {
				t.Errorf("%s of a referral is %q in CRM, not %q", k.referral, got, want)
			}
			if o.Record["own"] != text {
				t.Errorf("it is read back as %q, not %q", o.Record["own"], text)
			}
			if o, err = w.opportunities.Put(ctx, o, cosell.Record{"own": ""}); err != nil {
				t.Fatal(err)
			}
			if _, got := w.raw(t, deal); got != "" && got != "false" {
				t.Errorf("emptied it is %q", got)
			}
			if k.odd == "" {
				return
			}
			odd := said(k.odd)
			if told := odd.Record[cosell.Unreadable.Of("own")]; told != "" {
				if _, there := odd.Record["own"]; there {
					t.Errorf("what cannot be read is %q", odd.Record["own"])
				}
				return
			}
			_, err = w.opportunities.Put(ctx, o, cosell.Record{"own": odd.Record["own"]})
			if e := fault.Of(err); !fault.Is(err, fault.Refused) || e.Field != "own" || e.Say == "" || e.Mend == "" {
				t.Errorf("%s was not refused with a word: %v", k.odd, err)
			}
		})
	}
}

// portal changes a value of the referral as a person would, and reads it.
func (w *world) portal(t *testing.T, r *cosell.Referral, pointer string, v any) {
	t.Helper()
	list := []any{map[string]any{"type": "other", "value": "stays"}, map[string]any{"type": "own", "value": v}}
	op := partnercenter.Operation{Op: "replace", Path: mapping.Row{Referral: pointer}.Pointer().List(), Value: list}
	changed, err := w.pc.Patch(context.Background(), r.ID, r.Version, []partnercenter.Operation{op})
	if err != nil {
		t.Fatal(err)
	}
	if *r, err = w.referrals.Get(context.Background(), changed.ID()); err != nil {
		t.Fatal(err)
	}
}

// A text that the column cannot hold whole is cut with a mark, and an edit keeps the hidden rest (R146): for a
// column of the organisation's own the metadata says how long it is.
func TestR146_AnOwnTextIsCutAndComesBackWhole(t *testing.T) {
	w := ownWorld(t, ownKind{schema: `"type":"String","length":10`})
	o, r, _ := w.shared(t)
	w.portal(t, &r, own, "0123456789 and more")
	i := ruleOf(t, w.rules, "own")
	cut := w.rules[i].ToOpportunity(r.Record["own"])
	o, err := w.opportunities.Put(context.Background(), o, cosell.Record{"own": cut})
	if err != nil || o.Record["own"] != "012345678…" {
		t.Fatalf("%v %q", err, o.Record["own"])
	}
	if whole, ok := w.rules[i].Whole("X12345678…", r.Record["own"]); !ok || whole != "X123456789 and more" {
		t.Errorf("an edit makes %q of it, %v", whole, ok)
	}
	if _, ok := w.rules[i].Whole("X12345678", r.Record["own"]); ok {
		t.Error("without the mark the hidden part would be lost")
	}
}

func ruleOf(t *testing.T, rules []cosell.Rule, f cosell.Field) int {
	t.Helper()
	for i, r := range rules {
		if r.Field == f {
			return i
		}
	}
	t.Fatalf("no rule for %s", f)
	return 0
}

// A column of a type that nothing carries switches its row off and is named, with the type.
func TestR142_AnOwnColumnThatNoCodecCarriesIsNamed(t *testing.T) {
	w := newWorld(t, "- {field: own, referral: "+own+", crm: new_own}\n")
	w.administrator(t, `{"do":"add","table":"opportunity","column":"new_own","type":"Picklist","options":[{"value":1,"label":"One"}]}`)
	if found := mismatches(t, w); len(found) != 0 {
		t.Fatalf("%v", found)
	}
	w.administrator(t, `{"do":"remove","table":"opportunity","column":"new_own"}`)
	*w.now = w.now.Add(2 * time.Hour)
	o := w.sellersDeal(t)
	if found := mismatches(t, w); len(found) != 1 || !strings.Contains(found[0], "new_own") {
		t.Errorf("%v", found)
	}
	if _, there := o.Record["own"]; there || o.Record[cosell.Notes] != "notes" {
		t.Errorf("%v", o.Record)
	}
}

// A column that the CRM computes is named at once where the row would write it, and is not part of a new row.
func TestR114_AComputedColumnIsNamedAndNotWritten(t *testing.T) {
	w := newWorld(t, "- {field: own, referral: "+own+", crm: new_total}\n")
	w.administrator(t, `{"do":"add","table":"opportunity","column":"new_total","type":"Money","formula":"estimatedvalue * 0.5"}`)
	if found := mismatches(t, w); len(found) != 1 || !strings.Contains(found[0], "computed") {
		t.Errorf("%v", found)
	}
	_, r, _ := w.shared(t)
	made, err := w.opportunities.Create(context.Background(), w.opportunities.ID("x"), r, cosell.Record{cosell.Name: "D", cosell.Status: cosell.Open, cosell.DealValue: "100", "own": "7"})
	if err != nil || made.Record["own"] != "50" {
		t.Fatalf("%v %v", err, made.Record)
	}
	_, err = w.opportunities.Put(context.Background(), made, cosell.Record{"own": "8", cosell.Notes: "n"})
	if e := fault.Of(err); e.Field != "own" || e.Code != "column.computed" || e.Mend == "" {
		t.Errorf("%v", err)
	}
}

// One column is read and another written: what people see is computed from what is filled in.
func TestR114_OneColumnIsReadAndAnotherWritten(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, "- {field: dealValue, crm: new_total, crmWrite: new_entered}\n")
	w.administrator(t, `{"do":"add","table":"opportunity","column":"new_entered","type":"Money"}`)
	w.administrator(t, `{"do":"add","table":"opportunity","column":"new_total","type":"Money","formula":"new_entered * 1"}`)
	if found := mismatches(t, w); len(found) != 0 {
		t.Errorf("%v", found)
	}
	_, err := w.crm.ChangeSet(ctx, []dataverse.Write{{Method: "PATCH", Path: "opportunities(" + deal + ")", IfNoneMatch: "*", Body: map[string]any{"name": "D", "new_entered": 500,
		"transactioncurrencyid@odata.bind": dataverse.Bind("transactioncurrencies", dataversesim.EuroID)}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	o, err := w.opportunities.Get(ctx, deal)
	if err != nil || o.Record[cosell.DealValue] != "500" {
		t.Fatalf("%v %v", err, o.Record)
	}
	if o, err = w.opportunities.Put(ctx, o, cosell.Record{cosell.DealValue: "900"}); err != nil || o.Record[cosell.DealValue] != "900" {
		t.Fatalf("%v %v", err, o.Record)
	}
	row, err := w.crm.Get(ctx, "opportunities", deal, dataverse.Query{Select: []string{"new_entered", "estimatedvalue"}})
	if err != nil || row.Text("new_entered") != "900" && row.Text("new_entered") != "900.0" || row.Has("estimatedvalue") {
		t.Errorf("%v %v", err, row)
	}
}

const lookupRows = `
- {field: region, referral: ` + own + `, crm: new_regionid}
- {field: code, referral: ` + ownCode + `, crm: new_regionid/new_code, way: toReferral}
`

func lookupWorld(t *testing.T, rows string) *world {
	t.Helper()
	w := newWorld(t, rows)
	w.administrator(t, `{"do":"add","table":"new_region","set":"new_regions","primaryName":"new_name"}`)
	w.administrator(t, `{"do":"add","table":"new_region","column":"new_code","type":"String","length":10}`)
	w.administrator(t, `{"do":"add","table":"opportunity","column":"new_regionid","type":"Lookup","target":"new_region","schemaName":"new_RegionId"}`)
	for i, name := range []string{"North", "South", "Twin", "Twin"} {
		id := fmt.Sprintf("4e910000-0000-4000-8000-00000000000%d", i)
		if _, _, err := w.crm.Create(context.Background(), "new_regions", id, map[string]any{"new_name": name, "new_code": fmt.Sprintf("C%d", i)}, dataverse.Query{Select: []string{"new_name"}}); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// A lookup crosses as the name of its row, or as the column of it that the path names.
func TestR115_ALookupCrossesByNameOrByKey(t *testing.T) {
	ctx := context.Background()
	w := lookupWorld(t, lookupRows)
	o := w.sellersDeal(t)
	if o.Record["region"] != "" {
		t.Errorf("an empty lookup is %q", o.Record["region"])
	}
	o, err := w.opportunities.Put(ctx, o, cosell.Record{"region": "north"})
	if err != nil || o.Record["region"] != "North" || o.Record["code"] != "C0" {
		t.Fatalf("%v %q %q", err, o.Record["region"], o.Record["code"])
	}
	values, _ := cosell.Prepare(o, w.rules)
	made, _, err := w.referrals.Create(ctx, o, cosell.Draft{RequestID: "4a1f3a10-0000-4000-8000-000000000001", Values: values})
	if err != nil || saidIn(t, made, own) != `"North"` || saidIn(t, made, ownCode) != `"C0"` {
		t.Errorf("%v %v", err, made.Record)
	}
	for _, name := range []string{"Twin", "Atlantis"} {
		_, err := w.opportunities.Put(ctx, o, cosell.Record{"region": name})
		if e := fault.Of(err); !fault.Is(err, fault.Refused) || e.Class != fault.Record || e.Field != "region" || !strings.Contains(e.Say, name) || e.Mend == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if o, err = w.opportunities.Put(ctx, o, cosell.Record{"region": ""}); err != nil || o.Record["region"] != "" {
		t.Errorf("emptied: %v %q", err, o.Record["region"])
	}
}

// A lookup that leads to several tables finds its row in whichever has it, and in no more than one.
func TestR87_ALookupToSeveralTablesFindsItsRow(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, "- {field: partner, referral: "+own+", crm: new_partnerid}\n")
	w.administrator(t, `{"do":"add","table":"opportunity","column":"new_partnerid","type":"Customer","schemaName":"new_PartnerId"}`)
	o := w.sellersDeal(t)
	for _, name := range []string{"Tailspin Toys GmbH", "Ada Example"} {
		var err error
		if o, err = w.opportunities.Put(ctx, o, cosell.Record{"partner": name}); err != nil || o.Record["partner"] != name {
			t.Errorf("%s: %v %q", name, err, o.Record["partner"])
		}
	}
	if _, err := w.opportunities.Put(ctx, o, cosell.Record{"partner": "Nobody"}); fault.Of(err).Code != "lookup.unknown" || !strings.Contains(fault.Of(err).Say, "account or contact") {
		t.Errorf("%v", err)
	}
}

// The currency's code may stand in a column of its own; letter case is no difference.
func TestR101_TheCurrencyMayStandInAnotherColumn(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, "- {field: currency, crm: new_code}\n")
	w.administrator(t, `{"do":"add","table":"opportunity","column":"new_code","type":"String","length":3}`)
	o := w.sellersDeal(t)
	o, err := w.opportunities.Put(ctx, o, cosell.Record{cosell.Currency: "USD", cosell.DealValue: "5"})
	if err != nil || o.Record[cosell.Currency] != "USD" {
		t.Fatalf("%v %v", err, o.Record)
	}
	row, err := w.crm.Get(ctx, "opportunities", deal, dataverse.Query{Select: []string{"new_code", "_transactioncurrencyid_value"}})
	if err != nil || row.Text("new_code") != "USD" || row.Text("_transactioncurrencyid_value") != dataversesim.DollarID {
		t.Errorf("%v %v", err, row)
	}
	if _, err := w.crm.Update(ctx, "opportunities", deal, row.ETag(), map[string]any{"new_code": "chf"}, dataverse.Query{Select: []string{"name"}}); err != nil {
		t.Fatal(err)
	}
	if o, err = w.opportunities.Get(ctx, deal); err != nil || o.Record[cosell.Currency] != "CHF" {
		t.Errorf("%v %q", err, o.Record[cosell.Currency])
	}
}

// The country of a customer may be a lookup: read through it, and written by the one row with that code.
func TestR115_TheCountryMayBeALookup(t *testing.T) {
	ctx := context.Background()
	rows := "- {field: customerCountry, crm: parentaccountid/new_countryid/new_iso}\n"
	w := newWorld(t, rows)
	w.administrator(t, `{"do":"add","table":"new_country","set":"new_countries","primaryName":"new_name"}`)
	w.administrator(t, `{"do":"add","table":"new_country","column":"new_iso","type":"String","length":2}`)
	w.administrator(t, `{"do":"add","table":"account","column":"new_countryid","type":"Lookup","target":"new_country","schemaName":"new_CountryId"}`)
	for i, iso := range []string{"DE", "FR", "FR"} {
		id := fmt.Sprintf("4e920000-0000-4000-8000-00000000000%d", i)
		if _, _, err := w.crm.Create(ctx, "new_countries", id, map[string]any{"new_name": "Country " + iso, "new_iso": iso}, dataverse.Query{Select: []string{"new_name"}}); err != nil {
			t.Fatal(err)
		}
	}
	account, err := w.crm.Get(ctx, "accounts", dataversesim.AccountID, dataverse.Query{Select: []string{"name"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.crm.Update(ctx, "accounts", dataversesim.AccountID, account.ETag(), map[string]any{"new_CountryId@odata.bind": "/new_countries(4e920000-0000-4000-8000-000000000000)",
		"address1_country": "nowhere"}, dataverse.Query{Select: []string{"name"}}); err != nil {
		t.Fatal(err)
	}
	o, r, _ := w.shared(t)
	if o.Record[cosell.CustomerCountry] != "DE" || saidIn(t, r, "/customerProfile/address/country") != `"DE"` {
		t.Errorf("%q %s", o.Record[cosell.CustomerCountry], saidIn(t, r, "/customerProfile/address/country"))
	}
	values := cosell.Record{cosell.Name: "D", cosell.Status: cosell.Open, cosell.ReferralID: r.ID, cosell.CustomerName: "Somebody Else", cosell.CustomerCountry: "DE", "customerCity": "Bremen"}
	made, err := w.opportunities.Create(ctx, w.opportunities.ID("a"), r, values)
	if err != nil || made.Record[cosell.CustomerCountry] != "DE" {
		t.Fatalf("%v %v", err, made.Record)
	}
	values[cosell.CustomerName], values[cosell.CustomerCountry] = "Somebody French", "FR"
	_, err = w.opportunities.Create(ctx, w.opportunities.ID("b"), r, values)
	if e := fault.Of(err); !fault.Is(err, fault.Refused) || e.Field != string(cosell.CustomerCountry) || e.Code != "lookup.unclear" {
		t.Errorf("two rows for one country: %v", err)
	}
}

// The sheet is over logical names: who gives a label is told the name behind it.
func TestR83_ALabelIsRefusedWithTheNameOfItsColumn(t *testing.T) {
	for label, name := range map[string]string{"Est. Revenue": "estimatedvalue", "sync with partner center": "cosell_sync"} {
		_, err := mapping.Load(mapping.Source{Name: "mapping.yaml", Text: []byte("- {field: own, referral: /campaignId, crm: \"" + label + "\", as: text}\n")})
		if err == nil || !strings.Contains(err.Error(), "mapping.yaml:1") || !strings.Contains(err.Error(), name) {
			t.Errorf("%q: %v", label, err)
		}
	}
}

// A codec that does not fit its column is named with the type that was found and those that would do: of a standard
// column when the sheet is loaded, of one of the organisation's own beside its metadata.
func TestR84_AWrongTypeIsNamedWithWhatWasFoundAndWanted(t *testing.T) {
	_, err := mapping.Load(mapping.Source{Name: "mapping.yaml", Text: []byte("- {field: notes, crm: estimatedvalue}\n")})
	if err == nil || !strings.Contains(err.Error(), "Money") || !strings.Contains(err.Error(), "Memo, String") {
		t.Errorf("%v", err)
	}
	w := newWorld(t, "- {field: own, referral: /campaignId, crm: new_own, as: date}\n")
	w.administrator(t, `{"do":"add","table":"opportunity","column":"new_own","type":"Integer","min":0,"max":9}`)
	if found := mismatches(t, w); len(found) != 1 || !strings.Contains(found[0], "Integer") || !strings.Contains(found[0], "DateTime") {
		t.Errorf("%v", found)
	}
}

// A lookup whose rows may not be read, or do not have the column, switches its row off and says which.
func TestR142_ALookupThatLeadsNowhereIsNamed(t *testing.T) {
	for name, c := range map[string]struct{ row, privilege, says string }{
		"may not be read": {"- {field: region, referral: /campaignId, crm: new_regionid}\n", `{"table":"new_region","operation":"read","allowed":false}`, "cannot be read"},
		"no such column":  {"- {field: region, referral: /campaignId, crm: new_regionid/new_kode}\n", "", "no column new_kode"},
	} {
		t.Run(name, func(t *testing.T) {
			w := lookupWorld(t, c.row)
			if c.privilege != "" {
				w.post(t, "/privileges", c.privilege)
			}
			found := mismatches(t, w)
			if len(found) != 1 || !strings.Contains(found[0], "region") || !strings.Contains(found[0], c.says) {
				t.Errorf("%v", found)
			}
			o := w.sellersDeal(t)
			if _, there := o.Record["region"]; there || o.Record[cosell.Notes] != "notes" || len(o.Record.Members(cosell.Unreadable)) != 0 {
				t.Errorf("%v", o.Record)
			}
		})
	}
}
