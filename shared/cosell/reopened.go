package cosell

import "maps"

// A won deal shows some of its values in columns of the closing. What their own columns hold meanwhile is kept beside the base
// as long as the deal is won: after a reopening they show it again, and nobody has typed it. Where a person typed into one
// before the closing and both sides have not agreed on the value since, nothing is kept yet: what shows again is that edit.

// own is the entry of a base for what the own column of a field held before the deal was won.
func (f Field) own() Field { return f + ".own" }

// Won is the pair that remembers what the own columns of the fields hold, where the row is won now.
func (p Pair) Won(row Opportunity, rules []Rule) Pair {
	if row.Record[Status] != Won {
		return p
	}
	for _, rule := range rules {
		agreed, known := p.Base.Opportunity[rule.Field]
		if _, kept := p.Base.Opportunity[rule.Field.own()]; !rule.WhenWon || !known || kept {
			continue
		}
		own, read := row.Own.value(rule.Field)
		if read && !same(agreed, own) && !same(agreed, row.Record[rule.Field]) {
			continue // typed before the closing, and not agreed on since
		}
		if !read {
			own = agreed
		}
		p.Base = p.Base.Clone()
		p.Base.Opportunity[rule.Field.own()] = remember(rule.Field, own)
	}
	return p
}

// wonSince does so once a run has agreed on what the row shows, which may be reopened before anybody looks again.
func (p Pair) wonSince(row Opportunity, w Written, rules []Rule) Pair {
	if len(row.Own) == 0 {
		return p
	}
	if w.Opportunity != nil {
		row.Record = row.Record.Clone()
		maps.Copy(row.Record, w.Opportunity.Record)
	}
	return p.Won(row, rules)
}

// backInOwn says whether a field differs from what was agreed only because the deal was reopened: its own column is as it was before.
func (m *merger) backInOwn(rule Rule, f Field, d string) bool {
	before, kept := m.base.Opportunity[f.own()]
	return rule.WhenWon && rule.Way == Both && kept && m.d[Status] != Won && same(before, d)
}

// reopenedOwn drops what was remembered of the own columns of a row that is not won any more, but for fields that are not decided.
func reopenedOwn(base, row Record, rules []Rule, keep map[Field]bool) {
	for _, rule := range rules {
		if status, read := row[Status]; rule.WhenWon && read && status != Won && !keep[rule.Field] {
			delete(base, rule.Field.own())
		}
	}
}

// agreeAgain puts what was agreed, or what the referral says since, into the own column of a deal that was reopened. A closed
// referral says what the deal was closed with: of that nothing comes back.
func (m *merger) agreeAgain(rule Rule, f Field, p string, read bool) {
	switch {
	case m.closed():
	case !read:
		m.plan.keep[f] = true
	default:
		m.toOpportunity(rule, f, p)
	}
}
