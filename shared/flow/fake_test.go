package flow_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
)

// crash is the process dying: nothing of ours runs after it.
type crash struct{}

// world is both systems, the queue and the ledger in memory, with a process that can die at any call.
type world struct {
	t       *testing.T
	now     time.Time
	ids     int
	version int
	calls   int
	dieAt   int // the number of the call boundary at which the process dies; 0 never
	died    bool

	referrals     map[string]cosell.Referral
	opportunities map[string]cosell.Opportunity
	hangsOn       map[string]string // where solution rows hang, by their ids
	posts, puts   int               // writes to Partner Center
	crmWrites     int
	loseAnswer    bool // the next POST commits and its answer is lost
	loseRequest   bool // it does not even arrive
	beforeCRMPut  func()
	afterCRMPut   func(cosell.Record)        // what CRM makes of what was written
	afterPCPut    func(cosell.Record)        // what Partner Center makes of what was written
	between       func()                     // runs before each call: other people at work
	counts        map[string]int             // remote calls by kind, failed ones included
	maybePC       *fault.Error               // the next change commits, its answer is lost, and this one answers the second try
	maybeCRM      *fault.Error               // the next write to CRM commits, and this answers it or the second try
	refusePC      error                      // answer of Partner Center to every write
	refusePatch   func(cosell.Record) error  // what Partner Center takes no change of
	outagePC      error                      // answer of Partner Center to everything
	refuseReadCRM error                      // answer of CRM to every read of one record
	refuseInvite  error                      // answer of Partner Center to invitations of Microsoft
	born          map[cosell.Field]time.Time // columns that were deleted and made anew
	secured       map[cosell.Field]bool      // columns that column security keeps from us
	forget        func(id string) bool       // rows that find a pair by another id and are lost
	refuseCRM     func(cosell.Record) error
	afterCreate   func(cosell.Record)       // what CRM makes of a new row
	refuseNew     func(cosell.Record) error // of a new row
	lateNew       bool                      // CRM takes the next new row only at commit
	found         func()                    // what happens once a pair was found by its referral
	cutShort      bool                      // of the next new row CRM takes the columns alone, and the client tries again
	commit        func()
	grace         time.Duration
	tasks         []string                  // what CRM was asked about the owner's tasks
	refusePCBy    func(cosell.Record) error // answer of Partner Center by what is written
	refusals      int                       // writes that one of the two refused
	onCRMPut      func(cosell.Record)       // sees what CRM takes
	onPCPut       func(cosell.Record)       // sees what Partner Center takes from us
	lossy         bool                      // what has to wait is lost
	slowIntent    time.Duration             // how long the table takes to keep an intent
	beforeIntent  func()                    // what another process does first
	beforeLook    func()                    // what another process does before an intent is looked for
	refuseSave    func(cosell.Pair) error   // answer of the table to a pair
	beforeMove    func()                    // what another process does before a pair moves
	skew          time.Duration             // how far the process's own clock is off
	onInvite      func()                    // sees each invitation of Microsoft
	hidden        bool                      // Microsoft's referrals are neither listed nor to be read
	inviteOnce    bool                      // Partner Center answers a second invitation with 409
	rules         []cosell.Rule             // instead of the rules of every test
	story         func() string             // what has happened, for a failure
	look          func()                    // runs before and after each call
	stale         func() bool               // whether a read answers with the version before
	relatives     cosell.Record             // what account, contact and owner of a new row say
	bornAs        string                    // id of the opportunity of any new deal of Partner Center
	sheet         string
	takeover      string
	foreign       string
	unstarted     bool
	lastSync      string
	share         string
	alike         bool      // CRM finds unlinked deals of the same customer that a referral resembles
	deaf          bool      // no feed tells anything
	tracking      bool      // feeds tell what is later than their cursor alone
	timed         bool      // hints say when they were made
	restored      time.Time // when older tables were put back
	feedAway      error     // answer of Partner Center's list of changes
	unseenPeople  bool      // who is connected with deals may not be read
	naming        []string  // the deals that name a changed row themselves

	oldReferrals     map[string]cosell.Referral
	oldOpportunities map[string]cosell.Opportunity
	crmLag, pcLag    time.Duration     // a read of one record shows it as it was so long ago
	past             map[string][]copy // what they were, the oldest first

	leads           map[string]cosell.Opportunity
	refuseQualify   func(cosell.Record) error // of the opportunity that a lead becomes
	refuseIntroduce error
	keyless         bool // the leads have no alternate key
	introduced      []string
	cosellOnly      bool

	hints  []func() error
	memory *ledger.Ledger
	flow   *flow.Flow
}

