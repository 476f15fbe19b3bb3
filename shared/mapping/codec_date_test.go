package mapping

import (
	"archive/zip"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// zones are all zones of the IANA database that Go ships.
func zones(t *testing.T) []*time.Location {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	r, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	var out []*time.Location
	seen := map[uint32]bool{} // many names are links
	for _, f := range r.File {
		if strings.HasSuffix(f.Name, "/") || seen[f.CRC32] {
			continue
		}
		seen[f.CRC32] = true
		zone, err := time.LoadLocation(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, zone)
	}
	if len(out) < 250 {
		t.Fatalf("only %d zones", len(out))
	}
	return out
}

// A day goes to Partner Center and to columns of every behaviour, and comes back as the same day, in every
// zone: also where midnight does not exist or comes twice.
func TestR148_ADayStaysTheDayInEveryZone(t *testing.T) {
	for _, zone := range zones(t) {
		g := &glossary{zone: zone, Days: map[string]Days{"local": UserLocal}} // the other behaviours know no zone
		for d := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC); d.Year() < 2036; d = d.AddDate(0, 0, 1) {
			want := d.Format(time.DateOnly)
			wire, err := dateToReferral(g, want)
			if err != nil {
				t.Fatalf("%s %s: %v", zone, want, err)
			}
			if got, err := dateFromReferral(g, wire); got != want || err != nil {
				t.Fatalf("%s: %s goes out as %v and comes back as %s (%v)", zone, want, wire, got, err)
			}
			v, err := dateToCRM(g, "local", want)
			if err != nil {
				t.Fatalf("%s %s: %v", zone, want, err)
			}
			if got, err := dateFromCRM(g, "local", v.(string)); got != want || err != nil {
				t.Fatalf("%s: %s is written as %v and read as %s (%v)", zone, want, v, got, err)
			}
		}
	}
}

func TestR148_WhatADateColumnHolds(t *testing.T) {
	santiago, err := time.LoadLocation("America/Santiago")
	if err != nil {
		t.Fatal(err)
	}
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	g := &glossary{zone: santiago, CRMZone: paris, Days: map[string]Days{"only": DateOnly, "local": UserLocal, "independent": ZoneIndependent}}
	for column, want := range map[string]string{"only": "2026-03-31", "local": "2026-03-30T22:00:00Z", "independent": "2026-03-31T00:00:00Z", "unknown": "2026-03-31"} {
		if got, err := dateToCRM(g, column, "2026-03-31"); got != want || err != nil {
			t.Errorf("%s gets %v (%v), want %s", column, got, err, want)
		}
	}
	for column, wire := range map[string]string{"local": "2026-03-30T22:00:00Z", "unknown": "2026-03-30T22:30:00Z", "independent": "2026-03-31T00:00:00Z", "only": "2026-03-31"} {
		if got, err := dateFromCRM(g, column, wire); got != "2026-03-31" || err != nil {
			t.Errorf("%s with %s is read as %s (%v)", column, wire, got, err)
		}
	}
	if got, _ := dateToReferral(g, "2023-09-03"); got != "2023-09-03T04:00:00Z" {
		t.Errorf("the day whose midnight does not exist is sent as %v", got)
	}
	for _, wire := range []string{"2027-01-01T00:00:00", "2027-01-01"} {
		if got, err := dateFromReferral(g, wire); got != "2027-01-01" || err != nil {
			t.Errorf("%s, which names no zone, is %s (%v)", wire, got, err)
		}
	}
}

func TestInstantsAreWholeSecondsOfUTC(t *testing.T) {
	for in, want := range map[string]string{"2026-03-31T10:00:00.1234567Z": "2026-03-31T10:00:00Z", "2026-03-31T12:00:00+02:00": "2026-03-31T10:00:00Z",
		"": "", "0001-01-01T00:00:00": ""} {
		if got, err := timeFromReferral(nil, in); got != want || err != nil {
			t.Errorf("%q is %q (%v)", in, got, err)
		}
	}
	if _, err := timeFromReferral(nil, "tomorrow"); err == nil {
		t.Error("tomorrow is a time")
	}
}

func TestR52_ADayIsSentAsItsMidnight(t *testing.T) {
	if wire, err := dateToReferral(&glossary{}, "2026-03-31"); wire != "2026-03-31T00:00:00Z" || err != nil {
		t.Errorf("sent as %v (%v)", wire, err)
	}
}
