package mapping

// catalogueSolution is a row of the solution catalogue.
type catalogueSolution struct {
	row        string // row id
	identifier string
	name       string
}
