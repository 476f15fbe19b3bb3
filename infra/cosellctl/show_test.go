package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/office"
)

// What a person reads of answers that hold one of everything, whole: counts first, then a row for each.
func TestAPersonReadsTheCountsThenARowForEach(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mapping.yaml")
	if err := os.WriteFile(file, []byte("[]"), 0o600); err != nil {
		t.Fatal(err)
	}
	previews := []office.Preview{
		{OpportunityID: "o-1", ReferralID: "r-1", Name: "Fabric", Does: office.Updates, Writes: []office.Write{{To: "CRM", Field: "notes", From: "old", Value: "new"}},
			Lines:       []string{"a line that is no news"},
			Differences: []office.Difference{{Field: "notes", Opportunity: "old", Referral: "new", Goes: "CRM", Why: "changed in Partner Center"}, {Field: "dealValue", Opportunity: "1", Referral: "2", Why: "never agreed"}}},
		{ReferralID: "r-2", Name: "New deal", Does: office.Creates, Writes: []office.Write{{To: "CRM", Field: "name", Value: "New deal", New: true}}},
		{OpportunityID: "o-3", Name: "In the way", Does: office.Refuses, Waits: "it is not time", Problems: []office.Held{
			{Place: "referral", Field: "dealValue", Class: "record", Text: "too large"}, {Place: "opportunity", Field: "name", Class: "rule", Text: "a person decides"}}},
		{OpportunityID: "o-4", Name: "Told", Does: office.Tells, Lines: []string{"what was told"}},
		{OpportunityID: "o-5", Name: "Away", Failed: "500"},
		{OpportunityID: "o-6", Name: "Quiet", Does: office.Nothing},
	}
	day := time.Date(2026, 2, 1, 8, 0, 0, 0, time.UTC)
	listed := office.Report{Day: "2026-02-20", At: time.Date(2026, 2, 20, 0, 15, 0, 0, time.UTC), Counts: office.ReportCounts{Held: 3, Old: 1, Ignored: 1, Expiring: 1, Same: 7, Different: 1},
		Shadow: []cosell.Shadowed{{OpportunityID: "o-5", ReferralID: "r-5", Would: []string{"change opportunity: notes", "change referral: dealValue"}, Problems: []string{"too.large"}, At: day}},
		Held: []office.Reported{
			{Held: office.Held{OpportunityID: "o-1", Field: "dealValue", Place: "referral", Text: "no such value", Mend: "make it smaller", Since: day}, Old: true},
			{Held: office.Held{OpportunityID: "o-2", Field: "notes", Place: "opportunity", Text: "too long", Since: day.Add(9 * 24 * time.Hour)}}},
		Ignored:  []office.Reported{{Held: office.Held{ReferralID: "r-3", Text: "the id is another system's", Mend: "clear it", Since: day}, Link: "https://p.example/r-3"}},
		Expiring: []office.Reported{{Held: office.Held{ReferralID: "r-4", Text: "it waits until 2026-02-22", Mend: "accept it or decline it", Since: day}, Link: "https://p.example/r-4"}}}
	for _, c := range []struct {
		args   []string
		answer office.Answer
		want   string
	}{
		{[]string{"preview", "x"}, office.Answer{Previews: previews}, `6 records: 1 would create, 1 would change, 1 would tell, 1 would be refused, 1 would be held, 1 would wait, 1 cannot be read, 1 in step

RECORD  NAME        DOES    TO              FIELD      FROM     VALUE
o-1     Fabric      update  CRM             notes      old      new
r-2     New deal    create  CRM             name       (new)    New deal
o-3     In the way  refuse  Partner Center  dealValue  refused  too large
o-3     In the way  refuse  CRM             name       held     a person decides
o-3     In the way  refuse                             waits    it is not time
o-4     Told        tell    CRM             audit               what was told
o-5     Away                                                    cannot be read: 500

DIFFERS  NAME    FIELD      CRM  PARTNER CENTER  WINS            WHY
o-1      Fabric  notes      old  new             Partner Center  changed in Partner Center
o-1      Fabric  dealValue  1    2               nobody          never agreed
o-5      Away                                                    cannot be read: 500
`},
		{[]string{"drift"}, office.Answer{Previews: previews}, `6 pairs, 1 of them with differences, 1 that cannot be read; 0 differences unexplained

DIFFERS  NAME    FIELD      CRM  PARTNER CENTER  WINS            WHY
o-1      Fabric  notes      old  new             Partner Center  changed in Partner Center
o-1      Fabric  dealValue  1    2               nobody          never agreed
o-5      Away                                                    cannot be read: 500
`},
		{[]string{"adopt", "--plan"}, office.Answer{Census: &office.Census{Paired: 4, Older: 2, Since: &day, Found: []office.Found{
			{Kind: "referral", ID: "r-1", Name: "One", Status: "accepted", Changed: day, Fate: "comes"},
			{Kind: "opportunity", ID: "o-1", Name: "Two", Status: "open", Changed: day, Fate: "incomplete", Problems: []office.Held{{Text: "no contact"}}},
			{Kind: "referral", ID: "r-2", Name: "Three", Status: "new", Changed: day, Fate: "foreign", Other: "SF-1"}}}},
			`     1 would come in from Partner Center
     1 would be shared with Partner Center, once what is missing is filled in
     1 would be left alone: the CRM id is another system's
     4 open referrals are in pairs already
     2 left out: last changed before 2026-02-01 08:00:00Z

WHAT             KIND         ID   NAME   STATUS    CHANGED               ABOUT
comes in         referral     r-1  One    accepted  2026-02-01 08:00:00Z  
lacks something  opportunity  o-1  Two    open      2026-02-01 08:00:00Z  no contact; 
foreign id       referral     r-2  Three  new       2026-02-01 08:00:00Z  SF-1
`},
		{[]string{"report"}, office.Answer{Report: &listed}, `2026-02-20, as of 2026-02-20 00:15:00Z: 3 held, 1 of them for more than 14 days; 1 ignored; 1 invitation about to expire
shadow: 7 the same, 1 different

HELD  FIELD      NOT TAKEN BY    WHY            SINCE                       WHAT TO DO
o-1   dealValue  Partner Center  no such value  2026-02-01 08:00:00Z (old)  make it smaller
o-2   notes      CRM             too long       2026-02-10 08:00:00Z        
and 1 more

IGNORED  WHY                         SINCE                 LINK                   WHAT TO DO
r-3      the id is another system's  2026-02-01 08:00:00Z  https://p.example/r-3  clear it

EXPIRES  WHY                        SINCE                 LINK                   WHAT TO DO
r-4      it waits until 2026-02-22  2026-02-01 08:00:00Z  https://p.example/r-4  accept it or decline it

SHADOW  REFERRAL  WOULD                                                  PROBLEMS   LOOKED AT
o-5     r-5       change opportunity: notes; change referral: dealValue  too.large  2026-02-01 08:00:00Z
`},
		{[]string{"mapping", "push", file}, office.Answer{Mapping: &office.Mapping{Notes: []string{"worth knowing"}, Why: "values that are there would change",
			Counts: &office.Counts{Pairs: 5, Looked: 4, Change: 1, Fill: 2, Refused: 3, Held: 4, Unread: 1, Examples: []office.Write{{To: "CRM", Field: "notes", From: "a", Value: "b"}}}}},
			`note: worth knowing
Of 5 pairs, 1 would change, 2 be filled, 3 be refused, 4 be held
1 were not looked at in time, 1 cannot be read now
TO   FIELD  FROM  VALUE
CRM  notes  a     b
nothing was pushed: values that are there would change; --yes pushes all the same
`},
		{[]string{"mapping", "push", file}, office.Answer{Mapping: &office.Mapping{Mistakes: []string{"mapping.yaml:1: no"}}}, `mapping.yaml:1: no
1 mistake: nothing was pushed
`},
		{[]string{"mapping", "push", file}, office.Answer{Mapping: &office.Mapping{Pushed: true, Version: &office.SheetVersion{Number: 7}, Counts: &office.Counts{Pairs: 1, Looked: 1}}},
			`Of 1 pair, 0 would change, 0 be filled, 0 be refused, 0 be held
version 7 is in force everywhere within a minute
`},
	} {
		a, environ := newApp(t)
		a.answer = c.answer
		_, out, _ := ctl(t, environ, c.args...)
		if diff := cmp.Diff(c.want, out); diff != "" {
			t.Errorf("%v (-want +got):\n%s", c.args, diff)
		}
	}
}
