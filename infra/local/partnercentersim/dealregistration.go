package partnercentersim

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// Deal registration: section 3.6 of the specification, and https://learn.microsoft.com/partner-center/register-deals.
const (
	registrationsPath = "registrations"
	registrableValue  = 25000          // of the deal, and of a contract in a year
	wonAfter          = 72 * time.Hour // between creation and Won
	signedWithin      = 60             // days
	startedWithin     = 90             // days
	perpetualYears    = 6              // over which a perpetual contract is spread
	daysOfYear        = 365
)

// registrationShape is what a registration holds; the first three are the service's own.
func registrationShape() []*shape {
	return arr(registrationsPath,
		prop(text, "id"), prop(moment, "registrationDateTime"), prop(text, "statusReason"),
		choice("status", registrationStates()...), choice("type", "AzureIPCoSell"),
		obj("contract", prop(decimal, "value"), prop(text, "currency"), prop(moment, "startDateTime", "endDateTime", "signDateTime"), choice("term", "Perpetual", "Finite")),
		arr("solutionDetails", prop(text, "id", "name"), prop(decimal, "value"), prop(text, "currency"), prop(flag, "isDeployedOnAzure"),
			choice("primaryDeploymentOn", "Customer", "Partner"), choice("pricingModel", "PayAsYouGo", "Other"),
			obj("marketplaceTransactionDetails", prop(flag, "isMarketplaceTransacted"), prop(moment, "marketplaceTransactionDateTime"))),
		obj("statusHistory", prop(moment, "reviewPendingDateTime", "actionRequiredDateTime", "passedDateTime", "failedDateTime", "approvedDateTime")))
}

func registrationStates() []string {
	return []string{"ReviewPending", "ActionRequired", "Approved", "Passed", "Failed", "Closed"}
}

// registrationEdits are the leaves of a registration that the published connector changes.
func registrationEdits() []string {
	return []string{"contract/startDateTime", "contract/endDateTime", "contract/signDateTime", "contract/term", "contract/value", "solutionDetails/0/value", "solutionDetails/0/currency",
		"solutionDetails/0/isDeployedOnAzure", "solutionDetails/0/primaryDeploymentOn", "solutionDetails/0/pricingModel", "solutionDetails/0/marketplaceTransactionDetails/isMarketplaceTransacted",
		"solutionDetails/0/marketplaceTransactionDetails/marketplaceTransactionDateTime"}
}

// registering says whether all operations of a PATCH are about the registration, and whether some are.
func registering(operations []operation) (all, some bool) {
	all = true
	for _, op := range operations {
		about := strings.EqualFold(pointer(op.path)[0], registrationsPath)
		all, some = all && about, some || about
	}
	return all && some, some
}

// register does the operations of a PATCH that are about the registration of a won deal: the one write that a
// closed referral takes.
func (s *Sim) register(have *referral, operations []operation, by way) *refusal {
	switch {
	case have.microsoft():
		return s.mayChange(have)
	case s.is("dealRegistration", "refuse") && by == byAPI:
		return invalid("invalidPath", "path %s cannot be changed", operations[0].path).about(operations[0].path)
	}
	after := have.doc.clone()
	for _, op := range operations {
		if refused := s.registerOne(after, op); refused != nil {
			return refused
		}
	}
	list := after.items(registrationsPath)
	if s.is("strict", "true") {
		check := &demands{s: s}
		check.registrable(have)
		for i, e := range list {
			if i >= len(have.doc.items(registrationsPath)) || !same(e, have.doc.items(registrationsPath)[i]) {
				check.registration(after, rowOf(e), fmt.Sprintf("%s/%d", registrationsPath, i))
			}
		}
		if refused := check.refusal(); refused != nil {
			return refused
		}
	}
	s.moveRegistrations(have.doc, after)
	have.doc = after
	s.save(have)
	return nil
}

