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

// Handler runs on a timer. All jobs are done, in their order, even if one fails; the next run tries again.
// A finding, which is a Refused of class record, goes to watch and log and is no failure of the run.
func Handler(watch Watch, log *slog.Logger, now func() time.Time, newID func() string, jobs ...Job) func(context.Context, funchost.Tick) error {
	return func(ctx context.Context, _ funchost.Tick) error {
		ctx = post.Traced(ctx, newID())
		var failed []error
		for _, j := range jobs {
			began := now()
			err := j.Do(ctx)
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
