package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/azure/deploy/standin"
)

// standins is the folder with the stand-ins, each under the name of its tool.
var standins string

func TestMain(m *testing.M) {
	if os.Getenv("STANDIN") != "" { // this process is a stand-in
		c, err := standin.OfThisProcess()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(125)
		}
		os.Exit(c.Run())
	}
	os.Exit(withStandins(m))
}

func withStandins(m *testing.M) int {
	dir, err := os.MkdirTemp("", "standins-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	standins = dir
	this, err := os.Executable()
	for _, name := range []string{"az", "func", "azd", "make", "cosellctl", "go"} {
		if err = errors.Join(err, os.Symlink(this, filepath.Join(dir, name))); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return m.Run()
}

const (
	clientSecret = "7fd8Q~the-secret-of-the-app"
	subscription = "11111111-1111-4111-8111-111111111111"
)

// stage is a repository with what deploy looks at, and a cloud that begins empty.
type stage struct {
	t       *testing.T
	top     string
	cloud   string // of the stand-ins
	environ []string
	waited  time.Duration
	said    string // what the last run printed
	ctx     context.Context
	// processes: each call of a tool is a process of its own. Otherwise it is played in this one, from the very
	// arguments, environment, folder and pipes that the process would have been started with.
	processes bool
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, top: t.TempDir(), cloud: t.TempDir(), ctx: t.Context()}
	s.environ = []string{"PATH=" + standins, "HOME=" + s.top, "STANDIN=" + s.cloud, "COSELL_PARTNER_CENTER_CLIENT_SECRET=" + clientSecret}
	for _, file := range []string{"sample.env", "main.test.bicepparam", "main.production.bicepparam"} {
		text, err := os.ReadFile(filepath.Join("..", file))
		if err != nil {
			t.Fatal(err)
		}
		s.write("infra/azure/"+file, string(text))
	}
	ofApps, err := os.ReadFile(filepath.Join("..", "..", "..", sampleOfApps))
	if err != nil {
		t.Fatal(err)
	}
	s.write(sampleOfApps, string(ofApps))
	for _, env := range []string{"test", "production"} {
		s.write("infra/azure/"+env+".env", filled(s.read("infra/azure/sample.env"))+"\nCOSELL_CATALOGUE=solutions.csv\n")
	}
	s.write("solutions.csv", "Solution Identifier,Solution Name\n")
	s.write(".build/app.zip", "a package")
	s.write(".build/app/host.json", "{}")
	if err := os.Symlink(filepath.Join(standins, "cosellctl"), filepath.Join(s.top, ".build", "cosellctl")); err != nil {
		t.Fatal(err)
	}
	return s
}

// filled is the sample with somebody's values.
func filled(sample string) string {
	return strings.NewReplacer("AZURE_SUBSCRIPTION_ID="+nobody, "AZURE_SUBSCRIPTION_ID="+subscription, nobody, "33333333-3333-4333-8333-333333333333", "//ORG.", "//contoso.").Replace(sample)
}

func (s *stage) write(name, text string) {
	s.t.Helper()
	file := filepath.Join(s.top, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) read(name string) string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.top, name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// set writes a file of the stand-ins: state.json or fail.json.
func (s *stage) set(name string, v any) {
	s.t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.cloud, name), text, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// state is what is in the cloud.
func (s *stage) state() (out struct {
	Secrets   map[string]string
	Published map[string]string
	Tags      map[string]string
}) {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.cloud, "state.json"))
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// restarted is how many apps were started again.
func restarted(calls []recorded) (n int) {
	for _, c := range calls {
		if strings.HasPrefix(c.line(), "az functionapp restart ") {
			n++
		}
	}
	return n
}

// screen is what a person sees: a tool writes its two outputs there side by side, as on a terminal.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func (s *stage) deploy(args ...string) error {
	s.t.Helper()
	_ = os.Remove(filepath.Join(s.cloud, "calls.jsonl"))
	var out screen
	now := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	err := run(s.ctx, surroundings{top: s.top, environ: s.environ, in: strings.NewReader(""), out: &out,
		now: func() time.Time { return now.Add(s.waited) },
		wait: func(ctx context.Context, d time.Duration) error {
			s.waited += d
			return ctx.Err()
		}, call: s.call}, args)
	s.said = out.String()
	return err
}

// call runs a tool to its end.
func (s *stage) call(cmd *exec.Cmd) (code int, err error) {
	if s.processes {
		return ended(cmd)
	}
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return standin.Call{Tool: filepath.Base(cmd.Path), Args: cmd.Args[1:], Env: cmd.Environ(), Dir: cmd.Dir, Out: cmd.Stdout, ErrOut: cmd.Stderr}.Run(), nil
}

// mustDeploy deploys and wants no failure.
func (s *stage) mustDeploy(args ...string) []recorded {
	s.t.Helper()
	if err := s.deploy(args...); err != nil {
		s.t.Fatalf("%v\n%s", err, s.said)
	}
	return s.calls()
}

// recorded is one call that a stand-in has written down.
type recorded struct {
	Tool, Dir, Mode string
	Args            []string
	Env             map[string]string
	Code            int
}

func (r recorded) line() string { return r.Tool + " " + strings.Join(r.Args, " ") }

func (s *stage) calls() (out []recorded) {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.cloud, "calls.jsonl"))
	if err != nil && !os.IsNotExist(err) {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var r recorded
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			s.t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

// report is what deploy.json says.
func (s *stage) report() (r report) {
	s.t.Helper()
	if err := json.Unmarshal([]byte(s.read(".build/reports/deploy.json")), &r); err != nil {
		s.t.Fatal(err)
	}
	return r
}

// results are the results by step, of the steps that are named, or all.
func (s *stage) results(names ...string) string {
	s.t.Helper()
	var out []string
	for _, l := range s.report().Steps {
		if len(names) == 0 || slices.Contains(names, l.Step) {
			out = append(out, l.Step+" "+l.Result)
		}
	}
	return strings.Join(out, ", ")
}

// planned is the plan's moves, step by step.
type planned struct {
	step, line, when string
	changes          bool
}

func (s *stage) plan(args ...string) (out []planned) {
	s.t.Helper()
	var text bytes.Buffer
	around := surroundings{top: s.top, environ: nil, out: &text, now: time.Now}
	if err := run(s.t.Context(), around, append(args, "-plan")); err != nil {
		s.t.Fatal(err)
	}
	step := ""
	for line := range strings.Lines(text.String()) {
		line = strings.TrimRight(line, "\n")
		switch {
		case len(line) > 4 && line[0] != 'T' && line[2:4] == "  " && line[1] != ' ':
			step, _, _ = strings.Cut(line[4:], " ")
		case strings.HasPrefix(line, "    ") && !strings.HasPrefix(line, "    rights:") && !strings.HasPrefix(line, "    skipped:"), strings.HasPrefix(line, "  ! "):
			call, when, _ := strings.Cut(line[4:], "   # ")
			out = append(out, planned{step, call, when, line[2] == '!'})
		}
	}
	return out
}
