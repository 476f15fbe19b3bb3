package mapping

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// Aside is a row that does not count, because a sheet was pushed when other rows lay under it than lie there now: what
// is so, and what a person does about it.
type Aside struct {
	Field     cosell.Field
	Say, Mend string
}

// Asides are the rows that do not count since an upgrade. A sheet whose source has no list Under has none.
func (s *Sheet) Asides() []Aside { return s.asides }

// Fields are the fields that lie under a sheet: those as shipped, and those of the sources.
func Fields(sources ...Source) []string {
	fields := Named(Source{Name: shipped, Text: fieldsYAML})
	for _, src := range sources {
		fields = append(fields, Named(src)...)
	}
	slices.Sort(fields)
	return slices.Compact(fields)
}

// upgrade compares what lay under a pushed sheet with what lies there now.
type upgrade struct {
	before, now map[cosell.Field]bool
	named       map[cosell.Field]bool // by the pushed sheet
}

// upgraded begins it, once all lies there that the source is laid over.
func (l *loader) upgraded(src Source) {
	l.upgrade = nil
	if len(src.Under) == 0 {
		return
	}
	l.upgrade = &upgrade{map[cosell.Field]bool{}, map[cosell.Field]bool{}, map[cosell.Field]bool{}}
	for _, f := range src.Under {
		l.upgrade.before[cosell.Field(f)] = true
	}
	for f := range l.index {
		l.upgrade.now[f] = true
	}
}

// own notes that the pushed sheet names a field, and keeps what has come under that name since then out of its row:
// the row meant a field of its own.
func (l *loader) own(r *Row, where string) {
	u := l.upgrade
	if u == nil {
		return
	}
	u.named[r.Field] = true
	if u.before[r.Field] || !u.now[r.Field] || vital(r.Field) {
		return
	}
	*r = Row{Field: r.Field}
	delete(l.doors, r.Field)
	l.asides = append(l.asides, Aside{r.Field,
		fmt.Sprintf("field %s is shipped since an upgrade; the pushed sheet has a row of its own under that name (%s), which counts alone", r.Field, where),
		"give your field another name, or add to the row what the shipped one shall not say, and push; or leave it"})
}

// came says whether the field lies under the pushed sheet only since it was pushed, and the sheet knows nothing of it.
func (u *upgrade) came(f cosell.Field) bool { return u != nil && !u.before[f] && !u.named[f] }

// went says whether the pushed sheet changes a row that does not lie under it any more.
func (u *upgrade) went(f cosell.Field) bool {
	return u != nil && u.before[f] && u.named[f] && !u.now[f]
}

// passOver leaves out a row that is whole only over one that went. wrong is how many mistakes there were before it.
func (l *loader) passOver(r *Row, wrong int) {
	if !l.upgrade.went(r.Field) || len(l.mistakes) == wrong {
		return
	}
	l.mistakes, r.Off = l.mistakes[:wrong], true
	l.asides = append(l.asides, Aside{r.Field,
		fmt.Sprintf("field %s is not shipped any more; the row of the pushed sheet that changes it (%s) changes nothing", r.Field, r.where),
		"take the row out of the sheet, or write it whole, and push"})
}

// passOverFormula leaves out the formula of a pushed row that lacks nothing but fields which went, and the row where it
// is nothing else.
func (l *loader) passOverFormula(r *Row, wrong int) {
	if l.upgrade == nil || !l.upgrade.named[r.Field] || len(l.mistakes) == wrong {
		return
	}
	var lacks cosell.Field
	for _, mistake := range l.mistakes[wrong:] {
		if lacks = l.lacking(mistake.Error()); lacks == "" {
			return
		}
	}
	l.mistakes, r.Off, r.Formula = l.mistakes[:wrong], r.Fixed(), ""
	l.asides = append(l.asides, Aside{r.Field,
		fmt.Sprintf("the formula of field %s of the pushed sheet (%s) fills nothing: it needs the field %s, which is not shipped any more", r.Field, r.where, lacks),
		"write the formula without it, and push"})
}

// lacking is the field that went of which a mistake says that a formula needs it; empty: it says something else.
func (l *loader) lacking(mistake string) cosell.Field {
	for f := range l.upgrade.before {
		i, is := l.index[f]
		if (!is || l.rows[i].Off) && strings.Contains(mistake, "undeclared reference to '"+string(f)+"'") {
			return f
		}
	}
	return ""
}

// giveWay switches off what has come since the sheet was pushed and stands where another row is written.
func (l *loader) giveWay() {
	if l.upgrade == nil {
		return
	}
	taken := map[spot]Row{}
	for _, r := range l.rows {
		for _, s := range r.spots() {
			if !l.upgrade.came(r.Field) && !l.spoilt[r.Field] {
				taken[s] = r
			}
		}
	}
	for i := range l.rows {
		r := &l.rows[i]
		for _, s := range r.spots() {
			other, is := taken[s]
			if !is || !l.upgrade.came(r.Field) || vital(r.Field) {
				continue
			}
			r.Off = true
			l.asides = append(l.asides, Aside{r.Field,
				fmt.Sprintf("field %s, shipped since an upgrade (%s), is off: %s %s is that of field %s of the pushed sheet (%s)", r.Field, r.where, s.what, s.at, other.Field, other.where),
				fmt.Sprintf("name the field %s in your sheet in place of %s, or leave it with the row {field: %s, off: true}, and push", r.Field, other.Field, r.Field)})
			break
		}
	}
}
