package flow_test

import (
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

const phone2 = `{"email":"kim@x","firstName":"Kim","lastName":"S","phone":"2"}`

// While connections may not be read, the change of a person goes at once to the deals that name him themselves, and the
// message ends. What changed of those who are only connected comes by itself once the right is there, without any event.
func TestI1_WhatMayNotBeReadOfConnectedPeopleComesOnceItMay(t *testing.T) {
	w := newWorld(t)
	w.private(nil)
	own := w.own()[0].ID
	w.later(5 * time.Minute)
	w.unseenPeople = true
	person := func() error { return w.flow.FromOpportunity(ctx, toldOf("user", "kim", "Update")) }
	team := func() string { return w.referrals[own].Record["team/kim"] }
	change := func(phone string) {
		row := w.opportunities[deal]
		row.Record = after(row.Record, cosell.Record{cosell.Team: "1", "team/kim": phone})
		w.opportunities[deal] = row // which has the version that it had
	}

	change(phone2)
	w.naming = []string{deal}
	if err := w.run(person); err != nil {
		t.Errorf("the message comes back: %v", err)
	}
	w.drain()
	if team() != phone2 {
		t.Errorf("the deal that names him says %s", team())
	}

	w.naming = nil
	phone3 := `{"email":"kim@x","firstName":"Kim","lastName":"S","phone":"3"}`
	change(phone3)
	if err := w.run(person); err != nil {
		t.Errorf("the message comes back: %v", err)
	}
	w.drain()
	for range 3 {
		w.later(5 * time.Minute)
	}
	if n := w.counts["CRM people"]; n != 3 {
		t.Errorf("asked %d times in three passes", n)
	}
	w.unseenPeople = false
	for range 20 {
		w.later(5 * time.Minute)
	}
	if team() != phone3 {
		t.Errorf("100 minutes after the right came the referral says %s", team())
	}
	if n := w.counts["CRM people"]; n != 4 {
		t.Errorf("asked %d times", n)
	}
	w.silent()
}

// Whose right to read connections comes only after deals were linked does without any event of a person: nobody knows who was connected before.
func TestWhoWasConnectedBeforeTheRightCameIsLookedAtOnceItIsThere(t *testing.T) {
	w := newWorld(t)
	w.tracking, w.unseenPeople = true, true
	w.private(nil)
	own := w.own()[0].ID
	w.later(5 * time.Minute)
	row := w.opportunities[deal]
	row.Record = after(row.Record, cosell.Record{cosell.Team: "1", "team/kim": phone2})
	w.opportunities[deal] = row // connected, which the row says nothing of
	w.unseenPeople = false
	for range 20 {
		w.later(5 * time.Minute)
	}
	if team := w.referrals[own].Record["team/kim"]; team != phone2 {
		t.Errorf("100 minutes after the right came the referral says %s", team)
	}
	asked := w.counts["CRM people"]
	for range 20 {
		w.later(5 * time.Minute)
	}
	if n := w.counts["CRM people"] - asked; n != 0 {
		t.Errorf("asked %d times more", n)
	}
	w.silent()
}
