package app

import (
	"context"
	"maps"
	"slices"

	"github.com/cosell-sync/cosell-sync/shared/office"
	"github.com/cosell-sync/cosell-sync/shared/opportunities"
)

// catalogue implements office.Catalogue over the tables that the field sheet names.
type catalogue struct{ app *App }

// Import implements office.Catalogue.
func (c catalogue) Import(ctx context.Context, entries []office.CatalogueEntry) (office.CatalogueImport, error) {
	g, err := c.app.Generation(ctx)
	if err != nil {
		return office.CatalogueImport{}, err
	}
	all := make([]opportunities.Entry, len(entries))
	for i, e := range entries {
		all[i] = opportunities.Entry{Identifier: e.Identifier, Name: e.Name, Type: e.Type, Publisher: e.Publisher}
	}
	done, err := g.deals.ImportCatalogue(ctx, all)
	out := office.CatalogueImport{Created: done.Created, Changed: done.Changed, Same: done.Same, Refused: []office.RefusedEntry{}}
	for _, i := range slices.Sorted(maps.Keys(done.Refused)) {
		out.Refused = append(out.Refused, office.RefusedEntry{Line: entries[i].Line, Identifier: entries[i].Identifier, Why: done.Refused[i]})
	}
	return out, err
}
