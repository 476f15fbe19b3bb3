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

// Architecture is that of a package of which nobody says for which processor it is: what infra/aws/template.yaml has as
// its default, so that both fit.
const Architecture = "x86_64"

// Architectures are all that there are packages for, by Lambda's names; the first is Architecture.
func Architectures() []string { return []string{Architecture, "arm64"} }

// ThisArchitecture is this machine's, by Lambda's name: what is to run here has to be for it.
var ThisArchitecture = map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]

// Lambda makes the folder lambda and lambda.zip: one executable that serves every function on AWS Lambda, which of
// them its settings say, and the customer's field sheet, if there is one.
func Lambda(ctx context.Context, o Options, architecture string) (Result, error) {
	goarch, ok := architectures[architecture]
	if !ok {
		return Result{}, fmt.Errorf("ARCH=%s: use x86_64 or arm64", architecture)
	}
	return o.build(ctx, "lambda", func(dir, version string) error {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if o.Mapping != "" {
			if err := copyFile(o.Mapping, filepath.Join(dir, Mapping)); err != nil {
				return err
			}
		}
		return compileLambda(ctx, o.Top, filepath.Join(dir, bootstrap), version, goarch)
	})
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
