// Command azure is the custom handler that the Azure Functions host starts. `azure -sheet FILE` only checks a
// field sheet, as the start does: whoever packs one asks before it ships.
// https://learn.microsoft.com/azure/azure-functions/functions-custom-handlers
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // the host's image need not have the time zones

	"github.com/cosell-sync/cosell-sync/functions"
	"github.com/cosell-sync/cosell-sync/shared/app"
	"github.com/cosell-sync/cosell-sync/shared/funchost"
)

// version is stamped in by `make package`; without it the build information is all there is.
var version string

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := do(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, funchost.ErrOrphan) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func do(ctx context.Context, args []string) error {
	if len(args) == 2 && args[0] == "-sheet" {
		return app.CheckSheet(args[1])
	}
	return run(ctx)
}

func run(ctx context.Context) error {
	a, err := app.New(os.Environ(), os.Stdout)
	if err != nil {
		return err
	}
	if version != "" {
		a.Version = version
	}
	return a.Serve(ctx, functions.List(a))
}
