package simulate

import (
	"fmt"
	"strings"
	"time"
)

// Two deaths leave the same world where nothing has happened between them but reads of the process that dies: it forgets what
// it has read. So most points of a tale are played by the point of another. What happened is counted: writes, messages that were
// taken and settled, acts of people, calls of other processes, time that went by.

// worlds counts what happened.
type worlds struct {
	n    int
	by   *process
	at   time.Time
	open map[*lane][]int // calls after which their lane has not written yet
}

// still is how much time may go by between two calls without a difference: no wait of the product is that short.
const still = time.Millisecond

// changes says whether a call leaves another world.
func changes(at *point) bool { return at.write || strings.HasPrefix(at.name, "POST ") } // a token may be one for each use

// comes is a call about to be made.
func (r *run) comes(l *lane, at *point) (finds int) {
	w := &r.worlds
	if now := time.Now(); w.by != l.p || now.Sub(w.at) >= still {
		w.n++
		w.by = l.p
	}
	w.at = time.Now()
	if at.write {
		r.wrotes(l)
	}
	if w.open == nil {
		w.open = map[*lane][]int{}
	}
	w.open[l] = append(w.open[l], len(r.called))
	return w.n
}

// wrotes says of the calls of a lane which world its next write has found, or its end.
func (r *run) wrotes(l *lane) {
	for _, i := range r.worlds.open[l] {
		r.called[i].stays = r.worlds.n
	}
	delete(r.worlds.open, l)
}

// world is what a point leaves behind, for comparison with other points of the same recording.
func (c called) world(f fate) string {
	switch {
	case f == dieBefore:
		return fmt.Sprint("death in ", c.finds)
	case f == dieAfter:
		return fmt.Sprint("death in ", c.leaves)
	case f == dieNext && c.stays >= 0:
		return fmt.Sprint("death in ", c.stays)
	case f == lose && c.finds == c.leaves:
		return fmt.Sprint("no answer to ", c.n)
	case f == cut:
		return fmt.Sprint("no answer to ", c.n)
	}
	return fmt.Sprint(f, " at ", c.n)
}
