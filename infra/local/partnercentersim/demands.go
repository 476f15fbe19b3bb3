package partnercentersim

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"time"
)

const listLimit = 50 // of solutions and of team members

const (
	solutionsPath  = "details/requirements/solutions"
	attributesPath = "details/requirements/additionalRequirements/attributes"
	helpPath       = "inviteContext/assistanceRequestCode"
	contactsPath   = "customerProfile/team"
)

// problem is one thing that is wrong with a document.
type problem struct{ path, text string }

// refuseAll refuses for all problems at once; the first one's path is to blame.
func refuseAll(inner string, problems []problem) *refusal {
	if len(problems) == 0 {
		return nil
	}
	texts := make([]string, 0, len(problems))
	for _, p := range problems {
		texts = append(texts, p.path+" "+p.text)
	}
	return invalid(inner, "%s", strings.Join(texts, "; ")).about(problems[0].path)
}

// demands checks the values that portal and bulk upload demand (section 5.2 of the specification). It collects
// all problems, since a caller wants to know them at once. It is asked only while the switch strict is true.
type demands struct {
	s        *Sim
	problems []problem
}

func (c *demands) wrong(path, format string, args ...any) {
	c.problems = append(c.problems, problem{path, fmt.Sprintf(format, args...)})
}

func (c *demands) refusal() *refusal { return refuseAll("validationFailed", c.problems) }

func (c *demands) needText(d document, paths ...string) {
	for _, p := range paths {
		if strings.TrimSpace(d.text(p)) == "" {
			c.wrong(p, "is required")
		}
	}
}

// complete checks a whole new referral of the partner.
func (c *demands) complete(d document) {
	c.needText(d, "name")
	c.members(d, "team", 1)
	c.location(d)
	c.core(d)
}

// core checks what Microsoft's referral of an engagement needs too.
func (c *demands) core(d document) {
	c.needText(d, "customerProfile/name", "customerProfile/address/addressLine1", "customerProfile/address/city")
	if code := d.text("customerProfile/address/country"); !isCountry(code) {
		c.wrong("customerProfile/address/country", "must be an ISO 3166-1 alpha-2 code such as DE, not %q", code)
	}
	if !d.isTrue("consent/consentToToShareInfoWithOthers") {
		c.wrong("consent/consentToToShareInfoWithOthers", "must be true")
	}
	c.money(d)
	c.closing(d)
	c.notes(d)
	c.solutions(d)
	c.attributes(d)
	c.help(d)
	c.ids(d)
	c.stage(d)
	c.codes(d)
	c.lengths(nil, d)
}

// accepted checks a referral that came to the partner at the moment it is accepted.
// https://learn.microsoft.com/partner-center/manage-leads asks of a lead only name, value, date and notes.
func (c *demands) accepted(d document) {
	if !isLead(d) {
		c.complete(d)
		return
	}
	c.needText(d, "name", "details/notes")
	c.money(d)
	c.closing(d)
	c.members(d, "team", 1)
}

// changed checks only what a change touches, so that an inbound referral with gaps can still be worked on.
func (c *demands) changed(before, after document) {
	checks := []struct {
		path  string
		check func(document)
	}{
		{"name", func(d document) { c.needText(d, "name") }},
		{"details/dealValue", c.value},
		{"details/currency", c.currency},
		{"details/closingDateTime", c.closing},
		{"details/notes", c.notes},
		{solutionsPath, c.solutions},
		{attributesPath, c.attributes},
		{attributesPath, c.codes},
		{"details/requirements/industries", c.codes},
		{"details/requirements/products", c.codes},
		{"details/requirements/services", c.codes},
		{"salesStage", c.stage},
		{"team", func(d document) { c.members(d, "team", 1) }},
		{contactsPath, c.help},
		{helpPath, c.help},
	}
	for _, one := range checks {
		if !same(before.at(one.path), after.at(one.path)) {
			one.check(after)
		}
	}
	if before.isTrue(shareConsent) != after.isTrue(shareConsent) && same(before.at(attributesPath), after.at(attributesPath)) {
		c.taxonomy(after)
	}
	c.lengths(before, after)
}

func (c *demands) money(d document) {
	c.value(d)
	c.currency(d)
}

func (c *demands) value(d document) {
	n, ok := d.at("details/dealValue").(json.Number)
	v, good := new(big.Rat).SetString(n.String())
	if !ok || !good || v.Sign() <= 0 {
		c.wrong("details/dealValue", "must be a number above 0")
	}
}

func (c *demands) currency(d document) {
	if code := d.text("details/currency"); !isCurrency(code) {
		c.wrong("details/currency", "must be the ISO 4217 code of a currency, such as EUR, not %q", code)
	}
}

