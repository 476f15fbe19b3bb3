package mapping

import (
	"slices"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

func statuses(t *testing.T, r StatusReasons, want map[[2]string]string) {
	t.Helper()
	for in, status := range want {
		if got, err := r.Status(in[0], in[1]); got != status || err != nil {
			t.Errorf("%v is %q (%v), want %q", in, got, err, status)
		}
	}
}

// A status reason of the organisation's own decides nothing before the sheet names it.
func TestR31_StatusReasonsMeanWhatTheSheetSays(t *testing.T) {
	found := []Label{{Value: 1, Labels: map[int]string{1031: "In Bearbeitung"}}, {Value: 2}, {Value: 3, State: 1}, {Value: 4, State: 2}, {Value: 5, State: 2},
		{Value: 100000001, Labels: map[int]string{1033: "Negotiation", 1036: "N\u00e9gociation"}}, {Value: 100000002, Labels: map[int]string{1033: "Parked"}},
		{Value: 100000003, State: 2, Labels: map[int]string{1033: "No budget"}}}
	standard := map[[2]string]string{{"0", "1"}: cosell.Open, {"0", "2"}: cosell.OnHold, {"0", "100000001"}: cosell.Other, {"0", "100000002"}: cosell.Other, {"0", ""}: cosell.Other,
		{"1", "3"}: cosell.Won, {"1", "77"}: cosell.Won, {"2", "5"}: cosell.Lost, {"2", "4"}: cosell.Canceled, {"2", "100000003"}: cosell.Canceled}
	statuses(t, defaultSheet(t).StatusReasons(nil), standard)
	statuses(t, defaultSheet(t).StatusReasons(found), standard)
	own := overlay(t, "- {field: status, reasons: {open: [In Progress, 1, N\u00e9gociation], onhold: [Parked], won: [3], lost: [5, No budget], canceled: [4]}}\n")
	statuses(t, own.StatusReasons(found), map[[2]string]string{{"0", "1"}: cosell.Open, {"0", "100000001"}: cosell.Open, {"0", "100000002"}: cosell.OnHold,
		{"0", "2"}: cosell.Other, {"2", "100000003"}: cosell.Lost})
	if v, ok := own.StatusReasons(found).Value(cosell.OnHold, ""); v != 100000002 || !ok {
		t.Errorf("on hold is written as %d, %v", v, ok)
	}
	if own.StatusReasons(nil).Known("100000001") || !own.StatusReasons(nil).Known("1") {
		t.Error("what only a label explains is known without metadata")
	}
	if _, err := own.StatusReasons(nil).Status("x", "1"); err == nil {
		t.Error("x is a state")
	}
}

func TestR31_AnOrganisationMayLackStandardReasons(t *testing.T) {
	r := defaultSheet(t).StatusReasons([]Label{{Value: 1}, {Value: 10, State: 1}, {Value: 4, State: 2}})
	for status, want := range map[string]int{cosell.Won: 10, cosell.Lost: 4, cosell.Canceled: 4, cosell.Open: 1} {
		if got, ok := r.Value(status, ""); got != want || !ok {
			t.Errorf("%s is written as %d, %v, want %d", status, got, ok, want)
		}
	}
	if v, ok := r.Value(cosell.OnHold, ""); ok {
		t.Errorf("on hold, which the organisation does not have, is written as %d", v)
	}
}

func TestR125_ReasonsCrossBothWays(t *testing.T) {
	sheet := defaultSheet(t)
	r := sheet.StatusReasons(nil)
	for _, c := range []struct{ words, statusReason, want string }{
		{"", "4", "Others"}, {"", "5", "Customer chose another vendor"}, {"", "77", "Others"}, {"budget not adequate", "5", "Project budget not adequate"},
		{"2", "5", "Customer didn't respond"}, {"customer didn\u2019t respond", "4", "Customer didn't respond"}, {"the CEO plays golf with them", "5", "Customer chose another vendor"},
	} {
		if got := sheet.Why(c.words, c.statusReason, r); got != c.want {
			t.Errorf("%q with status reason %s is %q, want %q", c.words, c.statusReason, got, c.want)
		}
	}
	free := overlay(t, "- {field: reason, freeText: true, reasons: {1: [100000003]}}\n")
	if got := free.Why("golf", "5", free.StatusReasons(nil)); got != "golf" {
		t.Errorf("free text that the sheet allows is %q", got)
	}
	own := free.StatusReasons([]Label{{Value: 5, State: 2}, {Value: 100000003, State: 2}})
	if got := free.Why("", "100000003", own); got != "Project budget not adequate" {
		t.Errorf("a status reason of the sheet is %q", got)
	}
	if v, _ := own.Value(cosell.Lost, "Project budget not adequate"); v != 100000003 {
		t.Errorf("the reason is written as status reason %d", v)
	}
	if v, _ := r.Value(cosell.Lost, "Others"); v != 5 {
		t.Errorf("lost for other reasons is written as %d", v)
	}
	for text, want := range map[string][2]any{"Others": {"Others", "8"}, "3": {"Customer chose another vendor", "3"}, "golf": {"golf", "golf"}, "": {nil, nil}} {
		if got := [2]any{ReasonToReferral(text, false), ReasonToReferral(text, true)}; got != want {
			t.Errorf("%q is sent as %v, want %v", text, got, want)
		}
	}
	for _, c := range []struct{ wire, substatus, want string }{{"3", "Lost", "Customer chose another vendor"}, {"3", "Error", "Duplicate sent by Microsoft"}, {"golf", "Declined", "golf"}, {"other", "Lost", "Others"}} {
		if got, err := ReasonFromReferral(c.wire, c.substatus); got != c.want || err != nil {
			t.Errorf("%q of %s is read as %q (%v)", c.wire, c.substatus, got, err)
		}
	}
	if n := len(closingReasons()); n != 8 || slices.Contains(errorReasons(), "") {
		t.Errorf("%d reasons", n)
	}
}

// Who says which reasons stand for lost means it for every closing reason, too, until he names reasons for those.
func TestR31_AListOfTheirOwnIsNotCircumventedByOurClosingReasons(t *testing.T) {
	found := []Label{{Value: 3, State: 1}, {Value: 4, State: 2}, {Value: 5, State: 2, Labels: map[int]string{1033: "Out-Sold"}}, {Value: 9, State: 2, Labels: map[int]string{1031: "Verloren"}}}
	const lost = "- {field: status, reasons: {open: [1], won: [3], lost: [Verloren], canceled: [4]}}\n"
	for rows, want := range map[string]int{"": 5, lost: 9, lost + "- {field: reason, reasons: {3: [Out-Sold]}}\n": 5} {
		if got, ok := overlay(t, rows).StatusReasons(found).Value(cosell.Lost, "Customer chose another vendor"); got != want || !ok {
			t.Errorf("with %q lost to a competitor is %d, not %d", rows, got, want)
		}
	}
}
