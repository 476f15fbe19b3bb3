package bench

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
)

// The parts of a run. Those that need no world come first, so that it does not disturb them.
const (
	Receive = "receive" // the two webhooks beside bare receivers
	Story   = "story"   // from cause to effect
	InWorld = "world"   // starts, a burst and the memory under it
)

// parts are those that every run has, and long those that are played only when asked for.
func parts() (every, long []string) { return []string{Receive, Story, InWorld}, nil }

// Known refuses a part that there is not; "" stands for all of them but the long ones.
func Known(part string) error {
	every, long := parts()
	if known := append(every, long...); part != "" && !slices.Contains(known, part) {
		return fmt.Errorf("ROW=%s: there is no such part of the bench, use one of %s", part, strings.Join(known, ", "))
	}
	return nil
}

// Wants says whether a run of what was asked for has that part.
func Wants(part, this string) bool {
	every, _ := parts()
	return part == this || part == "" && slices.Contains(every, this)
}

// Alone takes the figures that need no world.
func (r *Report) Alone(ctx context.Context, top, part string, out io.Writer) error {
	if Wants(part, Receive) {
		return r.Receive(ctx, top, out)
	}
	return nil
}
