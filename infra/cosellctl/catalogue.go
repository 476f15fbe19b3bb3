package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/office"
)

type catalogueCmd struct {
	Import importCatalogue `cmd:"" help:"Bring a list of solutions (CSV or XLSX) into the CRM's catalogue; what is there already is not written."`
}

type importCatalogue struct {
	File  string `arg:"" type:"path" help:"A .csv or .xlsx file whose first row has the headings, in any order: Solution Identifier, Solution Name, Type, Publisher Name."`
	Sheet string `help:"The sheet of a workbook that is meant; without it the one that has the headings."`
}

// Run imports in parts, and says how far it is; a row that is not taken is something found.
func (m *importCatalogue) Run(ctx context.Context, c *client, p *printer) error {
	entries, wrong, err := readCatalogue(m.File, m.Sheet)
	if err != nil {
		return &wrongError{err.Error()}
	}
	sum := office.CatalogueImport{Refused: wrong}
	for done := 0; done < len(entries); {
		n := part(entries[done:])
		a, err := c.do(ctx, "catalogue/import", office.CatalogueRows{Entries: entries[done : done+n]})
		if err != nil {
			return fmt.Errorf("after %d of %d rows: %w: the same command again goes on", done, len(entries), err)
		}
		if a.Catalogue == nil {
			return &awayError{c.base + " answers nothing about the catalogue: is it an older version?"}
		}
		done += n
		sum.Created, sum.Changed, sum.Same = sum.Created+a.Catalogue.Created, sum.Changed+a.Catalogue.Changed, sum.Same+a.Catalogue.Same
		sum.Refused = append(sum.Refused, a.Catalogue.Refused...)
		if !p.json && (done < len(entries) || n < done) {
			p.line("%d of %d rows", done, len(entries))
		}
	}
	return foundUnless(len(sum.Refused) == 0, p.show(office.Answer{Catalogue: &sum, Done: true}, func() { p.imported(sum) }))
}

// partBytes is well below what one call takes, whatever becomes of letters on the way.
const partBytes = 200 << 10

// part is how many of the entries go with one call.
func part(entries []office.CatalogueEntry) (n int) {
	size := 0
	for n < min(len(entries), office.MostEntries) && (n == 0 || size < partBytes) {
		e := entries[n]
		size += len(e.Identifier) + len(e.Name) + len(e.Type) + len(e.Publisher) + 100
		n++
	}
	return n
}

func (p *printer) imported(sum office.CatalogueImport) {
	for _, r := range sum.Refused {
		p.line("line %d: %s: %s", r.Line, strings.TrimSpace(r.Identifier), r.Why)
	}
	p.line("%d made, %d changed, %d were there already, %d not taken", sum.Created, sum.Changed, sum.Same, len(sum.Refused))
}
