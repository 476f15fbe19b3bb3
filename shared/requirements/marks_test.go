package requirements

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// named checks an opportunity's whole name.
func (r *rig) named(id, want string) {
	r.t.Helper()
	if got := r.opportunity(id).text("name"); got != want {
		r.t.Errorf("the name is %q instead of %q", got, want)
	}
}

func TestR79_OneTickOrOneCross(t *testing.T) {
	play(t, func(r *rig) {
		id := r.deal("Marks")
		r.edits("opportunity", id, doc{"cosell_sync": true})
		r.quiet()
		r.named(id, cross+"Marks")
		r.edits("opportunity", id, doc{"description": "Still nothing"})
		r.quiet()
		r.named(id, cross+"Marks")
		r.solution(id, "SOL-12345-ABC", "Northwind Forecast")
		r.quiet()
		r.named(id, tick+"Marks")
		r.pc.rule(doc{"match": doc{"path": "details/dealValue"}})
		r.edits("opportunity", id, doc{"estimatedvalue": 5000})
		r.quiet()
		r.named(id, cross+"Marks")
		r.pc.unruled()
		r.edits("opportunity", id, doc{"estimatedvalue": 6000})
		r.quiet()
		r.named(id, tick+"Marks")
		r.edits("opportunity", id, doc{"name": "✓✓ ✗ New marks"})
		r.quiet()
		r.named(id, tick+"New marks")
	})
}

func TestR80_SwitchedOffTheNameStaysAsItWasTyped(t *testing.T) {
	play(t, func(r *rig) {
		const typed = "  Deal  with   blanks "
		p := r.private(typed)
		r.named(p.opportunity, typed)
		r.pc.rule(doc{"match": doc{"path": "details/dealValue"}})
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
		r.quiet()
		r.named(p.opportunity, typed)
		r.portalEdits(p.own, doc{"/details/notes": "From the portal"})
		r.quiet()
		r.named(p.opportunity, typed)
	}, "SYNC_CHECK_MARK=No")
}

var auditLine = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d - (to CRM|to Partner Center|none): \S.* \(\S+\)$`)

func TestR81_EveryLineHasTimeDirectionResultAndTrace(t *testing.T) {
	play(t, func(r *rig) {
		p := r.coSell("Audited")
		for n := range 4 {
			time.Sleep(time.Minute)
			r.portalEdits(p.own, doc{"/details/dealValue": 1000 + n})
			r.quiet()
		}
		r.microsoft(doc{"do": "accept", "id": p.microsoft})
		r.quiet()
		lines := r.audit(p.opportunity)
		if len(lines) < 6 {
			t.Fatalf("Audit has %d lines", len(lines))
		}
		for i, line := range lines {
			if !auditLine.MatchString(line) {
				t.Errorf("line %d is %q", i, line)
			}
			if i > 0 && line[:16] > lines[i-1][:16] {
				t.Errorf("line %d is newer than the one above: %q", i, line)
			}
		}
	})
}

func TestR81_AuditIsCutToTheColumn(t *testing.T) {
	play(t, func(r *rig) {
		r.administrator(doc{"do": "length", "table": "opportunity", "column": "cosell_audit", "length": 400})
		p := r.coSell("Short column")
		for n := range 12 {
			r.portalEdits(p.own, doc{"/details/dealValue": 1000 + n, "/details/notes": "n"})
			r.quiet()
		}
		text := r.opportunity(p.opportunity).text("cosell_audit")
		if len([]rune(text)) > 400 || len(text) < 100 || r.opportunity(p.opportunity).text("estimatedvalue") != "1011" {
			t.Errorf("%d characters, the value is %s", len([]rune(text)), r.opportunity(p.opportunity).text("estimatedvalue"))
		}
		if !strings.HasPrefix(r.opportunity(p.opportunity).text("name"), tick) {
			t.Errorf("the name is %q", r.opportunity(p.opportunity).text("name"))
		}
	})
}

func TestR82_TokensSecretsAndPeopleAreInNoLogAndNoAudit(t *testing.T) {
	play(t, func(r *rig) {
		p := r.coSell("Confidential plans")
		r.arrived(r.portalDeal(doc{"name": "From the portal"}))
		for _, status := range []int{401, 503, 429} { // trouble is what is logged
			r.pc.fault(doc{"match": doc{"url": "/engagements/"}, "do": "status", "status": status, "times": 1})
			r.dv.fault(doc{"match": doc{"url": "/api/data/"}, "do": "status", "status": status, "times": 1})
		}
		r.pc.fault(doc{"match": doc{"url": "/engagements/"}, "do": "cut", "times": 1})
		r.dv.fault(doc{"match": doc{"url": "/api/data/"}, "do": "loseAnswer", "times": 1})
		r.pc.rule(doc{"match": doc{"path": "details/dealValue"}, "message": "refused for ada@tailspin.example"})
		r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 5000})
		r.advance(30 * time.Minute)
		r.operator(http.MethodGet, "health", nil)
		r.reconcile()
		secrets := []string{refreshToken, partnerSecret, vaultSecret, crmAppSecret, crmSecret, operatorKey}
		r.tokens.Range(func(token, _ any) bool { secrets = append(secrets, token.(string)); return true })
		if len(secrets) < 9 {
			t.Errorf("only %d secrets were met", len(secrets))
		}
		log, audit := r.log.String(), strings.Join(r.audit(p.opportunity), "\n")
		if len(log) == 0 || len(audit) == 0 {
			t.Fatal("no log, or no Audit")
		}
		for _, secret := range secrets {
			if strings.Contains(log, secret) || strings.Contains(audit, secret) {
				t.Errorf("a secret is shown: %.8s…", secret)
			}
		}
		for _, person := range []string{"ada@tailspin.example", "Ada", "kim@northwind.example", "+49405550100", "Confidential plans", "forecast stock"} {
			if i := strings.Index(log, person); i >= 0 {
				t.Errorf("the log holds %q: %s", person, log[max(0, i-200):i+50])
			}
		}
	})
}

// The lines that a column cannot hold are cut whole, at the old end.
func TestR81_TheNewestLinesStay(t *testing.T) {
	play(t, func(r *rig) {
		p := r.coSell("Many lines")
		for n := range 60 {
			r.portalEdits(p.own, doc{"/details/dealValue": 1000 + n})
			r.quiet()
		}
		lines := r.audit(p.opportunity)
		if len(lines) < 50 || slices.ContainsFunc(lines, func(line string) bool { return !auditLine.MatchString(line) }) {
			t.Errorf("%d lines, the last is %q", len(lines), lines[len(lines)-1])
		}
	})
}
