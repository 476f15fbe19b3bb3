package opportunities

import (
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// Contact data leaves only with consent, and never for a private deal.
func TestR112_WhatMayNotLeaveIsNotInTheRecord(t *testing.T) {
	column := func(o *Options) { o.ContactConsent = false }
	always := func(*Options) {}
	for _, c := range []struct {
		what    string
		columns map[string]any
		setting func(*Options)
		named   bool
	}{
		{"consent given", map[string]any{"cosell_contactconsent": true}, column, true},
		{"no consent", map[string]any{"cosell_contactconsent": false}, column, false},
		{"nobody asked", nil, column, false},
		{"the partner vouches", map[string]any{"cosell_contactconsent": false}, always, true},
		{"private", map[string]any{"cosell_contactconsent": true, "cosell_visible": false, "cosell_help": nil}, column, false},
		{"private, the partner vouches", map[string]any{"cosell_visible": false, "cosell_help": nil}, always, false},
		{"help wanted", map[string]any{"cosell_contactconsent": true, "cosell_visible": false}, column, true},
	} {
		s, _, _ := testCRM(t, c.columns, c.setting)
		o := read(t, s)
		_, listed := o.Record[cosell.Contacts]
		if listed != c.named || (len(o.Record.Members(cosell.Contacts)) == 1) != c.named {
			t.Errorf("%s: %v", c.what, o.Record.Members(cosell.Contacts))
		}
		if !c.named && strings.Contains(strings.Join(values(o.Record), " "), "Tailspin.example") {
			t.Errorf("%s: the record names the contact: %v", c.what, o.Record)
		}
		why := o.Record[cosell.Unreadable.Of("contacts")]
		if wanted := !c.named && o.Record[cosell.Help] != ""; wanted != (why != "") {
			t.Errorf("%s: told %q", c.what, why)
		}
	}
}

func values(r cosell.Record) []string {
	var out []string
	for _, v := range r {
		out = append(out, v)
	}
	return out
}
