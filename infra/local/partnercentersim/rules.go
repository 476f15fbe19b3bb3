package partnercentersim

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
)

const listLimit = 50 // of solutions and of team members

// rules checks the values that portal and bulk upload demand (section 5.2 of the specification). It collects
// all problems, since a caller wants to know them at once.
type rules struct{ problems []string }

func (c *rules) wrong(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

func (c *rules) refusal() *refusal {
	if len(c.problems) == 0 {
		return nil
	}
	return invalid("validationFailed", "%s", strings.Join(c.problems, "; "))
}

func (c *rules) needText(d document, paths ...string) {
	for _, p := range paths {
		if strings.TrimSpace(d.text(p)) == "" {
			c.wrong("%s is required", p)
		}
	}
}

// complete checks a whole new referral of the partner.
func (c *rules) complete(d document) {
	c.needText(d, "name")
	c.members(d, "team", 1)
	c.core(d)
}

// core checks what Microsoft's referral of an engagement needs too.
func (c *rules) core(d document) {
	c.needText(d, "customerProfile/name", "customerProfile/address/addressLine1", "customerProfile/address/city")
	if code := d.text("customerProfile/address/country"); !isCountry(code) {
		c.wrong("customerProfile/address/country must be an ISO 3166-1 alpha-2 code such as DE, not %q", code)
	}
	if !d.isTrue("consent/consentToToShareInfoWithOthers") {
		c.wrong("consent/consentToToShareInfoWithOthers must be true")
	}
	c.value(d)
	c.currency(d)
	c.closing(d)
	c.solutions(d)
	c.intent(d)
	c.help(d)
}

// changed checks only what a change touches, so that an inbound referral with gaps can still be worked on.
func (c *rules) changed(before, after document) {
	checks := []struct {
		path  string
		check func(document)
	}{
		{"name", func(d document) { c.needText(d, "name") }},
		{"details/dealValue", c.value},
		{"details/currency", c.currency},
		{"details/closingDateTime", c.closing},
		{"details/requirements/solutions", c.solutions},
		{"details/requirements/additionalRequirements", c.intent},
		{"team", func(d document) { c.members(d, "team", 1) }},
		{"customerProfile/team", c.help},
		{"inviteContext/assistanceRequestCode", c.help},
	}
	for _, one := range checks {
		if !same(before.at(one.path), after.at(one.path)) {
			one.check(after)
		}
	}
}

func (c *rules) value(d document) {
	n, ok := d.at("details/dealValue").(json.Number)
	v, good := new(big.Rat).SetString(n.String())
	if !ok || !good || v.Sign() <= 0 {
		c.wrong("details/dealValue must be a number above 0")
	}
}

func (c *rules) currency(d document) {
	code := d.text("details/currency")
	if len(code) != 3 || strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		c.wrong("details/currency must be an ISO 4217 code such as EUR, not %q", code)
	}
}

func (c *rules) closing(d document) { c.needText(d, "details/closingDateTime") }

func (c *rules) solutions(d document) {
	const path = "details/requirements/solutions"
	list := d.items(path)
	if len(list) < 1 || len(list) > listLimit {
		c.wrong("%s must hold 1 to %d solutions, not %d", path, listLimit, len(list))
	}
	for i, e := range list {
		solution, _ := e.(map[string]any)
		if strings.TrimSpace(document(solution).text("id")) == "" {
			c.wrong("%s/%d/id is required", path, i)
		}
		if t := document(solution).text("type"); t != "Name" && t != "Category" {
			c.wrong("%s/%d/type must be Name or Category", path, i)
		}
	}
}

// members checks a list of people: at least so many, each with name, phone and email.
func (c *rules) members(d document, path string, least int) {
	list := d.items(path)
	if len(list) < least || len(list) > listLimit {
		c.wrong("%s must hold %d to %d members, not %d", path, least, listLimit, len(list))
	}
	for i, e := range list {
		member, _ := e.(map[string]any)
		for _, name := range []string{"firstName", "lastName", "phoneNumber", "email"} {
			if strings.TrimSpace(document(member).text(name)) == "" {
				c.wrong("%s/%d/%s is required", path, i, name)
			}
		}
	}
}

func (c *rules) intent(d document) {
	for _, e := range d.items("details/requirements/additionalRequirements/attributes") {
		attribute, _ := e.(map[string]any)
		if document(attribute).text("type") == "CustomerMarketplaceIntent" && document(attribute).text("id") != "" {
			return
		}
	}
	c.wrong("details/requirements/additionalRequirements/attributes must hold CustomerMarketplaceIntent")
}

// help checks what asking Microsoft's help demands: consent, and a contact at the customer.
func (c *rules) help(d document) {
	if code := d.text("inviteContext/assistanceRequestCode"); code == "" || code == "Unknown" {
		return
	}
	if !d.isTrue(shareConsent) {
		c.wrong("%s must be true when Microsoft's help is asked", shareConsent)
	}
	c.members(d, "customerProfile/team", 1)
}

// isCountry knows the ISO 3166-1 alpha-2 codes.
func isCountry(code string) bool {
	const all = " AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ" +
		" CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR" +
		" GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP" +
		" KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT" +
		" MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW" +
		" SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG" +
		" UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW "
	return len(code) == 2 && strings.Contains(all, " "+code+" ")
}
