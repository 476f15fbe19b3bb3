package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// cost is what a program took: time of a processor, and what it held in memory at most, in MiB.
type cost struct {
	cpu  time.Duration
	peak float64
}

// passed is what a pass did, as the program says it.
type passed struct {
	Hints int `json:"hints"`
	Reads int `json:"reads"`
}

// passes makes the program that goes over all pairs.
type passes struct{ path string }

func newPasses(ctx context.Context, top string) (p passes, end func(), err error) {
	dir, err := os.MkdirTemp("", "passes")
	if err != nil {
		return p, nil, fmt.Errorf("making a folder for the pass: %w", err)
	}
	p.path = filepath.Join(dir, "reconcile")
	return p, func() { _ = os.RemoveAll(dir) }, compile(ctx, top, "./infra/bench/reconcile", p.path)
}

// over goes over so many pairs: each record of both sides has to be named once, and none read by itself.
func (p passes) over(ctx context.Context, pairs int) (cost, error) {
	c, said, err := p.run(ctx, fmt.Sprintf("-pairs=%d", pairs))
	if err != nil {
		return c, err
	}
	return c, whole(said, pairs)
}

// whole says whether a pass did all that it has to.
func whole(said []byte, pairs int) error {
	var did passed
	if err := json.Unmarshal(said, &did); err != nil {
		return fmt.Errorf("the pass over %d pairs said %.200q", pairs, said)
	}
	if did.Hints != 2*pairs || did.Reads != 0 {
		return fmt.Errorf("the pass over %d pairs named %d records instead of %d, and read %d by themselves", pairs, did.Hints, 2*pairs, did.Reads)
	}
	return nil
}

func (p passes) run(ctx context.Context, args ...string) (c cost, said []byte, err error) {
	cmd := exec.CommandContext(ctx, p.path, args...)
	cmd.Env, cmd.SysProcAttr = []string{}, &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if said, err = cmd.Output(); err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return c, nil, fmt.Errorf("a pass over all pairs: %w: %.500s", err, exit.Stderr)
		}
		return c, nil, fmt.Errorf("a pass over all pairs: %w", err)
	}
	c.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		c.peak = float64(usage.Maxrss) / 1024 // in KiB
	}
	return c, said, nil
}

// Pairs goes over 100,000 pairs, beside the least that anybody can do with as many referrals.
func (r *Report) Pairs(ctx context.Context, top string, out io.Writer) error {
	const few, many = 10_000, 100_000
	p, end, err := newPasses(ctx, top)
	if err != nil {
		return err
	}
	defer end()
	fmt.Fprintf(out, "a pass of reconcile over %d pairs, and over %d, beside the least of it …\n", few, many)
	small, err := p.over(ctx, few)
	if err != nil {
		return err
	}
	large, err := p.over(ctx, many)
	if err != nil {
		return err
	}
	floor, _, err := p.run(ctx, "-floor", fmt.Sprintf("-pairs=%d", many))
	if err != nil {
		return err
	}
	r.pairs(small, large, floor)
	return nil
}

func (r *Report) pairs(small, large, floor cost) {
	r.most("pairs", fmt.Sprintf("a pass over 100,000 pairs, %.1f s of a processor, in times of decoding, rewriting and hashing each", large.cpu.Seconds()), large.cpu.Seconds()/floor.cpu.Seconds(), 3, "x")
	r.most("pairs.memory", "resident meanwhile, at most", large.peak, 96, "MiB")
	r.most("pairs.growth", "the same in times of a pass over 10,000", large.peak/small.peak, 1.5, "x")
}

// Million goes over 1,000,000 pairs.
func (r *Report) Million(ctx context.Context, top string, out io.Writer) error {
	const pairs = 1_000_000
	p, end, err := newPasses(ctx, top)
	if err != nil {
		return err
	}
	defer end()
	fmt.Fprintf(out, "a pass of reconcile over %d pairs …\n", pairs)
	c, err := p.over(ctx, pairs)
	if err != nil {
		return err
	}
	r.million(c)
	return nil
}

func (r *Report) million(c cost) {
	r.most("million", "a pass over 1,000,000 pairs, time of a processor, the systems' own included", c.cpu.Seconds(), 60, "s")
	r.most("million.memory", "resident meanwhile, at most", c.peak, 128, "MiB")
}
