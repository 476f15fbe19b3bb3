package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/health"
)

// The first job that has ended leads to a comparison, and no other within the hour; one that failed is tried
// again. No job waits for it.
func TestR142_EveryProcessComparesOnceItWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &App{Now: time.Now, Watch: health.NewWatch(Sync, "one", "v1", time.Now), Log: slog.New(slog.DiscardHandler)}
		watch := jobWatch{a.Watch, make(chan struct{}, 1)}
		var looks int
		var answer error
		ctx, stop := context.WithCancel(t.Context())
		go a.compare(ctx, watch.ended, func(ctx context.Context) error {
			if _, bounded := ctx.Deadline(); !bounded {
				t.Error("it may take for ever")
			}
			looks++
			time.Sleep(time.Second)
			return answer
		})
		for _, step := range []struct {
			after time.Duration
			jobs  int
			err   error
			looks int
		}{{time.Hour, 0, nil, 0}, {0, 3, errors.New("no"), 1}, {time.Minute, 1, nil, 1}, {5 * time.Minute, 2, nil, 2}, {30 * time.Minute, 1, nil, 2}, {time.Hour, 1, nil, 3}} {
			time.Sleep(step.after)
			answer = step.err
			for range step.jobs {
				before := time.Now()
				watch.Ended("crmtopartnercenter", "opportunity|1", before, nil)
				if time.Since(before) > 0 {
					t.Error("the job waited")
				}
			}
			time.Sleep(3 * time.Second)
			if synctest.Wait(); looks != step.looks {
				t.Errorf("%s later, after %d jobs: %d looks instead of %d", step.after, step.jobs, looks, step.looks)
			}
		}
		stop()
		synctest.Wait()
	})
}

// A column of the sheet that no event step watches, and a start that nobody has allowed, stand in health.
func TestHealthSaysWhatAStartFinds(t *testing.T) {
	s := production(t)
	s["SYNC_MAPPING_FILE"] = filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(s["SYNC_MAPPING_FILE"], []byte("- {field: campaign, referral: /campaignId, crm: new_campaign, as: text}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for started, want := range map[string]bool{"": true, "2026-03-01": false} {
		s["SYNC_STARTED"] = started
		a, err := New(environ(s), io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		var notes, pending int
		for _, status := range a.Watch.Snapshot() {
			for _, p := range status.Problems {
				if p.Note && strings.Contains(p.What, "opportunity/new_campaign") && p.Mend != "" {
					notes++
				}
				if p.What == "start.pending" && !p.Note {
					pending++
				}
			}
		}
		if notes != 1 || pending == 1 != want {
			t.Errorf("started %q: %d notes, %d of the start", started, notes, pending)
		}
	}
}
