package flow_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
)

// crowded is a world with so many pairs in step.
func crowded(t *testing.T, n int) *world {
	t.Helper()
	w := newWorld(t)
	for i := range n {
		w.want(cosell.Record{cosell.Name: fmt.Sprint("Deal ", i), cosell.Notes: "of old"})
		o := w.opportunities[deal]
		delete(w.opportunities, deal)
		o.ID = fmt.Sprintf("11111111-1111-4111-8111-%012d", i+1)
		w.opportunities[o.ID] = o
	}
	for _, id := range sorted(w.opportunities) {
		w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", id, "Update")) })
	}
	w.pass()
	return w
}

// pass is one pass of reconcile with everything that it hands on.
func (w *world) pass() {
	w.t.Helper()
	w.now = w.now.Add(5 * time.Minute)
	w.deliver(func() error { return w.flow.Reconcile(ctx) })
}

// wiped loses the tables.
func (w *world) wiped() {
	w.memory = ledger.InMemory(func() time.Time { return w.now })
	w.restart()
}

// emptied takes a value out of the records of CRM, as it would be if nobody had ever filled it in.
func (w *world) emptied(f cosell.Field, n int) {
	for _, id := range sorted(w.opportunities)[:n] {
		w.userOf(id, cosell.Record{f: ""})
	}
}

