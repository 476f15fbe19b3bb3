package partnercentersim

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// userAct is the body of POST user: the partner's own person in the portal.
type userAct struct {
	Do       string         `json:"do"`
	ID       string         `json:"id"`
	Referral map[string]any `json:"referral"`
	Help     string         `json:"help"`
	Notes    string         `json:"notes"`
	Changes  map[string]any `json:"changes"`
	Reason   string         `json:"reason"`
}

// sellerAct is the body of POST seller: Microsoft's seller.
type sellerAct struct {
	Do       string         `json:"do"`
	ID       string         `json:"id"`
	Referral map[string]any `json:"referral"`
	Reason   string         `json:"reason"`
	Name     string         `json:"name"`
	MSXID    string         `json:"msxId"`
}

// acted is the answer to both.
type acted struct {
	ID           string `json:"id"`
	EngagementID string `json:"engagementId"`
	MicrosoftID  string `json:"microsoftId,omitempty"`
}

func (s *Sim) told(engagement string) acted {
	own, microsoft := s.inEngagement(engagement)
	out := acted{EngagementID: engagement}
	if own != nil {
		out.ID = own.id()
	}
	if microsoft != nil {
		out.MicrosoftID = microsoft.id()
	}
	return out
}

// closings are the verbs that close a referral, and the substatus each sets.
func closings() map[string]string {
	return map[string]string{"decline": "Declined", "win": "Won", "lose": "Lost", "error": "Error"}
}

// user does what the partner's person does in the portal. The portal obeys the rules of the API.
func (s *Sim) user(a userAct) (acted, error) {
	if a.Do == "create" {
		return s.userCreates(a)
	}
	have := s.referrals[strings.ToLower(a.ID)]
	if have == nil {
		return acted{}, fmt.Errorf("there is no referral with the id %q", a.ID)
	}
	var steps []operation
	switch substatus, closing := closings()[a.Do]; {
	case a.Do == "update":
		return s.userUpdates(have, a)
	case a.Do == "accept":
		steps = state("Active", "Accepted")
	case closing:
		steps = state("Closed", substatus)
		if a.Do != "win" || a.Reason != "" {
			steps = append(steps, operation{"replace", "/statusReason", orOthers(a.Reason)})
		}
	default:
		return acted{}, fmt.Errorf("do %q: use create, update, accept, decline, win, lose or error", a.Do)
	}
	if refused := s.change(have, steps, byPortal); refused != nil {
		return acted{}, refused
	}
	return s.told(have.engagement()), nil
}

// userUpdates changes properties, and with help asks Microsoft to join.
func (s *Sim) userUpdates(have *referral, a userAct) (acted, error) {
	if len(a.Changes) == 0 && a.Help == "" {
		return acted{}, fmt.Errorf(`changes is empty: give JSON pointers and values, such as {"/details/dealValue": 1000}`)
	}
	var steps []operation
	for path, value := range a.Changes {
		if !strings.HasPrefix(path, "/") {
			return acted{}, fmt.Errorf("changes: %q is not a JSON pointer such as /details/dealValue", path)
		}
		op := "replace"
		if strings.HasSuffix(path, "/-") {
			op = "add"
		}
		steps = append(steps, operation{op: op, path: path, value: value})
	}
	sort.Slice(steps, func(i, j int) bool { return steps[i].path < steps[j].path })
	if len(steps) > 0 {
		if refused := s.change(have, steps, byPortal); refused != nil {
			return acted{}, refused
		}
	}
	if a.Help != "" {
		if err := s.askHelp(have, a); err != nil {
			return acted{}, err
		}
	}
	return s.told(have.engagement()), nil
}

// askHelp makes Microsoft's referral beside the partner's own.
func (s *Sim) askHelp(own *referral, a userAct) error {
	if !slices.Contains(helpCodes()[1:], a.Help) {
		return fmt.Errorf("help %q: use one of %s", a.Help, strings.Join(helpCodes()[1:], ", "))
	}
	asked := own.doc.clone()
	asked["target"] = []any{map[string]any{"type": "BusinessProfileLocation", "id": microsoftID}}
	asked.put(shareConsent, true)
	asked.put("inviteContext/assistanceRequestCode", a.Help)
	asked.put("inviteContext/notes", a.Notes)
	delete(asked, "externalReferenceId")
	if _, refused := s.createMicrosofts(asked); refused != nil {
		return refused
	}
	return nil
}

// orOthers is the reason that the portal's list ends with.
func orOthers(reason string) string {
	if strings.TrimSpace(reason) == "" {
		return "Others"
	}
	return reason
}

func state(status, substatus string) []operation {
	return []operation{{"replace", "/status", status}, {"replace", "/substatus", substatus}}
}

