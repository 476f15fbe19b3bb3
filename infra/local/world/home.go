package world

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// Home is a world's own folder, .build/<first port>: local.json, reports, and what the world itself writes.
// Worlds on other ports have their own; what they share is only replaced whole, and only by the newest.
type Home struct {
	layout Layout
	dir    string
	stays  bool     // its local.json is worth a copy: the world stays up
	alive  *os.File // locked as long as the world runs, so that a killed one is noticed
}

// OpenHome makes the folder of a running world and writes its local.json. One that stays up is the newest
// from now on: .build/local.json becomes a copy of its own, and .build/world leads to its certificates.
func OpenHome(layout Layout, w *World, stays bool) (*Home, error) {
	h := &Home{layout: layout, dir: filepath.Join(layout.Build(), strconv.Itoa(w.Port())), stays: stays}
	if err := os.MkdirAll(h.dir, 0o755); err != nil {
		return nil, fmt.Errorf("making the world's folder: %w", err)
	}
	if !stays {
		return h, WriteLocal(h.local(), w.Local())
	}
	alive, err := os.OpenFile(filepath.Join(h.dir, aliveFile), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("making the world's folder: %w", err)
	}
	h.alive = alive
	if err := syscall.Flock(int(alive.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = alive.Close()
		return nil, fmt.Errorf("%s belongs to another world that runs: %w", h.dir, err)
	}
	err = WriteLocal(h.local(), w.Local())
	if err == nil {
		err = layout.showNewest()
	}
	if err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

// aliveFile is locked by the world that a folder belongs to.
const aliveFile = ".alive"

func (h *Home) local() string { return filepath.Join(h.dir, "local.json") }

// Local is this world's own local.json.
func (h *Home) Local() string { return h.local() }

// Report is a file among the world's reports.
func (h *Home) Report(name string) string { return filepath.Join(h.dir, "reports", name) }

// Share copies the world's reports to .build/reports.
func (h *Home) Share() error {
	reports, err := os.ReadDir(filepath.Join(h.dir, "reports"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("sharing the reports: %w", err)
	}
	if err := os.MkdirAll(h.layout.Reports(), 0o755); err != nil {
		return fmt.Errorf("sharing the reports: %w", err)
	}
	for _, r := range reports {
		text, err := os.ReadFile(h.Report(r.Name()))
		if err == nil {
			err = writeWhole(filepath.Join(h.layout.Reports(), r.Name()), text, 0o644)
		}
		if err != nil {
			return fmt.Errorf("sharing the reports: %w", err)
		}
	}
	return nil
}

// Close takes away what is this world's alone; its reports stay. Forget takes those away, too: for a world
// on ports that nobody chose.
func (h *Home) Close() {
	_ = os.Remove(h.local()) // gone already only when somebody took it away
	if h.stays {
		_ = os.Remove(filepath.Join(h.dir, aliveFile))
		_ = h.alive.Close()
		_ = h.layout.showNewest() // another world's command says what is wrong there
	}
	_ = os.Remove(h.dir) // only when nothing is left in it
}

// Forget takes the whole folder away.
func (h *Home) Forget() {
	h.Close()
	_ = os.RemoveAll(h.dir)
}

// showNewest lets .build/local.json and .build/world be those of the newest world that still runs.
func (l Layout) showNewest() error {
	mutex, err := os.OpenFile(filepath.Join(l.Build(), ".newest.lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return fmt.Errorf("looking for other worlds: %w", err)
	}
	defer func() { _ = mutex.Close() }()
	if err := syscall.Flock(int(mutex.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("looking for other worlds: %w", err)
	}
	dir, err := l.newest()
	if err != nil {
		return err
	}
	pointer := filepath.Join(l.Build(), "world")
	if dir == "" {
		return errors.Join(removed(l.Local()), removed(pointer))
	}
	text, err := os.ReadFile(filepath.Join(dir, "local.json"))
	if err == nil {
		err = writeWhole(l.Local(), text, 0o600)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", l.Local(), err)
	}
	return point(pointer, filepath.Join(filepath.Base(dir), "world"))
}

// Running is the world that stays up on a port, if there is one.
func (l Layout) Running(port int) (local control.Local, ok bool) {
	dir := filepath.Join(l.Build(), strconv.Itoa(port))
	if port == 0 || !held(filepath.Join(dir, aliveFile)) {
		return local, false
	}
	text, err := os.ReadFile(filepath.Join(dir, "local.json"))
	return local, err == nil && json.Unmarshal(text, &local) == nil
}

// newest is the folder of the newest world that stays up; empty without one.
func (l Layout) newest() (string, error) {
	files, err := filepath.Glob(filepath.Join(l.Build(), "*", aliveFile))
	if err != nil {
		return "", fmt.Errorf("looking for other worlds: %w", err)
	}
	newest, since := "", time.Time{}
	for _, file := range files {
		info, err := os.Stat(filepath.Join(filepath.Dir(file), "local.json"))
		if err == nil && held(file) && info.ModTime().After(since) {
			newest, since = filepath.Dir(file), info.ModTime()
		}
	}
	return newest, nil
}

// held says whether a running program has the file locked.
func held(file string) bool {
	f, err := os.Open(file)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	return syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) != nil
}

func removed(file string) error {
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing %s: %w", file, err)
	}
	return nil
}

// point makes a link, in place of an older one or of the folder that older versions had there.
func point(link, target string) error {
	half := link + ".new"
	if err := removed(half); err != nil {
		return err
	}
	if err := os.Symlink(target, half); err != nil {
		return fmt.Errorf("pointing to the newest world: %w", err)
	}
	if info, err := os.Lstat(link); err == nil && info.IsDir() {
		if err := os.RemoveAll(link); err != nil {
			return fmt.Errorf("pointing to the newest world: %w", err)
		}
	}
	if err := os.Rename(half, link); err != nil {
		return fmt.Errorf("pointing to the newest world: %w", err)
	}
	return nil
}
