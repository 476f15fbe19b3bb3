package dataversesim

import "slices"

// Kinds of organisation in which nothing of the product exists: no column, table, choice, key, view, step, endpoint
// or role, and its application user has no role. Everything is made through the Web API.
const (
	// Bare is Dynamics 365 Sales as it is shipped.
	Bare = "bare"
	// BareMsft has Microsoft's own connector beside that.
	BareMsft = "bareMsft"
	// BareFrench has French installed beside English.
	BareFrench = "bareFrench"
	// BareInFrench has French as its base language, and English beside it.
	BareInFrench = "bareInFrench"
)

func isBare(kind string) bool {
	return slices.Contains([]string{Bare, BareMsft, BareFrench, BareInFrench}, kind)
}

// bare says whether the product has to be set up yet.
func (s *Simulator) bare() bool { return isBare(s.o.Organisation) }

// ship sets change tracking as Dataverse ships it, which differs by document and by age of the organisation. An
// organisation in which the product is set up has what schema.json says.
func (s *schema) ship(tracking string) {
	for _, t := range s.order {
		switch tracking {
		case "customers":
			t.tracking = t.name == "account" || t.name == "contact"
		case "none":
			t.tracking = false
		}
	}
}
