package flow_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
)

// made counts what stands in both systems.
func (w *world) made() [2]int { return [2]int{len(w.opportunities), len(w.referrals)} }

// unlinkedInCRM is a pair that somebody has parted in CRM.
func unlinkedInCRM(w *world) {
	w.want(nil)
	w.opportunityChanged()
	w.userOf(deal, cosell.Record{cosell.Action: cosell.ActUnlink})
	w.opportunityChanged()
}

// After the tables were lost nothing is made that a person has ended, whatever they knew of it.
func TestI20_WhatPersonsEndedStaysEndedWithoutTables(t *testing.T) {
	for name, end := range map[string]func(w *world){
		"DeletedInCRM": func(w *world) {
			id := portalDeal(w, nil)
			w.referralChanged(id)
			delete(w.opportunities, crm{w}.ID(id))
			w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", crm{w}.ID(id), "Delete")) })
		},
		"AnInvitationDeletedInCRM": func(w *world) {
			id := portalDeal(w, cosell.Record{cosell.Status: cosell.Pending})
			w.referralChanged(id)
			delete(w.opportunities, crm{w}.ID(id))
			w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", crm{w}.ID(id), "Delete")) })
		},
		"DeletedInCRMWhereForeignIdsCome": func(w *world) {
			w.foreign = "keep"
			w.restart()
			id := portalDeal(w, nil)
			w.referralChanged(id)
			delete(w.opportunities, crm{w}.ID(id))
			w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", crm{w}.ID(id), "Delete")) })
		},
		"UnlinkedInCRM": unlinkedInCRM,
		"UnlinkedInCRMAndSwitchedOn": func(w *world) {
			unlinkedInCRM(w)
			w.user(cosell.Record{cosell.Sync: cosell.True})
			w.opportunityChanged()
		},
		"ALeadUnlinkedAndSwitchedOn": func(w *world) {
			w.inquires(nil)
			w.heard()
			w.lead(itsLead, cosell.Record{cosell.Action: cosell.ActUnlink})
			w.leadHeard()
			w.lead(itsLead, cosell.Record{cosell.Sync: cosell.True})
			w.leadHeard()
		},
		"ADealOfThePortalUnlinked": func(w *world) {
			id := portalDeal(w, nil)
			w.referralChanged(id)
			o := crm{w}.ID(id)
			w.userOf(o, cosell.Record{cosell.Action: cosell.ActUnlink})
			w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", o, "Update")) })
		},
		"AnInvitationUnlinked": func(w *world) {
			id := portalDeal(w, cosell.Record{cosell.Status: cosell.Pending})
			w.referralChanged(id)
			o := crm{w}.ID(id)
			w.userOf(o, cosell.Record{cosell.Action: cosell.ActUnlink})
			w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", o, "Update")) })
		},
		"DeletedDealOfCRM": func(w *world) {
			w.want(nil)
			w.opportunityChanged()
			delete(w.opportunities, deal)
			w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Delete")) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			end(w)
			w.drain()
			before, writes := w.made(), w.writes()
			w.wiped()
			for range 3 {
				w.pass()
			}
			w.events()
			if w.made() != before {
				t.Errorf("there were %v opportunities and referrals, there are %v", before, w.made())
			}
			if n := w.writes() - writes; n != 0 {
				t.Errorf("%d writes", n)
			}
		})
	}
}

// A creation that is interrupted anywhere, and whose tables are lost then, makes nothing twice: what stands in Partner
// Center names the opportunity, and is looked for before the first request after the loss.
func TestI20_TablesLostInTheMiddleOfACreationMakeNothingTwice(t *testing.T) {
	for name, lose := range map[string]func(*world){"Wiped": func(w *world) { w.wiped() }, "AnHourOld": func(w *world) {}} {
		for at := 1; ; at++ {
			w := newWorld(t)
			w.pass()
			if name == "AnHourOld" {
				old := w.memory
				lose = func(w *world) { w.memory = old; w.restart() }
				w.memory = ledger.InMemory(func() time.Time { return w.now })
				if err := w.memory.SaveCursor(ctx, "referral", "+"); err != nil {
					t.Fatal(err)
				}
				w.restart()
			}
			died := w.createsUntil(at)
			lose(w)
			w.comesAgain()
			for range 3 {
				w.pass()
			}
			w.events()
			if len(w.own()) != 1 || len(w.microsofts()) != 1 {
				t.Errorf("%s, death at %d: %d own referrals, %d of Microsoft", name, at, len(w.own()), len(w.microsofts()))
			}
			if !died {
				break
			}
		}
	}
}

