package partnercentersim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// sellerAct is the body of POST seller: Microsoft's seller, or Microsoft's own systems. Raw is as in userAct.
type sellerAct struct {
	Do       string         `json:"do"`
	ID       string         `json:"id"`
	Referral map[string]any `json:"referral"`
	Changes  map[string]any `json:"changes"`
	Reason   string         `json:"reason"`
	Name     string         `json:"name"`
	MSXID    string         `json:"msxId"`
	Help     string         `json:"help"`
	Notes    string         `json:"notes"`
	Source   string         `json:"source"`
	Kind     string         `json:"kind"`   // of a lead or an invitation
	Status   string         `json:"status"` // of a registration
	Raw      map[string]any `json:"raw"`
}

// seller does what Microsoft's seller does.
func (s *Sim) seller(a sellerAct) (acted, error) {
	if a.Kind != "" && a.Do != "lead" && a.Do != "invite" {
		return acted{}, fmt.Errorf("kind goes with lead and invite, not with %q", a.Do)
	}
	switch a.Do {
	case "invite":
		return s.sendInvitation(a)
	case "lead":
		return s.sendLead(a)
	case "accept", "decline", "win", "lose", "edit", "upgrade", "registration":
	default:
		return acted{}, fmt.Errorf("do %q: use accept, decline, win, lose, edit, invite, lead, upgrade or registration", a.Do)
	}
	named := s.referrals[strings.ToLower(a.ID)]
	if named == nil {
		return acted{}, fmt.Errorf("there is no referral with the id %q", a.ID)
	}
	own, microsoft := s.inEngagement(named.engagement())
	switch a.Do {
	case "upgrade":
		return s.sellerUpgrades(own, microsoft, a)
	case "registration":
		return s.sellerRegisters(own, a)
	}
	if microsoft == nil {
		return acted{}, fmt.Errorf("engagement %s has no referral to Microsoft: ask for help first", named.engagement())
	}
	if a.Do == "edit" {
		return s.sellerEdits(microsoft, a)
	}
	return s.sellerDecides(own, microsoft, a)
}

// sendInvitation stores an inbound deal, or a solution assessment.
func (s *Sim) sendInvitation(a sellerAct) (acted, error) {
	switch a.Kind {
	case "":
		return s.inbound(s.inboundDeal(), a)
	case "assessment":
		return s.inbound(s.assessment(), a)
	}
	return acted{}, fmt.Errorf("kind %q: an invitation is none or an assessment", a.Kind)
}

// sellerDecides moves Microsoft's referral through its life cycle.
func (s *Sim) sellerDecides(own, microsoft *referral, a sellerAct) (acted, error) {
	status, substatus, from := "Active", "Accepted", "New"
	if a.Do != "accept" {
		status, substatus = "Closed", closings()[a.Do]
		if a.Do != "decline" {
			from = "Active"
		}
	}
	before := microsoft.doc.clone()
	if before.text("status") != from {
		return acted{}, fmt.Errorf("Microsoft's referral %s is %s/%s: %s needs %s", microsoft.id(), before.text("status"), before.text("substatus"), a.Do, from)
	}
	microsoft.doc["status"], microsoft.doc["substatus"] = status, substatus
	if a.Reason != "" {
		microsoft.doc["statusReason"] = a.Reason
	}
	settle(before, microsoft.doc, s.opts.Now())
	if a.Do == "accept" {
		s.introduce(microsoft.doc, a.Name)
	}
	if err := s.retype(microsoft, a.Raw); err != nil {
		microsoft.doc = before
		return acted{}, err
	}
	if a.Do == "accept" && s.giveMSX(own, microsoft, s.msx(a.MSXID)) && own != nil {
		s.save(own)
	}
	s.save(microsoft)
	return s.told(microsoft.engagement()), nil
}

// introduce puts Microsoft's seller on the team of Microsoft's referral.
func (s *Sim) introduce(doc document, name string) {
	if name == "" {
		name = "Sam Fieldseller"
	}
	first, last, _ := strings.Cut(name, " ")
	email := strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "@microsoft.example"
	doc["team"] = (&reading{}).canonical(s.shape.find("team"), []any{person(first, last, "+14255550100", email)}, "")
}

// msx is Microsoft's CRM id: the one that is asked for, or a new one.
func (s *Sim) msx(asked string) string {
	if asked != "" {
		return asked
	}
	return fmt.Sprintf("7-%010X", s.ids.Uint64()&0xffffffffff)
}

// giveMSX puts Microsoft's CRM id on the referrals that the switch names, and says whether the partner's own is
// one of them. It saves neither.
func (s *Sim) giveMSX(own, microsoft *referral, msx string) bool {
	if !s.is("msxIdOn", "own") {
		microsoft.doc.put("trackingInfo/microsoftMsxId", msx)
	}
	if s.is("msxIdOn", "microsoft") || own == nil {
		return false
	}
	own.doc.put("trackingInfo/microsoftMsxId", msx)
	return true
}

// sellerEdits changes value, date or notes of Microsoft's referral, by JSON pointers as in user's update.
func (s *Sim) sellerEdits(microsoft *referral, a sellerAct) (acted, error) {
	if microsoft.closed() {
		return acted{}, fmt.Errorf("Microsoft's referral %s is closed", microsoft.id())
	}
	if len(a.Changes)+len(a.Raw) == 0 {
		return acted{}, fmt.Errorf(`changes is empty: give JSON pointers and values, such as {"/details/dealValue": 1000}`)
	}
	allowed := []string{"/details/dealValue", "/details/currency", "/details/closingDateTime", "/details/notes"}
	after, read := microsoft.doc.clone(), &reading{}
	for _, path := range slices.Sorted(maps.Keys(a.Changes)) {
		if !slices.Contains(allowed, path) {
			return acted{}, fmt.Errorf("changes: Microsoft's seller edits %s, not %q", strings.Join(allowed, ", "), path)
		}
		name := strings.TrimPrefix(path, "/")
		after.put(name, read.canonical(s.shape.find(name), a.Changes[path], path))
	}
	if refused := refuseAll("invalidProperty", read.problems); refused != nil {
		return acted{}, refused
	}
	before := microsoft.doc
	microsoft.doc = after
	if err := s.retype(microsoft, a.Raw); err != nil {
		microsoft.doc = before
		return acted{}, err
	}
	s.save(microsoft)
	return s.told(microsoft.engagement()), nil
}

