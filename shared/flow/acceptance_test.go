package flow_test

import (
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// accepted is a pending deal that its seller accepts with a name; Partner Center refuses changes as refuse says.
func accepted(t *testing.T, refuse func(cosell.Record) error) (w *world, referral, opportunity cosell.Record) {
	t.Helper()
	w = newWorld(t)
	r, o := w.inbound()
	w.refusePatch = refuse
	w.userOf(o, cosell.Record{cosell.Status: cosell.Open, cosell.Name: "Better", cosell.DealValue: "20"})
	w.events()
	return w, w.referrals[r].Record, w.opportunities[o].Record
}

func refusedName(field string) error {
	e := fault.New(fault.Refused, "no").With("invalidRequest", "correct it")
	e.Field = field
	return e
}

func TestR128_RefusedNameHoldsNoAcceptanceBack(t *testing.T) {
	for _, named := range []string{"", "name"} {
		w, r, o := accepted(t, func(v cosell.Record) error {
			if _, ok := v[cosell.Name]; ok {
				return refusedName(named)
			}
			return nil
		})
		if r[cosell.Status] != cosell.Accepted || r[cosell.DealValue] != "20" || r[cosell.Name] == "Better" {
			t.Errorf("named %q: %v", named, r)
		}
		if !strings.Contains(o[cosell.Audit], "invalidRequest") {
			t.Errorf("named %q: nobody is told of the name: %q", named, o[cosell.Audit])
		}
		w.silent()
	}
}

func TestNameThatOnlyGoesAloneFollowsTheAcceptance(t *testing.T) {
	for _, named := range []string{"", "name"} {
		w, r, o := accepted(t, func(v cosell.Record) error {
			if _, ok := v[cosell.Name]; ok && len(v) > 1 {
				return refusedName(named)
			}
			return nil
		})
		if r[cosell.Status] != cosell.Accepted || r[cosell.Name] != "Better" {
			t.Errorf("named %q: %v", named, r)
		}
		if strings.Contains(o[cosell.Audit], "invalidRequest") {
			t.Errorf("named %q: a refusal is told that is over: %q", named, o[cosell.Audit])
		}
		w.silent()
	}
}

func TestR128_TeamThatIsNotTakenHoldsNoAcceptanceBack(t *testing.T) {
	w, r, o := accepted(t, func(v cosell.Record) error {
		if len(v.Members(cosell.Team)) > 0 {
			return refusedName("")
		}
		return nil
	})
	if r[cosell.Status] != cosell.Accepted || r[cosell.Name] != "Better" || len(r.Members(cosell.Team)) > 0 {
		t.Errorf("%v", r)
	}
	if !strings.Contains(o[cosell.Audit], "invalidRequest") {
		t.Errorf("nobody is told of the team: %q", o[cosell.Audit])
	}
	w.silent()
}

func TestAcceptanceThatIsRefusedItselfIsHeldAndTold(t *testing.T) {
	w, r, o := accepted(t, func(v cosell.Record) error {
		if v[cosell.Status] != "" {
			return refusedName("")
		}
		return nil
	})
	if r[cosell.Status] != cosell.Pending {
		t.Errorf("%v", r)
	}
	if !strings.Contains(o[cosell.Audit], "invalidRequest") {
		t.Errorf("nobody is told: %q", o[cosell.Audit])
	}
	w.silent()
}

// The whole document is demanded of an acceptance, and a name is only taken alone: it goes first then.
func TestAcceptanceFollowsANameThatOnlyGoesAlone(t *testing.T) {
	named := false
	w, r, _ := accepted(t, func(v cosell.Record) error {
		_, name := v[cosell.Name]
		if name && len(v) > 1 || v[cosell.Status] != "" && !named {
			return refusedName("")
		}
		named = named || name
		return nil
	})
	if r[cosell.Status] != cosell.Accepted || r[cosell.Name] != "Better" || r[cosell.DealValue] != "20" {
		t.Errorf("%v", r)
	}
	w.silent()
}

// What hangs on the row has versions of its own: a solution that was added, or a contact that was changed, before the invitation was
// answered in the portal goes with the answer, though the row looks as it was.
func TestI2_WhatWasAddedBeforeTheAnswerInThePortalCrossesAfterIt(t *testing.T) {
	w := newWorld(t)
	r, o := w.invited()
	w.portal(r, cosell.Record{cosell.Notes: "new"})
	w.events() // so that the row's version is known
	row := w.opportunities[o]
	row.Record = after(row.Record, cosell.Record{"solutions/SOL-2": `{"quantity":"2"}`})
	w.opportunities[o] = row // with the version that it had
	w.deliver(func() error { return w.flow.SyncSolutions(ctx, toldRow("row-2", o, "Create")) })
	w.portal(r, cosell.Record{cosell.Status: cosell.Accepted})
	w.deliver(func() error { return w.flow.FromReferral(ctx, told(r, "referral-updated")) })
	if got := w.referrals[r].Record["solutions/SOL-2"]; got == "" {
		t.Errorf("the referral says %v\n%s", w.referrals[r].Record, w.opportunities[o].Record[cosell.Audit])
	}
	w.silent()
}
