package flow

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// Reconcile asks both systems what changed since it last asked, and enqueues a hint for each: what no
// event told us is found here, and what is held and due, and pairs whose sheet has grown. It writes to
// neither system. A cursor moves only after every hint of its feed was taken by the queue, and twice a day what changed within
// the last day is looked at again; feeds do not wait for each other. Before the start no cursor moves, so that the first pass after it finds everything.
// Kinds: Later, Broken, Denied.
func (f *Flow) Reconcile(ctx context.Context) error {
	if _, started, err := f.Started(ctx); err != nil || !started && !f.Settings.Shadow {
		return err
	}
	cursors, err := f.Ledger.Cursors(ctx)
	if err != nil {
		return err
	}
	errs := []error{f.due(ctx, cursors)} // first: what it tries is then not due for the hints of the feeds
	again, err := f.looksAgain(ctx, cursors)
	errs = append(errs, err, f.feed(ctx, referralKind, cursors, again, f.referralsChanged))
	for _, kind := range f.Opportunities.Kinds() {
		errs = append(errs, f.feed(ctx, kind, cursors, again, func(ctx context.Context, cursor string, each taking) (string, bool, error) {
			return f.Opportunities.Changed(ctx, kind, cursor, each)
		}))
	}
	errs = append(errs, f.grown(ctx, cursors), f.peopleAgain(ctx, cursors), f.compareDeals(ctx, cursors))
	return errors.Join(append(errs, f.judgeAside(ctx, unsure(errs)))...)
}

// cursors gives each cursor as it stood when the pass began.
type cursors func(name string) (string, error)

// againEvery is how often feeds are read again from further back.
const againEvery = 12 * time.Hour

// looksAgain says, twice a day, that feeds are to be read from where they were a day ago: a cursor moves when the broker has
// taken the hints, and a broker that loses them all would otherwise have lost those changes.
func (f *Flow) looksAgain(ctx context.Context, of cursors) (bool, error) {
	done, known, err := f.doneWithin(ctx, of, f.feedCursor("feeds again"), againEvery)
	return known && !done, err
}

// marks are two earlier cursors of a feed, half a day apart: each change is given again twice.
type marks struct{ day, half string }

func (of cursors) marks(name string) (m marks, err error) {
	if m.day, err = of(name + " a day ago"); err == nil {
		m.half, err = of(name + " half a day ago")
	}
	return m, err
}

// follows gives each cursor of a feed that is of the table it reads now: one of another table is as none, and the feed begins anew.
func (f *Flow) follows(kind string, of cursors) cursors {
	return func(name string) (string, error) {
		cursor, err := of(name)
		if cursor != "" && kind != referralKind && !f.Opportunities.Follows(kind, cursor) {
			cursor = ""
		}
		return cursor, err
	}
}

// moveMarks makes the half day the day, and now the half day.
func (f *Flow) moveMarks(ctx context.Context, name string, m marks, now string) error {
	if m.half != "" {
		if err := f.Ledger.SaveCursor(ctx, name+" a day ago", m.half); err != nil {
			return err
		}
	}
	return f.Ledger.SaveCursor(ctx, name+" half a day ago", now)
}

// taking takes a page of a feed. reached is the cursor of what follows it, "" where the feed has none yet.
type taking = func(page []Hint, reached string) error

// mostAtOnce is how many hints of referrals leave together.
const mostAtOnce = 1000

// referralsChanged is the feed of Partner Center.
func (f *Flow) referralsChanged(ctx context.Context, cursor string, each taking) (string, bool, error) {
	var page []Hint
	next, err := f.Referrals.Changed(ctx, cursor, func(h Hint) error {
		if page = append(page, h); len(page) < mostAtOnce {
			return nil
		}
		full := page
		page = nil
		return each(full, "")
	})
	return next, true, cmp.Or(err, each(page, ""))
}

// feed passes the hints of a feed on as its pages come: there may be a million of them. A page that the queue has taken is not
// read again, whatever becomes of the next one. again: those of the last day once more.
// A feed in which nothing came keeps its cursor until the next look at the last day, long before a system forgets it.
func (f *Flow) feed(ctx context.Context, name string, of cursors, again bool, changed func(ctx context.Context, cursor string, each taking) (next string, came bool, err error)) error {
	kind := name
	name = f.feedCursor(name)
	own := f.follows(kind, of)
	cursor, err := own(name)
	if err != nil {
		return err
	}
	from, m := cursor, marks{}
	if again && cursor != "" {
		if m, err = own.marks(name); err != nil {
			return err
		}
		from = cmp.Or(m.day, m.half, cursor)
	}
	named, met := 0, newDeals()
	next, came, err := changed(ctx, from, func(page []Hint, reached string) error {
		named += len(page)
		if cursor == "" {
			met.add(page)
		}
		unnamed, err := f.unnamed(ctx, of, kind, page, named)
		if unnamed {
			page = nil
		}
		return cmp.Or(err, f.pageOf(ctx, name, page, reached))
	})
	switch {
	case peopleUnread(err) && cursor == "": // once it may be read it begins from then on
		return f.missesPeople(ctx)
	case peopleUnread(err):
		return nil
	case err != nil:
		return err
	}
	if cursor == "" && !f.Settings.Shadow { // before the brake has heard that of both sides it lets nobody through
		if err := f.expect(ctx, kind, len(met.met)); err != nil {
			return err
		}
	}
	if next != cursor && (came || again || cursor == "") {
		if err := f.Ledger.SaveCursor(ctx, name, next); err != nil {
			return err
		}
	}
	if (again || cursor == "") && next != "" { // there is none where the CRM has no such table
		return f.moveMarks(ctx, name, m, next)
	}
	return nil
}

