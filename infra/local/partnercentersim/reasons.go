package partnercentersim

import (
	"slices"
	"strconv"
	"strings"
)

// Reasons by which bulk upload and portal close a deal, in the order of their numbers; several spellings of one
// are parted by a bar. Which string the API stores is not documented, hence the switch statusReason.
func reasonsFor(substatus string) []string {
	if substatus == "Error" {
		return []string{"duplicate from bulk upload|duplicate, bulk upload", "duplicate created in partner center|duplicate, created in pc",
			"duplicate sent by microsoft|duplicate, sent by microsoft", "connector data sync issues", "customer matching issues|customer matching",
			"solution issues|solution issue", "test referral", "data error", "others|other"}
	}
	return []string{"project budget not adequate|budget not adequate", "customer didn't respond|customer did not respond",
		"customer chose another vendor|chose another vendor", "customer requirement not met|requirement not met", "not a customer",
		"proposed timeline too short", "report as abuse/spam/phishing|abuse, spam or phishing", "others|other"}
}

// checkReason refuses what the switch statusReason does not take for a closing.
func (s *Sim) checkReason(substatus, reason string) *refusal {
	if !slices.Contains([]string{"Declined", "Lost", "Error"}, substatus) {
		return nil
	}
	known := reasonsFor(substatus)
	switch {
	case strings.TrimSpace(reason) == "":
		return invalid("statusReasonRequired", "statusReason is needed for Closed/%s", substatus).about("statusReason")
	case s.is("statusReason", "code"):
		if n, err := strconv.Atoi(reason); err != nil || n < 1 || n > len(known) {
			return invalid("invalidStatusReason", "statusReason of Closed/%s must be a number from 1 to %d, not %q", substatus, len(known), reason).about("statusReason")
		}
	case s.is("statusReason", "text"):
		asked := strings.ToLower(strings.TrimSpace(reason))
		if !slices.ContainsFunc(known, func(k string) bool { return slices.Contains(strings.Split(k, "|"), asked) }) {
			return invalid("invalidStatusReason", "statusReason of Closed/%s must be one of %s, not %q", substatus, strings.Join(known, "; "), reason).about("statusReason")
		}
	}
	return nil
}
