// Package demo tells the story of the two scenarios of the source page, step by step, as the people in it
// would live it: it acts through the control interface and the operator's routes of the product alone.
package demo

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// Step is one step of the story.
type Step struct {
	ID   string
	Name string
	run  func(*Story)
}

// Steps are all steps in their order; later ones use the deals of earlier ones.
func Steps() []Step {
	return []Step{
		{"D1", "the old connector's URL is replaced only when asked to", oldConnector},
		{"D2", "co-sell from CRM: two referrals in one engagement", coSellFromCRM},
		{"D3", "edits in CRM show on the referral", editInCRM},
		{"D4", "Microsoft's seller accepts one deal and declines another", microsoftAnswers},
		{"D5", "a co-sell deal made in the portal appears in CRM", coSellFromPortal},
		{"D6", "edits in the portal show in CRM", editInPortal},
		{"D7", "an inbound referral is accepted, another declined, from CRM", answerInbound},
		{"D8", "private, then partner-led, then co-sell; never back", openUp},
		{"D9", "solution rows come, change and go", solutionRows},
		{"D10", "a deal won too early waits; a deal lost in the portal is lost", winAndLose},
		{"D11", "what is missing is explained, and mended on its own record", missingPieces},
		{"D12", "killed three times while creating: one engagement each", killedWhileCreating},
		{"D13", "every event again: silence; every event lost: still in step", silence},
		{"D14", "a lead accepted in the portal is one opportunity", leadFromMicrosoft},
		{"D15", "a lead qualified in CRM is accepted in Partner Center", leadQualified},
	}
}

// Run tells the whole story to a world that has just started.
func Run(ctx context.Context, local control.Local, out io.Writer) (Report, error) {
	return Play(ctx, local, Steps(), out)
}

// Play tells the steps in their order to a world that has just started.
func Play(ctx context.Context, local control.Local, steps []Step, out io.Writer) (Report, error) {
	s, err := Open(ctx, local, out)
	if err != nil {
		return Report{}, err
	}
	defer s.Close()
	report := Report{Layout: local.Layout}
	for _, step := range steps {
		if ctx.Err() != nil {
			return report, ctx.Err()
		}
		fmt.Fprintf(out, "\n%s  %s\n", step.ID, step.Name)
		r := s.Tell(step)
		if !r.OK && ctx.Err() != nil {
			return report, ctx.Err() // stopped: the step did not fail
		}
		if r.OK {
			report.Passed++
			fmt.Fprintf(out, "    held: %d ms from cause to effect, %d remote calls, %d ms in all\n", r.EffectMS, r.Calls, r.MS)
		} else {
			report.Failed++
			fmt.Fprintf(out, "    FAILED: %v\n", r.err)
		}
		report.Steps = append(report.Steps, r)
	}
	return report, nil
}

// Open starts a story in a world. Close it after the last step.
func Open(ctx context.Context, local control.Local, out io.Writer) (*Story, error) {
	c, err := NewClient(ctx, local)
	if err != nil {
		return nil, err
	}
	return &Story{ctx: ctx, c: c, out: out, deals: map[string]deal{}, seen: map[string]int64{}}, nil
}

// Close ends the story's connections.
func (s *Story) Close() { s.c.Close() }

// Tell plays one step. Err of the result says why it did not hold.
func (s *Story) Tell(step Step) Result {
	s.err, s.effects = nil, nil
	started := time.Now()
	calls := s.countCalls()
	if s.err == nil {
		step.run(s)
	}
	r := Result{ID: step.ID, Name: step.Name, OK: s.err == nil, err: s.err, MS: time.Since(started).Milliseconds()}
	if len(s.effects) > 0 {
		r.EffectMS = slices.Max(s.effects).Milliseconds()
	}
	s.err = nil
	r.Calls = s.countCalls() - calls
	s.comeToRest()
	return r
}

// Err says why the step did not hold; nil when it did.
func (r Result) Err() error { return r.err }

// countCalls reads on in the histories and returns how many remote calls the product has made so far.
func (s *Story) countCalls() int {
	for name, base := range s.systems() {
		entries, err := s.c.History(s.ctx, base, s.seen[name])
		s.keep(err)
		s.seen[name] += int64(len(entries))
		for _, e := range entries {
			if isCall(e) {
				s.calls++
			}
		}
	}
	return s.calls
}

// comeToRest leaves a quiet world to the next step, whatever happened in this one.
func (s *Story) comeToRest() {
	for _, base := range s.systems() {
		_ = s.c.Call(s.ctx, http.MethodPost, base, "/delivery", control.Delivery{}, nil) // the next step will tell
		_ = s.c.Call(s.ctx, http.MethodDelete, base, "/faults", nil, nil)
	}
	_ = s.c.settle(s.ctx)
}
