// Package opportunities reads and writes the CRM: opportunities with their customers, contacts and solution
// rows, the solution catalogue, currencies, metadata and change feeds, as the field sheet says.
//
//	a record                    store.go, table.go: of opportunities, or of leads; query.go: what is asked; record.go: what is read
//	is made, and written        create.go, write.go, write_columns.go, close.go, leads.go: a lead is qualified; fixed.go: constants and formulas
//	the customer                account.go, account_match.go, customer.go, consent.go
//	people                      people.go, owner.go, deputy.go, connections.go, tasks.go
//	solutions                   solutions.go, catalogue.go, importing.go, unknown.go
//	rows behind a lookup        lookups.go
//	may it be another           lookalike.go
//	what there is               feed.go: what has changed; census.go: what stands open
//	what CRM has now            metadata.go, definitions.go, cached.go; watch.go: rows go off and on; comparing.go: beside the work; spoken.go
//	does a sheet fit it         check.go, check_options.go, check_lengths.go, required.go; describe.go: names behind labels
//	its events                  steps.go
package opportunities
