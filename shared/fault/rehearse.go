package fault

import (
	"context"
	"errors"
)

// ErrRehearsed is how a write ends in a rehearsal: everything that comes before it was done, and nothing left
// the process.
var ErrRehearsed = errors.New("rehearsed: nothing was sent")

type rehearsal struct{}

// Rehearse marks a context: reads go out, and every write to another system ends as ErrRehearsed.
func Rehearse(ctx context.Context) context.Context {
	return context.WithValue(ctx, rehearsal{}, true)
}

// Rehearsing says whether the context is marked.
func Rehearsing(ctx context.Context) bool {
	on, _ := ctx.Value(rehearsal{}).(bool)
	return on
}
