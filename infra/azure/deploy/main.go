// Command deploy is `make deploy`: from a file of settings and an empty subscription to a connector that works, step
// by step, with the tools that people have: az, func or azd, and cosellctl. docs/deploy.md is its guide.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	quiet := context.AfterFunc(ctx, func() {
		stop() // who interrupts once more does not want to wait
		fmt.Fprintln(os.Stderr, "interrupted: what runs is told to end, and waited for")
	})
	top, err := os.Getwd()
	if err == nil {
		err = run(ctx, surroundings{top: top, environ: os.Environ(), in: os.Stdin, out: os.Stdout, now: time.Now, wait: sleep, call: ended}, os.Args[1:])
	}
	quiet()
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// surroundings are what a run finds around it.
type surroundings struct {
	top     string // of the repository
	environ []string
	in      io.Reader
	out     io.Writer
	now     func() time.Time
	wait    func(context.Context, time.Duration) error
	call    func(*exec.Cmd) (code int, err error) // runs a tool to its end
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// What the sample and the files of an environment are called.
const sampleSettings = "infra/azure/sample.env"

func defaultSettings(env string) string { return "infra/azure/" + env + ".env" }

func run(ctx context.Context, around surroundings, args []string) error {
	f, planned, err := ask(around, args)
	if err != nil && !planned {
		return fmt.Errorf("nothing was done:\n%w", err)
	}
	if err != nil {
		return err
	}
	all := steps(f)
	if planned {
		printPlan(around.out, all, f)
		return nil
	}
	d := &deployer{shell: f.shell(around), facts: f, out: around.out, now: around.now, wait: around.wait}
	report, err := d.run(ctx, all)
	file := filepath.Join(around.top, ".build", "reports", "deploy.json")
	if err = errors.Join(err, report.write(file)); err != nil {
		return err
	}
	fmt.Fprintf(around.out, "%s; .build/reports/deploy.json\n", report.changed())
	return nil
}

func (f *facts) shell(around surroundings) *shell {
	return &shell{top: around.top, environ: around.environ, in: around.in, out: around.out, call: around.call, set: f.set, secrets: f.secrets}
}

// ask reads the flags, the settings and the parameters' file, and looks for the tools. A plan needs no settings of one's
// own and no tools: without a file it is made of the sample. The error names everything that is wrong or missing.
func ask(around surroundings, args []string) (f *facts, planned bool, err error) {
	f = &facts{known: map[string]string{}, given: map[string]string{}}
	flags := flag.NewFlagSet("deploy", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&planned, "plan", false, "")
	flags.StringVar(&f.env, "env", "production", "")
	flags.StringVar(&f.askedSettings, "settings", "", "")
	flags.StringVar(&f.program, "with", "az", "")
	flags.StringVar(&f.last, "last", "", "")
	flags.StringVar(&f.pack, "package", "", "")
	flags.StringVar(&f.askedMapping, "mapping", "", "")
	flags.StringVar(&f.local, "local", "", "")
	flags.BoolVar(&f.overwrite, "overwrite", false, "")
	skip, only := flags.String("skip", "", ""), flags.String("only", "", "")
	if err := flags.Parse(args); err != nil {
		return nil, planned, err
	}
	f.top, f.skip, f.only = around.top, names(*skip), names(*only)
	problems := []error{f.wrongChoice(), f.readParameters(around.top), f.readSettings(around, planned), f.chooseSheet(), wrongPackage(f.pack, around.top)}
	all := steps(f)
	problems = append(problems, f.check(all))
	if f.askedMapping != "" && f.pack == "" && !f.anyWanted(all, "package") {
		problems = append(problems, errors.New("MAPPING: the step package packs the field sheet, and is left out: leave MAPPING out too"))
	}
	if !planned {
		f.deploys = f.anyWanted(all, "whatif", "deploy")
		problems = append(problems, wrongShell(around.environ), missingTools(f.shell(around), f, all))
	}
	return f, planned, errors.Join(problems...)
}

func (f *facts) wrongChoice() error {
	switch {
	case !slices.Contains([]string{"az", "func", "azd"}, f.program):
		return fmt.Errorf("WITH=%s: use az, func or azd", f.program)
	case f.pack != "" && f.program == "func":
		return errors.New("PACKAGE with WITH=func: func packs a folder itself; WITH=az or WITH=azd publish a zip")
	case f.pack != "" && f.askedMapping != "":
		return errors.New("PACKAGE with MAPPING: the package has its field sheet already; leave one of them out")
	}
	return nil
}

func names(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

var (
	privateNetwork = regexp.MustCompile(`(?m)^param privateNetwork = true`)
	samplesMail    = regexp.MustCompile(`(?m)^param alertEmails = .*@example\.org`)
)

// readParameters looks into the file of parameters for what decides about steps.
func (f *facts) readParameters(top string) error {
	f.params = "infra/azure/main." + f.env + ".bicepparam"
	text, err := os.ReadFile(filepath.Join(top, f.params))
	if err != nil {
		found, _ := filepath.Glob(filepath.Join(top, "infra/azure/main.*.bicepparam"))
		for i, file := range found {
			found[i] = strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "main."), ".bicepparam")
		}
		return fmt.Errorf("ENV=%s: there is no %s; there are %s", f.env, f.params, strings.Join(found, ", "))
	}
	f.apps = settingsIn(string(text))
	f.untold = samplesMail.Match(text)
	f.private, f.polls, f.shadow = privateNetwork.Match(text), f.apps["SYNC_REGISTER"] == "never", f.apps["SYNC_MODE"] == "shadow"
	ofApps, err := settingsOfApps(top)
	return errors.Join(err, wrongApps(f.params, string(text), ofApps))
}

// readSettings reads the settings and the secrets that somebody gives. Of a plan only the settings count.
func (f *facts) readSettings(around surroundings, planned bool) error {
	if f.askedSettings == "" {
		f.askedSettings = defaultSettings(f.env)
	}
	file := f.askedSettings
	if !filepath.IsAbs(file) {
		file = filepath.Join(around.top, file)
	}
	if _, missing := os.Stat(file); planned && missing != nil {
		f.askedSettings, file = sampleSettings, filepath.Join(around.top, sampleSettings)
	}
	ofApps, _ := settingsOfApps(around.top) // what is wrong with that list readParameters says
	set, wrong := readSettings(file, planned, func(name string) error { return unknown(name, f.params, ofApps) })
	f.set = set
	if planned {
		return wrong
	}
	given, err := f.set.given(around.environ, around.top)
	f.secrets = map[string]string{}
	for _, k := range secrets() {
		if v := given[k.name]; v != "" {
			f.give(k, v)
		}
	}
	if v, _ := lookup(around.environ, adminSecret); v != "" {
		f.secrets[adminSecret] = v // so that it is not shown
	}
	return errors.Join(wrong, err, wrongSecrets(given, f.shadow), f.set.wrongCatalogue(around.top))
}