// createsUntil creates the referrals of a deal, Microsoft's too, and dies at the call: whether it came so far.
func (w *world) createsUntil(at int) (died bool) {
	w.want(cosell.Record{cosell.Help: "GeneralOrOther"})
	w.calls, w.dieAt = 0, at
	w.opportunityChanged1()
	died = w.died
	w.dieAt, w.hints = 0, nil
	return died
}

// comesAgain delivers the message of the deal once more, a minute later.
func (w *world) comesAgain() {
	w.now = w.now.Add(time.Minute)
	again := toldOf("opportunity", deal, "Update")
	again.Late = true
	w.deliver(func() error { return w.flow.FromOpportunity(ctx, again) })
}

// opportunityChanged1 delivers the event once, and what it leaves, to a process that may die.
func (w *world) opportunityChanged1() {
	w.hints = append(w.hints, func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", deal, "Update")) })
	for len(w.hints) > 0 && !w.died {
		next := w.hints[0]
		w.hints = w.hints[1:]
		_ = w.run(next)
	}
}

// backup is what the tables hold now, and puts it back as an administrator does, whatever has happened since.
func (w *world) backup() (restore func()) {
	w.t.Helper()
	var pairs []cosell.Pair
	if err := w.memory.Pairs(ctx, func(p cosell.Pair) bool { pairs = append(pairs, p); return true }); err != nil {
		w.t.Fatal(err)
	}
	cursors := map[string]string{}
	for _, feed := range []string{"referral", "opportunity", "sheet"} {
		cursors[feed], _ = w.memory.Cursor(ctx, feed)
	}
	brake, _ := w.memory.Brake(ctx)
	return func() {
		w.wiped()
		brake.Version = ""
		if err := w.memory.SaveBrake(ctx, brake); err != nil {
			w.t.Fatal(err)
		}
		for _, p := range pairs {
			p.Version = ""
			if _, err := w.memory.Save(ctx, p); err != nil {
				w.t.Fatal(err)
			}
		}
		for feed, cursor := range cursors {
			if err := w.memory.SaveCursor(ctx, feed, cursor); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

// values are what people see of the pairs, on both sides.
func (w *world) values() (out []string) {
	of := func(id string, r cosell.Record) {
		for _, f := range []cosell.Field{cosell.Name, cosell.DealValue, cosell.ClosingDate, cosell.Notes, cosell.Status, "solutions/SOL-1", "solutions/SOL-2"} {
			out = append(out, id+" "+string(f)+"="+r[f])
		}
	}
	for _, id := range sorted(w.opportunities) {
		of(id, w.opportunities[id].Record)
	}
	for _, id := range sorted(w.referrals) {
		of(id, w.referrals[id].Record)
	}
	return out
}

// An hour of work is lost from the tables. Everything that had crossed stays as it is, nothing is made twice, and an edit that
// was about to cross does so.
func TestI20_AnHourOldStateOverwritesNothing(t *testing.T) {
	first := func(w *world) (opportunity, referral string) {
		opportunity = sorted(w.opportunities)[0]
		return opportunity, w.opportunities[opportunity].Record[cosell.ReferralID]
	}
	for name, hour := range map[string]func(w *world){
		"EditedInCRM": func(w *world) { o, _ := first(w); w.userOf(o, cosell.Record{cosell.DealValue: "500"}) },
		"EditedInPartnerCenter": func(w *world) {
			_, r := first(w)
			w.portal(r, cosell.Record{cosell.DealValue: "500", cosell.Notes: "a note that is cut"})
		},
		"EditedTwice": func(w *world) {
			o, r := first(w)
			w.userOf(o, cosell.Record{cosell.DealValue: "500"})
			w.events()
			w.portal(r, cosell.Record{cosell.DealValue: "600"})
		},
		"TakenBackOnTheSameSide": func(w *world) {
			o, _ := first(w)
			w.userOf(o, cosell.Record{cosell.DealValue: "500"})
			w.events()
			w.userOf(o, cosell.Record{cosell.DealValue: "100"})
		},
		"TakenBackOnTheOtherSide": func(w *world) {
			o, r := first(w)
			w.userOf(o, cosell.Record{cosell.DealValue: "500"})
			w.events()
			w.portal(r, cosell.Record{cosell.DealValue: "100"})
		},
		"Emptied":       func(w *world) { o, _ := first(w); w.userOf(o, cosell.Record{cosell.Notes: ""}) },
		"ASolutionMore": func(w *world) { o, _ := first(w); w.userOf(o, cosell.Record{"solutions/SOL-2": "{}"}) },
		"Lost": func(w *world) {
			o, _ := first(w)
			w.userOf(o, cosell.Record{cosell.Status: cosell.Lost, cosell.Reason: "r"})
		},
		"LostInPartnerCenter": func(w *world) {
			_, r := first(w)
			w.portal(r, cosell.Record{cosell.Status: cosell.Lost, cosell.Reason: "r"})
		},
		"BothEdited": func(w *world) {
			o, r := first(w)
			w.portal(r, cosell.Record{cosell.DealValue: "300"})
			w.now = w.now.Add(time.Minute)
			w.userOf(o, cosell.Record{cosell.DealValue: "200"})
		},
		"MadeInCRM":           func(w *world) { w.want(nil); w.opportunityChanged() },
		"MadeInPartnerCenter": func(w *world) { w.referralChanged(portalDeal(w, nil)) },
		"Deleted": func(w *world) {
			o, _ := first(w)
			delete(w.opportunities, o)
			w.deliver(func() error { return w.flow.FromOpportunity(ctx, toldOf("opportunity", o, "Delete")) })
		},
	} {
		for _, noticed := range []bool{false, true} {
			t.Run(fmt.Sprint(name, noticed), func(t *testing.T) {
				w := crowded(t, 3)
				restore := w.backup()
				w.now = w.now.Add(time.Minute)
				hour(w)
				w.events()
				w.now = w.now.Add(time.Hour)
				before, made := w.values(), w.made()
				restore()
				if noticed {
					w.restored = w.now
				}
				for range 3 {
					w.pass()
				}
				if diff := cmp.Diff(before, w.values()); diff != "" || w.made() != made {
					t.Errorf("there were %v records, there are %v; overwritten:\n%s", made, w.made(), diff)
				}
				w.silent()
			})
		}
	}
}

// An edit whose other record nobody has touched crosses as ever.
func TestAnEditThatWasAboutToCrossDoesSoAfterOlderTablesWerePutBack(t *testing.T) {
	w := crowded(t, 3)
	restore := w.backup()
	o, p := sorted(w.opportunities)[0], sorted(w.opportunities)[1]
	w.now = w.now.Add(time.Minute)
	w.userOf(o, cosell.Record{cosell.DealValue: "500"})
	w.portal(w.opportunities[p].Record[cosell.ReferralID], cosell.Record{cosell.DealValue: "600"})
	w.now = w.now.Add(time.Hour)
	restore()
	w.restored = w.now
	w.pass()
	if v, u := w.referrals[w.opportunities[o].Record[cosell.ReferralID]].Record[cosell.DealValue], w.opportunities[p].Record[cosell.DealValue]; v != "500" || u != "600" {
		t.Errorf("%s in Partner Center, %s in CRM", v, u)
	}
	w.silent()
}

// A value that a person took back, and whose way to the other side was still to come, is not undone by an older copy.
func TestI26_WhatWasTakenBackIsKeptByAnOlderCopyOfTheTables(t *testing.T) {
	for name, c := range map[string]func(w *world, o, r string){
		"InPartnerCenter": func(w *world, o, r string) {
			w.userOf(o, cosell.Record{cosell.DealValue: "500"})
			w.events()
			w.portal(r, cosell.Record{cosell.DealValue: "100"})
		},
		"InCRM": func(w *world, o, r string) {
			w.portal(r, cosell.Record{cosell.DealValue: "500"})
			w.events()
			w.userOf(o, cosell.Record{cosell.DealValue: "100"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := crowded(t, 3)
			o := sorted(w.opportunities)[0]
			r := w.opportunities[o].Record[cosell.ReferralID]
			restore := w.backup()
			w.now = w.now.Add(time.Minute)
			c(w, o, r)
			w.now = w.now.Add(time.Hour)
			restore()
			w.restored = w.now
			for range 3 {
				w.pass()
			}
			crm, pc := w.opportunities[o].Record, w.referrals[r].Record
			kept := map[string]string{"InPartnerCenter": pc[cosell.DealValue], "InCRM": crm[cosell.DealValue]}[name]
			if kept != "100" || strings.Count(crm[cosell.Audit], "values.differ") != 1 {
				t.Errorf("%s in CRM, %s in Partner Center\n%s", crm[cosell.DealValue], pc[cosell.DealValue], crm[cosell.Audit])
			}
			w.silent()
			w.userOf(o, cosell.Record{cosell.DealValue: "700"}) // and edits cross again
			w.events()
			if v := w.referrals[r].Record[cosell.DealValue]; v != "700" {
				t.Errorf("an edit after it: %s", v)
			}
		})
	}
}

// Audit says what still stands: after the tables were lost nobody reads it a second time, and what came anew after
// everything was in step is told.
func TestWhatAuditStillTellsIsNotToldAgainByRebuiltState(t *testing.T) {
	first := func(w *world) (opportunity, referral string) {
		opportunity = sorted(w.opportunities)[0]
		return opportunity, w.opportunities[opportunity].Record[cosell.ReferralID]
	}
	refuse := func(w *world) { w.refusePCBy = (&no{field: cosell.DealValue, class: fault.Record}).refuses }
	for name, c := range map[string]struct {
		code   string
		before func(w *world)
	}{
		"ClosedOnOneSide": {"status.apart", func(w *world) {
			o, r := first(w)
			w.portal(r, cosell.Record{cosell.Status: cosell.Lost, cosell.Reason: "r"})
			w.events()
			w.now = w.now.Add(time.Hour)
			w.reopened(o)
			w.events()
			w.wiped()
		}},
		"NoReferral": {"referral.unknown", func(w *world) {
			_, r := first(w)
			delete(w.referrals, r)
			w.wiped()
		}},
		"Refused": {"rule.broken", func(w *world) {
			o, _ := first(w)
			refuse(w)
			w.userOf(o, cosell.Record{cosell.DealValue: "500"})
			w.events()
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := crowded(t, 3)
			c.before(w)
			for range 3 {
				w.pass()
			}
			o, _ := first(w)
			said := w.lines(o, c.code+":")
			if said == 0 {
				t.Fatalf("it is told nowhere: %s", w.opportunities[o].Record[cosell.Audit])
			}
			for range 2 {
				w.wiped()
				for range 3 {
					w.pass()
				}
			}
			if again := w.lines(o, c.code+":"); again != said {
				t.Errorf("told %d times, then %d: %s", said, again, w.opportunities[o].Record[cosell.Audit])
			}
		})
	}
}

// A reminder, and what differed when the two met, are told once as well, however often the tables are lost.
func TestRemindersAndDifferencesAreToldOnceWithoutTables(t *testing.T) {
	for name, c := range map[string]struct {
		line string
		had  func(w *world) (opportunity string)
	}{
		"Reminder": {"answer.due:", func(w *world) string {
			_, o := w.invited()
			w.later(10 * 24 * time.Hour)
			w.later(25 * time.Hour)
			return o
		}},
		"Difference": {"values.differ:", func(w *world) string {
			r, o := w.inbound()
			w.portal(r, cosell.Record{cosell.DealValue: "20"})
			w.now = w.now.Add(time.Second)
			w.userOf(o, cosell.Record{cosell.DealValue: "30"})
			w.events()
			w.wiped()
			w.pass()
			w.pass()
			return o
		}},
	} {
		w := newWorld(t)
		o := c.had(w)
		said := w.lines(o, c.line)
		for range 2 {
			w.wiped()
			for range 3 {
				w.pass()
			}
		}
		if n := w.lines(o, c.line); said != 1 || n != said {
			t.Errorf("%s: told %d times, then %d: %s", name, said, n, w.opportunities[o].Record[cosell.Audit])
		}
	}
}

// An older copy remembers what was told until then. What was told since stands in Audit alone, and is not told again.
func TestWhatAuditStillTellsIsNotToldAgainByAnOlderCopy(t *testing.T) {
	for name, before := range map[string]bool{"OfNothing": false, "OfAnotherProblem": true} {
		t.Run(name, func(t *testing.T) {
			w := crowded(t, 3)
			o := sorted(w.opportunities)[0]
			no := map[cosell.Field]bool{}
			w.refusePCBy = func(values cosell.Record) error {
				for _, f := range []cosell.Field{cosell.DealValue, cosell.ClosingDate} {
					if _, sent := values[f]; sent && no[f] {
						return fault.New(fault.Refused, "a rule").With("rule.broken", "ask").OfClass(fault.Record).At(string(f))
					}
				}
				return nil
			}
			if before {
				no[cosell.ClosingDate] = true
				w.userOf(o, cosell.Record{cosell.ClosingDate: "2026-11-30"})
				w.events()
			}
			for range 3 {
				w.pass()
			}
			restore := w.backup()
			no[cosell.DealValue] = true
			w.now = w.now.Add(time.Minute)
			w.userOf(o, cosell.Record{cosell.DealValue: "500"})
			w.events()
			for range 3 {
				w.pass()
			}
			said := w.lines(o, "rule.broken:")
			if want := map[bool]int{false: 1, true: 2}[before]; said != want {
				t.Fatalf("told %d times, want %d: %s", said, want, w.opportunities[o].Record[cosell.Audit])
			}
			for range 2 {
				w.now = w.now.Add(time.Hour)
				restore()
				w.restored = w.now
				for range 3 {
					w.pass()
				}
			}
			if again := w.lines(o, "rule.broken:"); again != said {
				t.Errorf("told %d times, then %d: %s", said, again, w.opportunities[o].Record[cosell.Audit])
			}
		})
	}
}
