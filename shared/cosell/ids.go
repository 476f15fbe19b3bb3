package cosell

import (
	"regexp"
	"strings"
)

var guid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// ID reads the id of a record, in either system, as people write it: blanks, braces and letter case around a GUID do
// not matter.
// ok is false for everything else, which is then somebody else's id.
func ID(text string) (id string, ok bool) {
	id = strings.ToLower(strings.TrimSpace(text))
	if inner, open := strings.CutPrefix(id, "{"); open {
		if id, ok = strings.CutSuffix(inner, "}"); !ok {
			return "", false
		}
		id = strings.TrimSpace(id)
	}
	if !guid.MatchString(id) {
		return "", false
	}
	return id, true
}

// Naming is what a list of CRM says of a record that names a referral, or is switched on.
type Naming struct {
	Referral string // in small letters; "": none, it is only switched on
	Synced   bool
	Status   string // Open, Won or Lost, by the state alone
}
