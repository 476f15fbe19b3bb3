// Package pack builds what ships: .build/app, the folder that the Functions host runs, and .build/app.zip,
// the same as one file, which comes out byte for byte alike from the same sources of the same commit. In the folder
// lies, too, what func needs to run and to publish it; that is not in the zip.
package pack

import (
	"archive/zip"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// handler is the executable that host.json names.
const handler = "handler"

// stamp is the time of every file in the zip: the first that the format knows.
var stamp = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// Mapping is the name under which a customer's field sheet is packed: what SYNC_MAPPING_FILE has to be, as
// the host starts the handler in the packaged folder.
const Mapping = "mapping.yaml"

// lean are libraries whose functions are not copied into their callers: they read expressions, tokens and sheets, seldom,
// and copies would make the handler a megabyte larger.
var lean = []string{"cel.dev/...", "github.com/antlr4-go/...", "google.golang.org/...", "github.com/AzureAD/...", "go.yaml.in/..."}

// Options say what is packed, and where to.
type Options struct {
	Top     string // the repository
	Out     string // app and app.zip come to lie in this folder
	Mapping string // a customer's field sheet, packed as mapping.yaml; empty packs none
}

// Result says what was built. Sum is the SHA-256 of Zip in hexadecimal, Version what health will show.
type Result struct {
	Dir, Zip, Sum, Version string
}

// Build makes app and app.zip.
func Build(ctx context.Context, o Options) (Result, error) {
	return o.build(ctx, "app", func(dir, version string) error {
		if err := fill(ctx, o, dir, version); err != nil {
			return err
		}
		return keepSettings(o.Top, filepath.Join(o.Out, "app"), dir)
	})
}

// build makes a folder of what ships, with what fill puts into it, and its archive. Programs that build into the same
// folder at once wait for each other, and the folder is put in place whole, or left alone when it would be the same:
// worlds may run from it.
func (o Options) build(ctx context.Context, name string, fill func(dir, version string) error) (Result, error) {
	r := Result{Dir: filepath.Join(o.Out, name), Zip: filepath.Join(o.Out, name+".zip"), Version: version(ctx, o.Top)}
	if o.Mapping != "" {
		if err := checkSheet(ctx, o.Top, o.Mapping); err != nil {
			return r, err
		}
	}
	unlock, err := lock(ctx, filepath.Join(o.Out, ".pack.lock"))
	if err != nil {
		return r, fmt.Errorf("packing: waiting for another program that packs: %w", err)
	}
	defer unlock()
	fresh, old := r.Dir+".new", r.Dir+".old"
	for _, left := range []string{fresh, old} { // by a program that was killed
		if err := os.RemoveAll(left); err != nil {
			return r, fmt.Errorf("packing: %w", err)
		}
	}
	defer func() { _ = os.RemoveAll(fresh) }() // gone already when it was put in place
	if err := fill(fresh, r.Version); err != nil {
		return r, fmt.Errorf("packing: %w", err)
	}
	if !same(fresh, r.Dir) {
		if err := replace(fresh, r.Dir, old); err != nil {
			return r, fmt.Errorf("packing: %w", err)
		}
	}
	r.Sum, err = writeZip(r.Dir, r.Zip)
	return r, err
}

// fill makes the folder: the host looks for function.json only in its direct children.
func fill(ctx context.Context, o Options, dir, version string) error {
	if err := copyFile(filepath.Join(o.Top, "host.json"), filepath.Join(dir, "host.json")); err != nil {
		return err
	}
	if o.Mapping != "" {
		if err := copyFile(o.Mapping, filepath.Join(dir, Mapping)); err != nil {
			return err
		}
	}
	functions, err := filepath.Glob(filepath.Join(o.Top, "functions", "*", "function.json"))
	if err != nil || len(functions) == 0 {
		return fmt.Errorf("no function.json below %s/functions: is this the repository?", o.Top)
	}
	for _, f := range functions {
		if err := copyFile(f, filepath.Join(dir, filepath.Base(filepath.Dir(f)), "function.json")); err != nil {
			return err
		}
	}
	return compile(ctx, o.Top, filepath.Join(dir, handler), version)
}

// checkSheet has the handler look at a customer's field sheet before it is packed: what it would refuse to
// start with does not ship.
func checkSheet(ctx context.Context, top, file string) error {
	cmd := exec.CommandContext(ctx, "go", "run", "-buildvcs=false", "./infra/azure", "-sheet", file)
	cmd.Dir = top
	said, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	mistakes := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(string(said)), "exit status 1"))
	return fmt.Errorf("the field sheet has mistakes, nothing was packed:\n%s", mistakes)
}

// Handler builds the handler into a packaged folder anew, with further flags of go build, as for a version that is laid
// over the sources.
func Handler(ctx context.Context, top, dir, version string, flags ...string) error {
	return compile(ctx, top, filepath.Join(dir, handler), version, flags...)
}

// compile makes the static Linux executable that the host starts. Nothing of this machine goes into it.
func compile(ctx context.Context, top, file, version string, flags ...string) error {
	cmd := exec.CommandContext(ctx, "go", slices.Concat(buildFlags(version), flags, []string{"-o", file, "./infra/azure"})...)
	cmd.Dir = top
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOAMD64=v1", "GOFLAGS=")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build ./infra/azure: %w\n%s", err, strings.TrimSpace(string(said)))
	}
	return nil
}

// buildFlags are how go builds what ships: without symbols, and with nothing of this machine.
func buildFlags(version string) []string {
	flags := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid= -X main.version=" + version}
	for _, library := range lean {
		flags = append(flags, "-gcflags="+library+"=-l")
	}
	return flags
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o644)
}

// writeZip packs a folder in the order of names, with fixed times and modes; the host needs the
// handler's executable bit.
func writeZip(dir, file string) (sum string, err error) {
	var names []string
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !(filepath.Dir(path) == dir && slices.Contains(beside, d.Name())) {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("packing %s: %w", dir, err)
	}
	slices.Sort(names)
	half := file + ".new"
	out, err := os.Create(half)
	if err != nil {
		return "", fmt.Errorf("packing: %w", err)
	}
	digest := sha256.New()
	w := zip.NewWriter(io.MultiWriter(out, digest))
	w.RegisterCompressor(zip.Deflate, func(to io.Writer) (io.WriteCloser, error) { return flate.NewWriter(to, flate.DefaultCompression) })
	for _, name := range names {
		if err := addFile(w, dir, name); err != nil {
			_ = out.Close()
			return "", fmt.Errorf("packing %s: %w", name, err)
		}
	}
	if err := w.Close(); err != nil {
		_ = out.Close()
		return "", fmt.Errorf("packing: %w", err)
	}
	if err := out.Close(); err != nil {
		return "", fmt.Errorf("packing: %w", err)
	}
	return hex.EncodeToString(digest.Sum(nil)), os.Rename(half, file)
}

func addFile(w *zip.Writer, dir, path string) error {
	name, err := filepath.Rel(dir, path)
	if err != nil {
		return err
	}
	header := &zip.FileHeader{Name: filepath.ToSlash(name), Method: zip.Deflate, Modified: stamp}
	header.SetMode(0o644)
	if name == handler || name == bootstrap {
		header.SetMode(0o755)
	}
	to, err := w.CreateHeader(header)
	if err != nil {
		return err
	}
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()
	_, err = io.Copy(to, from)
	return err
}
