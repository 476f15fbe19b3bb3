package opportunities

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/cosell-sync/cosell-sync/shared/pattern"
)

// solutionForm is what ids of solutions look like: "SOL-12345-ABC", or a GUID.
// https://learn.microsoft.com/partner-center/referrals/co-sell-solution-requirements
var solutionForm = pattern.New(`(?i)^(SOL-[A-Z0-9]+-[A-Z0-9]+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$`)

// sendable are the rows whose solution may be sent, and what is said of the others: a deal that is not linked yet is
// not shared with an id that nobody can know, because Partner Center would refuse it whole. What a referral brought
// is never judged.
func (s *Store) sendable(row dataverse.Row, rows []dataverse.Row, d details) (fit []dataverse.Row, told string) {
	if link, ok := s.sheet().Row(cosell.ReferralID); !ok || row.Text(link.CRM) != "" {
		return rows, ""
	}
	var wrong []string
	for _, r := range rows {
		key, _ := s.solutionOfRow(r, d)
		if _, known := byIdentifier(d.catalogue, key); key == "" || known || solutionForm.MatchString(key) {
			fit = append(fit, r)
			continue
		}
		wrong = append(wrong, explained(key, d.catalogue))
	}
	if len(wrong) == 0 {
		return rows, ""
	}
	return fit, "not sent: " + strings.Join(wrong, "; ")
}

// explained says what is wrong with an identifier, and which one was probably meant.
func explained(key string, catalogue map[string]catalogueSolution) string {
	var all []string
	for _, c := range catalogue {
		all = append(all, c.identifier)
	}
	slices.Sort(all)
	text := fmt.Sprintf("%q is not in the catalogue, and no id of a solution such as SOL-12345-ABC", key)
	if near := mapping.Nearest(key, all); near != "" {
		text += fmt.Sprintf("; %s is like it", near)
	}
	return text
}
