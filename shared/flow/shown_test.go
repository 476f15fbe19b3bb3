package flow_test

import (
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// shownColumns are empty columns that tell how a deal stands.
func shownColumns() cosell.Record {
	return cosell.Record{cosell.State: "", cosell.ErrorCode: "", cosell.LastSync: "", cosell.Expires: "", cosell.Proposed: ""}
}

// Somebody types into each of the columns: the next look puts it right with one write, and no other.
func TestR107_WhatSomebodyTypedIsPutRight(t *testing.T) {
	for _, phase := range []string{"linked", "refused", "pending", "off", "proposed", "lacking"} {
		for f := range shownColumns() {
			if phase == "pending" && f == cosell.Proposed { // such a row of ours has no such value
				continue
			}
			w := newWorld(t)
			id := w.stands(phase)
			w.events()
			want := w.opportunities[id].Record.Clone()
			w.userOf(id, cosell.Record{f: "wrong"})
			writes, posts := w.crmWrites, w.posts+w.puts
			for range 3 {
				w.events()
			}
			if got := w.opportunities[id].Record; got[f] != want[f] || got[cosell.Audit] != want[cosell.Audit] {
				t.Errorf("%s: %s is %q instead of %q\n%s", phase, f, got[f], want[f], got[cosell.Audit])
			}
			if n := w.crmWrites - writes; n != 1 || w.posts+w.puts != posts {
				t.Errorf("%s, %s: %d writes to CRM, %d to Partner Center", phase, f, n, w.posts+w.puts-posts)
			}
		}
	}
}

// stands is a deal that stands so.
func (w *world) stands(phase string) (opportunity string) {
	switch phase {
	case "pending":
		_, o := w.invited()
		return o
	case "proposed":
		r := shownColumns()
		r[cosell.Sync] = cosell.False
		w.want(r)
		id := portalDeal(w, cosell.Record{cosell.CRMID: deal})
		w.deliver(func() error { return w.flow.FromReferral(ctx, told(id, "referral-created")) })
		return deal
	case "lacking":
		r := shownColumns()
		r["contacts/ada"], r[cosell.Help] = "", "GeneralOrOther"
		w.want(r)
		w.opportunityChanged()
		return deal
	}
	w.sold(shownColumns())
	switch phase {
	case "refused":
		w.refusePatch = func(cosell.Record) error {
			return fault.New(fault.Refused, "no").With("4711", "").Saying("no", "mend it")
		}
		w.user(cosell.Record{cosell.Notes: "no"})
		w.events()
	case "off":
		w.user(cosell.Record{cosell.Sync: cosell.False})
		w.events()
	}
	return deal
}

// A deal whose referral was refused as a whole: nothing is asked again, and the columns say so all the same.
func TestR107_ADealWithoutReferralShowsWhy(t *testing.T) {
	w := newWorld(t)
	w.want(shownColumns())
	w.refusePC = fault.New(fault.Refused, "no").With("4711", "").Saying("no", "mend it")
	w.opportunityChanged()
	w.user(cosell.Record{cosell.State: cosell.StateInSync, cosell.ErrorCode: ""})
	w.events()
	if got := w.opportunities[deal].Record; got[cosell.State] != cosell.StateFailed || got[cosell.ErrorCode] != "4711" || w.counts["PC POST"] != 1 {
		t.Errorf("%v after %d POSTs", got, w.counts["PC POST"])
	}
	w.silent()
	w.user(cosell.Record{cosell.Sync: cosell.False})
	w.events()
	if got := w.opportunities[deal].Record; got[cosell.State] != "" || got[cosell.ErrorCode] != "" {
		t.Errorf("switched off, nothing is wanted: %v", got)
	}
	w.silent()
}

// Nobody is told that an invitation has expired: the look that is due then finds it.
func TestR107_AnExpiryIsSeenWithoutAnEvent(t *testing.T) {
	w := newWorld(t)
	r, o := w.invited()
	for range 14 {
		w.later(24 * time.Hour)
	}
	w.deaf = true
	w.portal(r, cosell.Record{cosell.Status: cosell.Expired})
	for range 3 {
		w.later(10 * time.Minute)
	}
	if got := w.opportunities[o].Record; got[cosell.State] != cosell.StateClosed || got[cosell.Expires] != "" {
		t.Errorf("%v", got)
	}
}

// The column for the last sync after plain edits towards Partner Center.
func TestR107_LastSyncOnceTheRecordIsQuiet(t *testing.T) {
	for setting, wanted := range map[string]bool{"quiet": true, "never": false} {
		w := newWorld(t)
		w.lastSync = setting
		w.restart()
		w.sold(shownColumns())
		before := w.opportunities[deal].Record[cosell.LastSync]
		writes := w.crmWrites
		for range 3 {
			w.now = w.now.Add(2 * time.Minute)
			w.user(cosell.Record{cosell.DealValue: w.nextVersion()})
			w.opportunityChanged()
			w.later(time.Minute)
		}
		crossed := w.now.Add(-time.Minute).Format(time.RFC3339)
		if w.crmWrites != writes || w.opportunities[deal].Record[cosell.LastSync] != before {
			t.Errorf("%s: %d writes while somebody edits", setting, w.crmWrites-writes)
		}
		for range 3 {
			w.later(5 * time.Minute)
		}
		got := w.opportunities[deal].Record
		if (got[cosell.LastSync] == crossed) != wanted || (w.crmWrites-writes == 1) != wanted || got[cosell.State] != cosell.StateInSync {
			t.Errorf("%s: %q instead of %q after %d writes", setting, got[cosell.LastSync], crossed, w.crmWrites-writes)
		}
		w.silent()
	}
}

// A closed row takes no writes: what shows on a deal that was switched off and closed is put right once it is open.
func TestR107_AClosedRowIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	w.stands("lacking")
	w.user(cosell.Record{cosell.Sync: cosell.False, cosell.Status: cosell.Won})
	writes := w.crmWrites
	w.opportunityChanged()
	w.events()
	if n := w.crmWrites - writes; n != 0 {
		t.Errorf("%d writes to a closed row", n)
	}
	w.user(cosell.Record{cosell.Status: cosell.Open})
	w.opportunityChanged()
	if got := w.opportunities[deal].Record; got[cosell.State] != "" || got[cosell.ErrorCode] != "" {
		t.Errorf("open again, and it shows %q, %q", got[cosell.State], got[cosell.ErrorCode])
	}
	w.silent()
}
