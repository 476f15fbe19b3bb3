package health

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// fakeLedger is what the tables hold.
type fakeLedger struct {
	parked       int
	registration string
	held         []Held
	brakes       []cosell.Brake
	broken       error
}

func (f *fakeLedger) CountParked(context.Context) (int, ledger.Parked, error) {
	return f.parked, ledger.Parked{ID: "m-1", At: noon.Add(-time.Hour)}, f.broken
}

func (f *fakeLedger) Registration(context.Context) (string, error) { return f.registration, f.broken }

func (f *fakeLedger) HeldRows(_ context.Context, each func(Held) bool) error {
	for _, h := range f.held {
		if !each(h) {
			break
		}
	}
	return f.broken
}

func (f *fakeLedger) Brakes(context.Context) ([]cosell.Brake, error) { return f.brakes, f.broken }

// house is an installation of several processes over one table, with one clock.
type house struct {
	clock  time.Time
	board  *ledger.Board
	ledger *fakeLedger
}

func newHouse() *house {
	h := &house{clock: noon, ledger: &fakeLedger{}}
	h.board = ledger.InMemoryBoard(h.now)
	return h
}

func (h *house) now() time.Time { return h.clock }

// process starts one more process.
func (h *house) process(name string) *Room {
	return &Room{Watch: NewWatch("sync", name, "v1", h.now), Boards: []Board{h.board}, Ledger: h.ledger, Gates: h.board.Gates, Role: "sync", Now: h.now}
}

