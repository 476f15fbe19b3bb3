package partnercentersim

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A code lives for ten minutes and is redeemed once:
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
const codeLife = 10 * time.Minute

// signIn is what an app asked for at /authorize, while a person looks at the page.
type signIn struct {
	app                      App
	redirect, state, mode    string
	audience, nonce          string
	challenge, method, scope string
	hint                     string
	person                   *Person // who has signed in and is asked to consent
}

// code is what the app gets for a sign-in.
type code struct {
	signIn
	expires time.Time
	used    bool
}

// authorize is the authorization endpoint: an error of the app's own address is shown to the person, every other one
// goes back to the app, and a good request shows who can sign in.
func (s *Sim) authorize(w http.ResponseWriter, r *http.Request, tenant string) {
	q := r.URL.Query()
	if r.Method == http.MethodPost {
		if err := r.ParseForm(); err != nil {
			s.page(w, http.StatusBadRequest, 9002313, "Invalid request. Request is malformed or invalid.")
			return
		}
		q = r.Form
	}
	s.mu.Lock()
	defer s.unlock()
	app, number, text := s.asking(tenant, q)
	if number != 0 {
		s.page(w, http.StatusBadRequest, number, text)
		return
	}
	in := &signIn{app: app, redirect: q.Get("redirect_uri"), state: q.Get("state"), mode: q.Get("response_mode"), nonce: q.Get("nonce"),
		challenge: q.Get("code_challenge"), method: q.Get("code_challenge_method"), scope: q.Get("scope"), hint: q.Get("login_hint")}
	word, number, text := s.wellAsked(in, q)
	switch {
	case number != 0:
		in.back(w, r, failed(word, number, text))
	case q.Get("prompt") == "none": // nobody is ever signed in already
		in.back(w, r, failed("login_required", 50058, "A silent sign-in request was sent but no user is signed in."))
	default:
		id := s.guid()
		s.signIns[id] = in
		s.choose(w, tenant, id, in)
	}
}

// asking finds the app that asks, and checks what must be right before anything is sent back to it.
func (s *Sim) asking(tenant string, q url.Values) (app App, number int, text string) {
	if strings.EqualFold(tenant, "common") || strings.EqualFold(tenant, "organizations") {
		return app, 50194, "Application '" + q.Get("client_id") + "' is not configured as a multi-tenant application. Use a tenant-specific endpoint."
	}
	if !s.knowsTenant(tenant) {
		return app, 90002, "Tenant '" + tenant + "' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."
	}
	for _, name := range []string{"client_id", "redirect_uri"} {
		if q.Get(name) == "" {
			return app, 900144, "The request body must contain the following parameter: '" + name + "'."
		}
	}
	at := slices.IndexFunc(s.apps(), func(a App) bool { return strings.EqualFold(a.Tenant, tenant) && a.ClientID == q.Get("client_id") })
	if at < 0 {
		return app, 700016, "Application with identifier '" + q.Get("client_id") + "' was not found in the directory '" + tenant + "'."
	}
	app = s.apps()[at]
	if !slices.ContainsFunc(app.Redirects, func(registered string) bool { return redirects(registered, q.Get("redirect_uri")) }) {
		return app, 50011, "The redirect URI '" + q.Get("redirect_uri") + "' specified in the request does not match the redirect URIs configured for the application '" + app.ClientID + "'."
	}
	return app, 0, ""
}

// redirects compares a redirect URI with a registered one: exactly, but for the port of this machine's own address.
// https://learn.microsoft.com/entra/identity-platform/reply-url#localhost-exceptions
func redirects(registered, asked string) bool {
	a, err1 := url.Parse(registered)
	b, err2 := url.Parse(asked)
	if err1 != nil || err2 != nil {
		return false
	}
	local := a.Scheme == "http" && (a.Hostname() == "localhost" || a.Hostname() == "127.0.0.1")
	if local && b.Port() != "" {
		b.Host = b.Hostname()
		a.Host = a.Hostname()
	}
	return a.String() == b.String()
}

