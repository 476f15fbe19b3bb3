package demo

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// look is what the story saw before something was done, and after the world came to rest again.
type look struct {
	s        *Story
	before   Records
	counts   map[string]int64
	cause    time.Time
	after    Records
	calls    map[string][]control.Entry
	changes  []change
	expected map[int]bool
}

// look remembers everything as it is now.
func (s *Story) look() *look {
	l := &look{s: s, before: s.records(), expected: map[int]bool{}, calls: map[string][]control.Entry{}}
	s.countCalls()
	l.counts = maps.Clone(s.seen)
	return l
}

// settle waits until the world is at rest and looks again. Called once more it goes on from there.
func (l *look) settle() *look {
	s := l.s
	s.settle()
	l.cause = s.cause
	l.after = s.records()
	for name, base := range s.systems() {
		if s.err != nil {
			return l
		}
		entries, err := s.c.History(s.ctx, base, l.counts[name])
		if s.keep(err) {
			l.calls[name] = entries
		}
	}
	if s.err == nil {
		l.changes = compare(l.before, l.after)
		l.expected = map[int]bool{}
	}
	return l
}

// value is the text at system/table/id/member/… now.
func (l *look) value(path string) string {
	system, rest, _ := strings.Cut(path, "/")
	return text(asAny(l.after[system]), rest)
}

// any is the value at a path now, as JSON.
func (l *look) any(path string) any {
	system, rest, _ := strings.Cut(path, "/")
	return at(asAny(l.after[system]), rest)
}

// shows demands a value and says so; changes of that path are then expected.
func (l *look) shows(path, want string) {
	if l.s.err != nil {
		return
	}
	got, want := l.value(path), l.s.inPC(path, want)
	l.s.check(sameText(got, want), "%s is %q instead of %q", path, got, want)
	l.expects(path)
	l.s.says("%-20s %s = %s", "", path, want)
}

// holds demands that a text is part of a value.
func (l *look) holds(path string, parts ...string) {
	if l.s.err != nil {
		return
	}
	got := l.value(path)
	for _, part := range parts {
		l.s.check(strings.Contains(got, part), "%s does not say %q: %q", path, part, shorten(got))
	}
	l.expects(path)
}

// is checks a value without printing it.
func (l *look) is(path, want string) {
	if l.s.err == nil {
		got, want := l.value(path), l.s.inPC(path, want)
		l.s.check(sameText(got, want), "%s is %q instead of %q", path, got, want)
		l.expects(path)
	}
}

func sameText(got, want string) bool {
	return got == want || sameNumber(got, want)
}

// expects declares changes under the paths as wanted; * stands for one part of a path.
func (l *look) expects(patterns ...string) {
	for _, p := range slices.Clone(patterns) { // whoever writes Audit also says how things stand
		if row, ok := strings.CutSuffix(p, "/"+colAudit); ok {
			for _, column := range []string{"cosell_state", "cosell_errorcode", "cosell_lastsync", "cosell_expires"} {
				patterns = append(patterns, row+"/"+column)
			}
		}
	}
	for i, c := range l.changes {
		for _, p := range patterns {
			if n := strings.Count(p, "/"); pathMatches(p, upTo(c.path, n)) {
				l.expected[i] = true
			}
		}
	}
}

// upTo cuts a path after n slashes, so that a change deep inside a value counts as one of that value.
func upTo(path string, n int) string {
	parts := strings.SplitN(path, "/", n+2)
	return strings.Join(parts[:min(len(parts), n+1)], "/")
}

// nothingElse demands that no other value changed in either system.
func (l *look) nothingElse() {
	var rest []string
	for i, c := range l.changes {
		if !l.expected[i] {
			rest = append(rest, c.String())
		}
	}
	l.s.check(len(rest) == 0, "more changed than was asked for:\n        %s", strings.Join(rest, "\n        "))
	l.s.says("%-20s nothing else changed, in either system", "")
}

// writes lists the product's writes to a system that contain each of the texts in method and URL or body.
func (l *look) writes(system string, parts ...string) []control.Entry {
	return slices.DeleteFunc(slices.Clone(l.calls[system]), func(e control.Entry) bool {
		line := e.Method + " " + e.URL + "\n" + e.RequestBody
		return !isWrite(e) || slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(line, p) })
	})
}

// wrote demands the number of the product's writes.
func (l *look) wrote(want int, system string, parts ...string) {
	if l.s.err != nil {
		return
	}
	got := l.writes(system, parts...)
	lines := make([]string, 0, len(got))
	for _, e := range got {
		address, _, _ := strings.Cut(e.URL, "?")
		lines = append(lines, fmt.Sprintf("%s %s → %d %s", e.Method, address, e.Status, shorten(e.RequestBody)))
	}
	l.s.check(len(got) == want, "the product wrote %d times to %s, not %d:\n        %s", len(got), system, want, strings.Join(lines, "\n        "))
}

// effect measures from the last cause to the product's last write that contains the texts.
func (l *look) effect(system string, parts ...string) {
	if l.s.err != nil {
		return
	}
	all := l.writes(system, parts...)
	if len(all) == 0 && !l.s.crmIs("readLagSeconds", "0") {
		return // a request that writes and reads at once is answered as a refusal there, though it has written
	}
	if len(all) == 0 {
		l.s.fail("the product wrote nothing to %s that contains %q", system, parts)
		return
	}
	took := max(0, all[len(all)-1].At.Sub(l.cause))
	l.s.effects = append(l.s.effects, took)
	l.s.says("%-20s %s after the cause", "", max(took.Round(time.Millisecond), time.Millisecond))
}

// rows finds the rows of a table (system/table) whose member has the value, sorted by id.
func (l *look) rows(table, member, value string) []string {
	system, name, _ := strings.Cut(table, "/")
	all, _ := at(asAny(l.after[system]), name).(map[string]any)
	var out []string
	for id, row := range all {
		if strings.EqualFold(text(row, member), value) {
			out = append(out, id)
		}
	}
	sort.Strings(out)
	return out
}
