package simulate

import "time"

// fault is what becomes of a call at a point.
type fate int

const (
	fine fate = iota
	dieBefore
	dieAfter
	cut
	lose
	slow
)

func (r *run) yields(l *lane) bool             { return false }
func (r *run) faultAt(l *lane, at *point) fate { return fine }
func (r *run) slowness(l *lane) time.Duration  { return time.Second }
func (r *run) seen(l *lane, at *point, f fate) {}
