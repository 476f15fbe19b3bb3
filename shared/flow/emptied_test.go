package flow_test

import (
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

func TestR142_WhatAColumnDoesNotShowIsNoClearing(t *testing.T) {
	for name, tt := range map[string]struct {
		change   func(w *world)
		pc, dv   string
		readable string // what CRM says once the column shows again
	}{
		"APersonClears": {func(*world) {}, "", "", ""},
		"MadeAnew": {func(w *world) { w.born = map[cosell.Field]time.Time{cosell.Notes: w.now} },
			"precious", "precious", "precious"},
		"KeptFromUs": {func(w *world) { w.secured = map[cosell.Field]bool{cosell.Notes: true} },
			"precious", "", "precious"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.shared(nil)
			w.user(cosell.Record{cosell.Notes: "precious"})
			w.events()
			w.now = w.now.Add(time.Hour)
			tt.change(w)
			w.user(cosell.Record{cosell.Notes: "", cosell.DealValue: "777"})
			w.events()
			r, o := w.own()[0].Record, w.opportunities[deal].Record
			if r[cosell.Notes] != tt.pc || o[cosell.Notes] != tt.dv || r[cosell.DealValue] != "777" {
				t.Errorf("Partner Center has %q and %s, CRM %q", r[cosell.Notes], r[cosell.DealValue], o[cosell.Notes])
			}
			w.secured = nil
			w.user(cosell.Record{cosell.Notes: tt.readable})
			w.events()
			if r := w.own()[0].Record; r[cosell.Notes] != tt.readable {
				t.Errorf("afterwards Partner Center has %q", r[cosell.Notes])
			}
		})
	}
}
