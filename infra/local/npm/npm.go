// Package npm installs what comes from npm into the folder of who needs it.
package npm

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const minNode = 20

// How long npm may take, and after which time a word is said. Without a network and with a full cache it
// takes half a minute; without both it would try for many.
const (
	installLimit = 5 * time.Minute
	wordEvery    = 20 * time.Second
)

// stamp is written below node_modules after a complete install; it holds the sum of what was installed from.
const stamp = "node_modules/.installed"

// Install runs `npm ci` in dir, the folder with package.json and its lock file, unless node_modules was
// already installed from the same two files. It says on log what it does; what names what is installed, as in
// "the table store". Every error is one line that says what is needed. It may be called again at any time, also
// after one was interrupted, and by several programs at once: one installs, the others wait for it.
func Install(ctx context.Context, dir, what string, log io.Writer) error {
	if err := checkNode(ctx, what); err != nil {
		return err
	}
	want, err := lockSum(dir)
	if err != nil {
		return err
	}
	if installed(dir, want) {
		return nil
	}
	unlock, err := lock(ctx, filepath.Join(dir, "package.json"))
	if err != nil {
		return err
	}
	defer unlock()
	if installed(dir, want) { // meanwhile, by another program
		return nil
	}
	if _, err := exec.LookPath("npm"); err != nil {
		return fmt.Errorf("npm is needed to install %s, and was not found: install Node.js 20 or newer with npm", what)
	}
	return install(ctx, dir, what, want, log)
}

func installed(dir, sum string) bool {
	have, err := os.ReadFile(filepath.Join(dir, stamp))
	return err == nil && string(have) == sum
}

// lock keeps other programs from installing into the same folder until the returned function is called.
func lock(ctx context.Context, file string) (unlock func(), err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("installing from npm: %w", err)
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil // closing unlocks
		}
		select {
		case <-ctx.Done():
			_ = f.Close()
			return nil, fmt.Errorf("installing from npm: waiting for another program that does it: %w", errors.Join(ctx.Err(), err))
		case <-tick.C:
		}
	}
}

func install(ctx context.Context, dir, what, sum string, log io.Writer) error {
	began := time.Now()
	fmt.Fprintf(log, "installing %s from npm into %s (once) …\n", what, dir)
	limited, cancel := context.WithTimeout(ctx, installLimit)
	defer cancel()
	quiet := make(chan struct{})
	var saying sync.WaitGroup
	saying.Go(func() { sayStill(log, began, quiet) })
	output, err := ci(limited, dir)
	close(quiet)
	saying.Wait()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("installing from npm: %w", ctx.Err())
	case limited.Err() != nil:
		return fmt.Errorf("installing from npm: not done after %s: is npm's registry (npm config get registry) reachable from here?", installLimit)
	case err != nil:
		return fmt.Errorf("installing from npm: `npm ci` in %s: %w: %s: it needs npm's registry, or a cache that holds everything already", dir, err, LastWords(output))
	}
	if err := os.WriteFile(filepath.Join(dir, stamp), []byte(sum), 0o644); err != nil {
		return fmt.Errorf("installing from npm: %w", err)
	}
	fmt.Fprintf(log, "installed in %.0f s\n", time.Since(began).Seconds())
	return nil
}

// ci takes from npm's cache what it holds and tries the rest twice at most.
func ci(ctx context.Context, dir string) (output string, err error) {
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, "npm", "ci", "--include=dev", "--prefer-offline", "--no-audit", "--no-fund", "--no-progress", "--loglevel=error",
		"--fetch-retries=1", "--fetch-timeout=60000")
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.WaitDelay = time.Second
	err = cmd.Run()
	return said.String(), err
}

// sayStill says now and then that it still goes on.
func sayStill(log io.Writer, began time.Time, quiet <-chan struct{}) {
	tick := time.NewTicker(wordEvery)
	defer tick.Stop()
	for {
		select {
		case <-quiet:
			return
		case <-tick.C:
			fmt.Fprintf(log, "still installing from npm, after %.0f s …\n", time.Since(began).Seconds())
		}
	}
}

// checkNode refuses a missing or old Node.js before anything is begun with it.
func checkNode(ctx context.Context, what string) error {
	out, err := exec.CommandContext(ctx, "node", "--version").Output()
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("Node.js %d or newer is needed for %s, and `node` was not found in PATH", minNode, what)
	}
	if err != nil {
		return fmt.Errorf("Node.js %d or newer is needed: `node --version`: %w", minNode, err)
	}
	found := strings.TrimSpace(string(out))
	major, _, _ := strings.Cut(strings.TrimPrefix(found, "v"), ".")
	if n, err := strconv.Atoi(major); err != nil || n < minNode {
		return fmt.Errorf("Node.js %d or newer is needed for %s, and %q was found", minNode, what, found)
	}
	return nil
}

func lockSum(dir string) (string, error) {
	sum := sha256.New()
	for _, name := range []string{"package.json", "package-lock.json"} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return "", fmt.Errorf("installing from npm: %w: %s is not a folder to install into", err, dir)
		}
		sum.Write(content)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// LastWords is the end of a program's output on one line.
func LastWords(output string) string {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	return strings.Join(lines[max(0, len(lines)-3):], " / ")
}