const (
	deal   = "11111111-1111-4111-8111-111111111111"
	settle = 2 * time.Minute
)

func newWorld(t *testing.T) *world {
	w := &world{t: t, counts: map[string]int{}, now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC),
		referrals: map[string]cosell.Referral{}, opportunities: map[string]cosell.Opportunity{},
		leads: map[string]cosell.Opportunity{}, past: map[string][]copy{}, oldReferrals: map[string]cosell.Referral{}, oldOpportunities: map[string]cosell.Opportunity{}}
	w.memory = ledger.InMemory(func() time.Time { return w.now })
	w.restart()
	return w
}

// restart is a new process: nothing in its memory survives.
func (w *world) restart() {
	w.flow = flow.New(flow.Config{
		Referrals: pc{w}, Opportunities: crm{w}, Leads: crmLeads{w}, LeadRules: leadRules(), Ledger: dying{w.memory, w}, Hints: hints{w}, Rules: w.ruled(),
		Now: func() time.Time { return w.now.Add(w.skew) }, Machine: func() time.Time { return w.now.Add(w.skew) }, NewID: w.id, Log: slog.New(slog.DiscardHandler),
		Restored: func(context.Context) time.Time { return w.restored },
		Settings: flow.Settings{Guard: 5 * time.Second, PostTimeout: 30 * time.Second, Settle: settle, CheckMark: true, Sheet: w.sheet, Takeover: w.takeover, ForeignCRMID: w.foreign, Unstarted: w.unstarted,
			LinkTemplate: "https://portal.example/{id}", Options: cosell.Options{WonGuard: "delay", WonAge: 72 * time.Hour, RegistrableValue: "25000", AuditSuccess: "steps", LastSync: w.lastSync, Share: w.share, AcceptStrict: true, DeclineGrace: w.grace, CosellOnly: w.cosellOnly}},
	})
}

func (w *world) ruled() []cosell.Rule {
	if w.rules != nil {
		return w.rules
	}
	return rules()
}

func rules() []cosell.Rule {
	return []cosell.Rule{
		{Field: cosell.Name, Way: cosell.Both, Wins: cosell.Newest, Apart: true},
		{Field: cosell.DealValue, Way: cosell.Both, Wins: cosell.Newest},
		{Field: cosell.Currency, Way: cosell.Both, Wins: cosell.Newest},
		{Field: cosell.ClosingDate, Way: cosell.Both, Wins: cosell.Newest},
		{Field: cosell.Notes, Way: cosell.Both, Wins: cosell.Newest, ToOpportunity: func(s string) string { return s[:min(len(s), 10)] }},
		{Field: cosell.Status, Way: cosell.Both, Door: cosell.Lifecycle},
		{Field: cosell.Visibility, Way: cosell.Both, Door: cosell.OneWay},
		{Field: cosell.Help, Way: cosell.Both, Door: cosell.OnceSet},
		{Field: cosell.Team, Way: cosell.ToReferral, List: true},
		{Field: cosell.Contacts, Way: cosell.ToReferral, Door: cosell.OnceShared, List: true, Related: true},
		{Field: cosell.CustomerName, Way: cosell.ToReferral, Door: cosell.OnceCreated, Related: true},
		{Field: "customerPostalCode", Way: cosell.ToReferral, Door: cosell.OnceCreated, Related: true},
		{Field: cosell.Solutions, Way: cosell.Both, Door: cosell.NeverEmpty, List: true},
		{Field: cosell.MicrosoftStatus, Way: cosell.ToOpportunity},
		{Field: cosell.ReferralID, Way: cosell.Inside},
		{Field: cosell.ReferralLink, Way: cosell.Inside},
		{Field: cosell.Audit, Way: cosell.Inside},
	}
}