// userCreates makes a deal, and with help Microsoft's referral beside it.
func (s *Sim) userCreates(a userAct) (acted, error) {
	doc, err := s.over(s.completeDeal(), a.Referral)
	if err != nil {
		return acted{}, err
	}
	if a.Help != "" {
		doc.put(shareConsent, true)
		doc["type"] = "Shared"
	}
	made, refused := s.createOwn(doc)
	if refused != nil {
		return acted{}, refused
	}
	if a.Help != "" {
		if err := s.askHelp(made, a); err != nil {
			s.forget(made)
			return acted{}, err
		}
	}
	return s.told(made.engagement()), nil
}

// forget takes back a deal whose second half was refused; nobody has heard of it yet.
func (s *Sim) forget(r *referral) {
	delete(s.referrals, r.id())
	s.order = slices.DeleteFunc(s.order, func(o *referral) bool { return o == r })
	s.post.waiting = slices.DeleteFunc(s.post.waiting, func(e *event) bool { return strings.Contains(string(e.body), r.id()) })
}

// over lays what a control call says over a default document, strictly.
func (s *Sim) over(base document, given map[string]any) (document, error) {
	read := &reading{}
	asked, _ := read.canonical(s.shape, clone(given), "").(map[string]any)
	for _, name := range []string{"id", "engagementId", "organizationId", "organizationName", "eTag", "links", "createdDateTime", "updatedDateTime"} {
		if _, there := asked[name]; there {
			read.wrong(name, "is set by Partner Center itself")
		}
	}
	for _, name := range read.unknown {
		read.wrong(name, "is not a property of a referral")
	}
	if len(read.problems) > 0 {
		sort.Strings(read.problems)
		return nil, fmt.Errorf("referral: %s", strings.Join(read.problems, "; "))
	}
	whole, _ := (&reading{}).canonical(s.shape, map[string]any(base), "").(map[string]any)
	return merge(whole, asked), nil
}

// seller does what Microsoft's seller does.
func (s *Sim) seller(a sellerAct) (acted, error) {
	switch a.Do {
	case "invite":
		return s.inbound(s.inboundDeal(), a)
	case "lead":
		return s.inbound(s.inboundLead(), a)
	case "accept", "decline", "win", "lose":
	default:
		return acted{}, fmt.Errorf("do %q: use accept, decline, win, lose, invite or lead", a.Do)
	}
	named := s.referrals[strings.ToLower(a.ID)]
	if named == nil {
		return acted{}, fmt.Errorf("there is no referral with the id %q", a.ID)
	}
	own, microsoft := s.inEngagement(named.engagement())
	if microsoft == nil {
		return acted{}, fmt.Errorf("engagement %s has no referral to Microsoft: ask for help first", named.engagement())
	}
	before, status, substatus := microsoft.doc.clone(), "Active", "Accepted"
	from := "New"
	if a.Do != "accept" {
		status, substatus = "Closed", closings()[a.Do]
		if a.Do != "decline" {
			from = "Active"
		}
	}
	if before.text("status") != from {
		return acted{}, fmt.Errorf("Microsoft's referral %s is %s/%s: %s needs %s", microsoft.id(), before.text("status"), before.text("substatus"), a.Do, from)
	}
	microsoft.doc["status"], microsoft.doc["substatus"] = status, substatus
	if a.Reason != "" {
		microsoft.doc["statusReason"] = a.Reason
	}
	settle(before, microsoft.doc, s.opts.Now())
	if a.Do == "accept" {
		s.sellerAccepts(own, microsoft, a)
	}
	s.save(microsoft)
	return s.told(named.engagement()), nil
}

// sellerAccepts puts the seller on the team and Microsoft's CRM id on the referral that the switch names.
func (s *Sim) sellerAccepts(own, microsoft *referral, a sellerAct) {
	name, msx := a.Name, a.MSXID
	if name == "" {
		name = "Sam Fieldseller"
	}
	if msx == "" {
		msx = fmt.Sprintf("7-%010X", s.ids.Uint64()&0xffffffffff)
	}
	first, last, _ := strings.Cut(name, " ")
	email := strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "@microsoft.example"
	team, _ := (&reading{}).canonical(s.shape.find("team"), []any{person(first, last, "+14255550100", email)}, "").([]any)
	microsoft.doc["team"] = team
	if !s.is("msxIdOn", "own") {
		microsoft.doc.put("trackingInfo/microsoftMsxId", msx)
	}
	if !s.is("msxIdOn", "microsoft") && own != nil {
		own.doc.put("trackingInfo/microsoftMsxId", msx)
		s.save(own)
	}
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
	if a.MSXID != "" {
		doc.put("trackingInfo/microsoftMsxId", a.MSXID)
	}
	return s.told(s.enter(doc, s.guid()).engagement()), nil
}
