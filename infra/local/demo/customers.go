package demo

import (
	"encoding/json"
	"maps"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/dataverse"
)

// The marks that the product puts before an opportunity's name.
const (
	tick  = "✓ "
	cross = "✗ "
)

// cast holds ids that many steps need.
type cast struct {
	euro    string         // the currency's row
	choices map[string]int // option value of "How can Microsoft help?" by Partner Center's code
}

// Columns of the opportunity that several steps set or read.
const (
	colSync     = "cosell_sync"
	colVisible  = "cosell_visible"
	colHelp     = "cosell_help"
	colReferral = "cosell_referralid"
	colAudit    = "cosell_audit"

	helpWorkload = "WorkloadSpecificValueProposition"
	helpProof    = "ProofOfConceptOrDemo"
)

// meet looks up what the CRM has given out ids for.
func (s *Story) meet() {
	if s.cast.euro != "" {
		return
	}
	l := &look{s: s, after: s.records()}
	rows := l.rows("crm/transactioncurrency", "isocurrencycode", "EUR")
	s.check(len(rows) == 1, "the CRM has %d currencies with the code EUR instead of one", len(rows))
	s.cast.choices = helpChoices()
	if s.err == nil {
		s.cast.euro = rows[0]
	}
}

func helpChoices() map[string]int {
	var schema struct {
		Choices []struct {
			Name    string `json:"name"`
			Options []struct {
				Value int    `json:"value"`
				Code  string `json:"code"`
			} `json:"options"`
		} `json:"choices"`
	}
	out := map[string]int{}
	if json.Unmarshal(dataverse.Schema, &schema) != nil {
		return out // the schema's own test says more than we could here
	}
	for _, c := range schema.Choices {
		for _, o := range c.Options {
			if c.Name == colHelp {
				out[o.Code] = o.Value
			}
		}
	}
	return out
}

// day is a date from today on, as the CRM writes dates.
func day(fromNow int) string { return time.Now().UTC().AddDate(0, 0, fromNow).Format(time.DateOnly) }

// customer makes an account with an address in a country.
func (s *Story) customer(name, country string) string {
	columns := fields{
		"name": name, "address1_line1": "Musterweg 1", "address1_city": "Hamburg",
		"address1_postalcode": "20095", "address1_country": country,
	}
	maps.Copy(columns, s.demanded("account"))
	return s.crm("create", fields{"table": "account", "columns": columns})
}

// contactOf makes a contact of an account.
func (s *Story) contactOf(account, first, last string) string {
	return s.crm("create", fields{"table": "contact", "columns": fields{
		"firstname": first, "lastname": last, "telephone1": "+49 40 5550100",
		"emailaddress1":                       strings.ToLower(first) + "@" + strings.ToLower(last) + ".example",
		"parentcustomerid_account@odata.bind": "/accounts(" + account + ")",
	}})
}

// opportunity makes an opportunity that is not synced yet; extra columns are laid over the usual ones.
func (s *Story) opportunity(name string, value int, account string, extra fields) string {
	s.meet()
	columns := fields{
		"name": name, "estimatedvalue": value, "estimatedclosedate": day(90),
		"description": "The customer wants to forecast stock.", colSync: false,
		"transactioncurrencyid@odata.bind": "/transactioncurrencies(" + s.cast.euro + ")",
		"parentaccountid@odata.bind":       "/accounts(" + account + ")",
	}
	maps.Copy(columns, s.demanded("opportunity"))
	maps.Copy(columns, extra)
	return s.crm("create", fields{"table": "opportunity", "columns": columns})
}

// solution adds a solution row to an opportunity.
func (s *Story) solution(opportunity, identifier, name string) string {
	return s.crm("create", fields{"table": "cosell_solution", "columns": fields{
		"cosell_name": name, "cosell_identifier": identifier,
		"cosell_OpportunityId@odata.bind": "/opportunities(" + opportunity + ")",
	}})
}

// sync turns the seller's switch on.
func (s *Story) sync(opportunity string) {
	s.crmUpdate("opportunity", opportunity, fields{colSync: true})
}

// ready makes an opportunity that lacks nothing for co-sell, not yet synced. It returns all rows it made.
func (s *Story) ready(name string, value int) (opportunity string, rows []string) {
	account := s.customer(name+" GmbH", "DE")
	contact := s.contactOf(account, "Ada", "Example")
	s.meet()
	opportunity = s.opportunity(name, value, account, fields{
		"parentcontactid@odata.bind": "/contacts(" + contact + ")", colHelp: s.cast.choices[helpWorkload]})
	row := s.solution(opportunity, "SOL-12345-ABC", "Northwind Forecast")
	return opportunity, []string{"crm/account/" + account, "crm/contact/" + contact,
		"crm/opportunity/" + opportunity, "crm/cosell_solution/" + row}
}

// coSell makes a co-sell deal from CRM and waits until both referrals are there.
func (s *Story) coSell(name string, value int) deal {
	s.by(seller, "makes the co-sell deal %q over %d EUR", name, value)
	opportunity, _ := s.ready(name, value)
	s.sync(opportunity)
	l := s.look().settle()
	d := l.dealOf(opportunity)
	s.check(d.microsoft != "", "opportunity %s has no referral at Microsoft: its audit says %q", opportunity,
		shorten(l.value("crm/opportunity/"+opportunity+"/"+colAudit)))
	return d
}

// dealOf finds the referrals of an opportunity by its referral identifier.
func (l *look) dealOf(opportunity string) deal {
	d := deal{opportunity: opportunity, referral: l.value("crm/opportunity/" + opportunity + "/" + colReferral)}
	if d.referral == "" {
		return d
	}
	d.engagement = l.value("pc/referrals/" + d.referral + "/engagementId")
	for _, id := range l.rows("pc/referrals", "engagementId", d.engagement) {
		if id != d.referral {
			d.microsoft = id
		}
	}
	return d
}

// lookup is the id in a lookup column of a row.
func (l *look) lookup(row, column string) string { return l.value(row + "/_" + column + "_value") }
