package demo

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"time"
)

// tooShort is the reason of the portal by which D7 declines.
const tooShort = "Proposed timeline too short"

// pcIs and crmIs say whether a system is in a position of one of its switches.
func (s *Story) pcIs(name, position string) bool {
	return s.position(s.c.Local.PartnerCenter.Control, name) == position
}

func (s *Story) crmIs(name, position string) bool {
	return s.position(s.c.Local.Dataverse.Control, name) == position
}

// position is how a system behaves where its documents leave it open.
func (s *Story) position(base, name string) string {
	if s.err != nil {
		return ""
	}
	var switches map[string]struct {
		Value any `json:"value"`
	}
	s.keep(s.c.Call(s.ctx, http.MethodGet, base, "/switches", nil, &switches))
	at, ok := switches[name]
	s.check(ok, "there is no switch %s", name)
	return fmt.Sprint(at.Value)
}

// opinionated says whether the CRM's organisation has columns that must be filled, business rules and plug-ins.
func (s *Story) opinionated() bool {
	var organisation struct{ Kind string }
	if s.err == nil {
		s.keep(s.c.Call(s.ctx, http.MethodGet, s.c.Local.Dataverse.Control, "/organisation", nil, &organisation))
	}
	return organisation.Kind == "opinionated"
}

// demanded is what a person of an opinionated organisation has to fill in beside what everybody does.
func (s *Story) demanded(table string) fields {
	switch {
	case !s.opinionated():
		return nil
	case table == "account":
		return fields{"new_segment": 100000000}
	case table == "lead":
		return fields{"new_interest": 100000000, "new_origin": "Partner Center"}
	}
	return fields{"new_businessline": "Analytics", "new_territory": 100000000}
}

// inCRM is what the CRM makes of a deal value: an opinionated one rounds to tens.
func (s *Story) inCRM(value string) string {
	if s.opinionated() {
		return rounded(value, 10)
	}
	return value
}

// accountName is what the CRM makes of an account's name: an opinionated one writes capitals.
func (s *Story) accountName(name string) string {
	if s.opinionated() {
		return strings.ToUpper(name)
	}
	return name
}

// inPC is what Partner Center makes of a value at a path, as its switches say.
func (s *Story) inPC(path, value string) string {
	switch {
	case strings.HasSuffix(path, "/dealValue") || strings.HasSuffix(path, "/price"):
		if s.pcIs("roundMoney", "0") {
			return rounded(value, 1)
		}
	case strings.HasSuffix(path, "/statusReason") && value == tooShort && s.pcIs("statusReason", "code"):
		return "6" // its number in bulk upload
	case isFreeText(path):
		return s.inPCText(value)
	case strings.HasSuffix(path, "/customerProfile/name"):
		return s.cutInPC(value)
	case strings.HasSuffix(path, "/externalReferenceId") && s.pcIs("upperText", "true"):
		return strings.ToUpper(value)
	}
	return value
}

// inPCText is what Partner Center makes of a text of the deal.
func (s *Story) inPCText(text string) string {
	if s.pcIs("upperText", "true") {
		text = strings.ToUpper(text)
	}
	return s.cutInPC(text)
}

func (s *Story) cutInPC(text string) string {
	var limit int
	_, _ = fmt.Sscan(s.position(s.c.Local.PartnerCenter.Control, "cutText"), &limit) // a number by the switch's kind
	if r := []rune(text); limit > 0 && len(r) > limit {
		return string(r[:limit])
	}
	return text
}

// isFreeText recognises a referral's own texts; those of customers and solutions are kept as they come.
func isFreeText(path string) bool {
	parts := strings.Split(path, "/") // pc/referrals/<id>/member/…
	if len(parts) < 4 || parts[0] != "pc" {
		return false
	}
	switch strings.Join(parts[3:], "/") {
	case "name", "details/notes", "statusReason":
		return true
	}
	return false
}

// rounded is a decimal text in multiples of step, half away from zero.
func rounded(value string, step int64) string {
	x, ok := new(big.Rat).SetString(value)
	if !ok {
		return value
	}
	times, ok := new(big.Rat).SetString(x.Quo(x, big.NewRat(step, 1)).FloatString(0))
	if !ok {
		return value
	}
	return times.Mul(times, big.NewRat(step, 1)).FloatString(0)
}

// classified adds to a deal what Partner Center wants of all shared ones in a position of the switch taxonomy.
func (s *Story) classified(details fields) fields {
	if s.pcIs("taxonomy", "all") {
		details["requirements"] = fields{"additionalRequirements": fields{"attributes": []fields{{"type": "CustomerMarketplaceIntent", "id": "HaveNotDecided"}, {"type": "PartnerRole", "id": "Deployment services"},
			{"type": "SolutionArea", "id": "Security"}, {"type": "SolutionPlay", "id": "Data Security"}}}}
	}
	return details
}

// told demands that Audit of an opportunity says what was not taken, and that the product holds it.
func (l *look) told(opportunity, what string) {
	l.holds("crm/opportunity/"+opportunity+"/"+colAudit, what)
	answer := l.s.operate(http.MethodGet, "/api/operator/held?id="+opportunity, nil, http.StatusOK)
	l.s.check(strings.Contains(answer, opportunity), "nothing is held for opportunity %s: %s", opportunity, shorten(answer))
	l.s.until("health counts what is held", func() bool { // it looks at the ledger now and then
		var health struct{ Held map[string]int }
		return l.s.keep(json.Unmarshal([]byte(cmp.Or(l.s.health(), "{}")), &health)) && health.Held["record"] > 0
	})
	l.s.says("%-20s held, counted in health, and Audit says what was not taken: %s", "", what)
}

// arrivesOnceMended follows a deal of the portal into an organisation that demands columns which nobody fills: it
// is held, health names it, and it arrives by itself when the organisation fills them.
func (s *Story) arrivesOnceMended(referral string) {
	l := s.look().settle()
	s.check(len(l.rows("crm/opportunity", colReferral, referral)) == 0, "the CRM took a row without what it demands")
	health := s.health()
	s.check(strings.Contains(health, referral), "health does not name referral %s: %s", referral, health)
	held := s.operate(http.MethodGet, "/api/operator/held", nil, http.StatusOK)
	s.check(strings.Contains(held, referral), "referral %s is not in what is held: %s", referral, held)
	s.says("%-20s the CRM takes no row without its own columns: held, and health names the deal", "")
	s.by(administrator, "lets the CRM fill in business line, territory and segment, and the interest and origin of leads")
	for table, columns := range map[string]fields{"opportunity": s.demanded("opportunity"), "account": s.demanded("account"), "lead": s.demanded("lead")} {
		body := fields{"do": "default", "table": table, "columns": columns}
		if s.err == nil {
			s.keep(s.c.Call(s.ctx, http.MethodPost, s.c.Local.Dataverse.Control, "/plugins", body, nil))
		}
	}
	s.advance(6 * time.Minute)
}
