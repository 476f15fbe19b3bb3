package mapping

import (
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// Registration is where a referral has its deal registration: the one thing that is written into a closed one, and
// never by comparing. https://learn.microsoft.com/partner-center/register-deals
const Registration = "/registrations/0/"

// registrationPaths are what a registration is made of, as Microsoft's own connector offers it.
const registrationPaths = "contract/signDateTime, contract/startDateTime, contract/endDateTime, contract/term, contract/value, contract/currency, " +
	"solutionDetails/0/id, solutionDetails/0/value, solutionDetails/0/currency, solutionDetails/0/isDeployedOnAzure, solutionDetails/0/primaryDeploymentOn, " +
	"solutionDetails/0/pricingModel, solutionDetails/0/marketplaceTransactionDetails/isMarketplaceTransacted, solutionDetails/0/marketplaceTransactionDetails/marketplaceTransactionDateTime"

// Registers says whether the row stands in the deal registration.
func (r Row) Registers() bool { return strings.HasPrefix(r.Referral, Registration) && !r.Microsoft }

// RegistrationFields are the rows of the deal registration, in the order of the sheet.
func (s *Sheet) RegistrationFields() (fields []cosell.Field) {
	for _, r := range s.rows {
		if r.Registers() && r.CRM != "" {
			fields = append(fields, r.Field)
		}
	}
	return fields
}

// checkRegistration checks the path of a row in the registration, which travels one way only.
func (l *loader) checkRegistration(r *Row) {
	switch {
	case !isOne(strings.TrimPrefix(r.Referral, Registration), registrationPaths):
		l.mistake(r.where, Registration+" with "+registrationPaths, "referral path %q of field %s is no value of a deal registration", r.Referral, r.Field)
	case r.CRM == "" || r.Fixed():
		l.mistake(r.where, "rows with a column of the opportunity", "field %s is of the deal registration and has no column", r.Field)
	case r.Way != cosell.ToReferral:
		l.mistake(r.where, "toReferral", "field %s is of the deal registration; its way is %q", r.Field, r.Way)
	}
}