// passes lets time pass, in which every process does what it does every second.
func (h *house) passes(t *testing.T, d time.Duration, processes ...*Room) {
	t.Helper()
	for end := h.clock.Add(d); h.clock.Before(end); {
		h.clock = h.clock.Add(time.Second)
		for _, p := range processes {
			if err := p.Watch.Post(t.Context(), h.board); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func said(r Report) string {
	text, _ := json.Marshal(r.Problems)
	return string(text)
}

var (
	consent    = fault.New(fault.Denied, "the refresh token was refused").With("consent.expired", "sign in again")
	right      = fault.New(fault.Refused, "no right").OfClass(fault.Ours).With("privilege", "give the role prvWriteLead").Naming("prvWriteLead")
	mfa        = fault.New(fault.Denied, "a sign-in with MFA is wanted").With("mfa.missing", "sign in with MFA")
	errNetwork = errors.New("connection reset")
	byRule     = fault.Wait(71*time.Hour, "a win waits until it is time")
	throttle   = fault.Wait(time.Minute, "asked to wait").With("throttled", "")
	unsettled  = fault.Wait(time.Minute, "unknown").With("creation.unsettled", "").Saying("Partner Center does not say", "")
	pointer    = queue.Pointer{V: 1, Tenant: "t", Kind: queue.Referral, ID: "1", Seen: noon}
)

// Every class of trouble: when it shows, what it says, and what ends it.
func TestEveryTroubleShowsAndEnds(t *testing.T) {
	job := func(err error) func(*Room) {
		return func(r *Room) { r.Watch.Ended("crmtopartnercenter", "opportunity|1", noon, err) }
	}
	knock := func(err error) func(*Room) {
		return func(r *Room) { r.Watch.Door("crmwebhook", err) }
	}
	forged := fault.New(fault.Denied, "the secret is wrong").With("secret", "")
	twice := func(do func(*Room)) func(*Room) { return func(r *Room) { do(r); do(r) } }
	cases := map[string]struct {
		bad   func(*Room)
		after time.Duration // until it counts
		says  string
		good  func(*Room)
	}{
		"denied":                      {job(consent), 0, `"what":"consent.expired","where":"CRM to Partner Center","class":"denied","since":"2026-11-22T12:00:00Z","count":1,"oldest":"opportunity|1"`, job(nil)},
		"denied, then a new token":    {job(consent), 0, "sign in again", func(r *Room) { r.Watch.GotToken("a", "new") }},
		"no MFA, then an answer":      {job(mfa), 0, "mfa.missing", func(r *Room) { r.Watch.Answered(PartnerCenter) }},
		"a right":                     {job(right), 0, `"privilege prvWriteLead"`, job(nil)},
		"broken":                      {job(errNetwork), 2 * time.Minute, `"what":"broken"`, job(nil)},
		"throttled":                   {twice(job(throttle)), 5 * time.Minute, `"throttled"`, job(nil)},
		"old copies":                  {job(fault.Stale("record 1 was read as it was")), 5 * time.Minute, `"record.stale"`, job(nil)},
		"no answer to a POST":         {twice(job(unsettled)), 5 * time.Minute, `"say":"changes wait: Partner Center does not say"`, job(nil)},
		"conflict":                    {job(fault.New(fault.Conflict, "412")), 2 * time.Minute, `"conflict"`, job(nil)},
		"broken, then held":           {job(errNetwork), 2 * time.Minute, `"what":"broken"`, job(fault.New(fault.Refused, "closed"))},
		"broken, then a wait by rule": {job(errNetwork), 2 * time.Minute, `"what":"broken"`, job(byRule)},
		"a wrong secret":              {func(r *Room) { twice(knock(forged))(r); knock(forged)(r) }, 0, `"what":"webhook.denied","where":"events from CRM","class":"door","since":"2026-11-22T12:00:00Z","count":3`, knock(nil)},
		"no certificate":              {knock(fault.New(fault.Broken, "away").With("certificate.unreachable", "")), 2 * time.Minute, `"certificate.unreachable"`, knock(nil)},
		"dead letters":                {func(r *Room) { r.Watch.DeadLetters("reconcile", 7) }, 0, `"what":"dead.letters","where":"reconcile","since":"2026-11-22T12:00:00Z","count":7`, func(r *Room) { r.Watch.DeadLetters("reconcile", 0) }},
		"no queue": {func(r *Room) {
			m := queue.InMemory()
			m.Fail(errNetwork)
			_ = r.Watch.Sender(m).Send(context.Background(), queue.Message{Queue: queue.ReferralChanged, Pointer: pointer})
		}, 0, `"queue.unsendable referral-changed"`, func(r *Room) {
			_ = r.Watch.Sender(queue.InMemory()).Send(context.Background(), queue.Message{Queue: queue.ReferralChanged, Pointer: pointer})
		}},
		"metadata": {func(r *Room) {
			r.Watch.Stand("process", "metadata", []Problem{{What: "column.gone cosell_expires", Say: "the column is gone", Mend: "add it"}})
		}, 0, `"column.gone cosell_expires"`, func(r *Room) { r.Watch.Stand("process", "metadata", nil) }},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h := newHouse()
			r, other := h.process("p-1"), h.process("p-2")
			c.bad(r)
			if c.after > 0 {
				h.passes(t, c.after-time.Second, r)
				if got := r.Report(t.Context()); !got.OK {
					t.Errorf("too early: %s", said(got))
				}
			}
			h.passes(t, 10*time.Second, r)
			for _, at := range []*Room{r, other} {
				if got := at.Report(t.Context()); got.OK || len(got.Problems) != 1 || !strings.Contains(said(got), c.says) {
					t.Errorf("asked at %s: %s", at.Watch.instance, said(got))
				}
			}
			c.good(r)
			h.passes(t, 10*time.Second, r)
			for _, at := range []*Room{r, other} {
				if got := at.Report(t.Context()); !got.OK || len(got.Problems) != 0 {
					t.Errorf("after a success of the kind, at %s: %s", at.Watch.instance, said(got))
				}
			}
		})
	}
}

// The process that succeeds is seldom the one that failed.
func TestSuccessInAnotherProcessEndsIt(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		good func(*Room)
		ok   bool
	}{
		"the same record": {errNetwork, func(r *Room) { r.Watch.Ended("crmtopartnercenter", "opportunity|1", noon, nil) }, true},
		"a right, the same records": {right, func(r *Room) {
			r.Watch.Ended("crmtopartnercenter", "opportunity|1", noon, nil)
			r.Watch.Ended("crmtopartnercenter", "opportunity|2", noon, nil)
		}, true},
		"a right, one of the records":                         {right, func(r *Room) { r.Watch.Ended("crmtopartnercenter", "opportunity|1", noon, nil) }, false},
		"a denial, the system answers":                        {mfa, func(r *Room) { r.Watch.Answered(PartnerCenter) }, true},
		"a denial, the other answers":                         {mfa, func(r *Room) { r.Watch.Answered(CRM) }, false},
		"no consent, a new token":                             {consent, func(r *Room) { r.Watch.GotToken("a", "new") }, true},
		"no consent, an answer by a token from before":        {consent, func(r *Room) { r.Watch.Answered(PartnerCenter) }, false},
		"a fresh record of the same direction is no evidence": {errNetwork, func(r *Room) { r.Watch.Ended("crmtopartnercenter", "opportunity|9", r.Now(), nil) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse()
			a, b := h.process("p-1"), h.process("p-2")
			for _, record := range []string{"opportunity|1", "opportunity|2"} {
				a.Watch.Ended("crmtopartnercenter", record, noon, c.err)
			}
			h.passes(t, 3*time.Minute, a, b)
			if got := b.Report(t.Context()); got.OK || got.Problems[0].Count != 2 {
				t.Fatalf("%s", said(got))
			}
			c.good(b)
			h.passes(t, 20*time.Second, a, b)
			for _, r := range []*Room{a, b} {
				if got := r.Report(t.Context()); got.OK != c.ok {
					t.Errorf("asked at %s: %s", r.Watch.instance, said(got))
				}
			}
		})
	}
}

