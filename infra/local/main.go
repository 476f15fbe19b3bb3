// Command local is the laptop: `run` keeps the whole world up, `demo` tells the story of the source page in
// it and ends, `bench` measures it; `setup` installs what comes from npm, `package` builds what ships. The
// Makefile calls it from the top folder of the repository.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string) error {
	commands := map[string]func(context.Context, flags) error{
		"setup": setup, "package": packed, "run": run, "demo": story, "bench": measure}
	if len(args) == 0 || commands[args[0]] == nil {
		return errors.New("usage: local setup|package|run|demo|bench [-port 7400] [-mode proxy|forward] [-log]")
	}
	var f flags
	set := flag.NewFlagSet(args[0], flag.ContinueOnError)
	set.IntVar(&f.port, "port", 0, "first port of the world; 0 takes free ones")
	set.StringVar(&f.mode, "mode", "proxy", "how the host hands over HTTP calls: proxy or forward")
	set.BoolVar(&f.log, "log", false, "show what host and handler say")
	if err := set.Parse(args[1:]); err != nil {
		return err
	}
	if set.NArg() > 0 {
		return fmt.Errorf("%s: unknown argument %q", args[0], set.Arg(0))
	}
	return commands[args[0]](ctx, f)
}

type flags struct {
	port int
	mode string
	log  bool
}