func (c *demands) closing(d document) {
	const path = "details/closingDateTime"
	c.needText(d, path)
	at, err := time.Parse(time.RFC3339, d.text(path))
	today := c.s.opts.Now().UTC().Truncate(24 * time.Hour)
	open := d.text("status") != "Closed" // a deal was won when it was won
	if err == nil && open && c.s.is("pastClosing", "refuse") && at.Before(today) {
		c.wrong(path, "must not lie in the past")
	}
}

func (c *demands) notes(d document) {
	if c.s.is("notes", "required") {
		c.needText(d, "details/notes")
	}
}

func (c *demands) solutions(d document) {
	list := d.items(solutionsPath)
	if len(list) < 1 || len(list) > listLimit {
		c.wrong(solutionsPath, "must hold 1 to %d solutions, not %d", listLimit, len(list))
	}
	for i, e := range list {
		c.solution(rowOf(e), fmt.Sprintf("%s/%d", solutionsPath, i))
	}
}

// solution checks one solution: its type, and its id as far as the switch solutionIds says.
func (c *demands) solution(d document, path string) {
	id, kind := d.text("id"), d.text("type")
	if strings.TrimSpace(id) == "" {
		c.wrong(path+"/id", "is required")
		return
	}
	switch {
	case kind != "Name" && kind != "Category":
		c.wrong(path+"/type", "must be Name or Category")
	case c.s.is("solutionIds", "any"):
	case kind == "Category" && !isCategory(id):
		c.wrong(path+"/id", "%q is no predefined category", id)
	case kind == "Category":
	case !hasSolutionForm(id):
		c.wrong(path+"/id", "%q is no solution: use an id such as SOL-12345-ABC or a GUID", id)
	case c.s.is("solutionIds", "catalogue") && !c.s.catalogue.offers(id):
		c.wrong(path+"/id", "%q is neither a co-sell ready nor a Microsoft solution", id)
	}
}

// members checks a list of people: at least so many, each with name, phone and email.
func (c *demands) members(d document, path string, least int) {
	list := d.items(path)
	if len(list) < least || len(list) > listLimit {
		c.wrong(path, "must hold %d to %d members, not %d", least, listLimit, len(list))
	}
	for i, e := range list {
		one := rowOf(e)
		for _, name := range []string{"firstName", "lastName", "phoneNumber", "email"} {
			text := one.text(name)
			place := fmt.Sprintf("%s/%d/%s", path, i, name)
			switch {
			case strings.TrimSpace(text) == "":
				c.wrong(place, "is required")
			case c.s.is("formats", "free"):
			case name == "email" && !isEmail(text):
				c.wrong(place, "must be an e-mail address, not %q", text)
			case name == "phoneNumber" && !isPhone(text):
				c.wrong(place, "must be a phone number, not %q", text)
			}
		}
	}
}

func (c *demands) attributes(d document) {
	if len(attributesOf(d, "CustomerMarketplaceIntent")) == 0 {
		c.wrong(attributesPath, "must hold CustomerMarketplaceIntent")
	}
	c.taxonomy(d)
}

// attributesOf are the ids of the attributes of one type that are not empty.
func attributesOf(d document, kind string) []string {
	var out []string
	for _, e := range d.items(attributesPath) {
		if one := rowOf(e); one.text("type") == kind && one.text("id") != "" {
			out = append(out, one.text("id"))
		}
	}
	return out
}

// help checks what asking Microsoft's help demands: consent, and a contact at the customer.
func (c *demands) help(d document) {
	if code := d.text(helpPath); code == "" || code == "Unknown" {
		return
	}
	if !d.isTrue(shareConsent) {
		c.wrong(shareConsent, "must be true when Microsoft's help is asked")
	}
	c.members(d, contactsPath, 1)
}

// lengths checks the free texts that are new.
func (c *demands) lengths(before, after document) {
	limit := c.s.number("textLimit")
	for _, path := range freeTexts() {
		if n := len([]rune(after.text(path))); limit > 0 && n > limit && before.text(path) != after.text(path) {
			c.wrong(path, "must not be longer than %d characters, not %d", limit, n)
		}
	}
}

// freeTexts are the texts that people write as they like.
func freeTexts() []string {
	return []string{"name", "statusReason", "campaignId", "details/notes", "inviteContext/notes", "customerProfile/name",
		"customerProfile/address/addressLine1", "customerProfile/address/addressLine2", "customerProfile/address/city",
		"customerProfile/address/state", "customerProfile/address/postalCode"}
}