// registerOne adds a registration or changes a leaf of one.
func (s *Sim) registerOne(doc document, op operation) *refusal {
	names, at := s.spell(pointer(op.path))
	leaf := ""
	if len(names) > 2 {
		leaf = strings.Join(names[2:], "/")
	}
	adding := len(names) == 2 && names[1] == "-" && op.op == "add"
	if at == nil || !adding && !slices.Contains(registrationEdits(), leaf) {
		return invalid("invalidPath", "path %s cannot be changed: use /registrations/- or a value of contract or solutionDetails/0", op.path).about(op.path)
	}
	list := doc.items(registrationsPath)
	if open := len(list) > 0 && !slices.Contains([]string{"Failed", "Closed"}, rowOf(list[len(list)-1]).text("status")); adding && open {
		return invalid("alreadyRegistered", "the deal is registered already: change /registrations/%d", len(list)-1).about(op.path)
	}
	read := s.reading()
	value := read.canonical(at, op.value, op.path)
	if refused := refuseAll("invalidProperty", read.problems); refused != nil {
		return refused
	}
	if adding {
		one, isObject := value.(map[string]any)
		if !isObject {
			return invalid("invalidProperty", "%s must be an object", op.path).about(op.path)
		}
		for _, name := range []string{"id", "registrationDateTime", "statusReason", "status", "statusHistory"} {
			delete(one, name)
		}
		value = fill(at, value)
	}
	_, refused := insert(map[string]any(doc), names, operation{op: op.op, path: op.path, value: value})
	return refused
}

// moveRegistrations gives what is new its id and state, and sends what was changed back to review.
func (s *Sim) moveRegistrations(before, after document) {
	was := before.items(registrationsPath)
	for i, e := range after.items(registrationsPath) {
		one := rowOf(e)
		if i >= len(was) {
			one["id"], one["registrationDateTime"] = s.guid(), serverTime(s.opts.Now())
		}
		if i >= len(was) || !same(e, was[i]) {
			s.decideRegistration(after, one, "ReviewPending", "")
		}
	}
}

// decideRegistration sets the state of a registration, its history and the roll-up on the referral.
func (s *Sim) decideRegistration(doc, one document, status, reason string) {
	one["status"], one["statusReason"] = status, orNull(reason)
	doc["registrationStatus"] = status
	if status == "Closed" {
		return
	}
	one.put("statusHistory/"+strings.ToLower(status[:1])+status[1:]+"DateTime", serverTime(s.opts.Now()))
	fill(s.shape.find(registrationsPath).element, map[string]any(one))
}

// sellerRegisters decides on the newest registration of a deal, as Microsoft's reviewers do.
func (s *Sim) sellerRegisters(own *referral, a sellerAct) (acted, error) {
	if own == nil || len(own.doc.items(registrationsPath)) == 0 {
		return acted{}, fmt.Errorf("referral %s has no registration", a.ID)
	}
	if !slices.Contains(registrationStates(), a.Status) {
		return acted{}, fmt.Errorf("status %q: use one of %s", a.Status, strings.Join(registrationStates(), ", "))
	}
	after := own.doc.clone()
	list := after.items(registrationsPath)
	s.decideRegistration(after, rowOf(list[len(list)-1]), a.Status, a.Reason)
	own.doc = after
	if err := s.retype(own, a.Raw); err != nil {
		return acted{}, err
	}
	s.save(own)
	return s.told(own.engagement()), nil
}

// registrable checks the deal itself.
func (c *demands) registrable(have *referral) {
	d := have.doc
	_, microsoft := c.s.inEngagement(have.engagement())
	if d.text("status") != "Closed" || d.text("substatus") != "Won" {
		c.wrong("status", "must be Closed/Won for a registration")
	}
	if !d.isTrue(shareConsent) {
		c.wrong(shareConsent, "must be true for a registration: a private deal cannot be registered")
	}
	if microsoft != nil && microsoft.doc.text("status") != "Active" && microsoft.doc.text("substatus") != "Won" {
		c.wrong("status", "of Microsoft's referral must be Active or Won for a registration of a co-sell deal")
	}
	if numberAt(d, "details/dealValue").Cmp(big.NewRat(registrableValue, 1)) < 0 {
		c.wrong("details/dealValue", "must be at least %d for a registration", registrableValue)
	}
	if c.s.is("managedCustomers", "false") {
		c.wrong("customerProfile", "must be a customer that Microsoft manages for a registration")
	}
	if !slices.ContainsFunc(d.items(solutionsPath), func(e any) bool { s := c.s.catalogue.find(rowOf(e).text("id")); return s != nil && s.AzureIP }) {
		c.wrong(solutionsPath, "must hold an Azure IP co-sell eligible solution for a registration")
	}
	created, closed := timeAt(d, "createdDateTime"), timeAt(d, "closedDateTime")
	if d.text("substatus") == "Won" && closed.Sub(created) < wonAfter {
		c.wrong("closedDateTime", "must be 72 hours after the creation of the deal for a registration")
	}
}

