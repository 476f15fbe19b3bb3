package bench

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// Rounds of each kind of event, and how long each receiver is called in one.
const (
	turns    = 9
	turnTime = 150 * time.Millisecond
	warmUp   = 100 * time.Millisecond
)

// receiver is one of those that take the same events in turn.
type receiver struct {
	starter
	name string
	*program
	cpu, p50, p99 []float64 // of each round: calls per second of its processor; ms
}

// receivers starts the product's intake and what it is held against, all on the processors given.
func receivers(ctx context.Context, top, dir string, e events, where []int) (all []*receiver, end func(), err error) {
	end = func() {
		for _, r := range all {
			r.end()
		}
	}
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, end, fmt.Errorf("node is needed beside the product: %w", err)
	}
	env := append(slices.Clone(e.settings()), "PATH="+os.Getenv("PATH"))
	for _, r := range []*receiver{
		{name: "product", starter: starter{path: "./infra/bench/receiver", args: []string{e.certificate}}},
		{name: "bare", starter: starter{path: "./infra/local/bench/bare"}},
		{name: "same", starter: starter{path: "./infra/local/bench/bare", args: []string{e.certificate}}},
		{name: "node", starter: starter{path: node, args: []string{filepath.Join(top, "infra/local/bench/node/receiver.js"), e.certificate}}},
	} {
		r.dir, r.env, r.errors = dir, env, os.Stderr
		if r.path != node {
			out := filepath.Join(dir, filepath.Base(r.path))
			if err := compile(ctx, top, r.path, out); err != nil {
				return all, end, err
			}
			r.path = out
		}
		if err := on(where, func() (err error) { r.program, err = r.start(ctx); return err }); err != nil {
			return all, end, err
		}
		all = append(all, r)
	}
	return all, end, nil
}

// compile builds a program of the repository as the package is built.
func compile(ctx context.Context, top, what, out string) error {
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", out, what)
	build.Dir, build.Env = top, append(os.Environ(), "CGO_ENABLED=0")
	if said, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", what, err, said)
	}
	return nil
}

// inTurn calls each of them with the requests, round after round.
func inTurn(ctx context.Context, all []*receiver, requests [][]byte) error {
	for _, r := range all {
		r.cpu, r.p50, r.p99 = nil, nil, nil
		if _, err := drive(ctx, r.address, requests, connections, warmUp); err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
	}
	for round := range turns {
		for i := range all {
			if err := all[(i+round)%len(all)].turn(ctx, requests); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *receiver) turn(ctx context.Context, requests [][]byte) error {
	before, err := busy(r.cmd.Process.Pid)
	if err != nil {
		return err
	}
	l, err := drive(ctx, r.address, requests, connections, turnTime)
	if err != nil {
		return fmt.Errorf("%s: %w", r.name, err)
	}
	after, err := busy(r.cmd.Process.Pid)
	if err != nil {
		return err
	}
	r.cpu = append(r.cpu, float64(l.answered)/(after-before).Seconds())
	r.p50, r.p99 = append(r.p50, milliseconds(l.within(0.5))), append(r.p99, milliseconds(l.within(0.99)))
	return nil
}

// ratio is the median, over the rounds, of one figure in times of the other.
func ratio(a, b []float64) float64 {
	var all []float64
	for i := range a {
		all = append(all, a[i]/b[i])
	}
	return middle(all)
}

func middle[T cmp.Ordered](figures []T) T {
	sorted := slices.Sorted(slices.Values(figures))
	return sorted[len(sorted)/2]
}

// Receive compares the two webhooks with receivers that are written straight on.
func (r *Report) Receive(ctx context.Context, top string, out io.Writer) error {
	dir, err := os.MkdirTemp("", "receivers")
	if err != nil {
		return fmt.Errorf("making a folder for the receivers: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	e, err := newEvents(dir)
	if err != nil {
		return err
	}
	where, undo, err := split()
	if err != nil {
		return err
	}
	defer undo()
	all, end, err := receivers(ctx, top, dir, e, where)
	defer end()
	if err != nil {
		return err
	}
	for _, kind := range []struct {
		name     string
		requests [][]byte
	}{{"signed", e.signed}, {"dataverse", e.secret}} {
		if err := inTurn(ctx, all, kind.requests); err != nil {
			return err
		}
		for _, x := range all {
			now, peak, _ := resident(x.cmd.Process.Pid)
			fmt.Fprintf(out, "%-10s %-8s %8.0f/s of cpu  p50 %6.2f p99 %6.2f ms  x bare %.3f x node %.3f p99/node %.2f rss %d peak %d\n", kind.name, x.name, middle(x.cpu), middle(x.p50), middle(x.p99),
				ratio(x.cpu, all[1].cpu), ratio(x.cpu, all[3].cpu), ratio(x.p99, all[3].p99), now>>20, peak>>20)
		}
	}
	return nil
}