// wellAsked checks the rest of the request, and finds out for which API it is.
func (s *Sim) wellAsked(in *signIn, q url.Values) (word string, number int, text string) {
	const badRequest = "invalid_request"
	if q.Get("response_type") != "code" {
		return "unsupported_response_type", 700054, "response_type '" + q.Get("response_type") + "' is not enabled for the application."
	}
	if in.mode != "" && in.mode != "query" && in.mode != "form_post" {
		return badRequest, 90023, "The response_mode '" + in.mode + "' is not supported for response_type 'code'."
	}
	if in.challenge != "" && in.method != "S256" && in.method != "plain" {
		return badRequest, 9002313, "Invalid request: code_challenge_method must be S256 or plain."
	}
	if n := len(in.challenge); in.challenge != "" && (n < 43 || n > 128) {
		return badRequest, 501471, "The size of the code_challenge must be between 43 and 128 characters."
	}
	if !slices.Contains([]string{"", "none", "login", "consent", "select_account"}, q.Get("prompt")) {
		return badRequest, 90023, "Unsupported prompt value."
	}
	audience, word, number, text := audienceIn(in.scope)
	if number != 0 {
		return word, number, text
	}
	in.audience = audience
	if !s.permitted("permissions", audience) {
		number, word, _, text = s.refusesUser(in.app, audience, true)
		return word, number, text
	}
	return "", 0, ""
}

// choose shows who can sign in; a hint is who is asked for first.
func (s *Sim) choose(w http.ResponseWriter, tenant, id string, in *signIn) {
	var buttons strings.Builder
	for _, p := range s.opts.People {
		mark := ""
		if strings.EqualFold(p.UPN, in.hint) {
			mark = " autofocus"
		}
		fmt.Fprintf(&buttons, `<button name="user" value="%s"%s>%s</button><br>`, html.EscapeString(p.UPN), mark, html.EscapeString(p.Name+" ("+p.UPN+")"))
	}
	form(w, "Sign in to "+in.app.ClientID, tenant, id, buttons.String()+`<button name="do" value="cancel">Cancel</button>`)
}

func form(w http.ResponseWriter, title, tenant, id, buttons string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	fmt.Fprintf(w, `<!doctype html><title>Sign in</title><h1>%s</h1><form method="post" action="/%s/login"><input type="hidden" name="ctx" value="%s">%s</form>`,
		html.EscapeString(title), html.EscapeString(tenant), html.EscapeString(id), buttons)
}

// page tells the person what is wrong. The app hears nothing of it.
func (s *Sim) page(w http.ResponseWriter, status, number int, text string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintf(w, `<!doctype html><title>Sign in</title><h1>Sorry, but we're having trouble signing you in.</h1><p>AADSTS%d: %s</p>`, number, html.EscapeString(text))
}

// login is what the page sends: who signs in, or what becomes of the question.
func (s *Sim) login(w http.ResponseWriter, r *http.Request, tenant string) {
	if r.Method != http.MethodPost || r.ParseForm() != nil {
		s.page(w, http.StatusBadRequest, 900561, "The endpoint only accepts POST requests.")
		return
	}
	s.mu.Lock()
	defer s.unlock()
	id := r.PostForm.Get("ctx")
	in := s.signIns[id]
	if in == nil || !strings.EqualFold(in.app.Tenant, tenant) {
		s.page(w, http.StatusBadRequest, 90014, "The sign-in is not known any more. Start it again.")
		return
	}
	switch do := r.PostForm.Get("do"); {
	case do == "cancel":
		delete(s.signIns, id)
		in.back(w, r, url.Values{"error": {"access_denied"}, "error_subcode": {"cancel"}, "error_description": {"AADSTS65004: The user has cancelled the sign-in."}})
	case do == "decline" && in.person != nil:
		delete(s.signIns, id)
		in.back(w, r, failed("access_denied", 65004, "User declined to consent to access the app."))
	case do == "accept" && in.person != nil:
		s.switches["consent"] = s.switches["permissions"]
		s.signedIn(w, r, tenant, id, in)
	case do == "":
		in.person = s.person(r.PostForm.Get("user"))
		s.signedIn(w, r, tenant, id, in)
	default:
		s.page(w, http.StatusBadRequest, 9002313, "Invalid request. Request is malformed or invalid.")
	}
}

