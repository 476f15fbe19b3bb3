package flow_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/flow"
)

// invited is an invitation that ends in 14 days, with its opportunity, all events seen.
func (w *world) invited() (referral, opportunity string) {
	w.t.Helper()
	id := portalDeal(w, cosell.Record{cosell.Status: cosell.Pending, cosell.Visibility: cosell.True})
	r := w.referrals[id]
	r.ExpiresAt = w.now.Add(14 * 24 * time.Hour)
	w.referrals[id] = r
	w.deliver(func() error { return w.flow.FromReferral(ctx, told(id, "referral-created")) })
	o := crm{w}.ID(id)
	w.userOf(o, cosell.Record{cosell.Team: "1", "team/kim": `{"email":"kim@x","firstName":"Kim","lastName":"S","phone":"1"}`})
	w.events()
	return id, o
}

func (w *world) lines(opportunity, what string) int {
	return strings.Count(w.opportunities[opportunity].Record[cosell.Audit], what)
}

func TestR77_AnInvitationIsCalledToMindOnce(t *testing.T) {
	w := newWorld(t)
	r, o := w.invited()
	if got := w.opportunities[o].Record; w.lines(o, "answer.due") != 0 || got[cosell.Mark] != cosell.MarkOK || got[cosell.State] != cosell.StatePending ||
		got[cosell.Expires] != w.referrals[r].ExpiresAt.Format(time.RFC3339) || !slices.Equal(w.tasks, []string{cosell.TaskAnswer}) {
		t.Fatalf("at arrival: %v, tasks %v", got, w.tasks)
	}
	for _, c := range []struct {
		after time.Duration
		lines int
	}{{10 * 24 * time.Hour, 0}, {25 * time.Hour, 1}, {time.Hour, 1}, {24 * time.Hour, 1}} {
		w.later(c.after)
		w.silent()
		if n := w.lines(o, "answer.due"); n != c.lines {
			t.Fatalf("%s later it is told %d times:\n%s", c.after, n, w.opportunities[o].Record[cosell.Audit])
		}
	}
	if !slices.Equal(w.tasks, []string{cosell.TaskAnswer, cosell.TaskReminder}) || w.lines(o, "3 days left") != 1 {
		t.Errorf("tasks %v, Audit\n%s", w.tasks, w.opportunities[o].Record[cosell.Audit])
	}
	if held, err := w.memory.Due(ctx, w.now.Add(time.Hour)); err != nil || len(held) != 0 {
		t.Errorf("still due: %v %v", held, err)
	}
}

func TestR77_TheAnswerCompletesTheTasks(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(w *world, r, o string)
		want   string
		line   string
	}{
		"accepted in CRM": {func(w *world, _, o string) { w.userOf(o, cosell.Record{cosell.Status: cosell.Open}) }, cosell.Open, "accepted the referral"},
		"declined in CRM": {func(w *world, _, o string) { w.closed(o) }, cosell.Lost, "declined the referral"},
		"accepted in the portal": {func(w *world, r, _ string) { w.portal(r, cosell.Record{cosell.Status: cosell.Accepted}) },
			cosell.Open, "accepted in Partner Center"},
		"declined in the portal": {func(w *world, r, _ string) { w.portal(r, cosell.Record{cosell.Status: cosell.Declined}) },
			cosell.Canceled, "declined in Partner Center"},
		"expired": {func(w *world, r, _ string) { w.portal(r, cosell.Record{cosell.Status: cosell.Expired}) },
			cosell.Canceled, "expired: nobody answered the referral in time"},
	} {
		w := newWorld(t)
		r, o := w.invited()
		c.answer(w, r, o)
		w.events()
		w.silent()
		got := w.opportunities[o].Record
		if !slices.Equal(w.tasks, []string{cosell.TaskAnswer, cosell.TaskDone}) || got[cosell.Status] != c.want || got[cosell.Expires] != "" || w.lines(o, c.line) != 1 {
			t.Errorf("%s: tasks %v, status %q, expires %q\n%s", name, w.tasks, got[cosell.Status], got[cosell.Expires], got[cosell.Audit])
		}
		w.later(12 * 24 * time.Hour)
		if w.lines(o, "answer.due") != 0 {
			t.Errorf("%s: reminded of what was answered", name)
		}
	}
}

func TestR77_NobodyIsRemindedOfWhatIsSwitchedOff(t *testing.T) {
	w := newWorld(t)
	_, o := w.invited()
	w.userOf(o, cosell.Record{cosell.Sync: cosell.False})
	w.events()
	w.later(12 * 24 * time.Hour)
	w.events()
	if w.lines(o, "answer.due") != 0 {
		t.Error(w.opportunities[o].Record[cosell.Audit])
	}
	w.userOf(o, cosell.Record{cosell.Sync: cosell.True})
	w.events()
	w.events()
	if w.lines(o, "answer.due") != 1 {
		t.Error(w.opportunities[o].Record[cosell.Audit])
	}
}

