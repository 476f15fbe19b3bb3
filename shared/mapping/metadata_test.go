package mapping_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

const campaign = "- {field: campaign, referral: /details/requirements/additionalRequirements/attributes/type=own/id, crm: new_campaign, as: text}\n"

func mismatches(t *testing.T, w *world) []string {
	t.Helper()
	found, err := w.opportunities.Mismatches(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range found {
		if m.Mend == "" {
			t.Errorf("nobody knows what to do about %s", m)
		}
		out = append(out, m.String())
	}
	return out
}

// A column that is gone, or of another type, switches its row off; the rest goes on, and the row comes back.
func TestR142_AColumnThatGoesSwitchesItsRowOff(t *testing.T) {
	ctx := context.Background()
	for what, change := range map[string]string{
		"gone":    `{"do":"remove","table":"opportunity","column":"new_campaign"}`,
		"retyped": `{"do":"retype","table":"opportunity","column":"new_campaign","type":"Boolean"}`,
	} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t, campaign)
			w.administrator(t, `{"do":"add","table":"opportunity","column":"new_campaign","type":"String","length":50}`)
			o := w.sellersDeal(t)
			if found := mismatches(t, w); len(found) != 0 {
				t.Fatalf("nothing is wrong, yet %v", found)
			}
			w.administrator(t, change)
			*w.now = w.now.Add(2 * time.Hour)
			found := mismatches(t, w)
			if len(found) != 1 || !strings.Contains(found[0], "campaign") || !strings.Contains(found[0], "new_campaign") {
				t.Errorf("found %v", found)
			}
			o, err := w.opportunities.Get(ctx, o.ID)
			if _, there := o.Record["campaign"]; err != nil || there || o.Record[cosell.Notes] != "notes" {
				t.Fatalf("%v %v", err, o.Record)
			}
			// What cannot be written must not count as written; the rest goes on.
			_, err = w.opportunities.Put(ctx, o, cosell.Record{"campaign": "x", cosell.Notes: "new"})
			if e := fault.Of(err); !fault.Is(err, fault.Refused) || e.Class != fault.Ours || e.Field != "campaign" || fault.OfAll(err) {
				t.Errorf("a value without its column: %v", err)
			}
			made := cosell.Record{cosell.Name: "New", "campaign": "x"}
			const other = "0dea1000-0000-4000-8000-0000000000ff"
			_, err = w.opportunities.Create(ctx, other, cosell.Referral{Side: cosell.Side{ID: other, Record: cosell.Record{}}}, made)
			if e := fault.Of(err); !fault.Is(err, fault.Refused) || e.Class != fault.Ours || e.Field != "campaign" || fault.OfAll(err) {
				t.Errorf("a new opportunity with a value without its column: %v", err)
			}
			if _, err := w.opportunities.Get(ctx, other); !fault.Is(err, fault.Gone) {
				t.Errorf("it was made all the same: %v", err)
			}
			if o, err = w.opportunities.Put(ctx, o, cosell.Record{cosell.Notes: "new"}); err != nil || o.Record[cosell.Notes] != "new" {
				t.Errorf("%v %v", err, o.Record)
			}
			w.administrator(t, `{"do":"remove","table":"opportunity","column":"`+map[string]string{"retyped": "new_campaign", "gone": "cosell_proposed"}[what]+`"}`)
			w.administrator(t, `{"do":"add","table":"opportunity","column":"`+map[string]string{"retyped": "new_campaign", "gone": "cosell_proposed"}[what]+`","type":"String","length":100}`)
			if what == "gone" {
				w.administrator(t, `{"do":"add","table":"opportunity","column":"new_campaign","type":"String","length":50}`)
			}
			*w.now = w.now.Add(10 * time.Minute)
			if o, err = w.opportunities.Get(ctx, o.ID); err != nil {
				t.Fatal(err)
			}
			if _, there := o.Record["campaign"]; !there {
				t.Errorf("the row does not come back: %v", o.Record)
			}
		})
	}
}

