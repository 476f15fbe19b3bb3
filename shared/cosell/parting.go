package cosell

import (
	"slices"
	"strings"
)

// A person ends a pair: that is noted first, and then written into the row. In between the pair holds that its row does not know
// yet, and whether the form may take it back.
const (
	partingHalf  = "unlink.unfinished"
	partedByForm = "form"
	partedElse   = "begun"
	linkingHalf  = "link.unfinished"
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

// Leaves is the referral out of whose row the end of the pair goes: its own, or the one that it gave away before the row knew; "" for none.
func (p Pair) Leaves() string {
	h, ok := p.HeldAt(InCRM, Action)
	if !ok || p.Phase != Ended || h.Value == partedByForm || h.Value == partedElse || h.Value == "" {
		return p.ReferralID
	}
	return h.Value
}

// GivesAway is the pair without its referrals, as a tombstone: another record gets them. That its row does not know of its end yet, or may name
// the referral because it was to be linked again, stays, with what the row is to be told then. A new engagement of its record knows them for
// former ones.
func (p Pair) GivesAway() Pair {
	var half []Held
	for _, h := range p.Held {
		begun := h.Place == InCRM && h.Field == Action && h.Value != ""
		joins := h.Code == linkingHalf
		switch {
		case p.Phase != Ended || !begun && !joins:
			continue
		case begun:
			h.Value = p.Leaves()
		case strings.EqualFold(h.Value, p.ReferralID):
			h.Field, h.Code, h.Text = Action, partingHalf, "the "+p.Noun()+" is not linked with referral "+p.ReferralID+" any more, and its row does not say so yet"
		}
		half = append(half, h)
	}
	if p.Phase == Ended {
		p.Former = p.formers()
	}
	p.ReferralID, p.MicrosoftID, p.EngagementID = "", "", ""
	p.Phase, p.Held, p.Told = Ended, half, nil
	return p
}

// PartingLasts says whether the row of an ended pair does not know of the end, because that was interrupted or refused: until it
// does, it names a referral that it has nothing to do with any more. So may the row of one whose link is not finished.
func (p Pair) PartingLasts(place Place, f Field) bool {
	_, ok := p.HeldAt(InCRM, f)
	return ok && p.Phase == Ended && place == InCRM && (f == Action || f == ReferralID && p.JoinedHalf() != "")
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

// Undoes says whether going on with the pair would undo an end: that from the former referral, which Audit tells of the row, and of which
// the pair knows nothing. So does one of an older copy of the tables. A creation that was asked for after an end knows it.
func (p Pair) Undoes(former string) bool {
	switch {
	case p.Phase == Linked || p.Phase == Creating && p.ReferralID != "":
		return strings.EqualFold(p.ReferralID, former)
	case p.Phase == Creating:
		return !p.Resumes(former)
	}
	return false
}

// Joining is the ended pair that is about to be linked again, because an operator asks for it: until the two are linked, whoever comes
// next goes on with it.
func (p Pair) Joining(referralID string, o Opportunity) Pair {
	p.Held = heldFrom(p.Held, []Problem{{Code: linkingHalf, Field: ReferralID, Place: InCRM, Class: OfRecord, Warn: true, Sent: true, Value: referralID,
		Text: "the " + p.Noun() + " is to be linked with referral " + referralID + ", and that is not done yet", Mend: "nothing to do, it is tried again"}},
		o.Read, map[Place]string{InCRM: o.Version})
	return p
}

// JoinedHalf is the referral with which an ended pair is to be linked again, "" for none.
func (p Pair) JoinedHalf() string {
	if h, ok := p.HeldAt(InCRM, ReferralID); ok && p.Phase == Ended && h.Code == linkingHalf {
		return h.Value
	}
	return ""
}

// Unjoined is the ended pair once nobody wants it linked again.
func (p Pair) Unjoined() Pair {
	p.Held = slices.DeleteFunc(slices.Clone(p.Held), func(h Held) bool { return h.Code == linkingHalf })
	return p
}