func TestTroubleOfAnyProcessShowsWithin20Seconds(t *testing.T) {
	h := newHouse()
	a, b := h.process("p-1"), h.process("p-2")
	h.passes(t, 33*time.Second, a, b)
	if !b.OK(t.Context()) {
		t.Fatal("not well at first")
	}
	a.Watch.Ended("partnercentertocrm", "referral|r", h.clock, nil)
	h.passes(t, time.Second, a, b) // a row was written a moment ago
	a.Watch.Ended("partnercentertocrm", "referral|r", h.clock, consent)
	for waited := time.Duration(0); b.OK(t.Context()); waited += time.Second {
		if waited > 20*time.Second {
			t.Fatal("not after 20 s")
		}
		h.passes(t, time.Second, a, b)
	}
}

func TestWaitThatARuleWantsIsNoProblem(t *testing.T) {
	h := newHouse()
	r := h.process("p-1")
	for range 30 {
		r.Watch.Ended("crmtopartnercenter", "opportunity|1", noon, byRule)
		h.passes(t, 10*time.Minute, r)
	}
	if got := r.Report(t.Context()); !got.OK || got.Oldest != nil {
		t.Errorf("%s %v", said(got), got.Oldest)
	}
}

func TestProcessesThatAreGoneCountNoLonger(t *testing.T) {
	h := newHouse()
	a, b := h.process("p-1"), h.process("p-2")
	a.Watch.Ended("crmtopartnercenter", "opportunity|0", noon, nil)
	a.Watch.Ended("crmtopartnercenter", "opportunity|1", noon, consent)
	h.passes(t, 10*time.Second, a, b)
	if got := b.Report(t.Context()); got.OK || len(got.Processes) != 3 {
		t.Fatalf("%s %+v", said(got), got.Processes)
	}
	h.passes(t, 6*time.Minute, b) // the other was killed
	got := b.Report(t.Context())
	if !got.OK || len(got.Processes) != 1 || got.LastSuccess == nil || !got.Successes["CRM to Partner Center"].Equal(noon) {
		t.Errorf("%s %+v", said(got), got)
	}
	if err := Tidy(t.Context(), h.board, h.clock); err != nil {
		t.Fatal(err)
	}
	rows, err := h.board.Rows(t.Context())
	if err != nil || len(rows) != 2 { // its process row is gone, the last success is kept
		t.Errorf("%v %+v", err, rows)
	}
}

