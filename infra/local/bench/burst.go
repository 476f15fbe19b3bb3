package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/world"
)

const (
	pairs = 1000
	batch = 250 // pairs that are made before the world may come to rest, at most
	// people at work at once.
	people = 16
	// patience is how long the world may take to come to rest.
	patience = 5 * time.Minute
)

type fields = map[string]any

func newBencher(w *world.World) *bencher {
	return &bencher{w: w, local: w.Local(), client: &http.Client{Timeout: patience + time.Minute,
		Transport: &http.Transport{MaxIdleConnsPerHost: people}}}
}

func (b *bencher) close() { b.client.CloseIdleConnections() }

// pairsThere makes so many pairs and gives their deals.
func (b *bencher) pairsThere(ctx context.Context, n int, out io.Writer) ([]deal, error) {
	fmt.Fprintf(out, "making %d pairs from the portal …\n", n)
	if err := b.register(ctx); err != nil {
		return nil, err
	}
	if err := b.makePairs(ctx, n, out); err != nil {
		return nil, err
	}
	deals, err := b.deals(ctx)
	if err == nil && len(deals) != n {
		err = fmt.Errorf("%d of %d referrals have an opportunity", len(deals), n)
	}
	return deals, err
}

// burst changes all opportunities at once, and says how long it took until the last referral showed its change.
func (b *bencher) burst(ctx context.Context, deals []deal, out io.Writer) (time.Duration, error) {
	for _, p := range b.w.Host().Status().Processes {
		if err := forgetPeak(p.PID); err != nil {
			return 0, err
		}
	}
	fmt.Fprintf(out, "changing all %d opportunities in one burst …\n", len(deals))
	return b.changeAll(ctx, deals)
}

// forgetPeak lets the kernel start the peak of a process's resident memory anew.
// https://docs.kernel.org/filesystems/proc.html, clear_refs
func forgetPeak(pid int) error {
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0o200); err != nil {
		return fmt.Errorf("measuring the handler's memory: %w", err)
	}
	return nil
}

type bencher struct {
	w      *world.World
	local  control.Local
	client *http.Client
}

// deal is a referral and its opportunity.
type deal struct{ referral, opportunity string }

// register puts the product's URL in place of the old connector's.
func (b *bencher) register(ctx context.Context) error {
	return b.w.Operate(ctx, http.MethodPost, "/api/webhookregistration", fields{"overwrite": true})
}

// makePairs is preparation: the CRM's protection limits are off meanwhile, and what they counted is out of
// their window when it is over.
func (b *bencher) makePairs(ctx context.Context, n int, out io.Writer) error {
	switches := b.local.Dataverse.Control + "/switches"
	if err := b.call(ctx, http.MethodPost, switches, limits(0, 0, 0), nil); err != nil {
		return err
	}
	for made := 0; made < n; {
		more := min(batch, n-made)
		began := time.Now()
		if err := b.makeBatch(ctx, made, more); err != nil {
			return err
		}
		made += more
		fmt.Fprintf(out, "  %d, %.0f s for the last %d\n", made, time.Since(began).Seconds(), more)
	}
	if err := b.call(ctx, http.MethodPost, switches, limits(6000, 1200, 52), nil); err != nil {
		return err
	}
	return b.outOfWindow(ctx)
}

// outOfWindow lets what was asked until now leave the window of the CRM's limits. The first pass looks at everything that
// was made, the second at nothing: what it asked is out of the window, too.
func (b *bencher) outOfWindow(ctx context.Context) error {
	for range 2 {
		if err := b.w.Advance(ctx, 6*time.Minute); err != nil {
			return err
		}
		if err := b.rest(ctx); err != nil {
			return err
		}
	}
	return b.present(ctx)
}

// present waits until every process has said again, after the leap of the clock, that it is there: they divide among
// themselves how many calls may be in flight.
func (b *bencher) present(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		answer, err := b.w.Ask(ctx, http.MethodGet, "/api/health", nil)
		var health struct {
			Processes []struct {
				Instance string `json:"instance"`
			} `json:"processes"`
		}
		if err == nil {
			err = json.Unmarshal(answer, &health)
		}
		if err != nil {
			return fmt.Errorf("waiting until every process is there: %w", err)
		}
		there := map[string]bool{}
		for _, p := range health.Processes {
			there[p.Instance] = true
		}
		if len(there) >= len(b.w.Host().Status().Processes) {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%d processes have not said that they are there", len(b.w.Host().Status().Processes)-len(there))
		}
	}
}

// limits are the CRM's protection limits.
// https://learn.microsoft.com/power-apps/developer/data-platform/api-limits
func limits(requests, seconds, concurrent int) fields {
	return fields{"limitRequests": requests, "limitExecutionSeconds": seconds, "limitConcurrent": concurrent}
}

