package partnercenter

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient/httpclienttest"
)

const revoked = `{"error":"invalid_grant","error_codes":[50173]}`

// meanwhile does something before an answer: what others do while a token is being redeemed.
func meanwhile(do func(), then http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		do()
		then(w, r)
	}
}

func sent(t *testing.T, w *httpclienttest.Server) (tokens []string) {
	t.Helper()
	for _, c := range w.Calls() {
		form, err := url.ParseQuery(c.Body)
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, form.Get("refresh_token"))
	}
	return tokens
}

// A process that dies with an access token in its hands has left the refresh token that came with it.
func TestARotatedTokenIsStoredBeforeTheAccessTokenIsGivenOut(t *testing.T) {
	t.Parallel()
	_, tokens, h := source(t, issue("a", "second", "3600"))
	if got, err := tokens.Token(ctx, ReferralsAudience, ""); err != nil || got != "a" || h.vault.secret["refresh"] != "second" {
		t.Errorf("%q %v, kept %q", got, err, h.vault.secret["refresh"])
	}
}

// A process that comes too late finds its refresh token rotated away: the one that the faster process has stored is good.
func TestALoserOfTheRaceReadsTheVaultAnew(t *testing.T) {
	t.Parallel()
	var h *hands
	w, tokens, h := source(t, meanwhile(func() { h.vault.secret["refresh"] = "second" }, httpclienttest.Answer(400, revoked)), issue("a", "third", "3600"))
	if got, err := tokens.Token(ctx, ReferralsAudience, ""); err != nil || got != "a" {
		t.Fatalf("%q %v", got, err)
	}
	if s := sent(t, w); len(s) != 2 || s[1] != "second" || h.vault.secret["refresh"] != "third" {
		t.Errorf("sent %q, kept %q", s, h.vault.secret["refresh"])
	}
}

// Somebody consents while a token of the old consent is being redeemed: what is rotated of the old one must not replace the
// new one.
func TestANewConsentIsNotOverwrittenByTheOldOnesRotation(t *testing.T) {
	t.Parallel()
	var h *hands
	w, tokens, h := source(t, meanwhile(func() { h.vault.secret["refresh"] = "of the new consent" }, issue("a", "rotated", "3600")), issue("b", "", "3600"))
	for range 2 {
		if _, err := tokens.Token(ctx, ReferralsAudience, ""); err != nil {
			t.Fatal(err)
		}
		h.now = h.now.Add(time.Hour)
	}
	if s := sent(t, w); s[1] != "of the new consent" || h.vault.secret["refresh"] != "of the new consent" {
		t.Errorf("sent %q, kept %q", s, h.vault.secret["refresh"])
	}
}

// A rotated token that could not be saved must not hide the consent that came after it was revoked.
func TestAnUnsavedTokenThatIsRevokedGivesWayToANewConsent(t *testing.T) {
	t.Parallel()
	w, tokens, h := source(t, issue("a", "unsaved", "3600"), issue("b", "", "3600"))
	h.vault.down = true
	if _, err := tokens.Token(ctx, ReferralsAudience, ""); err != nil {
		t.Fatal(err)
	}
	h.now, h.vault.down, h.vault.secret["refresh"] = h.now.Add(2*time.Hour), false, "of the new consent"
	if got, err := tokens.Token(ctx, ReferralsAudience, ""); err != nil || got != "b" {
		t.Fatalf("%q %v", got, err)
	}
	if s := sent(t, w); s[1] != "of the new consent" || h.vault.secret["refresh"] != "of the new consent" {
		t.Errorf("sent %q, kept %q", s, h.vault.secret["refresh"])
	}
}

// With the first use of a rotated token the one before it ends. While Key Vault takes no other the one that it holds is used, by
// redemptions and checks: a process that dies then leaves one that is good. Where each token is good for one use alone, the
// unsaved one is the last resort.
func TestATokenThatCouldNotBeSavedIsNotUsedWhileTheSavedOneIsGood(t *testing.T) {
	t.Parallel()
	w, tokens, h := source(t, issue("a", "second", "3600"), issue("b", "third", "3600"), issue("c", "", "3600"), httpclienttest.Answer(400, revoked), issue("d", "", "3600"))
	h.vault.down = true
	for _, get := range []func() (string, error){
		func() (string, error) { return tokens.Token(ctx, ReferralsAudience, "") },
		func() (string, error) { return tokens.Token(ctx, WebhooksAudience, "") },
		func() (string, error) { return tokens.Check(ctx, ReferralsAudience) },
		func() (string, error) { return tokens.Token(ctx, ReferralsAudience, "c") },
	} {
		if _, err := get(); err != nil {
			t.Fatal(err)
		}
	}
	if s := sent(t, w); strings.Join(s, " ") != "first first first first third" || h.vault.secret["refresh"] != "first" {
		t.Errorf("sent %q, kept %q", s, h.vault.secret["refresh"])
	}
}