// sellerUpgrades makes a co-sell deal of a deal that the partner has to itself, from Microsoft's side: an incentive
// claim or the customer's consent does that. The type becomes Shared, Microsoft's referral appears, Active unless
// "referral" says otherwise, and help may be set.
func (s *Sim) sellerUpgrades(own, microsoft *referral, a sellerAct) (acted, error) {
	switch {
	case own == nil || own.closed():
		return acted{}, fmt.Errorf("referral %s is not an open one of the partner", a.ID)
	case microsoft != nil:
		return acted{}, fmt.Errorf("engagement %s has a referral of Microsoft already", own.engagement())
	case a.Help != "" && !slices.Contains(helpCodes()[1:], a.Help):
		return acted{}, fmt.Errorf("help %q: use one of %s", a.Help, strings.Join(helpCodes()[1:], ", "))
	}
	side, err := s.microsoftSideOf(own.doc, a)
	if err != nil {
		return acted{}, err
	}
	before := own.doc.clone()
	own.doc["type"] = "Shared"
	own.doc.put(shareConsent, true)
	if a.Help != "" {
		own.doc.put(helpPath, a.Help)
		own.doc.put("inviteContext/notes", orNull(a.Notes))
	}
	s.giveMSX(own, side, s.msx(a.MSXID))
	if err := s.retype(own, a.Raw); err != nil {
		own.doc = before
		return acted{}, err
	}
	s.add(side)
	s.save(own)
	return s.told(own.engagement()), nil
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// microsoftSideOf makes, but does not store, Microsoft's referral for a deal whose other half Microsoft made.
func (s *Sim) microsoftSideOf(deal document, a sellerAct) (*referral, error) {
	base := deal.clone()
	for _, name := range serversOwn() {
		delete(base, name)
	}
	doc, err := s.over(base, a.Referral)
	if err != nil {
		return nil, err
	}
	doc = s.skeleton(doc)
	doc["id"], doc["engagementId"] = s.guid(), deal.text("engagementId")
	doc["organizationId"], doc["organizationName"] = microsoftID, "Microsoft"
	doc["type"], doc["direction"], doc["externalReferenceId"], doc["referralSource"] = "Shared", "Incoming", nil, orNull(a.Source)
	doc.put(shareConsent, true)
	if a.Referral["status"] == nil {
		doc["status"], doc["substatus"] = "Active", "Accepted"
	}
	doc["expirationDateTime"] = nil
	if doc.text("status") == "New" {
		doc["expirationDateTime"] = serverTime(s.opts.Now().Add(answerTime))
	}
	if a.Help != "" {
		doc.put(helpPath, a.Help)
		doc.put("inviteContext/notes", orNull(a.Notes))
	}
	doc.put("inviteContext/invitedBy", map[string]any{"organizationId": microsoftID, "organizationName": "Microsoft"})
	s.introduce(doc, a.Name)
	return &referral{doc: doc}, nil
}

// inbound stores a referral that came to the partner, waiting 14 days for an answer unless it says otherwise.
func (s *Sim) inbound(base document, a sellerAct) (acted, error) {
	doc, err := s.over(base, a.Referral)
	if err != nil {
		return acted{}, err
	}
	doc = s.skeleton(doc)
	if !slices.Contains(legalPairs()[doc.text("status")], doc.text("substatus")) {
		return acted{}, fmt.Errorf("referral: status %s does not go with substatus %s", doc.text("status"), doc.text("substatus"))
	}
	if doc.text("status") != "New" {
		doc["expirationDateTime"] = nil
	}
	if a.Source != "" {
		doc["referralSource"] = a.Source
	}
	engagement := s.guid()
	if a.Do == "invite" && s.is("microsoftSide", "true") {
		return s.inboundFromBoth(doc, engagement, a)
	}
	if a.MSXID != "" {
		doc.put("trackingInfo/microsoftMsxId", a.MSXID)
	}
	return s.entered(s.enter(&referral{doc: doc}, engagement), a)
}

// entered gives an inbound referral what was typed in raw.
func (s *Sim) entered(made *referral, a sellerAct) (acted, error) {
	if err := s.amend(made, a.Raw); err != nil {
		s.forget(made)
		return acted{}, err
	}
	return s.told(made.engagement()), nil
}

// inboundFromBoth stores the partner's referral and Microsoft's own, which exists before the partner hears of it.
func (s *Sim) inboundFromBoth(doc document, engagement string, a sellerAct) (acted, error) {
	doc["engagementId"] = engagement
	ask := a
	ask.Referral, ask.Help = nil, ""
	side, err := s.microsoftSideOf(doc, ask)
	if err != nil {
		return acted{}, err
	}
	side.doc["referralSource"] = doc["referralSource"]
	partners := &referral{doc: doc}
	s.giveMSX(partners, side, s.msx(a.MSXID))
	s.add(side)
	out, err := s.entered(s.enter(partners, engagement), a)
	if err != nil {
		s.forget(side)
	}
	return out, err
}
