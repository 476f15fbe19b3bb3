package partnercentersim

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

const (
	referralsPath = "/v1.0/engagements/referrals"
	contextBase   = "https://" + ReferralsHost + "/v1.0/engagements/referrals/$metadata#Referrals"
	microsoftID   = "msft" // organizationId of Microsoft
	shareConsent  = "consent/consentToShareReferralWithMicrosoftSellers"
	answerTime    = 14 * 24 * time.Hour // then a pending referral expires
)

// referral is one stored referral.
type referral struct {
	doc      document
	shown    []shown   // versions, as lists come to show them; the last is the present one
	readable time.Time // from then on by id
	expires  time.Time // zero when it does not
}

func (r *referral) id() string         { return r.doc.text("id") }
func (r *referral) engagement() string { return r.doc.text("engagementId") }
func (r *referral) microsoft() bool    { return r.doc.text("organizationId") == microsoftID }
func (r *referral) closed() bool       { return r.doc.text("status") == "Closed" }
func (r *referral) etag() string       { return r.doc.text("eTag") }

// inEngagement finds the partner's own and Microsoft's referral of an engagement.
func (s *Sim) inEngagement(id string) (own, microsoft *referral) {
	for _, r := range s.order {
		switch {
		case !strings.EqualFold(r.engagement(), id):
		case r.microsoft():
			microsoft = r
		default:
			own = r
		}
	}
	return own, microsoft
}

// serveReferrals is api.partner.microsoft.com.
// https://learn.microsoft.com/partner-center/developer/referrals-api-introduction
func (s *Sim) serveReferrals(w http.ResponseWriter, r *http.Request) {
	s.lock()
	defer s.unlock()
	s.requests++
	w.Header().Set("request-id", fmt.Sprintf("00000000-0000-4000-8000-%012x", s.requests))
	w.Header().Set("timestamp", serverTime(s.opts.Now()))
	if id := r.Header.Get("client-request-id"); id != "" {
		w.Header().Set("client-request-id", id)
	}
	if refused := s.admit(w, r); refused != nil {
		s.writeRefusal(w, refused)
		return
	}
	if s.throttled(w, r) {
		return
	}
	rest, found := strings.CutPrefix(strings.TrimRight(r.URL.Path, "/"), referralsPath)
	id := strings.TrimPrefix(rest, "/")
	if !found || rest != "" && !strings.HasPrefix(rest, "/") || strings.Contains(id, "/") {
		s.writeRefusal(w, notFound(r.URL.Path))
		return
	}
	if refused := s.route(w, r, id); refused != nil {
		s.writeRefusal(w, refused)
	}
}

// route does one call; what it returns is answered as an error.
func (s *Sim) route(w http.ResponseWriter, r *http.Request, id string) *refusal {
	switch {
	case id == "" && r.Method == http.MethodGet:
		return s.list(w, r)
	case id == "" && r.Method == http.MethodPost:
		return s.create(w, r)
	case id == "":
		w.Header().Set("Allow", "GET, POST")
	case r.Method == http.MethodGet:
		return s.get(w, id)
	case r.Method == http.MethodPatch:
		return s.patch(w, r, id)
	case r.Method == http.MethodPut && s.is("put", "accept"):
		return s.put(w, r, id)
	default:
		w.Header().Set("Allow", "GET, PATCH, PUT")
	}
	return refuse(http.StatusMethodNotAllowed, "invalidRequest", "methodNotAllowed", "%s is not offered here", r.Method)
}

// admit checks who calls: 401 without a good token, 403 for app-only tokens and for people without a role.
func (s *Sim) admit(w http.ResponseWriter, r *http.Request) *refusal {
	g, who := s.bearer(w, r, ReferralsAudience)
	switch {
	case who == misdirected:
		return refuse(http.StatusUnauthorized, codeAudience, "", "the token is for another audience than %s", ReferralsAudience)
	case who == nobody:
		return refuse(http.StatusUnauthorized, "unauthenticated", "", "a bearer token for %s is needed: missing, expired or for another audience", ReferralsAudience)
	case !g.user():
		return refuse(http.StatusForbidden, "accessDenied", "appOnlyNotSupported", "referrals can only be used with App+User tokens")
	case s.lacksMFA(g):
		return s.withoutMFA()
	}
	s.caller = g
	switch role := s.role(); {
	case role == "none":
		return refuse(http.StatusForbidden, "accessDenied", "roleMissing", "the user is neither Referrals admin nor Referrals user")
	case role == "reader" && r.Method != http.MethodGet:
		return refuse(http.StatusForbidden, "accessDenied", "readOnlyRole", "the user's role may only read")
	case s.is("clientRequestId", "demanded") && !guidForm.MatchString(r.Header.Get("client-request-id")):
		return invalid("clientRequestIdMissing", "the header client-request-id must hold a GUID")
	}
	return nil
}

