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
	Pairs   = "pairs"   // a pass of reconcile over 100,000 pairs
	Million = "million" // over 1,000,000
	Story   = "story"   // from cause to effect
	InWorld = "world"   // starts, a burst and the memory under it
	Edits   = "edits"   // many edits of a record while its first read takes long
	// Recovery is what becomes of the backlog of a day without the CRM.
	Recovery = "recovery"
	Layouts  = "layouts" // the burst in the layouts of several processes
)

// parts are those that every run has, and long those that are played only when asked for.
func parts() (every, long []string) {
	return []string{Receive, Pairs, Story, InWorld, Edits, Recovery, Layouts}, []string{Million}
}

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
	for _, one := range []struct {
		part string
		take func(context.Context, string, io.Writer) error
	}{{Receive, r.Receive}, {Pairs, r.Pairs}, {Million, r.Million}} {
		if !Wants(part, one.part) {
			continue
		}
		if err := one.take(ctx, top, out); err != nil {
			return err
		}
	}
	return nil
}

// NeedsWorld says whether a run of what was asked for needs a world that stands.
func NeedsWorld(part string) bool {
	for _, one := range []string{InWorld, Edits, Recovery, Layouts} {
		if Wants(part, one) {
			return true
		}
	}
	return false
}
