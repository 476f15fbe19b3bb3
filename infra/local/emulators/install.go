package emulators

import (
	"context"
	"io"

	"github.com/cosell-sync/cosell-sync/infra/local/npm"
)

// Install brings what the emulators are made of into dir, the folder with package.json and its lock file, unless it
// is there; see npm.Install.
func Install(ctx context.Context, dir string, log io.Writer) error {
	return npm.Install(ctx, dir, "the Service Bus broker and Azurite", log)
}
