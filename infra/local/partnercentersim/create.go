package partnercentersim

import (
	"cmp"
	"net/http"
	"strings"
)

// create is POST of a referral: https://learn.microsoft.com/partner-center/developer/create-a-referral.
// A body with the target msft and an engagementId asks Microsoft's help for a deal that is there already.
func (s *Sim) create(w http.ResponseWriter, r *http.Request) *refusal {
	asked, refused := s.readReferral(r)
	if refused != nil {
		return refused
	}
	set := map[string]any{}
	spread(set, "", map[string]any(asked))
	if refused := s.ruled(r, true, set); refused != nil {
		return refused
	}
	made, refused := s.createFrom(asked)
	if refused != nil {
		return refused
	}
	reportVersions(w, "", made.etag())
	w.Header().Set("ETag", made.etag())
	w.Header().Set("Location", ReferralsAudience+referralsPath+"/"+made.id())
	status := http.StatusCreated
	if s.is("postStatus", "200") {
		status = http.StatusOK
	}
	writeJSON(w, status, s.answer(made))
	return nil
}

// readReferral reads a body that is a referral, in any case and with members that nobody knows.
func (s *Sim) readReferral(r *http.Request) (document, *refusal) {
	body, refused := readBody(r, "application/json")
	if refused != nil {
		return nil, refused
	}
	in, ok := body.(map[string]any)
	if !ok {
		return nil, invalid("body", "the body must be one JSON object")
	}
	read := s.reading()
	asked, _ := read.canonical(s.shape, in, "").(map[string]any)
	return asked, refuseAll("invalidProperty", read.problems)
}

// reading starts to read a value.
func (s *Sim) reading() *reading { return &reading{engaged: s.is("activeStatus", "Engaged")} }

func (s *Sim) createFrom(asked document) (*referral, *refusal) {
	missing := &demands{s: s}
	for _, name := range []string{"type", "customerProfile", "consent", "details"} {
		if asked[name] == nil {
			missing.wrong(name, "is required")
		}
	}
	if refused := missing.refusal(); refused != nil {
		return nil, refused
	}
	status, substatus := asked.text("status"), asked.text("substatus")
	switch status + "/" + substatus {
	case "/", "New/Pending", "Active/Accepted":
	default:
		return nil, invalid("invalidStatus", "a new referral is New/Pending or Active/Accepted, not %s/%s", status, substatus).about("status")
	}
	if forMicrosoft(asked) {
		return s.createMicrosofts(asked)
	}
	if id := asked.text("engagementId"); id != "" {
		if own, microsoft := s.inEngagement(id); own == nil && microsoft == nil {
			return nil, notFound("engagement " + id)
		}
		return nil, invalid("invalidTarget", "a second referral of an engagement must have the target BusinessProfileLocation/msft").about("target")
	}
	if !s.covers(asked) { // people in the portal have roles of their own
		return nil, refuse(http.StatusForbidden, "accessDenied", "locationScope", "the user has no role at location %s", asked.text("mpnId"))
	}
	return s.createAsked(asked)
}

// createAsked makes the partner's own deal, and with a help code what the switch helpInOwnPost says.
func (s *Sim) createAsked(asked document) (*referral, *refusal) {
	if code := asked.text(helpPath); code == "" || code == "Unknown" || s.is("helpInOwnPost", "stored") {
		return s.createOwn(asked)
	}
	invitation := asked.clone()
	if s.is("helpInOwnPost", "invites") {
		check := &demands{s: s}
		check.help(asked) // before anything is stored
		if refused := check.refusal(); refused != nil && s.is("strict", "true") {
			return nil, refused
		}
	}
	asked.put(helpPath, nil)
	asked.put("inviteContext/notes", nil)
	made, refused := s.createOwn(asked)
	if refused != nil || s.is("helpInOwnPost", "ignored") {
		return made, refused
	}
	invitation["engagementId"], invitation["target"] = made.engagement(), []any{map[string]any{"type": "BusinessProfileLocation", "id": microsoftID}}
	delete(invitation, "externalReferenceId")
	if _, refused := s.createMicrosofts(invitation); refused != nil {
		s.forget(made)
		return nil, refused
	}
	return made, nil
}

func forMicrosoft(d document) bool {
	for _, e := range d.items("target") {
		target, _ := e.(map[string]any)
		if document(target).text("type") == "BusinessProfileLocation" && strings.EqualFold(document(target).text("id"), microsoftID) {
			return true
		}
	}
	return false
}

// serverSet are the members that Partner Center fills, whatever a body says.
func serverSet() []string {
	return []string{"id", "organizationId", "organizationName", "createdDateTime", "updatedDateTime", "expirationDateTime",
		"acceptedDateTime", "closedDateTime", "eTag", "links", "referralSource", "callToAction", "quality", "isSpam",
		"dealSensitivity", "registrationStatus", "registrations", "trackingInfo", "exception", "direction"}
}