// pageOf sends the hints of a page, and keeps how far the feed was read.
func (f *Flow) pageOf(ctx context.Context, cursor string, page []Hint, reached string) error {
	for i := range page {
		page[i].Why, page[i].Late = "reconcile", true
	}
	if err := f.Hints.Changed(ctx, page); err != nil || reached == "" {
		return err
	}
	return f.Ledger.SaveCursor(ctx, cursor, reached)
}

// due enqueues what is held and whose time has come.
func (f *Flow) due(ctx context.Context, of cursors) error {
	if rest, err := f.rests(ctx, of); rest || err != nil {
		return err
	}
	ids, err := f.Ledger.Due(ctx, f.Now())
	if err != nil {
		return err
	}
	return f.hintAll(ctx, ids, Hint{Why: "held work is due", Retry: true})
}

// rests says whether what is held was tried too short a time ago, by the schedule of an administrator. Passes come a
// little early or late, so half a minute less will do.
func (f *Flow) rests(ctx context.Context, of cursors) (bool, error) {
	if f.Settings.HealEvery == 0 {
		return false, nil
	}
	done, _, err := f.doneWithin(ctx, of, "healed", f.Settings.HealEvery-30*time.Second)
	return done, err
}

// doneWithin says whether something was done a shorter time ago, as it is noted under its name; known: when it was done before.
// Where it was not, it is noted as done now.
func (f *Flow) doneWithin(ctx context.Context, of cursors, name string, every time.Duration) (done, known bool, err error) {
	text, err := of(name)
	if err != nil {
		return false, false, err
	}
	last, err := time.Parse(time.RFC3339, text)
	known = err == nil
	if known && f.Now().Sub(last) < every {
		return true, known, nil
	}
	return false, known, f.Ledger.SaveCursor(ctx, name, f.Now().UTC().Format(time.RFC3339))
}

// mostGrown is how many pairs one pass takes up after the sheet has changed.
const mostGrown = 500

// How far a new sheet was taken up, of which sheet: "first after <id>", or "second after <id>" half a day after the first time, "since <when>". Then the
// cursor is the sheet itself.
const (
	firstTime  = "first after "
	sinceFirst = "since "
	secondTime = "second after "
	ofSheet    = " of "
)

// grown enqueues pairs whose base was made by another sheet, so that the first edit of a new field finds
// one; each of them twice, as a broker may have lost the first hint. Pairs that are switched off are compared when they are switched on.
func (f *Flow) grown(ctx context.Context, of cursors) error {
	cursor, err := of("sheet")
	if err != nil || cursor == f.sheets() {
		return err
	}
	round, after := firstTime, ""
	if state, same := strings.CutSuffix(cursor, ofSheet+f.sheets()); same {
		if since, waits := strings.CutPrefix(state, sinceFirst); waits {
			if at, err := time.Parse(time.RFC3339, since); err == nil && f.Now().Sub(at) < againEvery {
				return nil
			}
			round = secondTime
		} else if after, same = strings.CutPrefix(state, secondTime); same {
			round = secondTime
		} else {
			after = strings.TrimPrefix(state, firstTime)
		}
	}
	ids, unread, err := f.ofOtherSheets(ctx, after)
	if err != nil {
		return err
	}
	if err := f.hintAll(ctx, ids, Hint{Why: "the field sheet has changed"}); err != nil {
		return err
	}
	next := f.sheets()
	switch {
	case len(ids) == mostGrown:
		next = round + ids[len(ids)-1] + ofSheet + f.sheets()
	case unread, round == firstTime && len(ids)+len(after) > 0: // of those that cannot be read nobody knows whether they have taken it up
		next = sinceFirst + f.Now().UTC().Format(time.RFC3339) + ofSheet + f.sheets()
	}
	return f.Ledger.SaveCursor(ctx, "sheet", next)
}

// ofOtherSheets are some of the linked pairs after an id that are switched on and have not taken up the sheet, and whether one of all pairs
// cannot be read.
func (f *Flow) ofOtherSheets(ctx context.Context, after string) (ids []string, unread bool, err error) {
	err = f.Ledger.Pairs(ctx, func(p cosell.Pair) bool {
		unread = unread || p.Unread
		if p.OpportunityID > after && p.Phase == cosell.Linked && p.Sheet != f.of(p).Settings.Sheet && p.Base.Opportunity[cosell.Sync] != cosell.False {
			ids = append(ids, p.OpportunityID)
		}
		return len(ids) < mostGrown
	})
	return ids, unread, err
}
