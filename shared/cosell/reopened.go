package cosell

// A won deal shows some of its values in columns of the closing. What their own columns hold meanwhile is kept beside the base
// as long as the deal is won: after a reopening they show it again, and nobody has typed it. A person may have typed into one before
// the closing: that is an edit, until both sides have agreed on what the closing says, and none after that.

// own is the entry of a base for what the own column of a field held before the deal was won.
func (f Field) own() Field { return f + ".own" }

// typed is the entry for what a person had typed into it by then, and asOf the one for what was agreed on at that time.
func (f Field) typed() Field { return f + ".typed" }
func (f Field) asOf() Field  { return f + ".asof" }

// Won is the pair that remembers what the own columns of the fields held before the row was won, where it is won now.
func (p Pair) Won(row Opportunity, rules []Rule) Pair {
	if row.Record[Status] != Won {
		return p
	}
	for _, rule := range rules {
		f := rule.Field
		agreed, known := p.Base.Opportunity[f]
		_, kept := p.Base.Opportunity[f.own()]
		_, edited := p.Base.Opportunity[f.typed()]
		if !rule.WhenWon || !known || kept || edited {
			continue
		}
		p.Base = p.Base.Clone()
		own, read := row.Own.value(f)
		if !read || same(agreed, own) || same(agreed, row.Record[f]) { // or typed beside a closing that says what was agreed
			p.Base.Opportunity[f.own()] = agreed
			continue
		}
		p.Base.Opportunity[f.typed()], p.Base.Opportunity[f.asOf()] = remember(f, own), agreed
	}
	return p
}

// backInOwn says whether a field differs from what was agreed only because the deal was reopened: its own column is as it was before.
func (m *merger) backInOwn(rule Rule, f Field, d string) bool {
	if !rule.WhenWon || rule.Way != Both || m.d[Status] == Won {
		return false
	}
	base := m.base.Opportunity
	before, kept := base[f.own()]
	typed, edited := base[f.typed()]
	return kept && same(before, d) || edited && same(typed, d) && base[f] != base[f.asOf()]
}

// reopenedOwn drops what was remembered of the own columns of a row that is not won any more, but for fields that are not decided.
func reopenedOwn(base, row Record, rules []Rule, keep map[Field]bool) {
	for _, rule := range rules {
		if status, read := row[Status]; rule.WhenWon && read && status != Won && !keep[rule.Field] {
			delete(base, rule.Field.own())
			delete(base, rule.Field.typed())
			delete(base, rule.Field.asOf())
		}
	}
}

// agreeAgain puts what was agreed, or what the referral says since, into the own column of a deal that was reopened. A closed
// referral says what the deal was closed with: of that nothing comes back. What a person had typed there before the closing has not
// crossed, and is told.
func (m *merger) agreeAgain(rule Rule, f Field, p string, read bool) {
	switch {
	case m.closed():
	case !read:
		m.plan.keep[f] = true
	default:
		m.toOpportunity(rule, f, p)
		if _, edited := m.base.Opportunity[f.typed()]; edited && m.plan.ToOpportunity[f] != "" {
			m.lost(f, "CRM", m.d[f])
		}
	}
}