// signedIn gives the code, unless something about the person stands in the way.
func (s *Sim) signedIn(w http.ResponseWriter, r *http.Request, tenant, id string, in *signIn) {
	p := in.person
	switch {
	case p == nil:
		s.page(w, http.StatusOK, 50034, "The user account does not exist in the directory.")
	case p.Foreign:
		s.page(w, http.StatusOK, 50020, "User account '"+p.UPN+"' from identity provider does not exist in tenant '"+tenant+"' and cannot access the application '"+in.app.ClientID+"' in that tenant.")
	case !p.MFA && s.is("mfaPolicy", "enforced"):
		s.page(w, http.StatusOK, 50079, "Due to a configuration change made by your administrator, you must enroll in multi-factor authentication.")
	case !s.permitted("consent", in.audience) && !p.Admin:
		s.page(w, http.StatusOK, 90094, "Need admin approval: an administrator of "+tenant+" has set a policy that prevents you from granting the permissions that the app asks for.")
	case !s.permitted("consent", in.audience):
		form(w, "Permissions requested on behalf of the organisation", tenant, id, `<button name="do" value="accept">Accept</button><button name="do" value="decline">Cancel</button>`)
	default:
		delete(s.signIns, id)
		text := "0.code-" + s.guid() + s.guid()
		s.codes[text] = &code{signIn: *in, expires: s.opts.TokenNow().Add(codeLife)}
		in.back(w, r, url.Values{"code": {text}, "session_state": {s.guid()}})
	}
}

func failed(word string, number int, text string) url.Values {
	return url.Values{"error": {word}, "error_description": {fmt.Sprintf("AADSTS%d: %s", number, text)}}
}

// back sends the browser to the app. A redirect URI without a path comes back with a slash.
func (in *signIn) back(w http.ResponseWriter, r *http.Request, values url.Values) {
	if in.state != "" {
		values.Set("state", in.state)
	}
	to, err := url.Parse(in.redirect)
	if err != nil { // a registered one is one
		http.Error(w, "redirect_uri", http.StatusBadRequest)
		return
	}
	if in.mode == "form_post" {
		var fields strings.Builder
		for name := range values {
			fmt.Fprintf(&fields, `<input type="hidden" name="%s" value="%s">`, name, html.EscapeString(values.Get(name)))
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><title>Working...</title><form method="post" action="%s">%s<button>Continue</button></form>`, html.EscapeString(in.redirect), fields.String())
		return
	}
	if to.Path == "" {
		to.Path = "/"
	}
	to.RawQuery = values.Encode()
	http.Redirect(w, r, to.String(), http.StatusFound)
}

// redeemCode takes a code for the tokens of who signed in.
func (s *Sim) redeemCode(app App, form url.Values) (person *Person, mfa bool, nonce string, number int, text string) {
	c := s.codes[form.Get("code")]
	switch {
	case c == nil || c.app.ClientID != app.ClientID:
		return nil, false, "", 9002313, "Invalid request. Request is malformed or invalid: the code is not known."
	case c.used:
		return nil, false, "", 54005, "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token."
	case !s.opts.TokenNow().Before(c.expires):
		return nil, false, "", 70008, "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource."
	case c.redirect != form.Get("redirect_uri"):
		return nil, false, "", 500112, "The reply address '" + form.Get("redirect_uri") + "' does not match the reply address '" + c.redirect + "' provided when requesting Authorization code."
	case !c.proves(form.Get("code_verifier")):
		return nil, false, "", 501481, "The Code_Verifier does not match the code_challenge supplied in the authorization request."
	}
	c.used = true
	return c.person, c.person.MFA, c.nonce, 0, ""
}

// proves checks PKCE: https://www.rfc-editor.org/rfc/rfc7636
func (c *code) proves(verifier string) bool {
	switch {
	case c.challenge == "":
		return verifier == ""
	case len(verifier) < 43 || len(verifier) > 128:
		return false
	case c.method == "plain":
		return verifier == c.challenge
	}
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:]) == c.challenge
}
