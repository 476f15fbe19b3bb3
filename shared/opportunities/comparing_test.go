package opportunities

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// The first job that has ended leads to a comparison, and no other within the hour; one that failed is tried
// again. No job waits for it.
func TestR142_EveryProcessComparesOnceItWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var looks int
		var answer error
		ctx, stop := context.WithCancel(t.Context())
		comparing := NewComparing(time.Now, func(ctx context.Context) error {
			if _, bounded := ctx.Deadline(); !bounded {
				t.Error("it may take for ever")
			}
			looks++
			time.Sleep(time.Second)
			return answer
		})
		go comparing.Run(ctx)
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
				comparing.JobEnded()
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