func (w *world) id() string {
	w.ids++
	return fmt.Sprintf("00000000-0000-4000-8000-%012d", w.ids)
}

func (w *world) nextVersion() string {
	w.version++
	return strconv.Itoa(w.version)
}

// boundary is passed before and after each call to the outside.
func (w *world) boundary() {
	w.calls++
	if w.look != nil {
		w.look()
	}
	if between := w.between; between != nil {
		w.between = nil // people's own calls pass no boundary
		between()
		w.between = between
	}
	if w.dieAt == w.calls {
		w.died = true
		panic(crash{})
	}
}

// run does a job in a process that may die in it; it reports whether it did.
func (w *world) run(job func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(crash); !ok {
				panic(r)
			}
			w.restart()
			err = errDied
		}
	}()
	return job()
}

var errDied = fault.New(fault.Broken, "the process died")

// deliver runs a job as the queue does: again after a failure, later when asked to, until it is done; then
// the hints that it left, until nothing is left to do.
func (w *world) deliver(job func() error) {
	w.t.Helper()
	seen := w.now
	var err error
	for range 20 {
		err = w.run(job)
		d := fault.Decide(err, 0, w.now.Sub(seen), w.now.Sub(seen))
		if d.Verdict != fault.Repeat {
			w.drain()
			return
		}
		w.now = w.now.Add(d.After)
		if w.lossy { // the queue loses it: reconcile has to find what is left to do
			return
		}
	}
	story := ""
	if w.story != nil {
		story = w.story()
	}
	w.t.Fatalf("the job never came to an end: %v\n%s", err, story)
}

// tells says whether a feed gives what was last changed then.
func (w *world) tells(cursor string, changed time.Time) bool {
	since, err := time.Parse(time.RFC3339Nano, cursor)
	return !w.deaf && (!w.tracking || err != nil || changed.After(since))
}

// nextCursor is what a feed gives back.
func (w *world) nextCursor(cursor string) string {
	if w.tracking {
		return w.now.Format(time.RFC3339Nano)
	}
	return cursor + "+"
}

func (w *world) drain() {
	for len(w.hints) > 0 {
		next := w.hints[0]
		w.hints = w.hints[1:]
		w.deliver(next)
	}
}

// events delivers what both systems would tell about everything they hold.
func (w *world) events() {
	ctx := context.Background()
	for _, id := range sorted(w.referrals) {
		reason := "referral-updated"
		if w.referrals[id].Microsoft {
			reason = "related-referral-updated"
		}
		w.deliver(func() error { return w.flow.FromReferral(ctx, told(id, reason)) })
	}
	for _, id := range sorted(w.opportunities) {
		w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", id, "Update")) })
	}
	for _, id := range sorted(w.leads) {
		w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("lead", id, "Update")) })
	}
}

func sorted[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}

func (w *world) writes() int { return w.posts + w.puts + w.crmWrites }

// want puts a complete opportunity into CRM that its seller wants in Partner Center.
func (w *world) want(changes cosell.Record) {
	r := cosell.Record{cosell.Name: "Deal", cosell.DealValue: "100", cosell.Currency: "EUR", cosell.ClosingDate: "2026-09-30",
		cosell.Status: cosell.Open, cosell.Visibility: cosell.False, cosell.Help: "", cosell.Sync: cosell.True, cosell.ReferralID: "",
		cosell.ReferralLink: "", cosell.Audit: "", cosell.Mark: "", cosell.MicrosoftStatus: "",
		cosell.CustomerName: "Tailspin", "customerAddress1": "Musterweg 1", "customerCity": "Hamburg", cosell.CustomerCountry: "DE",
		cosell.Team: "1", "team/kim": `{"email":"kim@x","firstName":"Kim","lastName":"S","phone":"1"}`,
		cosell.Contacts: "1", "contacts/ada": `{"email":"ada@x","firstName":"Ada","lastName":"E","phone":"1"}`, cosell.Solutions: "1", "solutions/SOL-1": "{}"}
	maps.Copy(r, changes)
	for f, v := range r {
		if _, _, member := f.List(); member && v == "" {
			delete(r, f)
		}
	}
	w.opportunities[deal] = cosell.Opportunity{Side: cosell.Side{ID: deal, Version: w.nextVersion(), Record: r}}
}

