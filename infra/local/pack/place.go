package pack

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// lock keeps other programs out until the returned function is called.
func lock(ctx context.Context, file string) (unlock func(), err error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			return func() { _ = f.Close() }, nil // closing unlocks
		}
		select {
		case <-ctx.Done():
			_ = f.Close()
			return nil, ctx.Err()
		case <-tick.C:
		}
	}
}

// same says whether two folders hold the same files with the same contents and modes.
func same(a, b string) bool {
	x, errX := contents(a)
	y, errY := contents(b)
	if errX != nil || errY != nil || len(x) != len(y) {
		return false
	}
	for name, mode := range x {
		if other, ok := y[name]; !ok || other != mode {
			return false
		}
		left, errL := os.ReadFile(filepath.Join(a, name))
		right, errR := os.ReadFile(filepath.Join(b, name))
		if errL != nil || errR != nil || !bytes.Equal(left, right) {
			return false
		}
	}
	return true
}

// contents are the files of a folder by name, with their modes.
func contents(dir string) (map[string]fs.FileMode, error) {
	out := map[string]fs.FileMode{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		out[name] = info.Mode()
		return err
	})
	return out, err
}

// replace puts fresh in the place of dir, which is away for no longer than it takes to rename a folder. A
// handler that runs from the old one keeps it.
func replace(fresh, dir, old string) error {
	if err := os.Rename(dir, old); err != nil && !os.IsNotExist(err) {
		return err
	}
	if err := os.Rename(fresh, dir); err != nil {
		return err
	}
	return os.RemoveAll(old)
}
