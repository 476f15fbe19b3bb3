package ledger

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/emulators"
)

const emulatorDir = "../../infra/local/emulators"

// azurite is the one table store that all tests share: each test has a partition of its own.
var azurite *emulators.Azurite

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	ctx := context.Background()
	err := emulators.Install(ctx, emulatorDir, os.Stdout)
	if err == nil {
		azurite, err = emulators.StartAzurite(ctx, emulators.AzuriteOptions{Dir: emulatorDir, Log: os.Stderr})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer azurite.Stop()
	return m.Run()
}
