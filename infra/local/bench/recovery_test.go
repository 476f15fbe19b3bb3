package bench

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// A recovery that makes use of every window is at the rate that is allowed, one that leaves a window out is not.
func TestARecoveryIsHeldAgainstItsWindows(t *testing.T) {
	for name, c := range map[string]struct {
		of     recovery
		missed []string
	}{
		"every window":       {recovery{calls: 4*crmTakes + 1, took: 20 * time.Minute}, nil},
		"a little late":      {recovery{calls: 4*crmTakes + 1, took: 24 * time.Minute}, nil},
		"a window left out":  {recovery{calls: 4 * crmTakes, took: 20 * time.Minute}, []string{"recovery"}},
		"a message was lost": {recovery{calls: 4*crmTakes + 1, took: 20 * time.Minute, dead: 1}, []string{"recovery.dead"}},
	} {
		var r Report
		if err := r.recovered(c.of); err != nil || !slices.Equal(r.Missed(), c.missed) {
			t.Errorf("%s: %v, missed %v, want %v", name, err, r.Missed(), c.missed)
		}
	}
	var r Report
	if r.recovered(recovery{calls: crmTakes, took: time.Second}) == nil {
		t.Error("a backlog that is allowed at once has a figure")
	}
}

func TestCallsThatTheCRMTookAreCounted(t *testing.T) {
	at := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	call := func(s int, status int, path string) control.Entry {
		return control.Entry{At: at.Add(time.Duration(s) * time.Second), Status: status, Method: http.MethodGet, URL: "https://crm.example" + path}
	}
	taken, refused, took := callsTaken([]control.Entry{call(0, 503, "/api/data/v9.2/x"), call(1, 401, "/api/data/v9.2/x"), call(2, 200, "/api/data/v9.2/x"), call(3, 429, "/api/data/v9.2/x"),
		call(4, 412, "/api/data/v9.2/x"), call(9, 200, "/tenant/oauth2/v2.0/token")})
	if taken != 2 || refused != 1 || took != 2*time.Second {
		t.Errorf("%d taken, %d refused, %s", taken, refused, took)
	}
}

func TestEditsThatCostMoreDoNotMeetTheirBound(t *testing.T) {
	var r Report
	if r.editsCost(2, 2); len(r.Missed()) > 0 {
		t.Errorf("missed %v", r.Missed())
	}
	if r.editsCost(3, 3); !slices.Equal(r.Missed(), []string{"edits", "edits.one"}) {
		t.Errorf("missed %v", r.Missed())
	}
	if isWrite(control.Entry{Method: http.MethodPost, URL: "https://login.example/tenant/oauth2/v2.0/token"}) || !isWrite(control.Entry{Method: http.MethodPatch, URL: "https://crm.example/x"}) {
		t.Error("signing in is a write, or a write is none")
	}
}
