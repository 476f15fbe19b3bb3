package upgrade

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ErrNoCommit says that a version cannot be played, because this clone does not have its commit.
var ErrNoCommit = errors.New("the earlier version is not in this clone, whose history may be cut off: git fetch --unshallow, or FROM=another")

// Older builds the package of an earlier commit in a copy of that commit's tree below work, and gives the packaged
// folder. It needs the repository's history: a shallow clone has none.
func Older(ctx context.Context, top, commit, work string) (string, error) {
	full, err := git(ctx, top, "rev-parse", "--verify", "--quiet", commit+"^{commit}")
	if err != nil {
		return "", fmt.Errorf("commit %s: %w", commit, ErrNoCommit)
	}
	tree := filepath.Join(work, strings.TrimSpace(full))
	app := filepath.Join(tree, ".build", "app")
	if _, err := os.Stat(filepath.Join(app, "handler")); err == nil {
		return app, nil
	}
	if err := errors.Join(os.RemoveAll(tree), os.MkdirAll(tree, 0o755)); err != nil {
		return "", fmt.Errorf("a folder for the earlier version: %w", err)
	}
	archive := exec.CommandContext(ctx, "git", "archive", "--format=tar", strings.TrimSpace(full))
	archive.Dir = top
	unpack := exec.CommandContext(ctx, "tar", "-x", "-C", tree)
	if unpack.Stdin, err = archive.StdoutPipe(); err != nil {
		return "", fmt.Errorf("unpacking the earlier version: %w", err)
	}
	if err := errors.Join(archive.Start(), unpack.Run(), archive.Wait()); err != nil {
		return "", fmt.Errorf("unpacking the earlier version: %w", err)
	}
	build := exec.CommandContext(ctx, "go", "run", "-buildvcs=false", "./infra/local", "package")
	build.Dir = tree
	if said, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("packing the earlier version: %w\n%s", err, strings.TrimSpace(string(said)))
	}
	return app, nil
}

func git(ctx context.Context, top string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = top
	out, err := cmd.Output()
	return string(out), err
}