// registration checks one registration.
func (c *demands) registration(d, one document, path string) {
	if one.text("type") == "" {
		c.wrong(path+"/type", "must be AzureIPCoSell")
	}
	if status := one.text("status"); status != "" && status != "ReviewPending" && status != "ActionRequired" {
		c.wrong(path, "is %s and cannot be changed any more", status)
	}
	if !isCurrency(one.text("contract/currency")) {
		c.wrong(path+"/contract/currency", "must be the ISO 4217 code of a currency")
	}
	years := c.term(d, one, path)
	value := numberAt(one, "contract/value")
	if years != nil && new(big.Rat).Quo(value, years).Cmp(big.NewRat(registrableValue, 1)) <= 0 {
		c.wrong(path+"/contract/value", "must be above %d in a year", registrableValue)
	}
	if len(one.items("solutionDetails")) == 0 {
		c.wrong(path+"/solutionDetails", "must hold a solution of the deal")
	}
	for i, e := range one.items("solutionDetails") {
		c.registeredSolution(d, rowOf(e), value, fmt.Sprintf("%s/solutionDetails/%d", path, i))
	}
}

// term checks the days of a contract and says for how many years it runs; nil where that cannot be said.
func (c *demands) term(d, one document, path string) *big.Rat {
	now := c.s.opts.Now().UTC()
	today := now.Truncate(24 * time.Hour)
	sign, start, end := timeAt(one, "contract/signDateTime"), timeAt(one, "contract/startDateTime"), timeAt(one, "contract/endDateTime")
	switch {
	case sign.IsZero():
		c.wrong(path+"/contract/signDateTime", "is required")
	case sign.After(now):
		c.wrong(path+"/contract/signDateTime", "must not lie in the future")
	case sign.Before(today.AddDate(0, 0, -signedWithin)):
		c.wrong(path+"/contract/signDateTime", "must not be older than %d days", signedWithin)
	case sign.Before(timeAt(d, "createdDateTime").Truncate(24 * time.Hour)):
		c.wrong(path+"/contract/signDateTime", "must not lie before the creation of the deal")
	}
	switch {
	case start.IsZero():
		c.wrong(path+"/contract/startDateTime", "is required")
	case start.Before(today.AddDate(0, 0, -startedWithin)):
		c.wrong(path+"/contract/startDateTime", "must not be older than %d days", startedWithin)
	}
	switch perpetual := one.text("contract/term") == "Perpetual"; {
	case one.text("contract/term") == "":
		c.wrong(path+"/contract/term", "must be Perpetual or Finite")
	case perpetual:
		return big.NewRat(perpetualYears, 1)
	case end.IsZero():
		c.wrong(path+"/contract/endDateTime", "is required unless the contract is perpetual")
	case end.Before(start):
		c.wrong(path+"/contract/endDateTime", "must not lie before the start")
	default:
		return big.NewRat(max(int64(end.Sub(start)/(24*time.Hour)), daysOfYear), daysOfYear)
	}
	return nil
}

func (c *demands) registeredSolution(d, one document, contract *big.Rat, path string) {
	if !slices.ContainsFunc(d.items(solutionsPath), func(e any) bool { return strings.EqualFold(rowOf(e).text("id"), one.text("id")) }) {
		c.wrong(path+"/id", "must be a solution of the deal")
	}
	value := numberAt(one, "value")
	if value.Sign() <= 0 || value.Cmp(contract) > 0 {
		c.wrong(path+"/value", "must be above 0 and not above the value of the contract")
	}
	for _, name := range []string{"isDeployedOnAzure", "primaryDeploymentOn", "pricingModel"} {
		if one[name] == nil {
			c.wrong(path+"/"+name, "is required")
		}
	}
	if one.isTrue("marketplaceTransactionDetails/isMarketplaceTransacted") && timeAt(one, "marketplaceTransactionDetails/marketplaceTransactionDateTime").IsZero() {
		c.wrong(path+"/marketplaceTransactionDetails/marketplaceTransactionDateTime", "is required for a transaction of the marketplace")
	}
}

// numberAt is the number at a path, 0 without one.
func numberAt(d document, path string) *big.Rat {
	n, _ := d.at(path).(json.Number)
	if r, ok := new(big.Rat).SetString(n.String()); ok {
		return r
	}
	return new(big.Rat)
}

// timeAt is the time at a path, zero without one.
func timeAt(d document, path string) time.Time {
	at, err := time.Parse(time.RFC3339, d.text(path))
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}