// copy is a record as it was until a moment.
type copy struct {
	until       time.Time
	was         bool
	opportunity cosell.Opportunity
	referral    cosell.Referral
}

// shown is the record as a read sees it.
func (w *world) shown(id string, lag time.Duration) copy {
	for _, c := range w.past[id] {
		if c.until.After(w.now.Add(-lag)) {
			return c
		}
	}
	return w.present(id)
}

func (w *world) present(id string) copy {
	o, isDeal := w.opportunities[id]
	r, isReferral := w.referrals[id]
	return copy{w.now, isDeal || isReferral, o, r}
}

// keep remembers the version of a record before it changes.
func (w *world) keep(id string) {
	if o, ok := w.opportunities[id]; ok {
		w.oldOpportunities[id] = o
	}
	w.past[id] = append(w.past[id], w.present(id))
	if r, ok := w.referrals[id]; ok {
		w.oldReferrals[id] = r
	}
}

// empty is a new row of CRM in which nothing is filled in.
func empty() cosell.Record {
	r := cosell.Record{cosell.Solutions: "0", cosell.Contacts: "0"}
	for _, f := range []cosell.Field{cosell.Name, cosell.DealValue, cosell.Currency, cosell.ClosingDate, cosell.Notes, cosell.Help, cosell.MicrosoftStatus,
		cosell.ReferralID, cosell.ReferralLink, cosell.Audit, cosell.Mark} {
		r[f] = ""
	}
	r[cosell.Visibility] = cosell.False
	return r
}

// user edits the opportunity as a person does.
func (w *world) user(changes cosell.Record) {
	w.keep(deal)
	w.userOf(deal, changes)
}

// after is the record with the changes; a member without text is gone, and lists know how long they are.
func after(r, changes cosell.Record) cosell.Record {
	r = r.Clone()
	maps.Copy(r, changes)
	for _, list := range []cosell.Field{cosell.Contacts, cosell.Solutions} {
		for member, v := range r.Members(list) {
			if v == "" {
				delete(r, list.Of(member))
			}
		}
		if _, read := r[list]; read {
			r[list] = strconv.Itoa(len(r.Members(list)))
		}
	}
	return r
}

// portal edits a referral as the partner's person does.
func (w *world) portal(id string, changes cosell.Record) {
	w.keep(id)
	r := w.referrals[id]
	r.Record = after(r.Record, changes)
	r.Version, r.Modified = w.nextVersion(), w.now
	w.referrals[id] = r
}

func (w *world) own() []cosell.Referral { return w.which(false) }

func (w *world) microsofts() []cosell.Referral { return w.which(true) }

func (w *world) which(microsoft bool) []cosell.Referral {
	var out []cosell.Referral
	for _, id := range sorted(w.referrals) {
		if w.referrals[id].Microsoft == microsoft {
			out = append(out, w.referrals[id])
		}
	}
	return out
}

// hints is the queue.
type hints struct{ *world }

// seen is when a hint was made, where a test wants to know how long its work has waited.
func (w hints) seen() (at time.Time) {
	if w.timed {
		at = w.now
	}
	return at
}

func (w hints) add(job func() error) error {
	w.boundary()
	w.world.hints = append(w.world.hints, job)
	w.boundary()
	return nil
}

func (w hints) Changed(_ context.Context, hints []flow.Hint) error {
	for _, h := range hints {
		if err := w.enqueue(h); err != nil {
			return err
		}
	}
	return nil
}

