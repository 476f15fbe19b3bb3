package cosell

// microsoftsOwn are what Microsoft may edit on its own referral, the partner's field that says the same, and
// what people call it.
var microsoftsOwn = []struct {
	field, ours Field
	name        string
}{{MicrosoftValue, DealValue, "deal value"}, {MicrosoftCurrency, Currency, "currency"},
	{MicrosoftClosingDate, ClosingDate, "closing date"}, {MicrosoftNotes, Notes, "notes"}}

// microsoftEdits tells what Microsoft has changed on its own referral. It is Microsoft's view of the deal:
// nothing of the partner's changes by it.
func (m *merger) microsoftEdits() {
	for _, own := range microsoftsOwn {
		was, known := m.base.Referral[own.field]
		now, read := m.p[own.field]
		if !known || !read || same(was, now) || same(m.base.Referral[own.ours], now) {
			continue
		}
		text := "Microsoft changed the " + own.name + " on its own referral to " + quote(now)
		if !isHashed(was) {
			text += ", from " + quote(was)
		}
		m.say(Problem{Code: "microsoft.edited", Field: own.field, Place: InCRM, Warn: true, Once: true,
			Text: text + "; your deal stays as it is", Mend: "nothing to do"})
	}
}
