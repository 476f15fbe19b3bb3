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
	turns    = 30
	turnTime = 60 * time.Millisecond
	// Before the first round each takes so many calls, in so long at most: Node compiles while it runs.
	warmCalls = 10_000
	warmUp    = 5 * time.Second
)

// Those who receive: the product, net/http that reads and answers, net/http and Node that do the same work.
const (
	theProduct = "product"
	theBare    = "bare"
	theSame    = "same"
	theNode    = "node"
)

// receiver is one of those that take the same events in turn.
type receiver struct {
	starter
	name string
	*program
	cpu, p99 []float64 // of each round: calls per second of its processor; ms
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
		{name: theProduct, starter: starter{path: "./infra/bench/receiver", args: []string{e.certificate}}},
		{name: theBare, starter: starter{path: "./infra/local/bench/bare"}},
		{name: theSame, starter: starter{path: "./infra/local/bench/bare", args: []string{e.certificate}}},
		{name: theNode, starter: starter{path: node, args: []string{filepath.Join(top, "infra/local/bench/node/receiver.js"), e.certificate}}},
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
		r.cpu, r.p99 = nil, nil
		for calls, until := 0, time.Now().Add(warmUp); calls < warmCalls && time.Now().Before(until); {
			l, err := drive(ctx, r.address, requests, connections, turnTime)
			if err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			calls += l.answered
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
	r.p99 = append(r.p99, milliseconds(l.within(0.99)))
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

// calm is the figure of the rounds that the rest of the machine disturbed least: a fifth of them were no worse. What waits
// for a processor says nothing of the program.
func calm(figures []float64) float64 {
	sorted := slices.Sorted(slices.Values(figures))
	return sorted[len(sorted)/5]
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
	fmt.Fprintln(out, "the two webhooks beside bare receivers, in turn …")
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
	for _, kind := range webhooks {
		if err := inTurn(ctx, all, kind.of(e)); err != nil {
			return err
		}
		r.webhook(kind, all)
	}
	return r.receivers(all)
}

// webhook is one of the two, and how much slower than bare net/http it may be.
type webhook struct {
	id, name string
	of       func(events) [][]byte
	least    float64
}

var webhooks = []webhook{
	{"signed", "signed event", func(e events) [][]byte { return e.signed }, 0.24},
	{"dataverse", "event of Dataverse, 6 KB", func(e events) [][]byte { return e.secret }, 0.30},
}

// webhook adds the rows of one webhook: how many calls a processor takes, beside bare net/http and beside others that do the
// same work, and how long one call in a hundred takes at least, beside Node.
func (r *Report) webhook(kind webhook, all []*receiver) {
	by := map[string]*receiver{}
	for _, one := range all {
		by[one.name] = one
	}
	product, node := by[theProduct], by[theNode]
	r.least(kind.id, fmt.Sprintf("%s, %.0f/s of a processor, in times of bare net/http that only answers", kind.name, middle(product.cpu)), ratio(product.cpu, by[theBare].cpu), kind.least, "x")
	r.told(kind.id+".same", "the same in times of net/http doing the same work straight on", ratio(product.cpu, by[theSame].cpu), "x")
	r.told(kind.id+".node", "the same in times of bare Node doing the same work", ratio(product.cpu, node.cpu), "x")
	r.most(kind.id+".p99", fmt.Sprintf("%s, p99 of %.2f ms, in times of bare Node's", kind.name, calm(product.p99)), calm(product.p99)/calm(node.p99), 1, "x")
}

// receivers adds what the product's receiver held in memory at most, beside Node.
func (r *Report) receivers(all []*receiver) error {
	peaks := map[string]float64{}
	for _, one := range all {
		_, peak, err := resident(one.cmd.Process.Pid)
		if err != nil {
			return err
		}
		peaks[one.name] = float64(peak) / (1 << 20)
	}
	r.most("memory.node", fmt.Sprintf("receiver resident under these, %.0f MiB at most, in times of bare Node", peaks[theProduct]), peaks[theProduct]/peaks[theNode], 0.5, "x")
	return nil
}
