package simulate

import (
	"slices"

	"github.com/cosell-sync/cosell-sync/functions"
	"github.com/cosell-sync/cosell-sync/shared/app"
)

// slot is a place of a layout that a process fills: what it is called, and what it serves.
type slot struct {
	name, role string
	serves     []string // functions
}

// layoutOf lists the processes of a layout, as docs/control-interface.md has them.
func layoutOf(layout string) (out []slot) {
	if layout == "one" {
		all := slot{name: "handler#1", role: app.All}
		for _, d := range functions.All() {
			all.serves = append(all.serves, d.Name)
		}
		return []slot{all}
	}
	intake, sync := slot{name: "intake#1", role: app.Intake}, slot{name: "sync#1", role: app.Sync}
	var others []slot
	for _, d := range functions.All() {
		switch {
		case d.Trigger.Queue != "":
			others = append(others, slot{d.Name + "#1", app.Sync, []string{d.Name}})
			if layout == "flex2" {
				others = append(others, slot{d.Name + "#2", app.Sync, []string{d.Name}})
			}
		case d.Trigger.Timer != "":
			others = append(others, slot{d.Name + "#1", app.Sync, []string{d.Name}})
		case d.Role == app.Intake:
			intake.serves = append(intake.serves, d.Name)
		default:
			sync.serves = append(sync.serves, d.Name)
		}
	}
	return append([]slot{intake, sync}, others...)
}

// serving are the places that serve a function.
func (r *run) serving(function string) (out []slot) {
	for _, s := range r.layout {
		if slices.Contains(s.serves, function) {
			out = append(out, s)
		}
	}
	return out
}

// processFor is a process that serves a function, started where none runs; pick chooses among several places.
func (r *run) processFor(function string, pick uint64) *process {
	places := r.serving(function)
	s := places[pick%uint64(len(places))]
	p := r.fleet[s.name]
	if p == nil || p.dead {
		p = r.start(s)
		r.fleet[s.name] = p
	}
	p.shows()
	return p
}

// crashed ends what a process that has just died was doing.
func (r *run) crashed(p *process) {
	if r.crashes++; r.crashes == 1 {
		r.died = r.calls
	}
	r.say("%s dies", p.name)
	p.end()
}

// sweep lets the lanes of dead processes end, and forgets those that have ended.
func (r *run) sweep() {
	for {
		i := slices.IndexFunc(r.stops, func(s *stop) bool { return s.l.p.dead })
		if i < 0 {
			break
		}
		s := r.stops[i]
		r.stops = slices.Delete(r.stops, i, i+1)
		s.resume <- struct{}{}
		r.settle()
	}
	for i := 0; i < len(r.lanes); i++ {
		l := r.lanes[i]
		if !l.ended && !l.p.dead {
			continue
		}
		r.lanes = slices.Delete(r.lanes, i, i+1)
		i--
		if l.p.dead {
			l.status = 0
		}
		r.worlds.n++
		l.after(l.status)
	}
}
