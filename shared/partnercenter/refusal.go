package partnercenter

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Codes of our own for what the directory (Entra ID) refuses.
const (
	CodeSecret     = "client.secret"      // of the app registration: wrong, or expired
	CodeClient     = "client.unknown"     // the tenant has no such app
	CodeTenant     = "client.tenant"      // there is no such tenant
	CodeRedirect   = "client.redirect"    // the app may not send people back to this address
	CodePermission = "permission.missing" // the app may not call one of the APIs for a user
	CodeAccount    = "account.wrong"      // who signed in is not of this tenant, or may not use the app
	CodeCancelled  = "signin.cancelled"
	codeToken      = "token.refused" // anything else
)

// The mends that several refusals share.
const (
	mendApp        = "compare PARTNER_CENTER_TENANT and PARTNER_CENTER_CLIENT_ID with the app registration in Entra ID"
	mendPermission = "give the app registration the delegated permissions of both APIs that docs/partner-center.md names, and grant admin consent"
	mendConsent    = "run cosellctl consent and sign in as the integration user, with MFA"
)

// cause is what refusals with some numbers have in common.
type cause struct {
	numbers   []int
	code      string
	say, mend string
}

// causes are the refusals whose cause is known. The numbers may change, so the protocol's words decide where a number
// is none of these.
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
func causes() []cause {
	return []cause{
		{[]int{50072, 50074, 50076, 50079, 50158, 53004}, CodeMFA, "the directory wants a sign-in with MFA", "have MFA set up for the integration user, run cosellctl consent and sign in as that user"},
		{[]int{65001, 65005, 90094, 90095}, CodePermission, "nobody has consented, for the organisation, to what the app asks for at Partner Center", mendPermission},
		{[]int{500011, 650052, 650056, 650057}, CodePermission, "the app registration may not call this API of Partner Center", mendPermission},
		{[]int{700016, 700038, 90013}, CodeClient, "the tenant has no such app registration", mendApp},
		{[]int{90002, 900021, 900023, 90072, 50194}, CodeTenant, "there is no such tenant, or it is not the app's", mendApp},
		{[]int{50011, 500112, 500113, 500117}, CodeRedirect, "the app registration does not allow the address that people are sent back to", "add the redirect URI http://localhost, platform Web, to the app registration"},
		{[]int{7000215, 7000218}, CodeSecret, "the app registration's secret for Partner Center is wrong", "set PARTNER_CENTER_CLIENT_SECRET to the value of a client secret, not to its id"},
		{[]int{7000222}, CodeSecret, "the app registration's secret for Partner Center has expired", "make a new client secret, and set PARTNER_CENTER_CLIENT_SECRET to its value"},
		{[]int{50020, 50034, 50057, 50105, 50178}, CodeAccount, "who signed in is not a user of this tenant, or may not use the app", "sign in as the integration user of the partner's own tenant"},
		{[]int{65004}, CodeCancelled, "the sign-in was cancelled, or the consent declined", "run it again, and accept"},
	}
}

// words are what the protocol's own words mean.
func words() map[string]cause {
	lost := cause{nil, CodeConsent, "the integration user's consent is no longer valid", mendConsent}
	secret := cause{nil, CodeSecret, "the app registration's secret for Partner Center is wrong or has expired", "compare client id and secret with the app registration; secrets expire"}
	return map[string]cause{"invalid_grant": lost, "interaction_required": lost, "login_required": lost, "invalid_client": secret, "unauthorized_client": secret,
		"consent_required": {nil, CodePermission, "nobody has consented, for the organisation, to what the app asks for at Partner Center", mendPermission},
		"invalid_resource": {nil, CodePermission, "the app registration may not call this API of Partner Center", mendPermission},
		"access_denied":    {nil, CodeCancelled, "the sign-in was cancelled, or the consent declined", "run it again, and accept"}}
}

// refusal names the cause by the protocol's words and numbers only: descriptions repeat what was sent.
func refusal(status int, g grant) error {
	if status >= 500 || g.Error == "temporarily_unavailable" || g.Error == "server_error" {
		return fault.New(fault.Broken, "the token endpoint answered %d", status).Answered(status)
	}
	word, number := g.Error, 0
	if !requestIDForm.MatchString(strings.ReplaceAll(word, "_", "-")) {
		word = "no reason"
	}
	if len(g.Codes) > 0 {
		number = g.Codes[0]
	}
	c := causeOf(word, number)
	detail := word
	if number > 0 {
		detail += fmt.Sprintf(" (AADSTS%d)", number)
	}
	return fault.New(fault.Denied, "%s: %d %s", c.refused(), status, detail).Answered(status).With(c.code, "").Saying(c.say, c.mend)
}

func causeOf(word string, number int) cause {
	all := causes()
	if i := slices.IndexFunc(all, func(c cause) bool { return slices.Contains(c.numbers, number) }); i >= 0 {
		return all[i]
	}
	if c, ok := words()[word]; ok {
		return c
	}
	return cause{nil, codeToken, "the token endpoint gives no token for Partner Center", "compare tenant, client id and the app's permissions for Partner Center"}
}

// refused is what was refused, for the log.
func (c cause) refused() string {
	switch c.code {
	case CodeConsent, CodeMFA:
		return "the refresh token was refused"
	case CodeSecret, CodeClient, CodeTenant, CodePermission, CodeRedirect:
		return "the app registration was refused"
	}
	return "the token endpoint refused"
}
