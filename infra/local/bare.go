package main

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/local/world"
)

// setUpCRM brings a bare organisation to what the product needs, as its administrator does it: with the operator's
// command. Every other organisation has it from the start.
func setUpCRM(ctx context.Context, f flags, layout world.Layout, home *world.Home, out io.Writer) error {
	if !strings.HasPrefix(f.positions.Organisation, "bare") {
		return nil
	}
	tool := filepath.Join(layout.Build(), "cosellctl")
	build := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", tool, "./infra/cosellctl")
	build.Dir = layout.Top
	if said, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building cosellctl: %w\n%s", err, said)
	}
	args := []string{"--local", home.Local(), "setup", "dataverse"}
	if f.mapping != "" {
		args = append(args, "--mapping", f.mapping)
	}
	said, err := exec.CommandContext(ctx, tool, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("cosellctl setup dataverse: %w\n%s", err, said)
	}
	fmt.Fprintf(out, "cosellctl setup dataverse: %d parts of the CRM made\n", strings.Count(string(said), "\ndone "))
	return nil
}
