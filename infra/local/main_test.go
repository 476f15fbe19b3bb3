package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// A signal to make goes to its child alone. The world must be that child, or it stays up and keeps its ports.
func TestWhoEndsMakeEndsTheWorld(t *testing.T) {
	for _, target := range []string{"run", "demo", "bench"} {
		out, err := exec.Command("make", "-n", "-C", "../..", target).Output()
		if err != nil {
			t.Fatalf("make -n %s: %v", target, err)
		}
		want := "exec .build/local " + target
		var last string
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, "local "+target) || strings.Contains(line, "infra/local") {
				last = strings.TrimSpace(line)
			}
		}
		if !strings.HasPrefix(last, want) {
			t.Errorf("make %s starts %q, not %q", target, last, want)
		}
	}
}

func TestMakeAloneListsItsTargets(t *testing.T) {
	out, err := exec.Command("make", "-s", "-C", "../..").Output()
	if err != nil {
		t.Fatalf("make: %v", err)
	}
	for _, target := range []string{"demo", "run", "test", "race", "check", "package", "bench", "calls", "mutants", "generate"} {
		if !strings.Contains("\n"+string(out), "\n"+target+" ") {
			t.Errorf("make does not list %s:\n%s", target, out)
		}
	}
}

func TestPortOfMakeRunIsTheWorlds(t *testing.T) {
	out, err := exec.Command("make", "-n", "-C", "../..", "run", "PORT=7700").Output()
	if err != nil {
		t.Fatalf("make -n run: %v", err)
	}
	if !strings.Contains(string(out), "local run -port 7700 ") {
		t.Errorf("make run PORT=7700 does\n%s", out)
	}
}

// make runs a target with an environment that has nothing but what is given, and says what it did not like.
func makeRefuses(t *testing.T, target string, given ...string) string {
	t.Helper()
	cmd := exec.Command("make", append([]string{"-s", "-C", "../..", target}, given...)...)
	began := time.Now()
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatalf("make %s %v is accepted:\n%s", target, given, out)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("make %s %v: refused after %s: something was built before", target, given, took)
	}
	lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(string(out)), "\n"), func(l string) bool { return strings.HasPrefix(l, "make") })
	if len(lines) != 1 {
		t.Errorf("make %s %v: not one line but %q", target, given, lines)
	}
	return lines[0]
}

func TestInputsAreCheckedBeforeAnythingIsBuilt(t *testing.T) {
	for given, says := range map[string]string{
		"MODE=foo": "use proxy or forward", "PORT=abc": "use a number", "PORT=65001": "use a number", "PORT=0": "use a number",
		"SETTINGS=/no/such": "there is no such file", "MAPPING=/no/such": "there is no such file", "LAYOUT=moon": "use one",
	} {
		for _, target := range []string{"run", "demo", "bench", "package"} {
			name, _, _ := strings.Cut(given, "=")
			if got := makeRefuses(t, target, given); !strings.HasPrefix(got, name+"=") || !strings.Contains(got, says) {
				t.Errorf("make %s %s: %q", target, given, got)
			}
		}
	}
}

func TestFilesOfMakeReachTheWorld(t *testing.T) {
	for _, target := range []string{"run", "demo", "bench"} {
		out, err := exec.Command("make", "-n", "-C", "../..", target, "PORT=7700", "SETTINGS=a.env", "MAPPING=m.yaml").Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"-port ", "7700", "-settings 'a.env'", "-mapping 'm.yaml'"} {
			if !strings.Contains(string(out), want) {
				t.Errorf("make %s lacks %s:\n%s", target, want, out)
			}
		}
	}
	out, err := exec.Command("make", "-n", "-C", "../..", "package", "MAPPING=m.yaml").Output()
	if err != nil || !strings.Contains(string(out), "package -mapping 'm.yaml'") {
		t.Errorf("make package does\n%s", out)
	}
}
