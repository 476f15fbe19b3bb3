package world

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/hostsim"
)

// Now is the world's time.
func (w *World) Now() time.Time { return w.clock.now() }

// Advance moves the world's clock, as `POST clock` does.
func (w *World) Advance(ctx context.Context, by time.Duration) error { return w.advance(ctx, by) }

// Idle waits until the world is quiet; after wait it returns what is still waiting, by part.
func (w *World) Idle(ctx context.Context, wait time.Duration) map[string]int {
	return w.idle(ctx, wait)
}

// AwaitRestart waits until the handler has been started again and answers; restarts is the number of
// restarts before.
func (w *World) AwaitRestart(ctx context.Context, restarts int) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if s := w.host.Status(); s.State == hostsim.StateRunning && s.Restarts > restarts {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the handler is not back: %s\n%s", w.host.Status().Problem, w.last)
		}
	}
}

// Operate calls an operator's route of the product; any answer but 200 is an error.
func (w *World) Operate(ctx context.Context, method, path string, in any) error {
	_, err := w.Ask(ctx, method, path, in)
	return err
}

// Ask calls an operator's route of the product and gives its answer; any but 200 is an error.
func (w *World) Ask(ctx context.Context, method, path string, in any) ([]byte, error) {
	var body bytes.Buffer
	if err := json.NewEncoder(&body).Encode(in); err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	req, err := http.NewRequestWithContext(ctx, method, w.productURL()+path, &body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Cosell-Key", w.secrets.operatorKey)
	resp, err := w.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if err != nil {
		return nil, fmt.Errorf("reading the answer of %s %s: %w", method, path, err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s %s: %s %s", method, path, resp.Status, answer)
	}
	return answer, nil
}
