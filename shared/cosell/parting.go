package cosell

// A person ends a pair: that is noted first, and then written into the row. In between the pair holds that its row does not know
// yet, and whether the form may take it back.
const (
	partingHalf  = "unlink.unfinished"
	partedByForm = "form"
	partedElse   = "begun"
)

// Parting is the pair that is about to be ended, because a person asks for it on the form of its row, or an operator.
func (p Pair) Parting(o Opportunity) Pair {
	begun := partedElse
	if p.Phase == Linked && o.Record[Action] == ActUnlink {
		begun = partedByForm
	}
	return p.Unanswered(Problem{Code: partingHalf, Field: Action, Place: InCRM, Class: OfRecord, Warn: true, Sent: true, Value: begun,
		Text: "the " + p.Noun() + " was unlinked, and its row does not say so yet", Mend: "nothing to do, it is tried again"}, o)
}

// Tombstone is the pair after its end. Of what it held only that its row does not know of the end stays, and what the row is to be
// told with that.
func (p Pair) Tombstone() Pair {
	var half []Held
	var untold []Problem
	if h, ok := p.HeldAt(InCRM, Action); ok && h.Code == partingHalf {
		half, untold = []Held{h}, p.Untold
	}
	p.Phase, p.Held, p.Told, p.Sending, p.Untold = Ended, half, nil, nil, untold
	return p
}

// PartedHalf says whether the row of an ended pair does not know of the end yet, and whether its form may take it back.
func (p Pair) PartedHalf() (byForm, half bool) {
	h, ok := p.HeldAt(InCRM, Action)
	return h.Value == partedByForm, ok && p.Phase == Ended && h.Value != ""
}

// PartingLasts says whether the row of an ended pair does not know of the end, because that was interrupted or refused: until it
// does, it names a referral that it has nothing to do with any more.
func (p Pair) PartingLasts(place Place, f Field) bool {
	_, ok := p.HeldAt(InCRM, Action)
	return ok && p.Phase == Ended && place == InCRM && f == Action
}

// PartingRefused says whether CRM did not take the end of the pair into its row.
func (p Pair) PartingRefused() bool {
	h, ok := p.HeldAt(InCRM, Action)
	return ok && p.Phase == Ended && h.Code != partingHalf
}

// Resumed is the pair whose end was taken back before its row knew of it.
func (p Pair) Resumed() Pair {
	p = p.Answered()
	p.Phase, p.OpportunityVersion = Linked, ""
	return p
}