func TestAConsentThatIsOverIsAskedOnceWhereTheVaultHasNoOther(t *testing.T) {
	t.Parallel()
	w, tokens, _ := source(t, httpclienttest.Answer(400, revoked))
	_, err := tokens.Token(ctx, ReferralsAudience, "")
	wantKind(t, err, fault.Denied, CodeConsent)
	if s := sent(t, w); len(s) != 1 {
		t.Errorf("sent %q", s)
	}
}

// A check sees what the cache hides, takes no new refresh token, and what it gets is used.
func TestAConsentIsCheckedPastTheCache(t *testing.T) {
	t.Parallel()
	w, tokens, h := source(t, issue("a", "", "3600"), httpclienttest.Answer(400, revoked), issue("b", "never kept", "3600"), issue("c", "", "3600"))
	if _, err := tokens.Token(ctx, ReferralsAudience, ""); err != nil {
		t.Fatal(err)
	}
	_, err := tokens.Check(ctx, ReferralsAudience)
	wantKind(t, err, fault.Denied, CodeConsent)
	if got, err := tokens.Token(ctx, ReferralsAudience, ""); err != nil || got != "a" {
		t.Errorf("the token from before is good still: %q, %v", got, err)
	}
	if got, err := tokens.Check(ctx, ReferralsAudience); err != nil || got != "b" {
		t.Errorf("%q %v", got, err)
	}
	if got, err := tokens.Token(ctx, ReferralsAudience, ""); err != nil || got != "b" {
		t.Errorf("%q %v", got, err)
	}
	form, _ := url.ParseQuery(w.Calls()[1].Body)
	if form.Get("scope") != ReferralsAudience+"/.default" || h.vault.secret["refresh"] != "first" {
		t.Errorf("sent %v, kept %q", form, h.vault.secret["refresh"])
	}
}

// What a check has found to be good again is not waited for.
func TestAGoodCheckEndsTheRestAfterARefusal(t *testing.T) {
	t.Parallel()
	_, tokens, h := source(t, httpclienttest.Answer(400, revoked), issue("a", "", "3600"), issue("b", "", "3600"))
	_, err := tokens.Token(ctx, WebhooksAudience, "")
	wantKind(t, err, fault.Denied, CodeConsent)
	h.vault.secret["refresh"] = "new"
	if _, err := tokens.Check(ctx, ReferralsAudience); err != nil {
		t.Fatal(err)
	}
	if got, err := tokens.Token(ctx, WebhooksAudience, ""); err != nil || got != "b" {
		t.Errorf("%q %v", got, err)
	}
}

func TestRefusalsSayWhatIsWrongAndWhatMendsIt(t *testing.T) {
	t.Parallel()
	for word, codes := range map[string]map[int]string{
		"invalid_grant":        {0: CodeConsent, 50173: CodeConsent, 70008: CodeConsent, 700082: CodeConsent, 50076: CodeMFA, 50079: CodeMFA, 65001: CodePermission, 50057: CodeAccount},
		"interaction_required": {0: CodeConsent, 50074: CodeMFA},
		"invalid_resource":     {500011: CodePermission, 650057: CodePermission, 0: CodePermission},
		"invalid_client":       {7000215: CodeSecret, 7000222: CodeSecret, 0: CodeSecret, 12345: CodeSecret},
		"unauthorized_client":  {700016: CodeClient, 0: CodeSecret},
		"invalid_request":      {90002: CodeTenant, 0: codeToken, 9002313: codeToken},
		"access_denied":        {0: CodeCancelled, 65004: CodeCancelled},
		"server says\nno":      {0: codeToken},
	} {
		for number, code := range codes {
			err := refusal(400, grant{Error: word, Codes: []int{number}})
			wantKind(t, err, fault.Denied, code)
			if e := fault.Of(err); e.Say == "" || e.Mend == "" {
				t.Errorf("%s %d: %+v", word, number, e)
			}
		}
	}
	wantKind(t, refusal(503, grant{}), fault.Broken, "")
	wantKind(t, refusal(400, grant{Error: "temporarily_unavailable"}), fault.Broken, "")
}
