package flow_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
)

func TestF117_TombstonesAreHonouredByEveryEntry(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.opportunityChanged()
	id, saved := w.own()[0].ID, w.opportunities[deal]
	delete(w.opportunities, deal)
	w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Delete")) })
	w.portal(id, cosell.Record{cosell.DealValue: "10"})
	before := w.writes()
	w.deliver(func() error { return w.flow.FromReferral(ctx, told(id, "referral-updated")) })
	w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update")) })
	w.deliver(w.wanted)
	w.deliver(func() error { return w.flow.SyncSolutions(ctx, toldRow("row", deal, "Create")) })
	copied := portalDeal(w, cosell.Record{cosell.CRMID: deal}) // another referral claims the opportunity
	w.deliver(func() error { return w.flow.FromReferral(ctx, told(copied, "referral-created")) })
	w.opportunities[deal] = saved // brought back from a backup: still left alone until a person acts
	w.deliver(func() error { return w.flow.FromReferral(ctx, told(copied, "referral-updated")) })
	w.deliver(func() error { return w.flow.FromReferral(ctx, told(id, "referral-updated")) })
	w.deliver(w.wanted)
	if n := w.writes() - before; n != 0 || len(w.opportunities) != 1 {
		t.Errorf("%d writes, %d opportunities", n, len(w.opportunities))
	}
}

// d3: made, not remembered, deleted by a person: whatever comes again, and in whatever order.
func TestI27_DeletedBeforeWeRememberedItIsNotMadeAgain(t *testing.T) {
	for at := 1; ; at++ {
		w := newWorld(t)
		id := portalDeal(w, nil)
		o := crm{w}.ID(id)
		w.dieAt = at
		done := w.run(func() error { return w.flow.FromReferral(ctx, told(id, "referral-created")) }) == nil
		if _, made := w.opportunities[o]; made {
			delete(w.opportunities, o)
			w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", o, "Delete")) })
			w.deliver(func() error { return w.flow.FromReferral(ctx, told(id, "referral-created")) })
			w.events()
			if len(w.opportunities) != 0 {
				t.Errorf("death at %d: it is there again", at)
			}
		}
		if done {
			break
		}
	}
}

// A creation is interrupted in one process and gone on with in another, whose clocks differ: the wait is the same, by Partner Center's.
func TestAnInterruptedCreationWaitsByTheServersClock(t *testing.T) {
	for _, skew := range []time.Duration{-20 * time.Minute, 20 * time.Minute} {
		var w *world
		var id string
		for at, made := 1, false; !made; at++ {
			w = newWorld(t)
			id, w.dieAt = portalDeal(w, nil), at
			_ = w.run(func() error { return w.flow.FromReferral(ctx, told(id, "referral-created")) })
			_, made = w.opportunities[crm{w}.ID(id)]
		}
		w.skew = skew
		w.restart()
		began := w.now
		if err := w.run(func() error { return w.flow.FromReferral(ctx, told(id, "referral-created")) }); !fault.Is(err, fault.Later) {
			t.Errorf("another clock %s off: %v, and a person may have deleted the row", skew, err)
		}
		w.deliver(func() error { return w.flow.FromReferral(ctx, told(id, "referral-created")) })
		if waited := w.now.Sub(began); waited > time.Minute {
			t.Errorf("another clock %s off: it is gone on with after %s", skew, waited)
		}
	}
}

func TestF118_AnEditSeenOnlyInTheAnswerOfOurWriteBack(t *testing.T) {
	w := newWorld(t)
	w.want(nil)
	w.afterCRMPut = func(r cosell.Record) { // somebody else's automation answers our write-back
		r[cosell.DealValue] = "555"
		w.afterCRMPut = nil
	}
	w.opportunityChanged() // no event of the automation's edit: it may have come, and found nothing to compare with
	if got := w.own()[0].Record[cosell.DealValue]; got != "555" {
		t.Errorf("the referral still says %s", got)
	}
	w.silent()
}

