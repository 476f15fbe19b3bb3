package office

// Route is where the office is served, below the app's address.
const Route = "/api/operator/"

// Deed is the body of a POST to a route that changes something.
type Deed struct {
	ID       string `json:"id,omitempty"`
	Referral string `json:"referral,omitempty"` // of link
	Reason   string `json:"reason,omitempty"`
	Since    string `json:"since,omitempty"` // of adopt
}

// Answer is what every call is answered with: what it is about is there, the rest is absent.
type Answer struct {
	Records     []Record         `json:"records,omitempty"`
	More        bool             `json:"more,omitempty"` // there are more records than these
	Previews    []Preview        `json:"previews,omitempty"`
	Next        string           `json:"next,omitempty"`  // where the previews go on
	Total       int              `json:"total,omitempty"` // how many pairs there are to preview
	Counts      *PreviewCounts   `json:"counts,omitempty"`
	Census      *Census          `json:"census,omitempty"`
	Report      *Report          `json:"report,omitempty"`
	Held        *[]Held          `json:"held,omitempty"`
	Parked      *[]Parked        `json:"parked,omitempty"`
	Mapping     *Mapping         `json:"mapping,omitempty"`
	Catalogue   *CatalogueImport `json:"catalogue,omitempty"`
	Examined    *Examination     `json:"examined,omitempty"`
	Unexplained *int             `json:"unexplained,omitempty"` // of a drift: differences that nothing explains
	Brake       *Brake           `json:"brake,omitempty"`
	Done        bool             `json:"done,omitempty"`
}

// Refusal is the body of every answer that is no 200.
type Refusal struct {
	Error string `json:"error"`
}
