package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Whoever ends a run ends the tool that is at work, too, and lets it end by itself: it says what it has to say, and the
// next run goes on.
func TestAnInterruptReachesTheToolAndIsWaitedFor(t *testing.T) {
	t.Parallel()
	for call, step := range map[string]string{
		"az deployment group create": "deploy", "make package": "package", "cosellctl consent": "consent", "az functionapp deployment": "publish",
	} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.processes = true
			started := filepath.Join(s.cloud, "started")
			if err := syscall.Mkfifo(started, 0o600); err != nil {
				t.Fatal(err)
			}
			ctx, end := context.WithCancel(t.Context())
			go func() {
				_, _ = os.ReadFile(started) // until the tool says that it runs
				end()
			}()
			s.ctx = ctx
			s.set("fail.json", []map[string]any{{"call": call, "code": 130, "stderr": "the tool says that it was interrupted", "started": started}})
			err := s.deploy("-env", "test", "-skip", "doctor")
			for _, says := range []string{"the step " + step + " was interrupted", "and said:\n  the tool says that it was interrupted", "Then go on with:\n  make deploy ENV=test SKIP=doctor\n", "what Azure has begun goes on there"} {
				if err == nil || !strings.Contains(err.Error(), says) {
					t.Errorf("%q is not said: %v", says, err)
				}
			}
			if calls := s.calls(); !strings.HasPrefix(calls[len(calls)-1].line(), call) || calls[len(calls)-1].Code != 130 {
				t.Errorf("the tool was not waited for: %s", calls[len(calls)-1].line())
			}
			if got := s.results(step, "doctor"); got != step+" failed, doctor not reached" {
				t.Error(got)
			}
			s.ctx, s.processes = t.Context(), false
			s.set("fail.json", []map[string]any{})
			s.mustDeploy("-env", "test")
		})
	}
}

// Between two calls, too.
func TestAnInterruptWhileSomethingIsWaitedForIsSaid(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	ctx, end := context.WithCancel(t.Context())
	end()
	s.ctx = ctx
	err := s.deploy("-env", "test")
	if err == nil || !strings.Contains(err.Error(), "the step tools was interrupted") || len(s.calls()) > 0 {
		t.Error(err)
	}
}

// What Azure has begun goes on there: the next run waits for it.
func TestADeploymentThatIsUnderWayIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.set("state.json", map[string]any{"groups": map[string]bool{"cosell": true}, "active": true})
	s.set("fail.json", []map[string]any{{"call": "az deployment group create", "nth": 1, "code": 1, "stderr": "ERROR: (DeploymentActive) Unable to edit or replace deployment 'cosell-sync': previous deployment from '…' is still active"}})
	s.mustDeploy("-env", "test")
	if s.waited != pause || !strings.Contains(s.said, "a deployment is under way: it is waited for") {
		t.Errorf("waited %s: %s", s.waited, s.said)
	}
}