func (w *world) brake() (cosell.Brake, int) {
	w.t.Helper()
	b, aside, err := w.flow.Brake(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	return b, len(aside)
}

// filled counts the records of CRM that have the value.
func (w *world) filled(f cosell.Field, v string) (n int) {
	for _, o := range w.opportunities {
		if o.Record[f] == v {
			n++
		}
	}
	return n
}

// What a deal that is switched off is to be told waits for the brake like everything else, and comes once it lets go.
func TestADealThatWasSwitchedOffIsToldSoOnceTheBrakeLetsGo(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	w.events()
	w.wiped()
	w.user(cosell.Record{cosell.Sync: cosell.False})
	w.referralChanged(w.own()[0].ID)
	if _, aside := w.brake(); aside != 1 || w.lines(deal, "sync.off") != 0 {
		t.Fatalf("%d aside, told %d times", aside, w.lines(deal, "sync.off"))
	}
	for range 6 {
		w.pass()
	}
	if _, aside := w.brake(); aside != 0 || w.lines(deal, "sync.off") != 1 {
		t.Errorf("%d aside, told %d times: %v", aside, w.lines(deal, "sync.off"), w.opportunities[deal].Record)
	}
}

func TestRebuiltStateThatWouldWriteTooMuchIsBraked(t *testing.T) {
	w := crowded(t, 60)
	w.wiped()
	w.emptied(cosell.Notes, 55)
	before, made := w.writes(), len(w.referrals)
	for range 12 {
		w.pass()
	}
	b, aside := w.brake()
	if b.On.IsZero() || aside != 55 || b.Aside != 55 || b.Most != 50 || w.writes() != before {
		t.Fatalf("brake %+v, %d put aside, %d writes", b, aside, w.writes()-before)
	}
	if n, err := w.flow.Release(ctx, "ann", "the backup is gone"); err != nil || n != 55 {
		t.Fatalf("%d released: %v", n, err)
	}
	w.drain()
	if b, aside := w.brake(); !b.On.IsZero() || aside != 0 || b.By != "ann" || b.Reason == "" || w.filled(cosell.Notes, "of old") != 60 || len(w.referrals) != made {
		t.Errorf("brake %+v, %d still put aside, %d filled, %d referrals", b, aside, w.filled(cosell.Notes, "of old"), len(w.referrals))
	}
	w.silent()
}

// What is not too much goes on by itself, once it is certain that no more comes.
func TestRebuiltStateThatWouldWriteLittleGoesOnByItself(t *testing.T) {
	w := crowded(t, 60)
	w.wiped()
	w.emptied(cosell.Notes, 50)
	before := w.writes()
	for range 4 { // a quarter of an hour after the first
		w.pass()
	}
	if _, aside := w.brake(); aside != 50 || w.writes() != before {
		t.Fatalf("%d put aside, %d writes", aside, w.writes()-before)
	}
	for range 3 {
		w.pass()
	}
	if b, aside := w.brake(); !b.On.IsZero() || aside != 0 || w.filled(cosell.Notes, "of old") != 60 {
		t.Errorf("brake %+v, %d put aside, %d filled", b, aside, w.filled(cosell.Notes, "of old"))
	}
	w.silent()
}

// A small ledger never waits: no part of it is too much.
func TestFewPairsAreNeverBraked(t *testing.T) {
	w := crowded(t, 20)
	w.wiped()
	w.emptied(cosell.Notes, 20)
	w.pass()
	if _, aside := w.brake(); aside != 0 || w.filled(cosell.Notes, "of old") != 20 {
		t.Errorf("%d put aside, %d filled", aside, w.filled(cosell.Notes, "of old"))
	}
	w.silent()
}

// Before the feeds were read nobody knows how many there will be, so the first ones wait, too.
func TestWhatComesBeforeTheFirstPassIsPutAside(t *testing.T) {
	w := crowded(t, 60)
	w.wiped()
	w.emptied(cosell.Notes, 60)
	before := w.writes()
	w.events()
	if _, aside := w.brake(); aside != 60 || w.writes() != before {
		t.Fatalf("%d put aside, %d writes", aside, w.writes()-before)
	}
	w.pass()
	if b, aside := w.brake(); b.On.IsZero() || aside != 60 || w.writes() != before {
		t.Errorf("brake %+v, %d put aside, %d writes", b, aside, w.writes()-before)
	}
}

// extra is a field that a new sheet adds.
const extra cosell.Field = "extra"

// sheeted has the sheet of now, in which every deal has the extra field, filled in Partner Center alone.
func (w *world) sheeted() {
	for id, o := range w.opportunities {
		o.Record = o.Record.Clone()
		o.Record[extra] = ""
		w.opportunities[id] = o
	}
	for id, r := range w.referrals {
		r.Record = r.Record.Clone()
		r.Record[extra] = "new"
		w.referrals[id] = r
	}
	w.sheet = "name:a:text dealValue:b:text extra:c:text"
	w.rules = append(rules(), cosell.Rule{Field: extra, Way: cosell.Both, Wins: cosell.Newest})
	w.restart()
}

func TestANewSheetThatWouldWriteTooMuchIsBraked(t *testing.T) {
	w := crowded(t, 60)
	w.sheet = "name:a:text dealValue:b:text"
	w.restart()
	w.pass()
	before := w.writes()
	w.sheeted()
	for range 8 {
		w.pass()
	}
	if b, aside := w.brake(); b.On.IsZero() || aside != 60 || w.writes() != before {
		t.Fatalf("brake %+v, %d put aside, %d writes", b, aside, w.writes()-before)
	}
	edited := sorted(w.opportunities)[7]
	w.userOf(edited, cosell.Record{cosell.DealValue: "777"})
	w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", edited, "Update")) })
	if got := w.referrals[w.opportunities[edited].Record[cosell.ReferralID]].Record[cosell.DealValue]; got != "777" || w.filled(extra, "new") != 0 {
		t.Errorf("an edit under the brake: %s, %d filled", got, w.filled(extra, "new"))
	}
	if n, err := w.flow.Release(ctx, "ann", "as meant"); err != nil || n != 60 {
		t.Fatalf("%d released: %v", n, err)
	}
	w.drain()
	if _, aside := w.brake(); aside != 0 || w.filled(extra, "new") != 60 {
		t.Errorf("%d put aside, %d filled", aside, w.filled(extra, "new"))
	}
	w.silent()
}

// Who takes the new sheet back has nothing to release.
func TestASheetThatIsTakenBackEndsTheBrake(t *testing.T) {
	w := crowded(t, 60)
	w.sheet = "name:a:text dealValue:b:text"
	w.restart()
	w.pass()
	before := w.writes()
	w.sheeted()
	for range 3 {
		w.pass()
	}
	w.sheet, w.rules = "name:a:text dealValue:b:text", nil
	w.restart()
	for range 3 {
		w.pass()
	}
	if b, aside := w.brake(); !b.On.IsZero() || aside != 0 || w.writes() != before {
		t.Errorf("brake %+v, %d put aside, %d writes", b, aside, w.writes()-before)
	}
}

// In another time zone every referral names another day, and nobody has edited any of them: both days stay.
func TestAnotherTimeZoneWritesNothing(t *testing.T) {
	w := crowded(t, 60)
	w.sheet = "closingDate:c:both dealValue:b:both"
	w.restart()
	w.pass()
	before := w.writes()
	for id, r := range w.referrals {
		r.Record = r.Record.Clone()
		r.Record[cosell.ClosingDate] = "2026-10-01" // as it is read now
		w.referrals[id] = r
	}
	w.sheet = "closingDate:c@Europe/Paris,Europe/Paris:both dealValue:b:both"
	w.restart()
	look := func() {
		for _, id := range sorted(w.opportunities) {
			w.deliver(func() error {
				return w.flow.FromReferral(ctx, toldOf("referral", w.opportunities[id].Record[cosell.ReferralID], "Update"))
			})
		}
	}
	look()
	w.pass()
	if n := w.writes() - before; n != 0 || w.filled(cosell.ClosingDate, "2026-10-01") != 0 {
		t.Fatalf("%d writes, %d days changed", n, w.filled(cosell.ClosingDate, "2026-10-01"))
	}
	edited := sorted(w.opportunities)[7]
	w.portal(w.opportunities[edited].Record[cosell.ReferralID], cosell.Record{cosell.ClosingDate: "2026-12-24"})
	look()
	if w.filled(cosell.ClosingDate, "2026-12-24") != 1 || w.writes()-before != 1 {
		t.Errorf("the day that somebody changed afterwards is on %d records, after %d writes", w.filled(cosell.ClosingDate, "2026-12-24"), w.writes()-before)
	}
}

// What an outage has left behind are edits.
func TestRecoveryAfterAnOutageIsNeverBraked(t *testing.T) {
	w := crowded(t, 60)
	for i, id := range sorted(w.opportunities) {
		if w.now = w.now.Add(20 * time.Minute); i%2 == 0 {
			w.userOf(id, cosell.Record{cosell.DealValue: "500"})
		} else {
			w.portal(w.opportunities[id].Record[cosell.ReferralID], cosell.Record{cosell.DealValue: "500"})
		}
	}
	w.now = w.now.Add(4 * time.Hour)
	w.pass()
	if b, aside := w.brake(); !b.On.IsZero() || aside != 0 || w.filled(cosell.DealValue, "500") != 60 {
		t.Errorf("brake %+v, %d put aside, %d carried", b, aside, w.filled(cosell.DealValue, "500"))
	}
	w.silent()
}

// Words are writes, too: what differs after the tables were lost is told only where it may be.
func TestWordsOfRebuiltStateAreBraked(t *testing.T) {
	w := crowded(t, 60)
	w.wiped()
	for _, id := range sorted(w.opportunities) {
		w.userOf(id, cosell.Record{cosell.DealValue: "1"})
	}
	before := w.writes()
	for range 8 {
		w.pass()
	}
	if b, aside := w.brake(); b.On.IsZero() || aside != 60 || w.writes() != before {
		t.Fatalf("brake %+v, %d put aside, %d writes", b, aside, w.writes()-before)
	}
	if _, err := w.flow.Release(ctx, "ann", "they are to be told"); err != nil {
		t.Fatal(err)
	}
	w.drain()
	told := 0
	for _, o := range w.opportunities {
		if strings.Count(o.Record[cosell.Audit], "values.differ") == 1 && o.Record[cosell.DealValue] == "1" {
			told++
		}
	}
	if told != 60 || slices.ContainsFunc(w.own(), func(r cosell.Referral) bool { return r.Record[cosell.DealValue] != "100" }) {
		t.Errorf("%d of 60 were told, once", told)
	}
	w.silent()
}

// While both systems do not answer, nobody can say that no more is to come.
func TestAnOutageDoesNotLetGoOn(t *testing.T) {
	w := crowded(t, 60)
	w.wiped()
	w.emptied(cosell.Notes, 60)
	before := w.writes()
	for _, id := range sorted(w.opportunities)[:30] { // and then Partner Center is away
		w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", id, "Update")) })
	}
	w.deaf, w.feedAway = true, fault.New(fault.Broken, "away")
	for range 4 {
		w.now = w.now.Add(15 * time.Minute)
		if err := w.run(func() error { return w.flow.Reconcile(ctx) }); !fault.Is(err, fault.Broken) {
			t.Fatal(err)
		}
		w.drain()
	}
	if _, aside := w.brake(); aside != 30 || w.writes() != before {
		t.Errorf("%d put aside, %d writes", aside, w.writes()-before)
	}
}

// A person who links two records by hand waits for nothing, and neither does who names one on the other.
func TestWhatAPersonLinksIsNotBraked(t *testing.T) {
	w := crowded(t, 60)
	w.want(cosell.Record{cosell.Sync: cosell.False, cosell.Notes: ""})
	id := portalDeal(w, cosell.Record{cosell.Notes: "of the portal", cosell.CRMID: deal})
	w.userOf(deal, cosell.Record{cosell.ReferralID: id, cosell.Sync: cosell.True})
	w.opportunityChanged()
	if got := w.opportunities[deal].Record[cosell.Notes]; got != "of the por" {
		t.Errorf("linked by its identifier: %q", got)
	}
	w.silent()
}

// The brake is one of all processes: each look here is another one's, and nobody remembers anything.
func TestTheBrakeHoldsOverAllProcesses(t *testing.T) {
	w := crowded(t, 60)
	w.wiped()
	w.emptied(cosell.Notes, 60)
	before := w.writes()
	w.now = w.now.Add(5 * time.Minute)
	if err := w.flow.Reconcile(ctx); err != nil {
		t.Fatal(err)
	}
	for len(w.hints) > 0 {
		next := w.hints[0]
		w.hints = w.hints[1:]
		w.restart()
		if err := next(); err != nil {
			t.Fatal(err)
		}
	}
	w.restart()
	w.pass()
	if b, aside := w.brake(); b.On.IsZero() || aside != 60 || w.writes() != before {
		t.Fatalf("brake %+v, %d put aside, %d writes", b, aside, w.writes()-before)
	}
	w.restart()
	if _, err := w.flow.Release(ctx, "ann", "as meant"); err != nil {
		t.Fatal(err)
	}
	for len(w.hints) > 0 {
		next := w.hints[0]
		w.hints = w.hints[1:]
		w.restart()
		if err := next(); err != nil {
			t.Fatal(err)
		}
	}
	if _, aside := w.brake(); aside != 0 || w.filled(cosell.Notes, "of old") != 60 {
		t.Errorf("%d put aside, %d filled", aside, w.filled(cosell.Notes, "of old"))
	}
}

// A referral that does not name its opportunity any more is put right like everything else: once that is released.
func TestTheIdOnTheReferralWaitsForTheBrakeToo(t *testing.T) {
	w := crowded(t, 60)
	w.wiped()
	for _, r := range w.own() {
		w.portal(r.ID, cosell.Record{cosell.CRMID: ""})
	}
	before := w.writes()
	for range 8 {
		w.pass()
	}
	if b, aside := w.brake(); b.On.IsZero() || aside != 60 || w.writes() != before {
		t.Fatalf("brake %+v, %d put aside, %d writes", b, aside, w.writes()-before)
	}
	if _, err := w.flow.Release(ctx, "ann", "as meant"); err != nil {
		t.Fatal(err)
	}
	w.drain()
	if _, aside := w.brake(); aside != 0 || slices.ContainsFunc(w.own(), func(r cosell.Referral) bool { return r.Record[cosell.CRMID] == "" }) {
		t.Errorf("%d put aside", aside)
	}
	w.silent()
}