func TestF34_MicrosoftsOwnTimeRunsOutInWords(t *testing.T) {
	w := newWorld(t)
	w.want(cosell.Record{cosell.Help: "GeneralOrOther"})
	w.opportunityChanged()
	w.portal(w.microsofts()[0].ID, cosell.Record{cosell.MicrosoftStatus: "Expired"})
	w.events()
	if got := w.opportunities[deal].Record; w.lines(deal, "Microsoft did not answer in time") != 1 || got[cosell.Status] != cosell.Open {
		t.Errorf("%v", got)
	}
	w.silent()
}

// The process dies once at every boundary of the answer, and of the reminder; the event comes again.
func TestR77_ADeathLosesNeitherReminderNorAnswer(t *testing.T) {
	event := flow.WithTrace(ctx, "77aa0c1d-0000")
	for name, c := range map[string]struct {
		before func(w *world, r, o string)
		line   string
		task   string
	}{
		"the reminder": {func(w *world, _, _ string) { w.now = w.now.Add(11*24*time.Hour + time.Hour) }, "answer.due", cosell.TaskReminder},
		"the answer":   {func(w *world, _, o string) { w.userOf(o, cosell.Record{cosell.Status: cosell.Open}) }, "accepted the referral", cosell.TaskDone},
		"a late answer": {func(w *world, _, o string) {
			w.now = w.now.Add(12 * 24 * time.Hour)
			w.userOf(o, cosell.Record{cosell.Status: cosell.Open})
		}, "accepted the referral", cosell.TasksDone},
	} {
		for at := 1; ; at++ {
			w := newWorld(t)
			r, o := w.invited()
			c.before(w, r, o)
			job := func() error {
				h := toldOf("opportunity", o, "Update")
				h.Retry = true
				return w.flow.FromOpportunity(event, h)
			}
			w.dieAt = w.calls + at
			died := w.run(job) != nil
			w.deliver(job)
			w.silent()
			if w.lines(o, c.line) != 1 || !slices.Contains(w.tasks, c.task) {
				t.Errorf("%s, death at %d: told %d times, tasks %v\n%s", name, at, w.lines(o, c.line), w.tasks, w.opportunities[o].Record[cosell.Audit])
			}
			if pair, _, _ := w.memory.Find(ctx, o); c.task != cosell.TaskReminder && len(pair.Held) != 0 {
				t.Errorf("%s, death at %d: still held: %+v", name, at, pair.Held)
			}
			if !died {
				break
			}
		}
	}
}

func TestR127_ADeathLosesNoCustomer(t *testing.T) {
	for at := 1; ; at++ {
		w := newWorld(t)
		_, o := w.customerless(refused("0x1", "customerPostalCode", fault.Record))
		w.refuseNew, w.refuseCRM = nil, nil
		w.now = w.now.Add(time.Hour)
		job := func() error {
			h := toldOf("opportunity", o, "Update")
			h.Retry = true
			return w.flow.FromOpportunity(flow.WithTrace(ctx, "12700c1d-0000"), h)
		}
		w.dieAt = w.calls + at
		died := w.run(job) != nil
		w.deliver(job)
		w.silent()
		pair, _, _ := w.memory.Find(ctx, o)
		got := w.opportunities[o].Record
		if got[cosell.CustomerName] != "Tailspin" || len(pair.Held) != 0 || w.lines(o, "customer.locked") != 0 || got[cosell.Mark] != cosell.MarkOK {
			t.Errorf("death at %d: held %+v, %v", at, pair.Held, got)
		}
		if !died {
			break
		}
	}
}

// An opportunity that was there first gets its task when it is linked with an invitation, once.
func TestR77_AnExistingDealIsAskedToAnswerToo(t *testing.T) {
	w := newWorld(t)
	id := portalDeal(w, cosell.Record{cosell.Status: cosell.Pending, cosell.Visibility: cosell.True})
	r := w.referrals[id]
	r.ExpiresAt = w.now.Add(14 * 24 * time.Hour)
	w.referrals[id] = r
	w.want(cosell.Record{cosell.Status: cosell.OnHold, cosell.ReferralID: id, cosell.State: "", cosell.Expires: ""})
	w.opportunityChanged()
	w.events()
	got := w.opportunities[deal].Record
	if !slices.Equal(w.tasks, []string{cosell.TaskAnswer}) || got[cosell.State] != cosell.StatePending || got[cosell.Expires] != r.ExpiresAt.Format(time.RFC3339) ||
		got[cosell.ReferralLink] == "" {
		t.Fatalf("tasks %v, %v", w.tasks, got)
	}
	w.silent()
	w.user(cosell.Record{cosell.Status: cosell.Open})
	w.events()
	if w.referrals[id].Record[cosell.Status] != cosell.Accepted || !slices.Equal(w.tasks, []string{cosell.TaskAnswer, cosell.TaskDone}) {
		t.Errorf("tasks %v, %v", w.tasks, w.referrals[id].Record)
	}
	w.silent()
}