// skeleton fills a document up to what every answer holds.
func (s *Sim) skeleton(d document) document {
	out := document(fill(s.shape, map[string]any(d.clone())).(map[string]any))
	for path, value := range map[string]any{"favorite": false, "isSpam": false, "quality": "Unknown", "dealSensitivity": "None",
		"registrationStatus": "None", "qualification": "None", "inviteContext/assistanceRequestCode": "Unknown",
		"customerProfile/isMatchingComplete": false, shareConsent: false, "consent/consentToContact": false,
		"consent/consentToToShareInfoWithOthers": false, "consent/consentToMicrosoftToContactSpecificPartners": false} {
		if out.at(path) == nil {
			out.put(path, value)
		}
	}
	delete(out, "links")
	return out
}

// createOwn makes the partner's own referral, Active/Accepted at once.
func (s *Sim) createOwn(asked document) (*referral, *refusal) {
	for _, name := range serverSet() {
		delete(asked, name)
	}
	doc := s.skeleton(asked)
	s.located(doc)
	s.followConsent(doc)
	if s.is("strict", "true") {
		check := &demands{s: s}
		check.complete(doc)
		if refused := check.refusal(); refused != nil {
			return nil, refused
		}
	}
	doc["status"], doc["substatus"], doc["direction"] = "Active", "Accepted", s.switches["ownDirection"]
	if doc.at("inviteContext/invitedBy") == nil {
		doc.put("inviteContext/invitedBy", map[string]any{"organizationId": s.opts.OrganizationID, "organizationName": s.opts.OrganizationName})
	}
	s.remake(doc)
	return s.enter(&referral{doc: doc}, s.guid()), nil
}

// enter stores a referral of the partner as new.
func (s *Sim) enter(r *referral, engagement string) *referral {
	doc := r.doc
	doc["id"], doc["engagementId"] = cmp.Or(s.wanted, s.guid()), engagement
	s.wanted = ""
	doc["organizationId"], doc["organizationName"] = s.opts.OrganizationID, s.opts.OrganizationName
	s.add(r)
	return r
}

// followConsent sets the type where it follows from the consent.
func (s *Sim) followConsent(doc document) {
	if s.is("typeFollowsConsent", "false") {
		return
	}
	doc["type"] = "Independent"
	if doc.isTrue(shareConsent) {
		doc["type"] = "Shared"
	}
}

// createMicrosofts makes the referral that asks Microsoft's help, New/Pending for 14 days.
func (s *Sim) createMicrosofts(asked document) (*referral, *refusal) {
	id := asked.text("engagementId")
	if id == "" {
		return nil, invalid("engagementRequired", "a referral to msft needs the engagementId of the partner's own referral").about("engagementId")
	}
	own, microsoft := s.inEngagement(id)
	switch {
	case own == nil:
		return nil, notFound("engagement " + id)
	case microsoft != nil:
		return nil, refuse(http.StatusConflict, "resourceModified", "alreadyInvited", "engagement %s has a referral to Microsoft already", id)
	case own.closed():
		return nil, invalid("referralClosed", "the partner's referral of engagement %s is closed", id)
	}
	if refused := pendingOwn(own); refused != nil {
		return nil, refused
	}
	for _, name := range serverSet() {
		delete(asked, name)
	}
	doc := s.skeleton(asked)
	if doc.text("name") == "" {
		doc["name"] = own.doc["name"]
	}
	s.followConsent(doc)
	if s.is("strict", "true") {
		check := &demands{s: s}
		check.core(doc)
		check.plea(doc)
		if doc.text(helpPath) == "Unknown" {
			check.wrong(helpPath, "must say how Microsoft can help: one of %s", strings.Join(helpCodes()[1:], ", "))
		}
		if refused := check.refusal(); refused != nil {
			return nil, refused
		}
	}
	s.remake(doc)
	made := s.invite(own, doc)
	s.shareOwn(own, doc)
	return made, nil
}

// invite stores Microsoft's referral beside the partner's own.
func (s *Sim) invite(own *referral, doc document) *referral {
	doc["id"], doc["engagementId"] = s.guid(), own.engagement()
	doc["organizationId"], doc["organizationName"] = microsoftID, "Microsoft"
	doc["status"], doc["substatus"], doc["direction"] = "New", "Pending", s.switches["ownDirection"]
	doc["expirationDateTime"] = serverTime(s.opts.Now().Add(answerTime))
	doc["acceptedDateTime"], doc["team"] = nil, []any{}
	doc.put("inviteContext/invitedBy", map[string]any{"organizationId": s.opts.OrganizationID, "organizationName": s.opts.OrganizationName})
	made := &referral{doc: doc}
	s.add(made)
	return made
}

// shareOwn does to the partner's own referral what asking for help implies: the sellers may see the deal.
func (s *Sim) shareOwn(own *referral, microsofts document) {
	before := own.doc.clone()
	own.doc.put(shareConsent, true)
	s.followConsent(own.doc)
	if s.is("ownHelpCode", "mirrored") && own.doc.text("inviteContext/assistanceRequestCode") == "Unknown" {
		own.doc.put("inviteContext/assistanceRequestCode", microsofts.at("inviteContext/assistanceRequestCode"))
		own.doc.put("inviteContext/notes", microsofts.at("inviteContext/notes"))
	}
	if !same(map[string]any(before), map[string]any(own.doc)) {
		s.save(own)
	}
}
