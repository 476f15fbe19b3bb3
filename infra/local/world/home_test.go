package world

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// atHome starts a world of a clone, with the stand-in for its handler.
func atHome(t *testing.T, layout Layout, stays bool) (*World, *Home) {
	t.Helper()
	real, err := FindLayout()
	if err != nil {
		t.Fatal(err)
	}
	w, err := Start(t.Context(), Options{Emulators: real.Emulators(), App: standInApp(t), Build: layout.Build(), Settings: map[string]string{playHandler: "answer"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	h, err := OpenHome(layout, w, stays)
	if err != nil {
		t.Fatal(err)
	}
	return w, h
}

func shownLocal(t *testing.T, file string) (l control.Local) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &l)
	}
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func there(file string) bool {
	_, err := os.Lstat(file)
	return err == nil
}

func TestTwoWorldsOfOneCloneLeaveEachOtherAlone(t *testing.T) {
	layout := Layout{Top: t.TempDir()}
	first, firstHome := atHome(t, layout, true)
	second, secondHome := atHome(t, layout, true)
	passing, passingHome := atHome(t, layout, false) // a demo
	for w, h := range map[*World]*Home{first: firstHome, second: secondHome, passing: passingHome} {
		own := filepath.Join(layout.Build(), strconv.Itoa(w.Port()))
		if l := shownLocal(t, filepath.Join(own, "local.json")); !reflect.DeepEqual(l, w.Local()) || h.Local() != filepath.Join(own, "local.json") {
			t.Errorf("world %d has another's local.json", w.Port())
		}
		if ca := w.Local().CAFile; filepath.Dir(filepath.Dir(ca)) != own || !there(ca) {
			t.Errorf("world %d: %s", w.Port(), ca)
		}
	}
	if !reflect.DeepEqual(shownLocal(t, layout.Local()), second.Local()) {
		t.Error("local.json is not the newest world's")
	}
	same := func(a, b string) bool {
		x, errX := os.ReadFile(a)
		y, errY := os.ReadFile(b)
		return errX == nil && errY == nil && string(x) == string(y)
	}
	if !same(filepath.Join(layout.Build(), "world", "ca.pem"), second.Local().CAFile) {
		t.Error(".build/world is not the newest world's")
	}

	second.Close()
	secondHome.Close()
	if !reflect.DeepEqual(shownLocal(t, layout.Local()), first.Local()) || !same(filepath.Join(layout.Build(), "world", "ca.pem"), first.Local().CAFile) {
		t.Error("after the newest has ended local.json is not that of the one that still runs")
	}
	if there(filepath.Dir(secondHome.Local())) {
		t.Error("the newest left its folder behind")
	}
	passing.Close()
	passingHome.Close()
	if !there(firstHome.Local()) || !there(first.Local().CAFile) || !there(layout.Local()) {
		t.Error("a world took away what is another's")
	}
	first.Close()
	firstHome.Close()
	for _, file := range []string{layout.Local(), filepath.Join(layout.Build(), "world"), filepath.Dir(firstHome.Local())} {
		if there(file) {
			t.Errorf("%s is left behind", file)
		}
	}
}

func TestReportsAreTheWorldsOwnAndThenEverybodys(t *testing.T) {
	layout := Layout{Top: t.TempDir()}
	w, h := atHome(t, layout, false)
	write := func(text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(h.Report("demo.json")), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(h.Report("demo.json"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("old")
	write("new")
	if there(filepath.Join(layout.Reports(), "demo.json")) {
		t.Error("shared before its time")
	}
	if err := h.Share(); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(layout.Reports(), "demo.json")); err != nil || string(text) != "new" {
		t.Errorf("%q, %v", text, err)
	}
	w.Close()
	h.Close()
	if !there(h.Report("demo.json")) {
		t.Error("a world on chosen ports lost its reports")
	}
	h.Forget()
	if there(filepath.Dir(h.Local())) {
		t.Error("the folder is left behind")
	}
}

// A world that was killed cannot clean up: the next one must not believe that it runs.
func TestWorldThatWasKilledIsNotTheNewest(t *testing.T) {
	layout := Layout{Top: t.TempDir()}
	dead := filepath.Join(layout.Build(), "7400")
	if err := os.MkdirAll(dead, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{aliveFile, "local.json"} {
		if err := os.WriteFile(filepath.Join(dead, name), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w, h := atHome(t, layout, true)
	if !reflect.DeepEqual(shownLocal(t, layout.Local()), w.Local()) {
		t.Error("the dead world is shown")
	}
	h.Close()
	if there(layout.Local()) || !there(filepath.Join(dead, "local.json")) {
		t.Error("the dead world is shown, or somebody else's file was taken away")
	}
}

func TestWorldThatDoesNotStartLeavesNothing(t *testing.T) {
	real, err := FindLayout()
	if err != nil {
		t.Fatal(err)
	}
	layout := Layout{Top: t.TempDir()}
	if _, err := Start(t.Context(), Options{Emulators: real.Emulators(), App: standInApp(t), Build: layout.Build(), Settings: map[string]string{playHandler: "refuse"}}); err == nil {
		t.Fatal("it started")
	}
	if left, err := os.ReadDir(layout.Build()); err != nil || len(left) > 0 {
		t.Errorf("%v, %v is left behind", err, left)
	}
}
