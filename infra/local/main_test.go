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
