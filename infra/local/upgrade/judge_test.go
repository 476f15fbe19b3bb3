package upgrade

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// world is what both systems hold of one deal from the CRM and one from Partner Center, in step.
func inStep() ([]*deal, records) {
	deals := []*deal{{name: "Upgrade 0001", inCRM: true, id: "o1", value: 7}, {name: "Upgrade 0002", id: "r2", value: 8}}
	all := records{referrals: map[string]referral{}, deals: map[string]opportunity{}}
	for i, ids := range [][2]string{{"o1", "r1"}, {"o2", "r2"}} {
		value := json.Number([]string{"7", "8"}[i])
		r := referral{Name: deals[i].name, ExternalID: ids[0]}
		r.Details.Value = value
		all.referrals[ids[1]] = r
		all.deals[ids[0]] = opportunity{Name: "✓ " + deals[i].name, Referral: ids[1], Value: value}
	}
	return deals, all
}

func TestWhatIsLostIsSeen(t *testing.T) {
	for name, spoil := range map[string]func(records){
		"nothing":               func(records) {},
		"a value in CRM":        func(r records) { o := r.deals["o2"]; o.Value = "9"; r.deals["o2"] = o },
		"a value there":         func(r records) { x := r.referrals["r1"]; x.Details.Value = "6"; r.referrals["r1"] = x },
		"a referral":            func(r records) { delete(r.referrals, "r1") },
		"two opportunities":     func(r records) { r.deals["o3"] = r.deals["o2"] },
		"a link to another one": func(r records) { x := r.referrals["r2"]; x.ExternalID = "o1"; r.referrals["r2"] = x },
	} {
		deals, all := inStep()
		spoil(all)
		var got []string
		for _, d := range deals {
			got = append(got, (&people{}).lost(d, all)...)
		}
		if (len(got) == 0) != (name == "nothing") {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestWhatIsMadeTwiceIsSeen(t *testing.T) {
	deals, _ := inStep()
	referral := control.Entry{Method: http.MethodPost, URL: "https://api.partner.microsoft.com/v1.0/engagements/referrals", Status: 201, RequestBody: `{"name":"Upgrade 0001"}`}
	const part = "PATCH /api/data/v9.2/opportunities(o2) HTTP/1.1\r\nContent-Type: application/json\r\nIf-None-Match: *\r\n\r\n{\"name\":\"Upgrade 0002\"}"
	opportunity := control.Entry{Method: http.MethodPost, URL: "https://cosell.crm4.dynamics.com/api/data/v9.2/$batch", Status: 200, RequestBody: part, ResponseBody: "HTTP/1.1 204 No Content"}
	refused, update, there := referral, opportunity, opportunity
	refused.Status = 500
	update.RequestBody = strings.Replace(part, "If-None-Match: *", "If-Match: W/1", 1)
	there.ResponseBody = "HTTP/1.1 412 Precondition Failed"
	for _, c := range []struct {
		system  string
		history []control.Entry
		fine    bool
	}{
		{"referral", []control.Entry{refused, referral}, true},
		{"referral", []control.Entry{referral, referral}, false},
		{"referral", nil, false},
		{"opportunity", []control.Entry{opportunity, update, there}, true},
		{"opportunity", []control.Entry{opportunity, opportunity}, false},
		{"opportunity", []control.Entry{update}, false},
	} {
		if got := doubled(c.system, c.history, deals); (len(got) == 0) != c.fine {
			t.Errorf("%s %d entries: %v", c.system, len(c.history), got)
		}
	}
	if got := doubled("referral", []control.Entry{referral}, slices.Concat(deals, []*deal{{name: "Upgrade 0003", inCRM: true}})); len(got) != 1 {
		t.Errorf("%v", got)
	}
}
