// Command local is the laptop: `run` keeps the whole world up, `demo` tells the story of the source page in
// it and ends, `bench` measures it; `setup` installs what comes from npm, `package` builds what ships, `mutants`
// tries whether the tests notice broken rules, `requirements` runs the tests of R1 to R155. The Makefile calls it from the top folder of the repository.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/pack"
	"github.com/cosell-sync/cosell-sync/infra/local/world"
)

func main() {
	ctx, stop := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // the terminal is closed, and nobody said nohup
		signal.Notify(signals, syscall.SIGHUP)
	}
	signal.Ignore(syscall.SIGPIPE) // a reader that goes away (`| head`) must not end us before we have cleaned up
	go func() {
		s := <-signals
		signal.Stop(signals) // the second one ends us at once
		stop(stopped{128 + int(s.(syscall.Signal))})
	}()
	gone := func() { stop(stopped{128 + int(syscall.SIGPIPE)}) }
	err := command(ctx, os.Args[1:], &pipe{to: os.Stdout, broken: gone}, &pipe{to: os.Stderr, broken: gone})
	os.Exit(ending(context.Cause(ctx), err, os.Stderr))
}

// stopped is why a command ended before it was done; code is what shells give for the signal.
type stopped struct{ code int }

func (s stopped) Error() string { return "stopped" }

// ending says how it ended, in one line or none, and gives the exit code. What goes wrong because somebody
// has stopped the command is nobody's mistake.
func ending(cause, err error, says io.Writer) int {
	var s stopped
	switch {
	case errors.As(cause, &s) && err != nil:
		if s.code != 128+int(syscall.SIGPIPE) {
			fmt.Fprintln(says, "stopped")
		}
		return s.code
	case err != nil:
		fmt.Fprintln(says, err)
		return 1
	}
	return 0
}

// pipe notices when nobody reads any more.
type pipe struct {
	to     io.Writer
	broken func()
}

// Write implements io.Writer.
func (p *pipe) Write(text []byte) (int, error) {
	n, err := p.to.Write(text)
	if errors.Is(err, syscall.EPIPE) {
		p.broken()
	}
	return n, err
}

const usage = "usage: local setup|package|run|demo|bench|calls|positions|nightly|mutants|requirements|upgrade|chaos [-port 7400] [-mode proxy|forward] [-host azure|lambda] [-layout one|flex|flex2] [-settings FILE] [-mapping FILE] [-switches FILE] [-log] [-only NAME] [-rolling] [-lasts 1m] [-seconds 60] [-seed 1] [-scenarios]"

func command(ctx context.Context, args []string, out, says io.Writer) error {
	commands := map[string]func(context.Context, flags) error{
		"setup": setup, "package": packed, "run": run, "demo": story, "bench": measure, "mutants": tryMutants, "calls": countCalls, "positions": playMatrix, "nightly": nightly,
		"requirements": tryRequirements, "upgrade": playUpgrade, "chaos": playChaos}
	if len(args) == 0 || commands[args[0]] == nil {
		return errors.New(usage)
	}
	f := flags{out: out, says: says}
	set := flag.NewFlagSet(args[0], flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.IntVar(&f.port, "port", 0, "first port of the world; 0 takes free ones")
	set.StringVar(&f.mode, "mode", "proxy", "how the host hands over HTTP calls: proxy or forward")
	set.StringVar(&f.host, "host", world.HostAzure, "what runs the functions: "+strings.Join(world.Hosts(), ", "))
	set.StringVar(&f.layout, "layout", world.LayoutOne, "in how many processes the functions run: "+strings.Join(world.Layouts(), ", "))
	set.StringVar(&f.arch, "arch", pack.Architecture, "of the package for Lambda: "+strings.Join(pack.Architectures(), " or "))
	set.StringVar(&f.settingsFile, "settings", "", "file of NAME=value lines, laid over the world's own settings")
	set.StringVar(&f.mapping, "mapping", "", "the customer's field sheet")
	set.StringVar(&f.switchesFile, "switches", "", "file of positions that the systems start with")
	set.StringVar(&f.only, "only", "", "the one mutant to try, case to play, part to measure, or commit to upgrade from")
	set.BoolVar(&f.rolling, "rolling", false, "of upgrade: two versions side by side")
	set.DurationVar(&f.lasts, "lasts", sideBySide, "of upgrade -rolling: how long, in each order")
	set.IntVar(&f.seconds, "seconds", 60, "how long chaos lasts")
	set.BoolVar(&f.scenarios, "scenarios", false, "chaos plays its scenarios, or the one of -only")
	set.Uint64Var(&f.seed, "seed", 1, "of chaos")
	set.BoolVar(&f.log, "log", false, "show what host and handler say")
	if err := set.Parse(args[1:]); err != nil {
		return fmt.Errorf("%s: %w: %s", args[0], err, usage)
	}
	if set.NArg() > 0 {
		return fmt.Errorf("%s: unknown argument %q: %s", args[0], set.Arg(0), usage)
	}
	if err := f.check(os.Environ()); err != nil {
		return err
	}
	return commands[args[0]](ctx, f)
}

// flags are what a command was asked for, checked before anything is built.
type flags struct {
	port         int
	durable      bool // the tables are kept in a file, and can be started again
	mode         string
	host         string
	arch         string // of the package for Lambda
	layout       string
	settingsFile string
	mapping      string // absolute once it was checked
	switchesFile string
	log          bool
	only         string // the one mutant to try, or case to play
	rolling      bool   // two versions of an upgrade run side by side
	lasts        time.Duration

	seconds   int    // of chaos
	seed      uint64 // of chaos
	scenarios bool   // of chaos

	settings  map[string]string // what the files of settings and mapping come to
	positions world.Positions   // what the file of switches comes to
	out       io.Writer
	says      io.Writer // what host and handler say
}