// d10 and d11: people edit while nobody knows whether the POST worked; the event of it may come or not.
func TestF44_EditsDuringAnUnknownPOST(t *testing.T) {
	for name, edit := range map[string]func(*world){
		"Seller": func(w *world) { w.user(cosell.Record{cosell.Name: "after", cosell.DealValue: "20000"}) },
		"Portal": func(w *world) {
			w.portal(w.own()[0].ID, cosell.Record{cosell.Name: "after", cosell.DealValue: "20000"})
		},
		"Both": func(w *world) {
			w.user(cosell.Record{cosell.Name: "after"})
			w.portal(w.own()[0].ID, cosell.Record{cosell.DealValue: "20000"})
		},
		"PortalFillsWhatWasEmpty": func(w *world) {
			w.user(cosell.Record{cosell.Name: "after", cosell.DealValue: "20000"})
			w.portal(w.own()[0].ID, cosell.Record{cosell.Notes: "note", "solutions/SOL-7": "{}"})
		},
	} {
		for _, echo := range []bool{true, false} {
			w := newWorld(t)
			w.want(cosell.Record{cosell.DealValue: "10000", cosell.Name: "before", cosell.Notes: ""})
			w.loseAnswer = true
			_ = w.wanted()
			w.now = w.now.Add(time.Second)
			edit(w)
			if echo {
				w.referralChanged(w.own()[0].ID)
			} else {
				w.now = w.now.Add(settle)
				w.deliver(w.wanted)
			}
			// The events of the edits came while there was nothing to compare with: none comes again.
			r, o := w.own()[0].Record, w.opportunities[deal].Record
			for _, f := range []cosell.Field{cosell.Name, cosell.DealValue, cosell.Notes, "solutions/SOL-7"} {
				if r[f] != o[f] {
					t.Errorf("%s, echo %v: %s is %q and %q", name, echo, f, r[f], o[f])
				}
			}
			if r[cosell.Name] != "after" || r[cosell.DealValue] != "20000" {
				t.Errorf("%s, echo %v: an edit was lost: %v", name, echo, r)
			}
			w.silent()
		}
	}
}

// d6: the process dies after the write and before it remembers it, and a person takes the edit back. Where every
// function has processes of its own, the event of that comes before the job that died.
func TestI26_AnUndoInTheSaveWindow(t *testing.T) {
	for name, tt := range map[string]struct{ edit, undo string }{
		"A: seller, seller": {"crm", "crm"}, "B: portal, seller": {"pc", "crm"}, "C: seller, portal": {"crm", "pc"}, "D: portal, portal": {"pc", "pc"},
	} {
		for _, eventFirst := range []bool{false, true} {
			w := newWorld(t)
			w.want(cosell.Record{cosell.DealValue: "10000"})
			w.opportunityChanged()
			w.events()
			id := w.own()[0].ID
			type_ := func(side, v string) {
				w.now = w.now.Add(time.Minute)
				if side == "crm" {
					w.user(cosell.Record{cosell.DealValue: v})
				} else {
					w.portal(id, cosell.Record{cosell.DealValue: v})
				}
			}
			type_(tt.edit, "20000")
			traced := flow.WithTrace(ctx, "0123abcd") // the line in CRM proves that the write was made
			job := func() error { return w.flow.FromOpportunity(traced, toldOf("opportunity", deal, "Update")) }
			if tt.edit == "pc" {
				job = func() error { return w.flow.FromReferral(traced, told(id, "referral-updated")) }
			}
			writes := w.writes()
			w.look = func() {
				if w.writes() > writes {
					w.look, w.dieAt = nil, w.calls // right after the commit
				}
			}
			if err := w.run(job); err != errDied {
				t.Fatalf("%s, event first %v: %v", name, eventFirst, err)
			}
			type_(tt.undo, "10000")
			if eventFirst && tt.undo == "crm" {
				w.opportunityChanged()
			} else if eventFirst {
				w.referralChanged(id)
			}
			w.deliver(job)
			w.events()
			r, o := w.own()[0].Record[cosell.DealValue], w.opportunities[deal].Record
			told := strings.Contains(o[cosell.Audit], "conflict") && strings.Contains(o[cosell.Audit], "10000")
			if (r != "10000" || o[cosell.DealValue] != "10000") && !told {
				t.Errorf("%s, event first %v: Partner Center %s, CRM %s, Audit %q", name, eventFirst, r, o[cosell.DealValue], o[cosell.Audit])
			}
			if r != o[cosell.DealValue] {
				t.Errorf("%s, event first %v: %s and %s", name, eventFirst, r, o[cosell.DealValue])
			}
			w.silent()
		}
	}
}

