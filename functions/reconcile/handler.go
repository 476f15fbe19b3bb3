// Package reconcile finds what no event told us about.
package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/funchost"
	"github.com/cosell-sync/cosell-sync/shared/post"
)

// Job is one of the things that are done at every run.
type Job struct {
	Name string
	Do   func(ctx context.Context) error
}

// Watch is told how every job ended.
type Watch interface {
	Ended(function, record string, seen time.Time, err error)
}

// toEach is what a job that would take all the time of a run leaves to each job behind it.
const toEach = 5 * time.Second

// Leave gives a context that ends before ctx does, so that each of so many others behind has as much time left; where there is
// not that much, an even share of what there is.
func Leave(ctx context.Context, behind int, each time.Duration) (context.Context, context.CancelFunc) {
	end, ends := ctx.Deadline()
	if !ends {
		return ctx, func() {}
	}
	left := time.Until(end)
	return context.WithTimeout(ctx, max(left-time.Duration(behind)*each, left/time.Duration(behind+1)))
}

// Handler runs on a timer. All jobs are done, in their order, even if one fails or takes very long; the next run tries again.
// A finding, which is a Refused of class record, goes to watch and log and is no failure of the run.
func Handler(watch Watch, log *slog.Logger, now func() time.Time, newID func() string, jobs ...Job) func(context.Context, funchost.Tick) error {
	return func(ctx context.Context, _ funchost.Tick) error {
		ctx = post.Traced(ctx, newID())
		var failed []error
		for i, j := range jobs {
			began := now()
			its, cancel := Leave(ctx, len(jobs)-1-i, toEach)
			err := j.Do(its)
			cancel()
			watch.Ended("reconcile", j.Name, began, err)
			switch {
			case err == nil:
			case fault.ClassOf(err) == fault.Record:
				log.WarnContext(ctx, "found", "function", "reconcile", "job", j.Name, fault.Attr(err))
			default:
				failed = append(failed, fmt.Errorf("%s: %w", j.Name, err))
			}
		}
		return errors.Join(failed...)
	}
}
