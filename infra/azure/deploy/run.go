package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// How a step ended.
const (
	resultDone    = "done"
	resultAlready = "already" // everything was as it should be
	resultSkipped = "skipped"
	resultFailed  = "failed"
	resultNot     = "not reached"
)

// line of deploy.json.
type reportStep struct {
	Step    string    `json:"step"`
	At      time.Time `json:"at,omitzero"`
	MS      int64     `json:"ms"`
	Result  string    `json:"result"`
	Changed bool      `json:"changed,omitempty"` // something, anywhere
	Says    []string  `json:"says,omitempty"`
	Calls   []string  `json:"calls,omitempty"` // what was run, secrets by their names
	Error   string    `json:"error,omitempty"`
}

// report is deploy.json.
type report struct {
	Env     string       `json:"env"`
	Package string       `json:"package,omitempty"` // SHA-256 of the zip
	Steps   []reportStep `json:"steps"`
}

// changed says which steps changed something.
func (r report) changed() string {
	var names []string
	for _, l := range r.Steps {
		if l.Changed {
			names = append(names, l.Step)
		}
	}
	if len(names) == 0 {
		return "nothing was changed"
	}
	return "changed by " + strings.Join(names, ", ")
}

func (r report) write(file string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(file), 0o755)
	}
	if err == nil {
		err = os.WriteFile(file, append(text, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// How long a failure may last that passes by itself, and how often is tried.
const (
	patience = 5 * time.Minute
	pause    = 10 * time.Second
)

// deployer runs steps.
type deployer struct {
	shell *shell
	facts *facts
	out   io.Writer
	now   func() time.Time
	wait  func(context.Context, time.Duration) error
}

// run runs the steps in their order and stops at the first that fails. The report has all of them in any case.
func (d *deployer) run(ctx context.Context, all []step) (report, error) {
	r := report{Env: d.facts.env}
	var failed error
	after := false
	for _, s := range all {
		line := reportStep{Step: s.name}
		switch why := d.facts.wanted(s, after); {
		case failed != nil:
			line.Result = resultNot
		case why != "":
			line.Result, line.Says = resultSkipped, []string{why}
			fmt.Fprintf(d.out, "%-9s skipped: %s\n", s.name, why)
		default:
			failed = d.step(ctx, s, &line)
		}
		r.Steps = append(r.Steps, line)
		after = after || s.name == d.facts.last
	}
	r.Package = d.facts.known["packageSum"]
	if failed != nil {
		return r, failed
	}
	return r, nil
}

// step makes the moves of one step and fills its line.
func (d *deployer) step(ctx context.Context, s step, line *reportStep) error {
	line.At = d.now()
	d.facts.said = nil
	fmt.Fprintf(d.out, "%-9s %s\n", s.name, s.does)
	changed, looked, err := d.moves(ctx, s, line)
	line.Changed = changed
	line.MS = d.now().Sub(line.At).Milliseconds()
	for _, text := range d.facts.said {
		line.Says = append(line.Says, d.shell.hide(text))
		fmt.Fprintf(d.out, "          %s\n", d.shell.hide(text))
	}
	switch {
	case err != nil:
		line.Result, line.Error = resultFailed, d.shell.hide(err.Error())
		return &stepError{step: s, cause: err, again: d.again(s)}
	case !changed && looked:
		line.Result = resultAlready
	default:
		line.Result = resultDone
	}
	return nil
}

// moves makes them one after the other; looked says that there was something that a move would have changed.
func (d *deployer) moves(ctx context.Context, s step, line *reportStep) (changed, looked bool, err error) {
	if s.before != nil {
		if err := s.before(d.facts); err != nil {
			return false, false, err
		}
	}
	for _, m := range s.moves {
		if m.so != nil {
			if why, nothing := m.so(d.facts); nothing {
				looked = looked || m.changes
				if why != "" {
					d.facts.say("%s", why)
				}
				continue
			}
		}
		d.facts.missing, d.facts.same = nil, false
		c := m.call(d.facts)
		if len(d.facts.missing) > 0 {
			return changed, looked, fmt.Errorf("%s: %s is not known: an earlier step finds it, and was skipped or has not been run yet",
				m.does, strings.Join(d.facts.missing, ", "))
		}
		line.Calls = append(line.Calls, c.line())
		fmt.Fprintf(d.out, "          $ %s\n", c.line())
		answer, err := d.patiently(ctx, m, c)
		if err != nil {
			return changed, looked, fmt.Errorf("%s: %w", m.does, err)
		}
		if m.took != nil {
			if err := m.took(d.facts, answer); err != nil {
				return changed, looked, fmt.Errorf("%s: %w", m.does, err)
			}
		}
		changed, looked = changed || m.changes && !d.facts.same, looked || m.changes
	}
	return changed, looked, nil
}

// patiently repeats a call whose failure may pass. Exit code 1 of a call that finds something is an answer.
func (d *deployer) patiently(ctx context.Context, m move, c command) (string, error) {
	for until := d.now().Add(max(m.patience, patience)); ; {
		answer, err := d.shell.run(ctx, c)
		var tool *toolError
		switch {
		case err == nil || !errors.As(err, &tool):
			return answer, err
		case m.later != nil && m.later(d.facts, tool) && d.now().Before(until):
		case m.found && tool.code == 1 && tool.out != "":
			return tool.out, nil
		default:
			return "", err
		}
		fmt.Fprintf(d.out, "          not yet; it is tried again in %s\n", pause)
		if d.wait(ctx, pause) != nil {
			return "", &interrupted{}
		}
	}
}

// again is how to go on after a failure.
func (d *deployer) again(s step) string {
	words := []string{"make deploy ENV=" + d.facts.env}
	if d.facts.askedSettings != defaultSettings(d.facts.env) {
		words = append(words, "SETTINGS="+quoted(d.facts.askedSettings))
	}
	if d.facts.program != "az" {
		words = append(words, "WITH="+d.facts.program)
	}
	if d.facts.pack != "" {
		words = append(words, "PACKAGE="+quoted(d.facts.pack))
	}
	if d.facts.askedMapping != "" {
		words = append(words, "MAPPING="+quoted(d.facts.askedMapping))
	}
	if d.facts.overwrite {
		words = append(words, "OVERWRITE=1")
	}
	if len(d.facts.only) > 0 {
		words = append(words, "ONLY="+strings.Join(d.facts.only, ","))
	}
	leave := ""
	if !s.always {
		leave = " To leave this step out: SKIP=" + strings.Join(append(slices.Clone(d.facts.skip), s.name), ",")
	}
	if len(d.facts.skip) > 0 {
		words = append(words, "SKIP="+strings.Join(d.facts.skip, ","))
	}
	if d.facts.last != "" {
		words = append(words, "LAST="+d.facts.last)
	}
	return strings.Join(words, " ") + "\n  What is done is found as done." + leave
}

// stepError is a step that failed: the tool's own words, what to do, how to go on.
type stepError struct {
	step  step
	cause error
	again string
}

func (e *stepError) Error() string {
	how := "failed"
	if errors.As(e.cause, new(*interrupted)) {
		how = "was interrupted"
	}
	return fmt.Sprintf("the step %s %s: %v\nWhat to do: %s\nThen go on with:\n  %s", e.step.name, how, e.cause, mend(e.step, e.cause), e.again)
}

// Unwrap gives the cause.
func (e *stepError) Unwrap() error { return e.cause }
