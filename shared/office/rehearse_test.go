package office

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
)

// The weightiest of what a look would do gives it its name.
func TestAPreviewIsNamedAfterTheWeightiestOfIt(t *testing.T) {
	write := func(place cosell.Place, id string, values cosell.Record) flow.Rehearsed {
		return flow.Rehearsed{Place: place, ID: id, Values: values}
	}
	words := write(cosell.InCRM, opportunity, cosell.Record{cosell.Audit: "a line", cosell.State: cosell.StateWaiting})
	value := write(cosell.InCRM, opportunity, cosell.Record{cosell.Notes: "n", cosell.Audit: "a line"})
	refused := cosell.Problem{Field: cosell.Notes, Class: cosell.OfRecord}
	held := cosell.Problem{Field: cosell.Notes, Class: cosell.OfRule}
	for want, cases := range map[string][]flow.Rehearsal{
		Nothing: {{}},
		Creates: {{Writes: []flow.Rehearsed{words, write(cosell.InPartnerCenter, "", cosell.Record{cosell.Name: "x"})}, Problems: []cosell.Problem{refused}}},
		Closes: {
			{Writes: []flow.Rehearsed{value, write(cosell.InPartnerCenter, referral, cosell.Record{cosell.Status: cosell.Declined})}},
			{Writes: []flow.Rehearsed{write(cosell.InCRM, opportunity, cosell.Record{cosell.Status: cosell.Canceled}), value}},
		},
		Updates: {
			{Writes: []flow.Rehearsed{value}, Problems: []cosell.Problem{refused}, Waits: errors.New("w")},
			{Writes: []flow.Rehearsed{write(cosell.InPartnerCenter, referral, cosell.Record{cosell.Status: cosell.Accepted})}},
			{Writes: []flow.Rehearsed{write(cosell.InCRM, opportunity, cosell.Record{cosell.Status: cosell.Open})}},
		},
		Refuses: {{Writes: []flow.Rehearsed{words}, Problems: []cosell.Problem{held, refused}, Waits: errors.New("w")}},
		Holds:   {{Writes: []flow.Rehearsed{words}, Problems: []cosell.Problem{held}, Waits: errors.New("w")}},
		Waits:   {{Writes: []flow.Rehearsed{words}, Waits: errors.New("w")}},
		Tells:   {{Writes: []flow.Rehearsed{words}}},
	} {
		for i, r := range cases {
			if got := previewOf(r).Does; got != want {
				t.Errorf("%s, case %d: %q", want, i, got)
			}
		}
	}
}

// What a look would do is shown without the books that the product keeps, and with the names that operators use.
func TestAPreviewShowsWhatWouldBeWritten(t *testing.T) {
	row := cosell.Opportunity{Side: cosell.Side{ID: opportunity, Record: cosell.Record{cosell.Name: "Fabric"}}}
	own := cosell.Referral{Side: cosell.Side{ID: referral, Record: cosell.Record{cosell.Name: "Of Partner Center"}}}
	microsofts := own
	microsofts.ID, microsofts.Microsoft = unknown, true
	problem := cosell.Problem{Code: "c", Field: cosell.Notes, Place: cosell.InCRM, Class: cosell.OfRecord, Text: "t", Mend: "m"}
	pair := cosell.Pair{OpportunityID: "o", ReferralID: "r"}
	for name, c := range map[string]struct {
		rehearsal flow.Rehearsal
		want      Preview
	}{
		"a pair": {
			flow.Rehearsal{Pair: pair, Opportunity: &row, Referral: &own, Lines: []string{"line"}, Waits: fault.Wait(time.Minute, "for the log").Saying("for a person", ""),
				Writes: []flow.Rehearsed{
					{Place: cosell.InPartnerCenter, ID: referral, Values: cosell.Record{cosell.Notes: "new", cosell.DealValue: "2", cosell.CRMID: "x"}, Was: cosell.Record{cosell.Notes: "old"}},
					{Place: cosell.InPartnerCenter, Microsoft: true, Values: cosell.Record{cosell.Help: "GeneralOrOther", cosell.Name: "Fabric"}},
				},
				Problems:    []cosell.Problem{problem},
				Differences: []flow.Difference{{Field: cosell.Notes, Opportunity: "new", Referral: "old", Wins: cosell.Newest, Goes: cosell.InPartnerCenter, Why: "w"}, {Field: cosell.Name}}},
			Preview{OpportunityID: opportunity, ReferralID: referral, Name: "Fabric", Does: Creates, Lines: []string{"line"}, Waits: "for a person",
				Writes: []Write{
					{To: "Partner Center", Field: "dealValue", Value: "2"}, {To: "Partner Center", Field: "notes", From: "old", Value: "new"},
					{To: "Partner Center", Field: "help", Value: "GeneralOrOther", New: true},
				},
				Problems: []Held{{ID: HeldID("o", string(cosell.InCRM), "notes", "c"), OpportunityID: "o", ReferralID: "r", Place: string(cosell.InCRM), Field: "notes", Class: "record", Code: "c", Text: "t", Mend: "m"}},
				Differences: []Difference{{Field: "notes", Opportunity: "new", Referral: "old", Wins: string(cosell.Newest), Goes: "Partner Center", Why: "w"},
					{Field: "name"}}},
		},
		"a referral alone": {
			flow.Rehearsal{Pair: pair, Referral: &own, Waits: errors.New("as it is")},
			Preview{OpportunityID: "o", ReferralID: referral, Name: "Of Partner Center", Does: Waits, Waits: "as it is", Writes: []Write{}, Problems: []Held{}},
		},
		"Microsoft's referral names no deal": {
			flow.Rehearsal{Pair: pair, Referral: &microsofts},
			Preview{OpportunityID: "o", ReferralID: "r", Does: Nothing, Writes: []Write{}, Problems: []Held{}},
		},
	} {
		if diff := cmp.Diff(c.want, previewOf(c.rehearsal)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
