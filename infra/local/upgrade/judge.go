package upgrade

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// records are what both systems hold, as far as it matters.
type records struct {
	referrals map[string]referral
	deals     map[string]opportunity
}

type referral struct {
	Name       string `json:"name"`
	ExternalID string `json:"externalReferenceId"`
	Details    struct {
		Value json.Number `json:"dealValue"`
	} `json:"details"`
}

type opportunity struct {
	Name     string      `json:"name"`
	Referral string      `json:"cosell_referralid"`
	Value    json.Number `json:"estimatedvalue"`
}

func (p *people) records(ctx context.Context) (out records, err error) {
	var pc struct{ Referrals map[string]referral }
	var crm struct{ Opportunity map[string]opportunity }
	if err := p.call(ctx, http.MethodGet, p.local.PartnerCenter.Control, "/records", nil, &pc); err != nil {
		return out, err
	}
	err = p.call(ctx, http.MethodGet, p.local.Dataverse.Control, "/records", nil, &crm)
	return records{pc.Referrals, crm.Opportunity}, err
}

// judge compares both systems with what people did, and looks into the histories for what was made twice.
func (p *people) judge(ctx context.Context, r *Report) error {
	all, err := p.records(ctx)
	if err != nil {
		return err
	}
	for _, d := range p.deals {
		r.Lost = append(r.Lost, p.lost(d, all)...)
	}
	if err := p.doubles(ctx, r); err != nil {
		return err
	}
	return p.stuck(ctx, r)
}

// lost says what of a deal the other side does not have, or has more than once.
func (p *people) lost(d *deal, all records) (out []string) {
	var here []string
	for id, o := range all.deals {
		if strings.TrimLeft(o.Name, "✓✗ ") == d.name {
			here = append(here, id)
		}
	}
	var there []string
	for id, r := range all.referrals {
		if r.Name == d.name {
			there = append(there, id)
		}
	}
	if len(here) != 1 || len(there) != 1 {
		return []string{fmt.Sprintf("%s: %d opportunities and %d referrals", d.name, len(here), len(there))}
	}
	o, r := all.deals[here[0]], all.referrals[there[0]]
	if o.Referral != there[0] || !strings.EqualFold(r.ExternalID, here[0]) {
		out = append(out, fmt.Sprintf("%s: the two records do not name each other", d.name))
	}
	for side, value := range map[string]json.Number{"opportunity": o.Value, "referral": r.Details.Value} {
		if got, err := value.Float64(); err != nil || int(got) != d.value {
			out = append(out, fmt.Sprintf("%s: the %s has %s and not %d", d.name, side, value, d.value))
		}
	}
	return out
}

var named = regexp.MustCompile(`Upgrade \d{4}`)

// doubles counts what the product has made, by the histories: what was deleted again would count, too.
func (p *people) doubles(ctx context.Context, r *Report) error {
	for system, base := range map[string]string{"referral": p.local.PartnerCenter.Control, "opportunity": p.local.Dataverse.Control} {
		var history []control.Entry
		if err := p.call(ctx, http.MethodGet, base, "/history", nil, &history); err != nil {
			return err
		}
		r.Doubled = append(r.Doubled, doubled(system, history, p.deals)...)
	}
	return nil
}

// doubled says of which deals a system's record was not made exactly once by the product. People's own acts stand in no
// history.
func doubled(system string, history []control.Entry, deals []*deal) (out []string) {
	times := map[string]int{}
	for _, e := range history {
		if name := creation(system, e); name != "" {
			times[name]++
		}
	}
	for _, d := range deals {
		want := 0
		if d.inCRM == (system == "referral") {
			want = 1
		}
		if n := times[d.name]; n != want {
			out = append(out, fmt.Sprintf("the %s of %s was made %d times and not %d", system, d.name, n, want))
		}
	}
	return out
}

var (
	// made says that a part of a batch, or a call alone, makes an opportunity under an id of our own.
	made = regexp.MustCompile(`(?s)PATCH [^ ]*opportunities\([^)]*\) HTTP.*?If-None-Match: \*`)
	// refused is a part of a batch's answer.
	refused = regexp.MustCompile(`HTTP/1\.1 [45]`)
)

// creation is the name of the deal that a call has made in a system, if it has made one.
func creation(system string, e control.Entry) string {
	switch {
	case e.Status >= http.StatusBadRequest:
	case system == "referral" && e.Method == http.MethodPost && strings.HasSuffix(e.URL, "/engagements/referrals"):
		return named.FindString(e.RequestBody)
	case system == "opportunity" && strings.HasSuffix(e.URL, "/$batch") && made.MatchString(e.RequestBody) && !refused.MatchString(e.ResponseBody):
		return named.FindString(e.RequestBody)
	}
	return ""
}

// stuck says what lies aside: dead letters in the queues, rows in the table of parked messages.
func (p *people) stuck(ctx context.Context, r *Report) error {
	var queues map[string]struct{ DeadLettered int }
	if err := p.call(ctx, http.MethodGet, p.local.ServiceBus.Control, "/queues", nil, &queues); err != nil {
		return err
	}
	for name, q := range queues {
		if q.DeadLettered > 0 {
			r.Stuck = append(r.Stuck, fmt.Sprintf("%d dead letters in %s", q.DeadLettered, name))
		}
	}
	answer, err := p.w.Ask(ctx, http.MethodGet, "/api/operator/parked", nil)
	if err != nil {
		return err
	}
	var parked struct{ Parked []json.RawMessage }
	if err := json.Unmarshal(answer, &parked); err != nil {
		return err
	}
	if n := len(parked.Parked); n > 0 {
		r.Stuck = append(r.Stuck, fmt.Sprintf("%d parked messages", n))
	}
	return nil
}
