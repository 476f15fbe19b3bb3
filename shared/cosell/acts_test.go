package cosell

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What becomes of an act depends on how far the pair has come, and on nothing else.
func TestR152_WhatBecomesOfAnAct(t *testing.T) {
	referral := func(status string) Base { return Base{Referral: Record{Status: status}, Opportunity: Record{}} }
	none := Pair{}
	linked := Pair{Phase: Linked, ReferralID: "r", MicrosoftID: "m", Base: referral(Accepted)}
	alone := Pair{Phase: Linked, ReferralID: "r", Base: referral(Accepted)}
	claimed := Pair{Phase: Claimed, ProposedID: "p"}
	ended := Pair{Phase: Ended, ReferralID: "r"}
	lacking := Pair{Phase: Lacking}
	creating := Pair{Phase: Creating, ReferralID: "r"}
	lead := Pair{Table: LeadTable, Phase: Linked, ReferralID: "r", Base: referral(Pending)}
	onHold := Record{Sync: True, Status: OnHold, Help: "GeneralOrOther"}
	on := Record{Sync: True, Status: Open, Help: "GeneralOrOther"}
	off := Record{Sync: False, Status: Open, Help: "GeneralOrOther"}
	with := func(r Record, more Record) Record {
		r = r.Clone()
		for f, v := range more {
			r[f] = v
		}
		return r
	}
	for name, tt := range map[string]struct {
		act       string
		pair      Pair
		row       Record
		microsoft string
		want      Deed
		says      string
	}{
		"Sync/Linked":                {ActSync, linked, on, "", Look, ""},
		"Retry/Linked":               {ActRetry, linked, on, "", Look, ""},
		"Sync/Unknown":               {ActSync, none, on, "", Look, ""},
		"Sync/NothingMadeYet":        {ActRetry, lacking, on, "", Look, ""},
		"Sync/Off":                   {ActSync, linked, off, "", Explain, "switched off"},
		"Sync/Proposed":              {ActSync, claimed, off, "", Explain, "asks to be linked"},
		"Sync/Ended":                 {ActSync, ended, on, "", Explain, "not linked any more"},
		"Sync/ClosedWithoutReferral": {ActSync, lacking, with(on, Record{Status: Lost}), "", Explain, "closed"},
		"Ask/Declined":               {ActAsk, linked, on, "Declined", AskAgain, ""},
		"Ask/Expired":                {ActAsk, linked, on, "Expired", AskAgain, ""},
		"Ask/Pending":                {ActAsk, linked, on, "Pending", Explain, "Pending"},
		"Ask/Accepted":               {ActAsk, linked, on, "Accepted", Explain, "Accepted"},
		"Ask/NeverAsked":             {ActAsk, alone, on, "", Look, ""},
		"Ask/Off":                    {ActAsk, linked, off, "Declined", Explain, "switched off"},
		"Ask/NoHelp":                 {ActAsk, linked, with(on, Record{Help: ""}), "Declined", Explain, "how Microsoft can help"},
		"Ask/ClosedOpportunity":      {ActAsk, linked, with(on, Record{Status: Won}), "Declined", Explain, "reopen"},
		"Ask/OwnWon":                 {ActAsk, Pair{Phase: Linked, ReferralID: "r", MicrosoftID: "m", Base: referral(Won)}, on, "Declined", Explain, "closed as won"},
		"Ask/OwnLost":                {ActAsk, Pair{Phase: Linked, ReferralID: "r", MicrosoftID: "m", Base: referral(Lost)}, on, "Declined", Explain, "closed as lost"},
		"Ask/OwnExpired":             {ActAsk, Pair{Phase: Linked, ReferralID: "r", Base: referral(Expired)}, on, "", AskAgain, ""},
		"Ask/OwnDeclined":            {ActAsk, Pair{Phase: Linked, ReferralID: "r", Base: referral(Declined)}, on, "", AskAgain, ""},
		"Ask/OwnPending":             {ActAsk, Pair{Phase: Linked, ReferralID: "r", Base: referral(Pending)}, on, "", Explain, "our own answer"},
		"Ask/Ended":                  {ActAsk, ended, on, "", AskAgain, ""},
		"Ask/BeingMade":              {ActAsk, Pair{Phase: Creating, Former: []string{"r"}}, on, "", Look, ""},
		"Ask/Proposed":               {ActAsk, claimed, on, "", Explain, "asks to be linked"},
		"Link/Proposed":              {ActLink, claimed, off, "", Join, ""},
		"Link/Nothing":               {ActLink, linked, on, "", Explain, "no referral asks"},
		"NotSame/Proposed":           {ActNotSame, claimed, off, "", Refuse, ""},
		"NotSame/Nothing":            {ActNotSame, lacking, on, "", Explain, "no referral asks"},
		"NotSame/RowHasNotHeard":     {ActNotSame, Pair{Phase: Lacking, Unlike: []string{"p"}}, with(off, Record{Proposed: "p"}), "", Refuse, ""},
		"Unlink/Linked":              {ActUnlink, linked, on, "", Part, ""},
		"Unlink/OffToo":              {ActUnlink, linked, off, "", Part, ""},
		"Unlink/BeingMade":           {ActUnlink, creating, on, "", Part, ""},
		"Unlink/Proposed":            {ActUnlink, claimed, off, "", Refuse, ""},
		"Unlink/RowHasNotHeard":      {ActUnlink, ended, with(on, Record{ReferralID: "r"}), "", Part, ""},
		"Unlink/Ended":               {ActUnlink, ended, on, "", Explain, "not linked"},
		"Unlink/Nothing":             {ActUnlink, lacking, on, "", Explain, "not linked"},
		"Sync/Lead":                  {ActSync, lead, onHold, "", Look, ""},
		"Sync/LeadAlone":             {ActRetry, Pair{Table: LeadTable}, onHold, "", Explain, "no referral is made of a lead"},
		"Sync/LeadOfLostTables":      {ActSync, Pair{Table: LeadTable}, with(onHold, Record{ReferralID: "r"}), "", Look, ""},
		"Sync/LeadOff":               {ActSync, lead, with(onHold, Record{Sync: False}), "", Explain, "switched off"},
		"Sync/LeadEnded":             {ActSync, Pair{Table: LeadTable, Phase: Ended, ReferralID: "r"}, onHold, "", Explain, "the lead is not linked any more"},
		"Ask/Lead":                   {ActAsk, lead, onHold, "Declined", Explain, "qualify the lead"},
		"Link/LeadProposed":          {ActLink, Pair{Table: LeadTable, Phase: Claimed, ProposedID: "p"}, onHold, "", Join, ""},
		"Unlink/Lead":                {ActUnlink, lead, onHold, "", Part, ""},
		"Unlink/LeadAlone":           {ActUnlink, Pair{Table: LeadTable}, onHold, "", Explain, "the lead is not linked"},
		"Unknown":                    {"dance", linked, on, "", Explain, "dance"},
	} {
		deed, why := Heed(tt.pair, Opportunity{Side: Side{Record: with(tt.row, Record{Action: tt.act})}}, tt.microsoft)
		if deed != tt.want || !strings.Contains(why.Explain(), tt.says) || (deed == Explain) != (why.Text != "") {
			t.Errorf("%s: %s, %q", name, deed, why.Explain())
		}
	}
}

