package partnercentersim

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// userAct is the body of POST user: the partner's own person in the portal. Raw is put into the referral last,
// unchecked: JSON pointers to any values, also of forms that no document knows.
type userAct struct {
	Do       string         `json:"do"`
	ID       string         `json:"id"`
	Referral map[string]any `json:"referral"`
	Help     string         `json:"help"`
	Notes    string         `json:"notes"`
	Changes  map[string]any `json:"changes"`
	Reason   string         `json:"reason"`
	Raw      map[string]any `json:"raw"`

	Registration map[string]any `json:"registration"`
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
	var err error
	switch substatus, closing := closings()[a.Do]; {
	case a.Do == "update":
		return s.userUpdates(have, a)
	case a.Do == "register":
		steps = []operation{{"add", "/registrations/-", a.Registration}}
	case a.Do == "accept":
		if steps, err = a.steps(); err != nil {
			return acted{}, err
		}
		steps = append(s.formFilled(have.doc, steps), state("Active", "Accepted")...)
	case closing:
		steps = state("Closed", substatus)
		if a.Do != "win" || a.Reason != "" {
			steps = append(steps, operation{"replace", "/statusReason", s.portalReason(substatus, a.Reason)})
		}
	default:
		return acted{}, fmt.Errorf("do %q: use create, update, accept, decline, win, lose, error or register", a.Do)
	}
	if refused := s.change(have, steps, byPortal); refused != nil {
		return acted{}, refused
	}
	return s.told(have.engagement()), s.amend(have, a.Raw)
}

// formFilled puts in front of the steps of an acceptance what the portal's form demands and neither the referral
// nor the steps say.
func (s *Sim) formFilled(d document, steps []operation) []operation {
	if !s.is("strict", "true") || s.is("acceptance", "touched") {
		return steps
	}
	form := s.completeDeal()
	form["name"] = "Deal with " + d.text("customerProfile/name")
	var out []operation
	demanded := dealForm()
	if isLead(d) {
		demanded = leadForm()
	}
	for _, path := range demanded {
		said := slices.ContainsFunc(steps, func(o operation) bool {
			return strings.HasPrefix(strings.ToLower(o.path)+"/", strings.ToLower("/"+path+"/"))
		})
		if v := d.at(path); !said && (v == nil || v == "" || len(d.items(path)) == 0 && s.shape.find(path).kind == list) {
			out = append(out, operation{op: "replace", path: "/" + path, value: form.at(path)})
		}
	}
	return append(out, steps...)
}

// steps are the changes as operations, in the order of their paths.
func (a userAct) steps() ([]operation, error) {
	var steps []operation
	for _, path := range slices.Sorted(maps.Keys(a.Changes)) {
		if !strings.HasPrefix(path, "/") {
			return nil, fmt.Errorf("changes: %q is not a JSON pointer such as /details/dealValue", path)
		}
		op := "replace"
		if strings.HasSuffix(path, "/-") {
			op = "add"
		}
		steps = append(steps, operation{op: op, path: path, value: a.Changes[path]})
	}
	return steps, nil
}

// userUpdates changes properties, and with help asks Microsoft to join.
func (s *Sim) userUpdates(have *referral, a userAct) (acted, error) {
	if len(a.Changes) == 0 && a.Help == "" && len(a.Raw) == 0 {
		return acted{}, fmt.Errorf(`changes is empty: give JSON pointers and values, such as {"/details/dealValue": 1000}`)
	}
	steps, err := a.steps()
	if err != nil {
		return acted{}, err
	}
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
	if len(steps) > 0 {
		return s.told(have.engagement()), s.amend(have, a.Raw)
	}
	if err := s.retype(have, a.Raw); err != nil {
		return acted{}, err
	}
	if len(a.Raw) > 0 {
		s.save(have)
	}
	return s.told(have.engagement()), nil
}

// amend types raw values into a version that was stored a moment ago, before anybody has seen it.
func (s *Sim) amend(r *referral, raw map[string]any) error {
	err := s.retype(r, raw)
	if last := len(r.shown) - 1; err == nil && last >= 0 {
		r.shown[last].doc = r.doc.clone()
	}
	return err
}

// retype puts values into a referral, unchecked; all or none. The caller stores it.
func (s *Sim) retype(r *referral, raw map[string]any) error {
	if len(raw) == 0 {
		return nil
	}
	doc := r.doc.clone()
	for _, path := range slices.Sorted(maps.Keys(raw)) {
		names := pointer(path)
		if spelt, at := s.spell(names); at != nil {
			names = spelt
		}
		if !strings.HasPrefix(path, "/") || len(path) < 2 || slices.Contains(serversOwn(), names[0]) {
			return fmt.Errorf("raw: %q is not a JSON pointer to something that a person can type in", path)
		}
		op := operation{op: "replace", path: path, value: clone(raw[path])}
		if names[len(names)-1] == "-" {
			op.op = "add"
		}
		if _, refused := insert(map[string]any(doc), names, op); refused != nil {
			return fmt.Errorf("raw: %w", refused)
		}
	}
	r.doc = doc
	return nil
}

// serversOwn are the members that make a referral findable: nobody types them.
func serversOwn() []string {
	return []string{"id", "engagementId", "organizationId", "organizationName", "eTag", "links", "createdDateTime", "updatedDateTime"}
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

// portalReason is what the portal stores for a reason; its list ends with Others.
func (s *Sim) portalReason(substatus, reason string) string {
	if strings.TrimSpace(reason) == "" {
		reason = "Others"
	}
	if s.is("statusReason", "code") {
		i := slices.IndexFunc(reasonsFor(substatus), func(k string) bool {
			return slices.Contains(strings.Split(k, "|"), strings.ToLower(reason))
		})
		if i >= 0 {
			return strconv.Itoa(i + 1)
		}
	}
	return reason
}

func state(status, substatus string) []operation {
	return []operation{{"replace", "/status", status}, {"replace", "/substatus", substatus}}
}

// userCreates makes a deal, and with help Microsoft's referral beside it.
func (s *Sim) userCreates(a userAct) (acted, error) {
	if a.ID != "" && (!guidForm.MatchString(a.ID) || a.ID != strings.ToLower(a.ID) || s.referrals[a.ID] != nil) {
		return acted{}, fmt.Errorf("id %q: a new deal may be given the id that it is to have, a GUID in small letters that no other has", a.ID)
	}
	defer func() { s.wanted = "" }()
	doc, err := s.over(s.completeDeal(), a.Referral)
	if err != nil {
		return acted{}, err
	}
	if a.Help != "" {
		doc.put(shareConsent, true)
		doc["type"] = "Shared"
	}
	s.wanted = a.ID
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
	if err := s.amend(made, a.Raw); err != nil {
		s.forget(made)
		return acted{}, err
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
	for _, name := range serversOwn() {
		if _, there := asked[name]; there {
			read.wrong(name, "is set by Partner Center itself")
		}
	}
	for _, name := range read.unknown {
		read.wrong(name, "is not a property of a referral")
	}
	if refused := refuseAll("invalidProperty", read.problems); refused != nil {
		return nil, fmt.Errorf("referral: %w", refused)
	}
	whole, _ := (&reading{}).canonical(s.shape, map[string]any(base), "").(map[string]any)
	return merge(whole, asked), nil
}