// d1: the note of a conflict survives a death at any point.
func TestI25_ANoteOfAConflictIsToldOnceWhereverTheProcessDies(t *testing.T) {
	for at := 1; ; at++ {
		w := newWorld(t)
		w.private(nil)
		w.portal(w.own()[0].ID, cosell.Record{cosell.Name: "theirs"})
		w.now = w.now.Add(time.Minute)
		w.user(cosell.Record{cosell.Name: "mine"})
		w.dieAt = w.calls + at
		traced := flow.WithTrace(ctx, "0123abcd")
		job := func() error { return w.flow.FromOpportunity(traced, toldOf("opportunity", deal, "Update")) }
		done := w.run(job) == nil
		w.deliver(job)
		w.events()
		o := w.opportunities[deal].Record
		if n := strings.Count(o[cosell.Audit], `gave way: "theirs"`); n != 1 || w.own()[0].Record[cosell.Name] != "mine" {
			t.Errorf("death at %d: told %d times, Partner Center says %s", at, n, w.own()[0].Record[cosell.Name])
		}
		w.silent()
		if done {
			break
		}
	}
}

// Nor does a third value that somebody types in Partner Center before the next run: what our write replaced was
// replaced, whoever was there afterwards.
func TestI25_ANoteSurvivesAThirdValue(t *testing.T) {
	replaced := 0
	for at := 1; ; at++ {
		w := newWorld(t)
		w.private(nil)
		id := w.own()[0].ID
		w.portal(id, cosell.Record{cosell.Name: "theirs"})
		w.now = w.now.Add(time.Minute)
		w.user(cosell.Record{cosell.Name: "mine"})
		w.dieAt = w.calls + at
		job := func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update")) }
		done := w.run(job) == nil
		written := w.referrals[id].Record[cosell.Name] == "mine"
		w.now = w.now.Add(time.Minute)
		w.portal(id, cosell.Record{cosell.Name: "third"})
		w.deliver(job)
		w.events()
		if n := strings.Count(w.opportunities[deal].Record[cosell.Audit], `gave way: "theirs"`); written && n != 1 {
			t.Errorf("death at %d: told %d times\n%s", at, n, w.opportunities[deal].Record[cosell.Audit])
		}
		if written {
			replaced++
		}
		w.silent()
		if done {
			break
		}
	}
	if replaced < 2 {
		t.Errorf("only %d deaths after the write", replaced)
	}
}

// Nor does a third value in CRM, where the words of our write were still to come: nobody can tell then whether it was made, so what it may have
// replaced is told as possible.
func TestI25_ANoteOfAWordlessWriteSurvivesAThirdValue(t *testing.T) {
	replaced := 0
	for at, done := 1, false; !done; at++ {
		w := newWorld(t)
		w.private(nil)
		id := w.own()[0].ID
		w.user(cosell.Record{cosell.Name: "mine"})
		w.now = w.now.Add(time.Minute)
		w.portal(id, cosell.Record{cosell.Name: "theirs", cosell.Notes: "refused"})
		w.refuseCRM = (&no{field: cosell.Notes, class: fault.Record}).refuses
		w.dieAt = w.calls + at
		job := func() error { return w.flow.FromReferral(ctx, told(id, "referral-updated")) }
		done = w.run(job) == nil
		o := w.opportunities[deal].Record
		written := o[cosell.Name] == "theirs" && w.lines(deal, `gave way: "mine"`) == 0
		w.now = w.now.Add(time.Minute)
		w.user(cosell.Record{cosell.Name: "third"})
		w.deliver(job)
		w.events()
		if n := w.lines(deal, `gave way: "mine"`); written && n != 1 || n > 1 {
			t.Errorf("death at %d: told %d times\n%s", at, n, w.opportunities[deal].Record[cosell.Audit])
		}
		if written {
			replaced++
		}
		if p := w.pair(); len(p.Untold) > 0 || w.own()[0].Record[cosell.Name] != "third" {
			t.Errorf("death at %d: Partner Center says %s, untold %v", at, w.own()[0].Record[cosell.Name], p.Untold)
		}
		w.silent()
	}
	if replaced < 2 {
		t.Errorf("only %d deaths after the write", replaced)
	}
}