func TestR152_ALookIsAnsweredAndTellsEverythingAgain(t *testing.T) {
	in := edit(nil, nil)
	held := Problem{Code: "value.required", Field: DealValue, Place: InPartnerCenter, Class: OfRecord, Text: "no value"}
	in.Pair.Told = Prints([]Problem{held})
	row, _ := in.Opportunity.Row()
	row.Record = row.Record.Clone()
	row.Record[Action] = ActSync
	in.Opportunity = AtHand(row)
	plan := Merge(in).With(held)
	if v, cleared := plan.ToOpportunity[Action]; !cleared || v != "" {
		t.Errorf("what was asked is not cleared: %v", plan.ToOpportunity)
	}
	lines := strings.Join(in.Lines(plan, Written{}, Words{}), "\n")
	if !strings.Contains(lines, "looked at anew, as asked") || !strings.Contains(lines, "no value") {
		t.Error(lines)
	}
	in.Opportunity = Assumed(in.Pair)
	if _, cleared := Merge(in).ToOpportunity[Action]; cleared {
		t.Error("nobody asks on a row that was not read")
	}
}

func TestR108_AgainKeepsTheOldIDsAndNothingElse(t *testing.T) {
	p := Pair{OpportunityID: "o", ReferralID: "r2", MicrosoftID: "m2", EngagementID: "e", ProposedID: "p", Phase: Linked, Former: []string{"r1", "m1"}, Unlike: []string{"x"},
		Base: Base{Referral: Record{Name: "N"}, Opportunity: Record{Name: "N"}}, Held: []Held{{Code: "c"}}, Told: []string{"t"}, Posted: []string{"f"}, Untold: []Problem{{Text: "gave way"}}, Version: "v"}
	got := p.Again()
	want := Pair{OpportunityID: "o", Phase: Creating, Former: []string{"r1", "m1", "r2", "m2"}, Unlike: []string{"x"}, Untold: []Problem{{Text: "gave way"}}, Version: "v"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !got.Resumes("R2") || got.Resumes("new") || slices.Equal(p.Former, got.Former) {
		t.Errorf("%v", got.Former)
	}
	line := AuditLine(time.Time{}, ToPartnerCenter, "referral new created, sync success; "+FormerStay+"r2, m2", "t")
	for id, want := range map[string]bool{"r2": true, "m2": true, "new": false} {
		if Former("x\n"+line, id) != want || Former(strings.Replace(line, ToPartnerCenter, "somebody", 1), id) {
			t.Errorf("%s", id)
		}
	}
}

func TestR152_AnUnlinkedRowSaysNothingOfTheReferral(t *testing.T) {
	rules := []Rule{{Field: MicrosoftStatus, Way: ToOpportunity}, {Field: Name, Way: Both}}
	o := Opportunity{Side: Side{Record: Record{Name: "N", Sync: True, ReferralID: "r", ReferralLink: "l", Mark: MarkOK, State: StateInSync, ErrorCode: "", LastSync: "t",
		Expires: "", Proposed: "", MicrosoftStatus: "Pending"}}}
	want := Record{Sync: False, ReferralID: "", ReferralLink: "", Mark: "", State: "", LastSync: "", MicrosoftStatus: ""}
	if diff := cmp.Diff(want, Parted(o, rules)); diff != "" {
		t.Error(diff)
	}
}

func TestR152_ALinkOfAPersonsBeginsAfresh(t *testing.T) {
	p := Pair{OpportunityID: "o", ReferralID: "old", Phase: Ended, Base: Base{Referral: Record{Name: "N"}}, Former: []string{"r", "q"}, Unlike: []string{"R"}, Version: "v"}
	if diff := cmp.Diff(Pair{OpportunityID: "o", Former: []string{"q"}, Unlike: []string{}, Version: "v"}, p.Afresh("r")); diff != "" {
		t.Error(diff)
	}
	p = Pair{Phase: Claimed, ProposedID: "p", Held: []Held{{Code: "link.unconfirmed"}}, Told: []string{"t"}}
	if diff := cmp.Diff(Pair{Phase: Lacking, Unlike: []string{"p"}}, p.Refuses()); diff != "" {
		t.Error(diff)
	}
}
