package pack

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// bootstrap is the executable that Lambda starts.
// https://docs.aws.amazon.com/lambda/latest/dg/golang-package.html
const bootstrap = "bootstrap"

// The processors that Lambda has, by its own names, and what Go calls them.
var architectures = map[string]string{"x86_64": "amd64", "arm64": "arm64"}

// ThisArchitecture is this machine's, by Lambda's name: what is to run here has to be for it.
var ThisArchitecture = map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]

// Lambda makes the folder lambda and lambda.zip: one executable that serves every function on AWS Lambda, which of
// them its settings say, and the customer's field sheet, if there is one.
func Lambda(ctx context.Context, o Options, architecture string) (Result, error) {
	r := Result{Dir: filepath.Join(o.Out, "lambda"), Zip: filepath.Join(o.Out, "lambda.zip"), Version: version(ctx, o.Top)}
	goarch, ok := architectures[architecture]
	if !ok {
		return r, fmt.Errorf("ARCH=%s: use x86_64 or arm64", architecture)
	}
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
	if err := os.MkdirAll(fresh, 0o755); err != nil {
		return r, fmt.Errorf("packing: %w", err)
	}
	if o.Mapping != "" {
		if err := copyFile(o.Mapping, filepath.Join(fresh, Mapping)); err != nil {
			return r, fmt.Errorf("packing: %w", err)
		}
	}
	if err := compileLambda(ctx, o.Top, filepath.Join(fresh, bootstrap), r.Version, goarch); err != nil {
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

// compileLambda makes the static executable. Nothing of this machine goes into it.
func compileLambda(ctx context.Context, top, file, version, goarch string) error {
	cmd := exec.CommandContext(ctx, "go", append(buildFlags(version), "-tags", "lambda.norpc", "-o", file, "./infra/aws")...)
	cmd.Dir = top
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+goarch, "GOAMD64=v1", "GOFLAGS=")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build ./infra/aws: %w\n%s", err, strings.TrimSpace(string(said)))
	}
	return nil
}