// Nobody looked before: the refusal of a read leads to the comparison, and the read goes on without it.
func TestR142_ARefusedReadLooksAtTheMetadata(t *testing.T) {
	w := newWorld(t, campaign)
	o := w.sellersDeal(t)
	if o.Record[cosell.Notes] != "notes" {
		t.Errorf("%v", o.Record)
	}
	if found := mismatches(t, w); len(found) != 1 || !strings.Contains(found[0], "new_campaign") {
		t.Errorf("found %v", found)
	}
}

// What a refusal finds is told at once, and so is its end: health does not wait for the hour.
func TestR142_WhatARefusalFindsIsTold(t *testing.T) {
	w := newWorld(t, campaign)
	o := w.sellersDeal(t)
	if len(w.told) != 1 || len(w.told[0]) != 1 || w.told[0][0].Column != "new_campaign" {
		t.Fatalf("told %v", w.told)
	}
	*w.now = w.now.Add(time.Minute)
	if _, err := w.opportunities.Get(context.Background(), o.ID); err != nil || len(w.told) != 1 {
		t.Errorf("%v, told again: %v", err, w.told)
	}
	w.administrator(t, `{"do":"add","table":"opportunity","column":"new_campaign","type":"String","length":50}`)
	*w.now = w.now.Add(10 * time.Minute)
	if _, err := w.opportunities.Get(context.Background(), o.ID); err != nil || len(w.told) != 2 || len(w.told[1]) != 0 {
		t.Errorf("%v, the end: %v", err, w.told)
	}
}

func TestR142_WithoutAVitalColumnNothingIsDone(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	o := w.sellersDeal(t)
	w.administrator(t, `{"do":"remove","table":"opportunity","column":"cosell_sync"}`)
	*w.now = w.now.Add(2 * time.Hour)
	before := len(w.dv.calls)
	_, err := w.opportunities.Get(ctx, o.ID)
	if fault.ClassOf(err) != fault.Ours || fault.Of(err).Field != "sync" || !strings.Contains(fault.Of(err).Say, "cosell_sync") || fault.Of(err).Mend == "" {
		t.Errorf("%v after %v", err, w.dv.calls[before:])
	}
	if _, err := w.opportunities.Put(ctx, o, cosell.Record{cosell.Notes: "x"}); fault.ClassOf(err) != fault.Ours {
		t.Errorf("written all the same: %v", err)
	}
	if found := mismatches(t, w); len(found) != 1 {
		t.Errorf("found %v", found)
	}
	w.administrator(t, `{"do":"add","table":"opportunity","column":"cosell_sync","schemaName":"cosell_Sync","type":"Boolean"}`)
	*w.now = w.now.Add(6 * time.Minute)
	if _, err := w.opportunities.Get(ctx, o.ID); err != nil {
		t.Errorf("it does not come back: %v", err)
	}
}

// A choice of the organisation's own, whatever its integers and languages.
func TestR85_AnyChoiceIsResolvedByLabel(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, "- {field: help, crm: msft_help}\n")
	w.administrator(t, `{"do":"add","table":"opportunity","column":"msft_help","type":"Picklist","options":[
		{"value":299600000,"label":"Value workshop","labels":{"1036":"Workload specific value proposition"}},
		{"value":299600005,"label":"General or other"},{"value":299600009,"label":"Something of theirs"}]}`)
	o := w.sellersDeal(t)
	for value, want := range map[int]string{299600000: "WorkloadSpecificValueProposition", 299600005: "GeneralOrOther"} {
		w.person(t, fmt.Sprintf(`{"do":"update","table":"opportunity","id":%q,"columns":{"msft_help":%d}}`, o.ID, value))
		got, err := w.opportunities.Get(ctx, o.ID)
		if err != nil || got.Record[cosell.Help] != want {
			t.Errorf("%d is %q (%v), want %q", value, got.Record[cosell.Help], err, want)
		}
		before := len(w.dv.calls)
		if got, err = w.opportunities.Put(ctx, got, cosell.Record{cosell.Help: "QuotesOrLicensing", cosell.Notes: "n"}); !fault.Is(err, fault.Refused) || fault.Of(err).Field != "help" || len(w.dv.calls) != before {
			t.Errorf("an option that CRM does not have: %v after %v", err, w.dv.calls[before:])
		}
	}
	w.person(t, fmt.Sprintf(`{"do":"update","table":"opportunity","id":%q,"columns":{"msft_help":299600009}}`, o.ID))
	got, err := w.opportunities.Get(ctx, o.ID)
	if _, there := got.Record[cosell.Help]; err != nil || there || got.Record[cosell.Unreadable.Of("help")] == "" || got.Record[cosell.Notes] == "" {
		t.Errorf("an option that means nothing here: %v %v", err, got.Record)
	}
}

