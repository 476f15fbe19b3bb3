package requirements

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
)

// Options say where things are.
type Options struct {
	Top   string // the repository
	Table string // docs/requirements.md
}

// Run runs the tests of all rows, prints what failed and the counts, and writes the table. The error is about
// rows that fail, or have no test any more, and about the running itself.
func Run(ctx context.Context, o Options, out io.Writer) (Report, error) {
	all, err := find(o.Top)
	if err != nil {
		return nil, err
	}
	if odd := strange(all); len(odd) > 0 {
		return nil, fmt.Errorf("there is no such row for %s: rows.txt lists them", strings.Join(odd, ", "))
	}
	ended, err := try(ctx, o.Top, all, out)
	if err != nil {
		return nil, err
	}
	r := report(all, ended)
	lost, err := r.update(o.Table)
	if err != nil {
		return r, err
	}
	return r, errors.Join(r.verdict(lost, out), ctx.Err())
}

// verdict prints the rows that do not pass, and the counts in the last line.
func (r Report) verdict(lost []string, out io.Writer) (err error) {
	pass, fail, none := r.Counts()
	for status, title := range map[string]string{Fail: "failed", None: "without a test"} {
		var rows []string
		for _, row := range Rows() {
			if r[row.ID].Status == status {
				rows = append(rows, row.ID)
			}
		}
		if len(rows) > 0 {
			fmt.Fprintf(out, "%s: %s\n", title, strings.Join(rows, " "))
		}
	}
	if fail > 0 {
		err = fmt.Errorf("%d requirements failed", fail)
	}
	if len(lost) > 0 {
		err = errors.Join(err, fmt.Errorf("no test shows these any more: %s", strings.Join(lost, " ")))
	}
	fmt.Fprintf(out, "requirements: %d, pass %d, fail %d, none %d\n", len(r), pass, fail, none)
	return err
}

// event is one line of `go test -json`.
type event struct {
	Action, Package, Test, Output string
}

// try runs the tests; only the packages that have one are built.
func try(ctx context.Context, top string, all []test, out io.Writer) (ended map[string]string, err error) {
	var packages []string
	for _, t := range all {
		if p := "./" + t.pkg; !slices.Contains(packages, p) {
			packages = append(packages, p)
		}
	}
	cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-json", "-count=1", "-run", `^TestR[0-9]+_`}, packages...)...)
	cmd.Dir = top
	var said bytes.Buffer
	cmd.Stderr = &said
	pipe, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("running the tests: %w", err)
	}
	ended = follow(pipe, out)
	err = cmd.Wait()
	if ctx.Err() != nil || err != nil && (len(ended) == 0 || cmd.ProcessState.ExitCode() < 0) { // stopped: half a run says nothing
		return nil, fmt.Errorf("running the tests: %w\n%s", err, said.Bytes())
	}
	_, _ = io.Copy(out, &said)
	return ended, nil
}

// follow reads how tests end, and prints what failed ones have said.
func follow(lines io.Reader, out io.Writer) map[string]string {
	ended, texts := map[string]string{}, map[string]*strings.Builder{}
	scan := bufio.NewScanner(lines)
	scan.Buffer(nil, 1<<24)
	for scan.Scan() {
		var e event
		if json.Unmarshal(scan.Bytes(), &e) != nil {
			continue
		}
		name, _, _ := strings.Cut(e.Test, "/")
		id := strings.TrimPrefix(e.Package, module) + "." + name
		if texts[id] == nil {
			texts[id] = &strings.Builder{}
		}
		switch {
		case e.Action == "output" || e.Action == "build-output":
			texts[id].WriteString(e.Output)
		case e.Test == name && (e.Action == "pass" || e.Action == "fail"):
			if ended[id] = e.Action; e.Action == "fail" {
				fmt.Fprint(out, texts[id])
			}
			delete(texts, id)
		}
	}
	return ended
}

const module = "github.com/cosell-sync/cosell-sync/"