// d1b: nor does a CRM that is busy, or down, lose it.
func TestI25_ANoteOfAConflictSurvivesABusyCRM(t *testing.T) {
	for name, trouble := range map[string]error{"Busy": fault.Wait(20*time.Second, "429"), "Down": fault.New(fault.Broken, "503"), "Denied": fault.New(fault.Denied, "401")} {
		w := newWorld(t)
		w.private(nil)
		w.portal(w.own()[0].ID, cosell.Record{cosell.Name: "theirs"})
		w.now = w.now.Add(time.Minute)
		w.user(cosell.Record{cosell.Name: "mine"})
		n := 4
		w.refuseCRM = func(cosell.Record) error {
			if n > 0 {
				n--
				return trouble
			}
			return nil
		}
		w.opportunityChanged()
		w.events()
		o := w.opportunities[deal].Record
		if n := strings.Count(o[cosell.Audit], `gave way: "theirs"`); n != 1 || o[cosell.Mark] != cosell.MarkOK {
			t.Errorf("%s: told %d times, mark %s", name, n, o[cosell.Mark])
		}
		w.silent()
	}
}

// CRM takes a new row late, after the deal was changed and the next attempt was noted: the row is the first attempt's,
// and the change crosses as any other, wherever the second attempt ended.
func TestI25_ARowThatIsTakenLateIsTheAttemptsThatSentIt(t *testing.T) {
	no := fault.New(fault.Refused, "a rule refuses it").OfClass(fault.Record)
	for _, refused := range []bool{true, false} {
		for at := 1; ; at++ {
			w := newWorld(t)
			r := portalDeal(w, nil)
			o := crm{w}.ID(r)
			job := func() error { return w.flow.FromReferral(ctx, told(r, "referral-created")) }
			w.lateNew = true
			for range 2 { // made, and looked for
				_ = w.run(job)
				w.now = w.now.Add(time.Minute)
			}
			w.portal(r, cosell.Record{cosell.ClosingDate: "2026-12-24"})
			if refused {
				w.refuseNew = func(cosell.Record) error { return no }
			}
			w.between = nil
			w.dieAt = w.calls + at
			done := w.run(job) == nil
			if _, made := w.opportunities[o]; !made {
				w.commit()
			}
			w.refuseNew, w.dieAt = nil, 0
			w.later(24 * time.Hour)
			w.deliver(job)
			w.events()
			if got := w.opportunities[o].Record[cosell.ClosingDate]; got != "2026-12-24" {
				t.Errorf("refused %v, death at %d: CRM says %s\n%s", refused, at, got, w.opportunities[o].Record[cosell.Audit])
			}
			w.silent()
			if done {
				break
			}
		}
	}
}

// Another process keeps the pair between a write of ours and our keeping it, and a person takes back what was written: ours was answered,
// so that it is known to be one, however new the other record is.
func TestI26_AWriteThatIsKeptTooLateIsKnownToBeOurs(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	own := w.own()[0].ID
	before := w.referrals[own].Record[cosell.DealValue]
	w.userOf(deal, cosell.Record{cosell.DealValue: "1357"})
	w.between = func() {
		if w.referrals[own].Record[cosell.DealValue] != "1357" {
			return
		}
		w.between = nil
		if _, err := w.memory.Save(ctx, w.pair()); err != nil {
			t.Error(err)
		}
		w.now = w.now.Add(time.Second)
		w.portal(own, cosell.Record{cosell.DealValue: before})
		w.userOf(deal, cosell.Record{cosell.Audit: w.opportunities[deal].Record[cosell.Audit] + " "}) // CRM's is the newer record
	}
	w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update")) })
	w.events()
	if r, o := w.referrals[own].Record, w.opportunities[deal].Record; r[cosell.DealValue] != before || o[cosell.DealValue] != before {
		t.Errorf("it was taken back to %s, and is %s in Partner Center and %s in CRM\n%s", before, r[cosell.DealValue], o[cosell.DealValue], o[cosell.Audit])
	}
}
