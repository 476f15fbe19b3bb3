package requirements

import (
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// Another environment works with the same Partner Center: nothing of its referrals is touched here, not even where
// this CRM is a copy of that one's, with all ids in it.
func TestR153_OwnScopeTouchesOnlyWhatItHasMade(t *testing.T) {
	play(t, func(r *rig) {
		copied := r.deal("Copied row", doc{"cosell_sync": true})
		theirs := r.portalDeal(doc{"name": "Theirs", "externalReferenceId": copied})
		plain := r.portalDeal(doc{"name": "Without an id"})
		invited := r.microsoft(doc{"do": "invite", "referral": doc{"name": "Invitation"}})
		mirror := r.portalDeal(doc{"name": "Mirrored"})
		r.quiet()
		row := r.deal("Mirrored", doc{"cosell_sync": true, "cosell_referralid": mirror.ID})
		r.edits("opportunity", copied, doc{"cosell_sync": false})
		r.advance(time.Hour)
		for _, a := range []acted{theirs, plain, invited, mirror} {
			for _, w := range r.pc.writes(0) {
				if strings.Contains(w.Path, a.ID) {
					t.Errorf("%s %s was written", w.Method, w.Path)
				}
			}
			if a != mirror && len(r.naming(a.ID)) != 0 {
				t.Errorf("%s has an opportunity", a.ID)
			}
		}
		if r.referral(plain.ID).text("externalReferenceId") != "" || r.referral(mirror.ID).text("externalReferenceId") != "" {
			t.Error("a CRM id was written on another's referral")
		}
		r.portalEdits(mirror.ID, doc{"/details/dealValue": 91000})
		r.quiet()
		if r.opportunity(row).text("estimatedvalue") == "91000" {
			t.Error("a copied row is in step with production's referral")
		}
		r.audited(row, "SYNC_SCOPE=own")

		p := r.private("Ours")
		r.portalEdits(p.own, doc{"/details/dealValue": 92000})
		r.quiet()
		if r.opportunity(p.opportunity).text("estimatedvalue") != "92000" {
			t.Error("what this environment has made is not in step")
		}
		r.done("link", doc{"id": row, "referral": mirror.ID, "reason": "it is ours"})
		r.portalEdits(mirror.ID, doc{"/details/dealValue": 93000})
		r.quiet()
		if r.opportunity(row).text("estimatedvalue") != "93000" {
			t.Error("what a person has linked is not in step")
		}
	}, "SYNC_SCOPE=own")
}

// settingsOfTests are what docs/beside.md gives for an environment for tests.
func settingsOfTests(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../docs/beside.md")
	must(t, err)
	found := regexp.MustCompile(`(?m)^    (SYNC_[A-Z_]+=\S+)$`).FindAllStringSubmatch(string(text), -1)
	var out []string
	for _, m := range found {
		out = append(out, m[1])
	}
	return out
}

func TestR153_TheSampleForTestsTouchesNothingAndShowsNothing(t *testing.T) {
	settings := settingsOfTests(t)
	if strings.Join(settings, " ") != "SYNC_SCOPE=own SYNC_SHARE=never" {
		t.Fatalf("the sample is %v", settings)
	}
	play(t, func(r *rig) {
		theirs := r.portalDeal(doc{"name": "Of production"})
		id := r.deal("A trial", doc{"cosell_help": r.help("GeneralOrOther"), "cosell_visible": true})
		p := r.synced(id)
		r.advance(time.Hour)
		if len(r.naming(theirs.ID)) != 0 || r.referral(theirs.ID).text("externalReferenceId") != "" {
			t.Error("production's deal was taken up")
		}
		if own := r.referral(p.own); own.text("consent/consentToShareReferralWithMicrosoftSellers") != "false" || p.microsoft != "" {
			t.Errorf("shown is %s, Microsoft's referral %q", own.text("consent/consentToShareReferralWithMicrosoftSellers"), p.microsoft)
		}
	}, settings...)
}

// settingsOfStaging are those that the templates give a staging environment.
func settingsOfStaging(t *testing.T) (out []string) {
	t.Helper()
	text, err := os.ReadFile("../../infra/azure/main.staging.bicepparam")
	must(t, err)
	_, settings, _ := strings.Cut(string(text), "param settings = {")
	for _, m := range regexp.MustCompile(`(?m)^  ([A-Z_]+): '([^']+)'`).FindAllStringSubmatch(settings, -1) {
		out = append(out, m[1]+"="+m[2])
	}
	return out
}

// Staging stands beside production at one Partner Center: it works with what it has made, finds changes there without an
// event, makes no call about the registration, and production notices nothing of it.
func TestR153_StagingPollsAndRegistersNothing(t *testing.T) {
	settings := settingsOfStaging(t)
	for _, want := range []string{"SYNC_SCOPE=own", "SYNC_SHARE=never", "SYNC_REGISTER=never"} {
		if !slices.Contains(settings, want) {
			t.Fatalf("the sample is %v", settings)
		}
	}
	play(t, func(r *rig) {
		url, events := r.registration()
		theirs := r.portalDeal(doc{"name": "Of production"})
		copied := r.deal("Copied from production", doc{"cosell_sync": true, "cosell_referralid": theirs.ID})
		was := encoded(t, r.referral(theirs.ID))
		p := r.private("A trial")
		r.portalEdits(p.own, doc{"/details/dealValue": 92000})
		r.edits("opportunity", copied, doc{"estimatedvalue": 1})
		r.advance(time.Hour)
		if v := r.opportunity(p.opportunity).text("estimatedvalue"); v != "92000" {
			t.Errorf("what changed in Partner Center without an event for us: CRM has %s", v)
		}
		for _, ask := range []struct {
			route string
			body  doc
		}{{"webhookregistration", doc{"overwrite": true}}, {"webhookregistration/test", doc{}}} {
			if status, answer := r.operator(http.MethodPost, ask.route, ask.body); status != http.StatusConflict || !strings.Contains(answer, "SYNC_REGISTER is never") {
				t.Errorf("%s: %d %s", ask.route, status, answer)
			}
		}
		for _, e := range r.pc.since(0) {
			if strings.Contains(e.URL, "/webhooks/") {
				t.Errorf("a call about the registration: %s %s", e.Method, e.URL)
			}
		}
		if now, same := r.registration(); now != url || !slices.Equal(same, events) {
			t.Errorf("registered is %s for %v", now, same)
		}
		if now := encoded(t, r.referral(theirs.ID)); string(now) != string(was) {
			t.Errorf("production's referral was %s and is %s", was, now)
		}
		if h := r.health(); strings.Contains(h, "registration.") || !strings.Contains(h, `"ok":true`) {
			t.Errorf("health misses what is another's: %s", h)
		}
	}, settings...)
}

// flows is what else hears events: automation that still works.
type flows struct {
	status int
	bodies []string
	header http.Header
}

func (f *flows) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	f.bodies, f.header = append(f.bodies, string(body)), req.Header
	w.WriteHeader(f.status)
}

