package chaos

import (
	"strings"
	"time"
)

// edits is that nothing which somebody typed is lost: it stands where it was typed, or it has crossed, or its person has
// written something else, or a line in Audit has it.
func (c *court) edits() {
	for _, d := range c.s.deals {
		if d.dropped {
			continue
		}
		told := c.told(d)
		for _, f := range mappedFields() {
			for _, side := range []string{inCRM, inPortal} {
				c.editsOf(d, f, side, told)
			}
		}
	}
}

// told is every text that Audit has, or ever had from us.
func (c *court) told(d *deal) string {
	var all strings.Builder
	all.WriteString(text(c.b.tables["opportunity"][d.opportunity]["cosell_audit"]))
	for _, w := range c.toCRM {
		if w.taken && w.about(d.opportunity) {
			all.WriteString("\n" + text(w.columns()["cosell_audit"]))
		}
	}
	return all.String()
}

func (c *court) editsOf(d *deal, f field, side, told string) {
	var mine []edit
	for _, e := range c.s.edits {
		if e.deal == d && e.field == f.name && e.side == side {
			mine = append(mine, e)
		}
	}
	other := map[string]string{inCRM: inPortal, inPortal: inCRM}[side]
	for i, e := range mine {
		c.judged["nothing lost"]++
		if i+1 == len(mine) && c.now(d, f, side) == e.value || c.gave(d, f, other, e.value) || strings.Contains(told, e.value) {
			continue
		}
		until := time.Time{}
		if i+1 < len(mine) {
			until = mine[i+1].from
			if !c.tookAway(d, f, side, e.value, e.to, until) {
				continue // whoever typed it has typed something else
			}
		}
		if c.now(d, f, side) == "" && d.closed {
			continue
		}
		c.violates("nothing lost", d, "%s %q, typed in %s at %s, is nowhere, and no line of Audit has it: the CRM has %q and Partner Center %q (opportunity %s, referral %s)", f.name, e.value,
			side, e.to.Format("15:04:05.000"), c.now(d, f, inCRM), c.now(d, f, inPortal), d.opportunity, d.referral)
	}
}

// now is what a side holds.
func (c *court) now(d *deal, f field, side string) string {
	if side == inCRM {
		return f.canonical(c.b.tables["opportunity"][d.opportunity][f.column])
	}
	return f.canonical(at(c.b.referrals[d.referral], f.path))
}

// gave says whether the product has given a field of a side the value, ever.
func (c *court) gave(d *deal, f field, side, value string) bool {
	for _, w := range c.writesOf(d, side) {
		if v, ok := w.sets(f, side); ok && v == value {
			return true
		}
	}
	return false
}

// tookAway says whether the product has given a field of a side another value than that, in a time.
func (c *court) tookAway(d *deal, f field, side, value string, from, until time.Time) bool {
	for _, w := range c.writesOf(d, side) {
		if v, ok := w.sets(f, side); ok && v != value && !w.entry.At.Before(from) && !w.entry.At.After(until) {
			return true
		}
	}
	return false
}

// writesOf are the product's changes of a deal on a side, those that were refused left out.
func (c *court) writesOf(d *deal, side string) (out []write) {
	all := c.toPC
	if side == inCRM {
		all = c.toCRM
	}
	for _, w := range all {
		if w.taken && (w.about(d.opportunity) || w.about(d.referral)) {
			out = append(out, w)
		}
	}
	return out
}

// lines is that Audit says what was, once.
func (c *court) lines() {
	for _, d := range c.s.deals {
		o := c.b.tables["opportunity"][d.opportunity]
		if o == nil || d.dropped {
			continue
		}
		audit := text(o["cosell_audit"])
		c.judged["lines"]++
		seen, conflicts, created := map[string]bool{}, map[string]bool{}, 0
		for l := range strings.Lines(audit) {
			l = strings.TrimSpace(l)
			if l != "" && seen[l] {
				c.violates("lines", d, "twice: %s", l)
			}
			seen[l] = true
			if strings.Contains(l, "created from referral") || strings.Contains(l, "referral "+d.referral+" created") {
				created++
			}
			if i := strings.Index(l, "conflict.resolved"); i >= 0 {
				what, _, _ := strings.Cut(l[i:], " (")
				if conflicts[what] {
					c.violates("lines", d, "one conflict is told twice: %s", l)
				}
				conflicts[what] = true
			}
		}
		if everTold := c.told(d); d.referral != "" && c.live(d) && !d.lead && created == 0 && !strings.Contains(everTold, "created") && !c.explained(d, "") {
			c.violates("lines", d, "no line says how the deal came about: %.600s", audit)
		}
		if created > 1 {
			c.violates("lines", d, "%d lines say how the deal came about: %.600s", created, audit)
		}
	}
}
