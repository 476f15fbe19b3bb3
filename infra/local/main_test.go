package main

import (
	"os/exec"
	"strings"
	"testing"
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
	for _, target := range []string{"demo", "run", "test", "race", "check", "package", "bench", "generate"} {
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
