package setup_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/cosellctl/setup"
)

// Whatever call is refused, the rest is done, and a second run finishes.
func TestAHalfDoneRunIsFinishedByASecond(t *testing.T) {
	whole := newCRM(t)
	applied(t, planned(t, options(t, whole)))
	slices.Sort(whole.writes)
	for _, call := range slices.Compact(whole.writes) {
		t.Run(strings.ReplaceAll(call, "/", "|"), func(t *testing.T) {
			c := newCRM(t)
			failed := false
			c.refuse = func(method, path string, _ row) (int, string, string) {
				if method+" "+path == call && !failed {
					failed = true
					return 400, "0x80040203", "not now"
				}
				return 0, "", ""
			}
			p := applied(t, planned(t, options(t, c)))
			if !failed || !p.Unfinished() {
				t.Fatalf("nothing was refused, or nobody was told")
			}
			complete(t, applied(t, planned(t, options(t, c))))
			if p := planned(t, options(t, c)); p.Differs() {
				t.Errorf("after two runs: %s", said(p))
			}
		})
	}
}

// A System Customizer may apply the schema; endpoint, steps, roles and users need a System Administrator.
func TestWhatTheCallerMayNotDoIsSaidAndTheRestIsDone(t *testing.T) {
	c := newCRM(t)
	c.refuse = func(method, path string, _ row) (int, string, string) {
		if method == "POST" && (path == "serviceendpoints" || path == "systemusers" || path == "roles") {
			return 403, "0x80040220", "Principal user (Id=1) is missing prvCreate" + path + " privilege"
		}
		return 0, "", ""
	}
	p := applied(t, planned(t, options(t, c)))
	for kind, name := range map[string]string{"endpoint": "cosell-sync events", "application user": client, "role": "cosell-sync application"} {
		if i := item(t, p, kind, name); i.Result != setup.Denied || !strings.Contains(i.Mend, "System Administrator") || !strings.Contains(i.Why, "prvCreate") {
			t.Errorf("%+v", i)
		}
	}
	if i := item(t, p, "step", "Update of opportunity"); i.Result != setup.Skipped || !strings.Contains(i.Why, "endpoint") {
		t.Errorf("%+v", i)
	}
	if !p.Unfinished() || c.tables["opportunity"].columns["cosell_sync"] == nil {
		t.Error("the schema was not applied, or all is said to be well")
	}
	c.refuse = nil
	complete(t, applied(t, planned(t, options(t, c))))
}

func TestAnotherChangeOfTheMetadataIsWaitedFor(t *testing.T) {
	c := newCRM(t)
	busy := 3
	c.refuse = func(method, path string, _ row) (int, string, string) {
		if method == "POST" && path == "EntityDefinitions" && busy > 0 {
			busy--
			return 400, "0x80071151", "Cannot start another [EntityCustomization] because there is a previous one running"
		}
		return 0, "", ""
	}
	o := options(t, c)
	w, slept := c.web()
	o.Web = w
	complete(t, applied(t, planned(t, o)))
	if len(*slept) < 3 || (*slept)[1] <= (*slept)[0] {
		t.Errorf("it waited %v", *slept)
	}
}

func TestALockThatNeverEndsEndsTheItem(t *testing.T) {
	c := newCRM(t)
	c.refuse = func(method, path string, _ row) (int, string, string) {
		if method == "POST" && path == "EntityDefinitions" {
			return 400, "0x80071151", "a previous one is running"
		}
		return 0, "", ""
	}
	p := applied(t, planned(t, options(t, c)))
	if i := item(t, p, "table", "cosell_solution"); i.Result != setup.Failed || !strings.Contains(i.Why, "0x80071151") {
		t.Errorf("%+v", i)
	}
}

func TestWhoIsNoUserOrMayNotReadSolutionsIsToldSo(t *testing.T) {
	for _, kept := range []string{"organizations", "publishers", "solutions"} {
		c := newCRM(t)
		c.refuse = func(_, path string, _ row) (int, string, string) {
			if strings.HasPrefix(path, kept) {
				return 403, "0x80072560", "The user is not a member of the organization."
			}
			return 0, "", ""
		}
		_, err := setup.Make(context.Background(), options(t, c))
		if err == nil || !strings.Contains(err.Error(), "0x80072560") || !strings.Contains(err.Error(), "Application users") {
			t.Errorf("%s: %v", kept, err)
		}
	}
}