// A day that a person enters into a user-local column is that day, and is written so that it stays one.
func TestR148_UserLocalColumnsOfTheOrganisation(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, "- {field: closingDate, crm: new_golive, crmWhenWon: new_golive}\n")
	w.administrator(t, `{"do":"add","table":"opportunity","column":"new_golive","type":"DateTime","behavior":"UserLocal","format":"DateOnly"}`)
	o := w.sellersDeal(t)
	if o.Record[cosell.ClosingDate] != "" {
		t.Errorf("%v", o.Record)
	}
	written, err := w.opportunities.Put(ctx, o, cosell.Record{cosell.ClosingDate: "2026-03-31"})
	if err != nil || written.Record[cosell.ClosingDate] != "2026-03-31" {
		t.Fatalf("%v %q", err, written.Record[cosell.ClosingDate])
	}
	row, err := w.crm.Get(ctx, "opportunities", o.ID, dataverse.Query{Select: []string{"new_golive"}})
	if got := row.Text("new_golive"); err != nil || got != "2026-03-30T22:00:00Z" {
		t.Errorf("written as %q (%v)", got, err)
	}
}

// What an organisation demands of new rows is filled by the sheet; its own status reasons and lengths are learnt.
func TestR20_ConstantsAndDefaultsFillWhatNewRowsNeed(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, `
- {field: businessLine, crm: new_businessline, constant: "Cloud"}
- {field: territory, crm: new_territory, constant: 100000000}
- {field: segment, crm: parentaccountid/new_segment, constant: 100000000}
- {field: notes, default: "from Partner Center"}
`)
	_, own, _ := w.shared(t)
	w.post(t, "/organisation", `{"kind":"opinionated"}`)
	*w.now = w.now.Add(2 * time.Minute)
	own.Record = own.Record.Clone()
	own.Record[cosell.CustomerName] = "Brand New Ltd"
	values := cosell.Record{cosell.Name: "D", cosell.Status: cosell.Lost, cosell.Reason: "Others", cosell.ReferralID: own.ID}
	for f, v := range own.Record {
		if strings.HasPrefix(string(f), "customer") {
			values[f] = v
		}
	}
	made, err := w.opportunities.Create(ctx, w.opportunities.ID(own.ID), own, values)
	if err != nil {
		t.Fatal(err)
	}
	if made.Record[cosell.Notes] != "from Partner Center" || made.Record[cosell.Status] != cosell.Canceled && made.Record[cosell.Status] != cosell.Lost {
		t.Errorf("%v", made.Record)
	}
	row, err := w.crm.Get(ctx, "opportunities", made.ID, dataverse.Query{Select: []string{"new_businessline", "new_territory", "_parentaccountid_value"}})
	if err != nil || row.Text("new_businessline") != "Cloud" || row.Text("new_territory") != "100000000" {
		t.Errorf("%v %v", err, row)
	}
	account, err := w.crm.Get(ctx, "accounts", row.Text("_parentaccountid_value"), dataverse.Query{Select: []string{"new_segment"}})
	if err != nil || account.Text("new_segment") != "100000000" {
		t.Errorf("%v %v", err, account)
	}
}