func TestTroubleWithoutNewsIsForgotten(t *testing.T) {
	h := newHouse()
	r := h.process("p-1")
	r.Watch.Ended("crmtopartnercenter", "opportunity|1", noon, errNetwork)
	h.passes(t, 10*time.Minute, r)
	if r.OK(t.Context()) {
		t.Error("forgotten too early: the back-off is up to 15 minutes")
	}
	h.passes(t, 11*time.Minute, r)
	if got := r.Report(t.Context()); !got.OK || got.Oldest != nil {
		t.Errorf("%s %v", said(got), got.Oldest)
	}
}

// counting is a board that counts what is written.
type counting struct {
	*ledger.Board
	posts, rows int
}

func (c *counting) Post(ctx context.Context, rows ...ledger.StatusRow) error {
	if len(rows) > 0 {
		c.posts++
		c.rows += len(rows)
	}
	return c.Board.Post(ctx, rows...)
}

// Two audiences have two tokens, which come in turns.
func TestTokenAgeIsThatOfTheNewestToken(t *testing.T) {
	h := newHouse()
	r := h.process("p-1")
	for range 3 {
		r.Watch.GotToken("referrals", "x")
		r.Watch.GotToken("webhooks", "y")
		h.passes(t, time.Minute, r)
	}
	if got := r.Report(t.Context()).TokenAge; got != "3m0s" {
		t.Errorf("token age %s", got)
	}
}

