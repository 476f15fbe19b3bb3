package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

const (
	manyEdits = 50
	// slowRead is how long the product's first read of the record takes; all edits are saved meanwhile.
	slowRead    = time.Second
	editRounds  = 5
	editTries   = 3 * editRounds // a machine that was busy may have saved them too late
	mostForMany = 2              // remote writes: one of what the read showed, one of what was saved since
)

// side is a system in which a person edits one record of a deal.
type side struct {
	name, control string
	read          func(deal) string          // the URL of the record, as a pattern
	edit          func(deal, int) fields     // gives the record's value a new number
	shown         func(records, deal) string // the value of the other record
}

// records is what both systems hold of the deals.
type records struct {
	Referrals map[string]struct {
		Details struct {
			DealValue json.Number `json:"dealValue"`
		} `json:"details"`
	} `json:"referrals"`
	Opportunities map[string]struct {
		Value json.Number `json:"estimatedvalue"`
	} `json:"opportunity"`
}

func (b *bencher) sides() []side {
	return []side{
		{name: "the CRM", control: b.local.Dataverse.Control,
			read: func(d deal) string { return `opportunities\(` + d.opportunity },
			edit: func(d deal, n int) fields {
				return fields{"do": "update", "table": "opportunity", "id": d.opportunity, "columns": fields{"estimatedvalue": n}}
			},
			shown: func(r records, d deal) string { return r.Referrals[d.referral].Details.DealValue.String() }},
		{name: "Partner Center", control: b.local.PartnerCenter.Control,
			read: func(d deal) string { return `referrals/` + d.referral },
			edit: func(d deal, n int) fields {
				return fields{"do": "update", "id": d.referral, "changes": fields{"/details/dealValue": n}}
			},
			shown: func(r records, d deal) string { return r.Opportunities[d.opportunity].Value.String() }},
	}
}

// edits counts the remote writes that many edits of one record cost while the product's first read of it takes long,
// beside those of a single edit.
func (r *Report) edits(ctx context.Context, b *bencher, d deal, out io.Writer) error {
	fmt.Fprintf(out, "%d edits of a record while its first read takes %s …\n", manyEdits, slowRead)
	worst, most, ones := 0.0, 0, 0
	value := 200_000
	for _, s := range b.sides() {
		value++
		one, _, err := b.edited(ctx, s, d, value, 1)
		if err != nil {
			return err
		}
		ones = max(ones, one)
		for rounds, tries := 0, 0; rounds < editRounds; tries++ {
			if tries == editTries {
				return fmt.Errorf("%d edits in %s were never saved within %s: the machine is too busy", manyEdits, s.name, slowRead)
			}
			value += manyEdits
			many, inTime, err := b.edited(ctx, s, d, value, manyEdits)
			if err != nil {
				return err
			}
			if inTime {
				rounds++
				most, worst = max(most, many), max(worst, float64(many)/float64(max(one, 1)))
			}
		}
	}
	r.editsCost(most, worst)
	return nil
}

func (r *Report) editsCost(writes int, ratio float64) {
	r.most("edits", fmt.Sprintf("%d edits while the first read takes %s, remote writes, the most of %d rounds", manyEdits, slowRead, 2*editRounds), float64(writes), mostForMany, "")
	r.most("edits.one", "the same in times of the writes of a single edit", ratio, mostForMany, "x")
}

// edited saves so many edits of the record while its first read is slow, and counts the writes to both systems. The
// last value has to be shown on the other side.
func (b *bencher) edited(ctx context.Context, s side, d deal, value, n int) (writes int, inTime bool, err error) {
	from, err := b.marks(ctx)
	if err != nil {
		return 0, false, err
	}
	slow := control.Fault{Match: control.Match{Method: http.MethodGet, URL: s.read(d)}, Do: "delay", Delay: slowRead.String(), Times: 1}
	if err := b.call(ctx, http.MethodPost, s.control+"/faults", slow, nil); err != nil {
		return 0, false, err
	}
	began := time.Now()
	for i := range n {
		if err := b.call(ctx, http.MethodPost, s.control+"/user", s.edit(d, value+i), nil); err != nil {
			return 0, false, err
		}
	}
	inTime = time.Since(began) < slowRead
	if err := b.rest(ctx); err != nil {
		return 0, false, err
	}
	if err := b.call(ctx, http.MethodDelete, s.control+"/faults", nil, nil); err != nil {
		return 0, false, err
	}
	now, err := b.records(ctx)
	if err != nil {
		return 0, false, err
	}
	if got, want := number(s.shown(now, d)), float64(value+n-1); got != want {
		return 0, false, fmt.Errorf("after %d edits in %s the other side shows %g instead of %g", n, s.name, got, want)
	}
	writes, err = b.writesSince(ctx, from)
	return writes, inTime, err
}

func number(text string) float64 {
	f, err := json.Number(text).Float64()
	if err != nil {
		return -1
	}
	return f
}

func (b *bencher) records(ctx context.Context) (r records, err error) {
	for _, of := range b.systems() {
		if err := b.call(ctx, http.MethodGet, of+"/records", nil, &r); err != nil {
			return r, err
		}
	}
	return r, nil
}

func (b *bencher) systems() []string {
	return []string{b.local.PartnerCenter.Control, b.local.Dataverse.Control}
}

// marks are the last numbers of both histories.
func (b *bencher) marks(ctx context.Context) (marks []int64, err error) {
	for _, of := range b.systems() {
		entries, err := b.history(ctx, of, 0)
		if err != nil {
			return nil, err
		}
		last := int64(0)
		if len(entries) > 0 {
			last = entries[len(entries)-1].N
		}
		marks = append(marks, last)
	}
	return marks, nil
}

func (b *bencher) history(ctx context.Context, of string, since int64) (entries []control.Entry, err error) {
	err = b.call(ctx, http.MethodGet, fmt.Sprintf("%s/history?since=%d", of, since), nil, &entries)
	return entries, err
}

// writesSince counts the writes to both systems since then, those that were refused too.
func (b *bencher) writesSince(ctx context.Context, marks []int64) (n int, err error) {
	for i, of := range b.systems() {
		entries, err := b.history(ctx, of, marks[i])
		if err != nil {
			return 0, err
		}
		for _, e := range entries {
			if isWrite(e) {
				n++
			}
		}
	}
	return n, nil
}

// isWrite says whether a call writes to a record. Signing in is none.
func isWrite(e control.Entry) bool {
	return e.Method != http.MethodGet && e.Method != http.MethodHead && !strings.HasSuffix(e.URL, "/token")
}
