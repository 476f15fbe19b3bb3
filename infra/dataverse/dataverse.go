// Package dataverse holds, as data, the columns, tables, choices, keys, views and event steps that the
// product needs in the CRM. Nobody types a column name twice: the default field sheet, the simulator's
// seed and the provisioning read this list. A locked column is ours alone to write; one that is told too only
// tells people how things stand: nothing follows from a change of it, so no event step watches it.
package dataverse

import _ "embed"

// Schema is schema.json.
//
//go:embed schema.json
var Schema []byte