func (w hints) enqueue(h flow.Hint) error {
	h.Seen = w.seen()
	return w.add(func() error {
		switch h.Kind {
		case "referral":
			return w.flow.FromReferral(context.Background(), h)
		case "solution":
			return w.flow.SyncSolutions(context.Background(), h)
		}
		return w.flow.FromOpportunity(context.Background(), h)
	})
}

func (w hints) ReferralChanged(_ context.Context, h flow.Hint) error {
	w.counts["broker, one"]++
	h.Kind = "referral"
	return w.enqueue(h)
}

func (w hints) OpportunityChanged(_ context.Context, h flow.Hint) error {
	w.counts["broker, one"]++
	return w.enqueue(h)
}

func (w hints) ReferralWanted(_ context.Context, h flow.Hint) error {
	h.Seen = w.seen()
	return w.add(func() error { return w.flow.CreateReferral(context.Background(), h) })
}

func (w hints) SolutionsChanged(_ context.Context, h flow.Hint) error {
	return w.enqueue(h)
}

// told is the hint of an event as Partner Center names it.
func told(id, event string) flow.Hint {
	return flow.Hint{Kind: "referral", ID: id, Related: strings.HasPrefix(event, "related-"), Why: event, Trace: "t-" + id}
}

// toldOf is the hint of an event as CRM names it.
func toldOf(kind, id, event string) flow.Hint {
	return flow.Hint{Kind: kind, ID: id, Deleted: event == "Delete", Why: event}
}

func toldRow(id, parent, event string) flow.Hint {
	return flow.Hint{Kind: "solution", ID: id, Parent: parent, Deleted: event == "Delete", Why: event}
}

// dying is the ledger of a process that can die before and after each write.
type dying struct {
	*ledger.Ledger
	w *world
}

func (d dying) Save(ctx context.Context, p cosell.Pair, entries ...cosell.Entry) (cosell.Pair, error) {
	d.w.boundary()
	defer d.w.boundary()
	if refuse := d.w.refuseSave; refuse != nil {
		if err := refuse(p); err != nil {
			return p, err
		}
	}
	return d.Ledger.Save(ctx, p, entries...)
}

func (d dying) Heal(ctx context.Context, p cosell.Pair) (cosell.Pair, error) {
	d.w.boundary()
	defer d.w.boundary()
	d.w.forget = nil
	return d.Ledger.Heal(ctx, p)
}

func (d dying) Mark(ctx context.Context, p cosell.Pair) (cosell.Pair, error) {
	d.w.boundary()
	defer d.w.boundary()
	return d.Ledger.Mark(ctx, p)
}

func (d dying) PutIntent(ctx context.Context, i cosell.Intent) (cosell.Intent, error) {
	d.w.boundary()
	defer d.w.boundary()
	d.w.now = d.w.now.Add(d.w.slowIntent)
	if before := d.w.beforeIntent; before != nil {
		d.w.beforeIntent = nil
		before()
	}
	return d.Ledger.PutIntent(ctx, i)
}

func (d dying) Intent(ctx context.Context, id, target string) (cosell.Intent, bool, error) {
	if before := d.w.beforeLook; before != nil {
		d.w.beforeLook = nil
		before()
	}
	return d.Ledger.Intent(ctx, id, target)
}

func (d dying) DropIntent(ctx context.Context, i cosell.Intent) error {
	d.w.boundary()
	return d.Ledger.DropIntent(ctx, i)
}

func (d dying) FindByReferral(ctx context.Context, id string) (cosell.Pair, bool, error) {
	if d.w.forget != nil && d.w.forget(id) {
		return cosell.Pair{}, false, nil
	}
	pair, known, err := d.Ledger.FindByReferral(ctx, id)
	if after := d.w.found; after != nil {
		d.w.found = nil
		after()
	}
	return pair, known, err
}

func (d dying) FindByEngagement(ctx context.Context, id string) (cosell.Pair, bool, error) {
	if d.w.forget != nil && d.w.forget(id) {
		return cosell.Pair{}, false, nil
	}
	return d.Ledger.FindByEngagement(ctx, id)
}
