package dataversesim_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// A change shows in lists, counts and change tracking only after a while.
func TestListsLag(t *testing.T) {
	w := newWorld(t)
	old := w.opportunity("")
	w.advance(30 * time.Minute)
	w.flip("listLagSeconds", 60)
	w.do("PATCH", "opportunities("+old+")", `{"name":"New"}`).is(204)
	made := w.opportunity("")
	w.do("GET", "opportunities("+made+")", "").is(200)
	if got := w.do("GET", "opportunities?$select=name", "").column("name"); got != "Deal" {
		t.Errorf("the list shows %s", got)
	}
	if got := w.do("GET", "opportunities/$count", "").text; got != "1" {
		t.Errorf("count %s", got)
	}
	if got := w.do("GET", "opportunities?$filter=name eq 'New'", "").rows(); len(got) != 0 {
		t.Errorf("the filter sees %v", got)
	}
	w.advance(30 * time.Second)
	w.do("PATCH", "opportunities("+old+")", `{"name":"Newer"}`).is(204)
	w.do("DELETE", "opportunities("+made+")", "").is(204)
	w.advance(31 * time.Second)
	if got := w.do("GET", "opportunities?$select=name", "").column("name"); got != "New,Deal" {
		t.Errorf("61 s after the first change and 31 s after the second the list shows %s", got)
	}
	w.advance(60 * time.Second)
	if got := w.do("GET", "opportunities?$select=name", "").column("name"); got != "Newer" {
		t.Errorf("after everything: %s", got)
	}
}

// TestChangeTrackingLosesNothingByLagging: what a lagging delta does not show yet comes with a later one.
func TestChangeTrackingLosesNothingByLagging(t *testing.T) {
	w := newWorld(t)
	w.advance(30 * time.Minute)
	w.flip("listLagSeconds", 60)
	r := w.do("GET", "opportunities?$select=name", "", "Prefer", "odata.track-changes")
	if rows := r.rows(); len(rows) != 0 {
		t.Fatalf("at first %v", rows)
	}
	id := w.opportunity("")
	r = w.do("GET", r.json["@odata.deltaLink"].(string), "")
	if rows := r.rows(); len(rows) != 0 {
		t.Errorf("at once %v", rows)
	}
	w.advance(61 * time.Second)
	r = w.do("GET", r.json["@odata.deltaLink"].(string), "")
	if got := r.column("opportunityid"); got != id {
		t.Errorf("after the lag %s", got)
	}
	w.do("DELETE", "opportunities("+id+")", "").is(204)
	r = w.do("GET", r.json["@odata.deltaLink"].(string), "")
	if rows := r.rows(); len(rows) != 0 {
		t.Errorf("the deletion shows at once: %v", rows)
	}
	w.advance(61 * time.Second)
	if got := w.do("GET", r.json["@odata.deltaLink"].(string), "").column("reason"); got != "deleted" {
		t.Errorf("after the lag %s", got)
	}
}

// A read of one record shows it as it was a while ago.
func TestReadsOfOneRecordLag(t *testing.T) {
	w := newWorld(t)
	w.flip("readLagSeconds", 30)
	id := w.opportunity("")
	path := "opportunities(" + id + ")"
	w.do("GET", path, "").refused(404, "0x80040217")
	w.advance(31 * time.Second)
	first := w.do("GET", path, "").is(200).header.Get("ETag")
	now := w.do("PATCH", path, `{"name":"New"}`, "If-Match", first).is(204).header.Get("Sim-After")
	if r := w.do("GET", path, "").is(200).has(map[string]any{"name": "Deal"}); r.header.Get("ETag") != first {
		t.Errorf("stale read with version %s", r.header.Get("ETag"))
	}
	w.do("PATCH", path, `{"name":"x"}`, "If-Match", first).refused(412, "0x80060882")
	w.advance(31 * time.Second)
	if r := w.do("GET", path, "").has(map[string]any{"name": "New"}); r.header.Get("ETag") != now {
		t.Errorf("version %s, want %s", r.header.Get("ETag"), now)
	}
}

func TestListsMayComeInAnyOrder(t *testing.T) {
	w := newWorld(t)
	var made []string
	for range 8 {
		made = append(made, w.opportunity(""))
	}
	w.flip("listOrder", "scattered")
	w.flip("pageSize", 3)
	var got []string
	for next := "opportunities?$select=name"; next != ""; {
		r := w.do("GET", next, "")
		got = append(got, strings.Split(r.column("opportunityid"), ",")...)
		next, _ = r.json["@odata.nextLink"].(string)
	}
	if slices.Equal(got, made) {
		t.Error("the order is that of creation")
	}
	slices.Sort(got)
	slices.Sort(made)
	if !slices.Equal(got, made) {
		t.Errorf("pages lost or doubled rows: %v", got)
	}
}

func TestVersionsNeedNotRise(t *testing.T) {
	w := newWorld(t)
	w.flip("versionOrder", "scattered")
	id := w.opportunity("")
	path := "opportunities(" + id + ")"
	seen, fell := map[string]bool{}, false
	last := 0.0
	for range 40 {
		r := w.do("GET", path, "")
		tag, version := r.header.Get("ETag"), r.json["versionnumber"].(float64)
		if seen[tag] || tag != fmt.Sprintf(`W/"%.0f"`, version) {
			t.Fatalf("version %s twice, or not %v", tag, version)
		}
		seen[tag], fell, last = true, fell || version < last, version
		w.do("PATCH", path, `{"name":"x"}`, "If-Match", tag).is(204)
		w.do("PATCH", path, `{"name":"x"}`, "If-Match", tag).refused(412, "0x80060882")
	}
	if !fell {
		t.Error("40 versions only rose")
	}
	r := w.do("GET", "opportunities?$select=name", "", "Prefer", "odata.track-changes")
	w.do("PATCH", path, `{"name":"y"}`).is(204)
	if got := w.do("GET", r.json["@odata.deltaLink"].(string), "").column("name"); got != "y" {
		t.Errorf("change tracking: %s", got)
	}
}