// withoutMFA refuses a user token that lacks the MFA claim:
// https://learn.microsoft.com/partner-center/security/mfa-resources
func (s *Sim) withoutMFA() *refusal {
	status, code, inner := http.StatusUnauthorized, "unauthenticated", codeMFA
	if s.is("mfaRefusal", "403") {
		status, code = http.StatusForbidden, "accessDenied"
	}
	if s.is("mfaCode", "code") {
		code, inner = codeMFA, ""
	}
	return refuse(status, code, inner, "MFA required: the token carries no MFA claim")
}

// sees says whether the caller may see a referral: an admin all, a user where it is on the team
// of the partner's referral in the engagement.
func (s *Sim) sees(r *referral) bool {
	own, _ := s.inEngagement(r.engagement())
	if own == nil {
		own = r
	}
	if !s.covers(own.doc) {
		return false
	}
	if s.role() == "admin" {
		return true
	}
	for _, m := range own.doc.items("team") {
		if member, ok := m.(map[string]any); ok && strings.EqualFold(document(member).text("email"), s.caller.person.UPN) {
			return true
		}
	}
	return false
}

// visible finds a referral for the caller.
func (s *Sim) visible(id string) (*referral, *refusal) {
	r := s.referrals[strings.ToLower(id)]
	if r == nil || s.opts.Now().Before(r.readable) {
		return nil, notFound("referral " + id)
	}
	if r.microsoft() && !s.is("microsoftReferral", "readable") {
		return nil, refuse(http.StatusForbidden, "accessDenied", "microsoftsReferral", "referral %s is Microsoft's", id)
	}
	if !s.sees(r) {
		return nil, refuse(http.StatusForbidden, "accessDenied", "notOnTeam", "the user is not on the team of referral %s, or has no role at its location", id)
	}
	return r, nil
}

func (s *Sim) get(w http.ResponseWriter, id string) *refusal {
	r, refused := s.visible(id)
	if refused != nil {
		return refused
	}
	w.Header().Set("ETag", r.etag())
	writeJSON(w, http.StatusOK, s.answer(r))
	return nil
}

// readBody reads a JSON body and refuses other media types.
func readBody(r *http.Request, types ...string) (any, *refusal) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	known := false
	for _, t := range types {
		known = known || media == t
	}
	if err != nil || !known {
		return nil, refuse(http.StatusUnsupportedMediaType, "invalidRequest", "contentType", "Content-Type must be %s", types[0])
	}
	data, err := io.ReadAll(io.LimitReader(r.Body, bodyLimit+1))
	if err != nil {
		return nil, invalid("body", "the body cannot be read")
	}
	if len(data) > bodyLimit {
		return nil, refuse(http.StatusRequestEntityTooLarge, "invalidRequest", "body", "the body is longer than %d bytes", bodyLimit)
	}
	v, err := parseJSON(data)
	if err != nil {
		return nil, invalid("body", "the body is not JSON: %v", err)
	}
	return v, nil
}

// save gives a changed referral its new version and tells the subscribers.
func (s *Sim) save(r *referral) { s.store(r, "updated", s.stamp(), s.opts.Now()) }

// store stamps a referral, puts it into the lists and raises its event, the last two not before "from".
func (s *Sim) store(r *referral, what string, now, from time.Time) {
	r.doc["updatedDateTime"] = serverTime(now)
	r.doc["eTag"] = fmt.Sprintf("\"%08x-0000-0100-0000-%08x0000\"", s.ids.Uint32(), uint32(now.Unix()))
	r.expires = time.Time{}
	if at, err := time.Parse(time.RFC3339, r.doc.text("expirationDateTime")); err == nil && r.doc.text("status") == "New" {
		r.expires = at
	}
	s.show(r, from)
	name, id := "referral-"+what, r.id()
	if r.microsoft() {
		name = "related-referral-" + what
		if own, _ := s.inEngagement(r.engagement()); own != nil && s.is("relatedEventId", "own") {
			id = own.id()
		}
	}
	s.wake = true // it may expire one day
	s.raise(name, "referral", WebhooksAudience+"/engagements/v1/referrals/"+id, now, from, nil)
}

// add stores a new referral.
func (s *Sim) add(r *referral) {
	now, stamp := s.opts.Now(), s.stamp()
	from := now.Add(s.duration("commitDelay"))
	r.readable = now.Add(max(s.duration("commitDelay"), s.duration("eventBeforeReadable")))
	r.doc["createdDateTime"] = serverTime(stamp)
	if r.doc.text("status") == "Active" {
		r.doc["acceptedDateTime"] = serverTime(stamp)
	}
	s.referrals[r.id()] = r
	s.order = append(s.order, r)
	s.store(r, "created", stamp, from)
}

func reportVersions(w http.ResponseWriter, before, after string) {
	if before != "" {
		w.Header().Set(control.HeaderBefore, before)
	}
	w.Header().Set(control.HeaderAfter, after)
}
