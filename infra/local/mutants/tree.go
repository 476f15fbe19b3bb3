package mutants

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// tree is a copy of the repository that may be broken.
type tree struct{ from, dir string }

// copyTree copies every file that belongs to the repository, committed or not. What npm has installed is
// linked, since no mutant touches it.
func copyTree(ctx context.Context, from, dir string) (*tree, error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, fmt.Errorf("copying the tree: %w", err)
	}
	t := &tree{from: from, dir: dir}
	files, err := filesOf(ctx, from)
	if err != nil {
		return nil, fmt.Errorf("copying the tree: %w", err)
	}
	for _, file := range files {
		if err := t.restore(file); err != nil {
			return nil, err
		}
	}
	installed := filepath.Join("infra", "local", "emulators", "node_modules")
	if _, err := os.Stat(filepath.Join(from, installed)); err == nil {
		if err := os.Symlink(filepath.Join(from, installed), filepath.Join(dir, installed)); err != nil {
			return nil, fmt.Errorf("copying the tree: %w", err)
		}
	}
	return t, nil
}

// filesOf lists the repository's files; without git all but what was built or installed.
func filesOf(ctx context.Context, top string) (out []string, err error) {
	cmd := exec.CommandContext(ctx, "git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = top
	if listed, err := cmd.Output(); err == nil {
		return strings.FieldsFunc(string(listed), func(r rune) bool { return r == 0 }), nil
	}
	err = filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); name == ".git" || name == ".build" || name == "node_modules" {
				return filepath.SkipDir
			}
			return nil
		}
		name, err := filepath.Rel(top, path)
		out = append(out, name)
		return err
	})
	return out, err
}

// restore makes a file as it is in the repository, or removes it.
func (t *tree) restore(file string) error {
	to := filepath.Join(t.dir, file)
	info, err := os.Stat(filepath.Join(t.from, file))
	if errors.Is(err, fs.ErrNotExist) {
		return os.RemoveAll(to) // deleted, and not committed yet
	}
	var text []byte
	if err == nil {
		text, err = os.ReadFile(filepath.Join(t.from, file))
	}
	if err == nil {
		err = os.MkdirAll(filepath.Dir(to), 0o755)
	}
	if err == nil {
		err = os.WriteFile(to, text, info.Mode().Perm())
	}
	if err != nil {
		return fmt.Errorf("copying %s: %w", file, err)
	}
	return nil
}

// redWithout says which tests of a package do not pass in the untouched tree: they could catch nothing. All of
// them run at once.
func (t *tree) redWithout(ctx context.Context, tests []mutant) map[string]string {
	var patterns []string
	for _, m := range tests {
		patterns = append(patterns, m.test)
	}
	said, _ := t.test(ctx, tests[0].pkg, strings.Join(patterns, "|"))
	broken := regexp.MustCompile(`\[(build|setup) failed\]|(?m)^panic: `).MatchString(said) // it did not come to its end
	out := map[string]string{}
	for _, m := range tests {
		own := regexp.MustCompile("^(" + m.test + ")$")
		passed, failed := false, false
		for _, ended := range topTest.FindAllStringSubmatch(said, -1) {
			if own.MatchString(ended[2]) {
				passed, failed = passed || ended[1] == "PASS", failed || ended[1] == "FAIL"
			}
		}
		switch {
		case failed || !passed && broken:
			out[m.pkg+" "+m.test] = fmt.Sprintf("%s fails without the mutant, too: %s", m.test, lastLine(said))
		case !passed:
			out[m.pkg+" "+m.test] = fmt.Sprintf("%s has no test %s", m.pkg, m.test)
		}
	}
	return out
}

var topTest = regexp.MustCompile(`(?m)^--- (PASS|FAIL): (\S+)`)

// try applies the patch, runs its test and puts everything back.
func (t *tree) try(ctx context.Context, m mutant) Result {
	defer func() {
		for _, file := range m.touches {
			_ = t.restore(file) // the next mutant of this copy would not apply
		}
	}()
	apply := exec.CommandContext(ctx, "git", "apply", m.file)
	apply.Dir = t.dir
	apply.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(t.dir)) // else git takes the repository around
	if said, err := apply.CombinedOutput(); err != nil {
		return Result{Why: "the patch no longer applies: " + lastLine(string(said))}
	}
	said, passed := t.test(ctx, m.pkg, m.test, "-failfast")
	failed := failedTest.FindStringSubmatch(said)
	switch {
	case passed:
		return Result{Why: m.test + " passes all the same"}
	case strings.Contains(said, "[build failed]") || strings.Contains(said, "[setup failed]"):
		return Result{Why: "it does not build"}
	case failed == nil:
		return Result{Why: m.test + " did not run to its end: " + lastLine(said)}
	}
	return Result{Caught: true, By: failed[1]}
}

var failedTest = regexp.MustCompile(`(?m)^\s*--- FAIL: (Test\w+)`)

// test runs tests in the copy, unvetted: what is broken here was sound before. -trimpath lets both copies share
// the build cache.
func (t *tree) test(ctx context.Context, pkg, tests string, flags ...string) (said string, passed bool) {
	args := append([]string{"test", "-trimpath", "-vet=off", "-count=1", "-timeout", "5m", "-v", "-run", "^(" + tests + ")$"}, flags...)
	cmd := exec.CommandContext(ctx, "go", append(args, pkg)...)
	cmd.Dir = t.dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-buildvcs=false")
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
