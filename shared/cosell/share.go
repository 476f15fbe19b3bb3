package cosell

// ShareNever is the value of Options.Share by which no deal is shown to Microsoft: neither are its sellers let see
// it, nor is it asked for help. It is for trials; what Microsoft sees already is not changed.
const ShareNever = "never"

// Shown is the opportunity as far as Partner Center may hear of it by the options.
func (o Options) Shown(row Opportunity) Opportunity {
	if o.Share != ShareNever {
		return row
	}
	row.Record = row.Record.Clone()
	for f, v := range (Record{Help: "", Visibility: False}) {
		if row.Record.has(f) {
			row.Record[f] = v
		}
	}
	for person := range row.Record.Members(Contacts) { // a private deal names nobody
		delete(row.Record, Contacts.Of(person))
		delete(row.Record, Contacts.First())
		row.Record[Contacts] = "0"
	}
	return row
}

// Withholds says whether the options keep something of the row from Microsoft.
func (o Options) Withholds(row Opportunity) bool {
	return o.Share == ShareNever && (row.Record[Visibility] == True || row.Record[Help] != "")
}

// Withheld is the pair of a deal that was made without what the options keep from Microsoft: that is still to be
// decided, as if the seller asked for it now.
func (o Options) Withheld(p Pair, row Opportunity) Pair {
	if !o.Withholds(row) {
		return p
	}
	p.Base = p.Base.Clone()
	for f, v := range o.Shown(row).Record {
		if f == Visibility || f == Help || f == Contacts {
			p.Base.Opportunity[f] = v
		}
	}
	for person := range row.Record.Members(Contacts) {
		delete(p.Base.Opportunity, Contacts.Of(person))
		delete(p.Base.Opportunity, Contacts.First())
	}
	return p
}

// neverShared keeps a deal from Microsoft that nobody of it has seen yet, and says so.
func (m *merger) neverShared() bool {
	if m.Options.Share != ShareNever || m.shared() || m.Pair.MicrosoftID != "" {
		return false
	}
	for f := range m.plan.ToReferral {
		if list, _, person := f.List(); f == Visibility || f == Contacts.First() || person && list == Contacts {
			delete(m.plan.ToReferral, f)
			m.plan.keep[f] = true
		}
	}
	row := m.Opportunity.Side()
	if m.Options.Withholds(Opportunity{Side: row}) && !m.closed() {
		m.plan.keep[Visibility], m.plan.keep[Help] = true, true
		m.say(NotShared())
	}
	return true
}

// NotShared is why a deal is not shown.
func NotShared() Problem {
	return Problem{Code: "share.never", Field: Visibility, Place: InPartnerCenter, Class: OfRule, Warn: true,
		Text: "this installation shows nothing to Microsoft (SYNC_SHARE=never): the deal stays private, and Microsoft is not asked for help",
		Mend: "close a trial with cosellctl close-test, or ask an administrator to allow sharing"}
}