// makeBatch makes some deals, each with a customer of its own. Customers' names differ in their first word, as
// those of real ones do: accounts are looked for by it.
func (b *bencher) makeBatch(ctx context.Context, from, n int) error {
	err := parallel(n, func(i int) error {
		return b.call(ctx, http.MethodPost, b.local.PartnerCenter.Control+"/user", fields{"do": "create", "referral": fields{
			"name": fmt.Sprintf("Deal %d", from+i), "customerProfile": fields{"name": fmt.Sprintf("Customer%04d Trading", from+i)}}}, nil)
	})
	if err != nil {
		return err
	}
	return b.rest(ctx)
}

// deals reads which opportunity belongs to which referral.
func (b *bencher) deals(ctx context.Context) ([]deal, error) {
	var records struct {
		Referrals map[string]struct {
			ExternalReferenceID string `json:"externalReferenceId"`
		} `json:"referrals"`
	}
	if err := b.call(ctx, http.MethodGet, b.local.PartnerCenter.Control+"/records", nil, &records); err != nil {
		return nil, err
	}
	var out []deal
	for id, r := range records.Referrals {
		if r.ExternalReferenceID != "" {
			out = append(out, deal{referral: id, opportunity: r.ExternalReferenceID})
		}
	}
	return out, nil
}

// changeAll gives every opportunity a value of its own, and measures until the last referral shows it.
func (b *bencher) changeAll(ctx context.Context, deals []deal) (time.Duration, error) {
	began := b.w.Now()
	err := parallel(len(deals), func(i int) error {
		return b.call(ctx, http.MethodPost, b.local.Dataverse.Control+"/user", fields{"do": "update", "table": "opportunity",
			"id": deals[i].opportunity, "columns": fields{"estimatedvalue": 100000 + i}}, nil)
	})
	if err != nil {
		return 0, err
	}
	if err := b.rest(ctx); err != nil {
		return 0, err
	}
	return b.lastShown(ctx, deals, began)
}

// lastShown checks that every referral shows its value, and finds the time of the last write that did it.
func (b *bencher) lastShown(ctx context.Context, deals []deal, began time.Time) (time.Duration, error) {
	var now records
	if err := b.call(ctx, http.MethodGet, b.local.PartnerCenter.Control+"/records", nil, &now); err != nil {
		return 0, err
	}
	behind := 0
	for i, d := range deals {
		if number(now.Referrals[d.referral].Details.DealValue.String()) != float64(100000+i) {
			behind++
		}
	}
	if behind > 0 {
		return 0, fmt.Errorf("%d of %d referrals do not show their change: %s", behind, len(deals), b.why(ctx))
	}
	history, err := b.history(ctx, b.local.PartnerCenter.Control, 0)
	if err != nil {
		return 0, err
	}
	last := began
	for _, e := range history {
		if e.Method == http.MethodPatch && strings.Contains(e.RequestBody, "/details/dealValue") && e.At.After(last) {
			last = e.At
		}
	}
	return last.Sub(began), nil
}

// why looks where changes can be that did not arrive: in events that the product refused when the machine
// was too busy (reconcile finds them), or in messages that wait.
func (b *bencher) why(ctx context.Context) string {
	var crm struct {
		Jobs map[string]struct {
			Status int `json:"statuscode"`
		} `json:"asyncoperation"`
	}
	var queues map[string]map[string]int
	if err := errors.Join(b.call(ctx, http.MethodGet, b.local.Dataverse.Control+"/records", nil, &crm),
		b.call(ctx, http.MethodGet, b.local.ServiceBus.Control+"/queues", nil, &queues)); err != nil {
		return err.Error()
	}
	const failed = 31
	refused := 0
	for _, j := range crm.Jobs {
		if j.Status == failed {
			refused++
		}
	}
	return fmt.Sprintf("%d events were not taken, queues %v", refused, queues)
}

// rest waits until the world is quiet.
func (b *bencher) rest(ctx context.Context) error {
	url := fmt.Sprintf("%s/idle?wait=%d", b.local.Host.Control, patience.Milliseconds())
	if err := b.call(ctx, http.MethodGet, url, nil, nil); err != nil {
		return fmt.Errorf("waiting for the world to come to rest: %w", err)
	}
	return nil
}

func (b *bencher) call(ctx context.Context, method, url string, in, out any) error {
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return fmt.Errorf("%s %s: %w", method, url, err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, url, &body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, url, err)
	}
	resp, err := b.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("reading the answer of %s %s: %w", method, url, err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s %.300s", method, url, resp.Status, answer)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

// parallel runs n jobs, some at a time, and joins their errors.
func parallel(n int, job func(int) error) error {
	var all sync.WaitGroup
	errs := make([]error, people)
	next := make(chan int)
	for p := range people {
		all.Go(func() {
			for i := range next {
				if err := job(i); err != nil && errs[p] == nil {
					errs[p] = err
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	all.Wait()
	return errors.Join(errs...)
}