func TestRowsAreWrittenAtMostEvery5SecondsAndOnceAMinute(t *testing.T) {
	h := newHouse()
	c := &counting{Board: h.board}
	w := NewWatch("sync", "p-1", "v1", h.now)
	second := func(n int, each func()) (posts int) {
		before := c.posts
		for range n {
			h.clock = h.clock.Add(time.Second)
			each()
			if err := w.Post(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
		return c.posts - before
	}
	if n := second(60, func() { w.Ended("f", "r|1", h.clock, errNetwork) }); n < 11 || n > 13 {
		t.Errorf("%d posts in a minute of trouble", n)
	}
	second(10, func() {})
	if n := second(180, func() {}); n < 2 || n > 4 {
		t.Errorf("%d posts in three quiet minutes", n)
	}
}

func TestRowThatCouldNotBeWrittenIsWrittenLater(t *testing.T) {
	h := newHouse()
	a, b := h.process("p-1"), h.process("p-2")
	a.Watch.Ended("f", "r|1", noon, consent)
	if err := a.Watch.Post(t.Context(), awayBoard{}); err == nil {
		t.Fatal("no error")
	}
	h.passes(t, 10*time.Second, a)
	if b.OK(t.Context()) {
		t.Error("the trouble never came to the board")
	}
}

// stalling is a board whose writes take their time, in which the writer may have stood still.
type stalling struct {
	*ledger.Board
	house *house
	takes time.Duration
}

func (s *stalling) Post(ctx context.Context, rows ...ledger.StatusRow) error {
	s.house.clock = s.house.clock.Add(s.takes)
	return s.Board.Post(ctx, rows...)
}

// By when a row says that it was written, and when the store does, a process finds out how its clock goes.
func TestRowThatWasUnderWayForLongIsWrittenOnceMore(t *testing.T) {
	for _, takes := range []time.Duration{0, longWrite, longWrite + 1, time.Hour, -time.Hour} {
		h := newHouse()
		w := NewWatch("sync", "p-1", "v1", h.now)
		b := &stalling{Board: h.board, house: h, takes: takes}
		lasts := func() time.Duration {
			h.clock = h.clock.Add(postEvery)
			if err := w.Post(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			b.takes = 0
			rows, err := h.board.Rows(t.Context())
			if err != nil || len(rows) != 1 {
				t.Fatal(rows, err)
			}
			return rows[0].Written.Sub(rows[0].At)
		}
		if got := lasts(); got != takes {
			t.Fatalf("a write that takes %s took %s", takes, got)
		}
		if got := lasts(); got < 0 || got > longWrite {
			t.Errorf("at the next look the row says that it was under way for %s", got)
		}
	}
}

// awayBoard is a board that is away; hanging is one that does not answer.
type awayBoard struct{ Board }

func (awayBoard) Post(context.Context, ...ledger.StatusRow) error { return errors.New("away") }

func (awayBoard) Rows(context.Context) ([]ledger.StatusRow, error) { return nil, errors.New("away") }

type hanging struct{ Board }

func (hanging) Rows(ctx context.Context) ([]ledger.StatusRow, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestUnreadableTablesAreAProblemWithItsBeginning(t *testing.T) {
	h := newHouse()
	r := h.process("p-1")
	r.Boards = []Board{awayBoard{}}
	_ = r.Report(t.Context())
	h.clock = h.clock.Add(time.Minute)
	got := r.Report(t.Context())
	if got.OK || got.Problems[0].What != "tables.unreadable" || !got.Problems[0].Since.Equal(noon) {
		t.Errorf("%s", said(got))
	}
	r.Boards = []Board{h.board}
	h.clock = h.clock.Add(time.Minute)
	if got := r.Report(t.Context()); !got.OK {
		t.Errorf("%s", said(got))
	}
}

func TestOneWordIsNeverSlow(t *testing.T) {
	h := newHouse()
	r := h.process("p-1")
	r.Boards = []Board{hanging{}}
	began := time.Now()
	for range 4 {
		if !r.OK(t.Context()) { // nothing is known yet but our own view
			break
		}
	}
	if took := time.Since(began); took > 4*wordTime+time.Second {
		t.Errorf("took %s", took)
	}
	if got := r.Report(t.Context()); got.OK || got.Problems[0].What != "tables.unreadable" {
		t.Errorf("%s", said(got))
	}
	began = time.Now()
	if r.OK(t.Context()) || time.Since(began) > wordTime {
		t.Errorf("a word that is known took %s", time.Since(began))
	}
}

func TestTablesSayWhatNoProcessKnows(t *testing.T) {
	held := func(class fault.Class, n int, since time.Time) (out []Held) {
		for range n {
			out = append(out, Held{Class: class, Code: "privilege", Record: "opportunity|1", Since: since, Mend: "give the role"})
		}
		return out
	}
	whole := Held{Class: fault.Record, Record: "referral|r-1", Since: noon, Whole: true}
	second := whole
	second.Record = "referral|r-2"
	for name, c := range map[string]struct {
		ledger fakeLedger
		says   string
	}{
		"nothing":               {fakeLedger{}, ""},
		"our webhook":           {fakeLedger{registration: `{"registered":true,"ours":true,"complete":true}`}, ""},
		"parked":                {fakeLedger{parked: 2}, `"what":"parked","since":"2026-11-22T11:00:00Z","count":2`},
		"another's":             {fakeLedger{registration: `{"registered":true,"url":"https://old.example/hook","wanted":"https://ours/x","since":"2026-11-22T10:00:00Z"}`}, "https://old.example/hook"},
		"another's, on purpose": {fakeLedger{registration: `{"registered":true,"url":"https://old.example/hook","unwatched":true}`}, ""},
		"no webhook":            {fakeLedger{registration: `{"registered":false}`}, "registration.none"},
		"incomplete":            {fakeLedger{registration: `{"registered":true,"ours":true,"missing":["referral-created"]}`}, "referral-created"},
		"a rule waits":          {fakeLedger{held: held(fault.Rule, 100, noon.Add(-90*24*time.Hour))}, ""},
		"a few values":          {fakeLedger{held: held(fault.Record, 3, noon)}, ""},
		"many values":           {fakeLedger{held: held(fault.Record, manyHeld+1, noon)}, "held.record"},
		"old values":            {fakeLedger{held: held(fault.Record, 1, noon.Add(-oldHeld-time.Hour))}, "held.record"},
		"ours":                  {fakeLedger{held: held(fault.Ours, 2, noon)}, `"what":"privilege","since":"2026-11-22T12:00:00Z","count":2,"oldest":"opportunity|1"`},
		"the brake is off":      {fakeLedger{brakes: []cosell.Brake{{Aside: 3}}}, ""},
		"the brake is on":       {fakeLedger{brakes: []cosell.Brake{{}, {On: noon, Aside: 60, Pairs: 70}}}, `"what":"brake.on","since":"2026-11-22T12:00:00Z","count":60`},
		"no row at all":         {fakeLedger{held: []Held{whole, second}}, `"for":["referral|r-1","referral|r-2"]`},
	} {
		h := newHouse()
		r := h.process("p-1")
		r.Ledger = &c.ledger
		got := r.Report(t.Context())
		if got.OK != (c.says == "") || !strings.Contains(said(got), c.says) || c.says != "" && len(got.Problems) != 1 {
			t.Errorf("%s: %s", name, said(got))
		}
		if n := len(c.ledger.held); n > 0 && got.Held[string(c.ledger.held[0].Class)] != n {
			t.Errorf("%s: held %v", name, got.Held)
		}
	}
}

func TestTroubleIsCountedBeforeItIsAProblem(t *testing.T) {
	h := newHouse()
	r := h.process("p-1")
	for _, id := range []string{"1", "2"} {
		r.Watch.Ended("crmtopartnercenter", "opportunity|"+id, noon, right)
		r.Watch.Ended("partnercentertocrm", "referral|"+id, noon, errNetwork)
	}
	r.Watch.Door("crmwebhook", fault.New(fault.Denied, "the secret is wrong"))
	want := map[string]map[string]int{"refused": {"privilege prvWriteLead": 2}, "broken": {"broken": 2}, "door": {"events from CRM": 1}}
	got := r.Report(t.Context())
	if diff := cmp.Diff(want, got.Counts); diff != "" {
		t.Error(diff)
	}
	if len(got.Problems) != 1 || got.Problems[0].Class != "refused" {
		t.Errorf("%s", said(got))
	}
}

func TestHostsThatAskedAnyProcessToWaitAreNamed(t *testing.T) {
	h := newHouse()
	one, two := h.process("p-1"), h.process("p-2")
	until := noon.Add(time.Minute)
	if err := h.board.Limits("p-0", h.now).Of("crm.example").Close(t.Context(), until); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*Room{"one": one, "two": two} {
		if got := r.Fresh(t.Context()); !got.OK || !got.AskedToWait["crm.example"].Equal(until) || len(got.AskedToWait) != 1 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	h.passes(t, time.Minute, one)
	if got := one.Fresh(t.Context()); got.AskedToWait != nil {
		t.Errorf("it is over, and health says %v", got.AskedToWait)
	}
}

func TestRefusalThatAnOperatorMeetsShowsAndEnds(t *testing.T) {
	h := newHouse()
	asked, other := h.process("p-1"), h.process("p-2")
	asked.Watch.Asked("operator", consent)
	h.passes(t, 6*time.Second, asked)
	if got := said(other.Fresh(t.Context())); !strings.Contains(got, `"consent.expired"`) || !strings.Contains(got, `"operator"`) {
		t.Errorf("another process says %s", got)
	}
	other.Watch.GotToken("a", "digest")
	h.passes(t, 11*time.Second, asked, other)
	if got := asked.Fresh(t.Context()); !got.OK {
		t.Errorf("it is over, and health says %s", said(got))
	}
	asked.Watch.Asked("operator", fault.New(fault.Gone, "no such record"))
	asked.Watch.Asked("operator", fault.Wait(time.Minute, "later"))
	h.passes(t, 6*time.Second, asked)
	if got := asked.Fresh(t.Context()); !got.OK {
		t.Errorf("what is no news for others is told: %s", said(got))
	}
	asked.Watch.Asked("operator", fault.New(fault.Denied, "not in this role").With("role.missing", "give it"))
	if got := asked.Fresh(t.Context()); got.OK {
		t.Error("a missing role is no problem")
	}
	h.passes(t, time.Second, asked)
	asked.Watch.Asked("operator", nil)
	if got := asked.Fresh(t.Context()); !got.OK {
		t.Errorf("it was answered since, and health says %s", said(got))
	}
}

func TestReportShowsWhatAnOperatorAsksFor(t *testing.T) {
	h := newHouse()
	a, b := h.process("p-1"), h.process("p-2")
	a.Watch.GotToken("a", "digest")
	a.Watch.Tested("c-1", noon)
	a.Watch.Ended("partnercentertocrm", "referral|r", noon, nil)
	a.Watch.Ended("crmtopartnercenter", "opportunity|o", noon.Add(-time.Minute), errNetwork)
	h.ledger.registration = `{"registered":true,"ours":true,"complete":true,"url":"https://ours/x","seen":"2026-11-22T11:55:00Z"}`
	h.passes(t, 10*time.Second, a, b)
	got := b.Report(t.Context())
	if got.Version != "v1" || got.Registration != registrationFine || got.RegistrationURL != "https://ours/x" || !got.RegistrationSeen.Equal(noon.Add(-5*time.Minute)) ||
		got.TokenAge != "10s" || got.Oldest == nil || !got.Oldest.Equal(noon.Add(-time.Minute)) || !got.LastSuccess.Equal(noon) || !got.LastTest.Equal(noon) ||
		!got.Successes["Partner Center to CRM"].Equal(noon) || len(got.Processes) != 5 {
		t.Errorf("%+v", got)
	}
}

// What every process finds by itself is one thing, and what nothing fails for leaves health as it is.
func TestNotesAreToldOnceAndHarmNothing(t *testing.T) {
	h := newHouse()
	one, two := h.process("one"), h.process("two")
	for _, r := range []*Room{one, two} {
		r.Watch.Stand(Process, "event steps", []Problem{{What: "column.unwatched", Say: "waits for reconcile", Count: 1, Note: true}})
	}
	h.passes(t, 10*time.Second, one, two)
	got := one.Report(t.Context())
	if !got.OK || len(got.Problems) != 0 || len(got.Notes) != 1 || got.Notes[0].Count != 1 || got.Notes[0].Since.IsZero() {
		t.Errorf("%+v", got)
	}
	if text, _ := json.Marshal(got); !strings.Contains(string(text), `"notes":[{"what":"column.unwatched"`) {
		t.Errorf("%s", text)
	}
}

// In shadow mode whatever works in earnest may have the events: that is noted, and alarms nobody.
func TestInShadowModeTheRegistrationIsNotMissed(t *testing.T) {
	r := newHouse().process("p-1")
	r.Ledger = &fakeLedger{registration: `{"registered":true,"url":"https://old.example/hook","shadow":true}`}
	got := r.Report(t.Context())
	if !got.OK || len(got.Problems) != 0 || len(got.Notes) != 1 || got.Notes[0].What != "registration.other" || stateOf(t, got)["registration_lost"] != false {
		t.Errorf("%s", said(got))
	}
	r = newHouse().process("p-1")
	r.Ledger = &fakeLedger{registration: `{"registered":true,"ours":true,"complete":true,"shadow":true}`}
	if got := r.Report(t.Context()); got.Registration != registrationFine || len(got.Notes) != 0 {
		t.Errorf("%s", said(got))
	}
}

// An operator types what health says: an address of somebody else's is not taken by the plain command.
func TestARegistrationIsMendedByTheCommandThatHealthNames(t *testing.T) {
	for text, mend := range map[string]string{
		`{"registered":false}`: "cosellctl register",
		`{"registered":true,"ours":true,"missing":["referral-created"]}`: "cosellctl register",
		`{"registered":true,"url":"https://old.example/hook"}`:           "cosellctl register --overwrite, if that address is not in use any more",
	} {
		r := newHouse().process("p-1")
		r.Ledger = &fakeLedger{registration: text}
		if got := r.Report(t.Context()).Problems; len(got) != 1 || got[0].Mend != mend {
			t.Errorf("%s: %+v, want %q", text, got, mend)
		}
	}
}