// In shadow mode events are handed on as they came to the one address of the settings, and one that was not taken there
// comes again.
func TestR154_ShadowModeHandsEventsOn(t *testing.T) {
	play(t, func(r *rig) {
		other := &flows{status: http.StatusInternalServerError}
		r.elsewhere = map[string]http.Handler{flowsHost: other}
		a := r.portalDeal(doc{"name": "For the flows"})
		r.quiet()
		if n := len(other.bodies); n < 2 {
			t.Errorf("refused, it came %d times", n)
		}
		other.status, other.bodies = http.StatusAccepted, nil
		r.advance(10 * time.Minute)
		r.portalEdits(a.ID, doc{"/details/dealValue": 91000})
		r.quiet()
		last := ""
		if n := len(other.bodies); n > 0 {
			last = other.bodies[n-1]
		}
		if !strings.Contains(last, a.ID) || !strings.Contains(last, "referral-updated") || other.header.Get("Authorization")+other.header.Get("X-Ms-Signature") == "" || other.header.Get("X-Cosell-Key") != "" {
			t.Errorf("handed on was %q with %v", last, other.header)
		}
		if n := len(r.naming(a.ID)); n != 0 {
			t.Errorf("%d opportunities", n)
		}
		before := len(other.bodies)
		if status := r.event(productURL+"/api/partnercenterwebhook/default", http.Header{"Content-Type": {"application/json"}}, []byte(`{"EventName":"referral-updated"}`)); status != http.StatusUnauthorized || len(other.bodies) != before {
			t.Errorf("an event of nobody: %d, handed on %d times", status, len(other.bodies)-before)
		}
	}, "SYNC_MODE=shadow", "SYNC_FORWARD_URL=https://"+flowsHost+"/invoke?sig=hidden")
}

// In shadow mode everything is decided, and nothing is written; once it is live all of it arrives.
func TestR154_ShadowModeWritesNothingAndTheFirstLivePassFindsEverything(t *testing.T) {
	play(t, func(r *rig) {
		a := r.portalDeal(doc{"name": "Came in the shadow"})
		share := r.deal("Shared in the shadow", doc{"cosell_sync": true})
		r.solution(share, "SOL-12345-ABC", "Northwind Forecast")
		r.advance(3 * 24 * time.Hour)
		if n := len(r.naming(a.ID)); n != 0 || r.opportunity(share).text("cosell_referralid") != "" || r.opportunity(share).text("cosell_audit") != "" {
			t.Errorf("%d opportunities in shadow mode", n)
		}
		for _, w := range r.pc.writes(0) {
			if strings.Contains(w.Path, "/referrals") {
				t.Errorf("%s %s in shadow mode", w.Method, w.Path)
			}
		}
		log := r.log.String()
		for _, says := range []string{`"msg":"shadow"`, "create opportunity: ", "create referral: "} {
			if !strings.Contains(log, says) {
				t.Errorf("the log lacks %q", says)
			}
		}
		for line := range strings.Lines(log) {
			if strings.Contains(line, "Came in the shadow") || strings.Contains(strings.ToLower(line), "tailspin") {
				t.Errorf("values stand in the log: %s", line)
			}
		}
		for _, deed := range []string{"adopt", "link"} {
			if status, answer := r.operator(http.MethodPost, "operator/"+deed, doc{"id": share, "referral": a.ID, "reason": "x"}); status != http.StatusConflict || !strings.Contains(answer, "shadow") {
				t.Errorf("%s in shadow mode: %d %s", deed, status, answer)
			}
		}
		r.product.end()
		r.product.ended.Wait()
		r.own = nil
		r.start()
		r.advance(time.Hour)
		if len(r.naming(a.ID)) != 1 || r.pairOf(share).own == "" {
			t.Error("what happened in the shadow does not arrive in earnest")
		}
	}, "SYNC_MODE=shadow")
}
