package office

import (
	"context"
	"fmt"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// CatalogueEntry is a solution that can be chosen in the CRM; Line is where it stands in the file that it comes from.
type CatalogueEntry struct {
	Line       int    `json:"line"`
	Identifier string `json:"identifier"`
	Name       string `json:"name"`
	Type       string `json:"type,omitempty"`
	Publisher  string `json:"publisher,omitempty"`
}

// CatalogueRows is a part of a catalogue as an operator hands it over.
type CatalogueRows struct {
	Entries []CatalogueEntry `json:"entries"`
}

// CatalogueImport is what became of a part.
type CatalogueImport struct {
	Created int            `json:"created"`
	Changed int            `json:"changed"`
	Same    int            `json:"same"` // not written
	Refused []RefusedEntry `json:"refused"`
}

// RefusedEntry is one that is not in the catalogue, and why.
type RefusedEntry struct {
	Line       int    `json:"line"`
	Identifier string `json:"identifier"`
	Why        string `json:"why"`
}

// MostEntries is how many rows one call takes: it ends well before the host's limit.
const MostEntries = 1000

// Catalogue is the solution catalogue of the CRM.
type Catalogue interface {
	// Import makes it say what the entries say. Broken, Later, Denied: not all was written, and the same call again
	// goes on.
	Import(ctx context.Context, entries []CatalogueEntry) (CatalogueImport, error)
}

// CatalogueImport writes a part of a catalogue into the CRM; a row that says the same already is not written.
func (o *Office) CatalogueImport(ctx context.Context, a Act, rows CatalogueRows) (CatalogueImport, error) {
	if len(rows.Entries) > MostEntries {
		return CatalogueImport{}, fault.New(fault.Invalid, "%d rows are more than %d, which one call takes", len(rows.Entries), MostEntries)
	}
	var sound []CatalogueEntry
	refused := []RefusedEntry{}
	for _, e := range rows.Entries {
		if why := e.wrong(); why != "" {
			refused = append(refused, RefusedEntry{e.Line, e.Identifier, why})
			continue
		}
		sound = append(sound, e)
	}
	out, err := o.Catalogue.Import(ctx, sound)
	out.Refused = append(refused, out.Refused...)
	if err == nil {
		o.did(ctx, a, "catalogue import", "created", out.Created, "changed", out.Changed, "same", out.Same, "refused", len(out.Refused))
	}
	return out, err
}

// wrong says what is wrong with an entry.
func (e CatalogueEntry) wrong() string {
	switch {
	case strings.TrimSpace(e.Identifier) == "":
		return "it has no identifier"
	case strings.TrimSpace(e.Name) == "":
		return "it has no name"
	}
	for what, text := range map[string]string{"identifier": e.Identifier, "name": e.Name, "type": e.Type, "publisher": e.Publisher} {
		if strings.TrimSpace(text) != text || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' }) {
			return fmt.Sprintf("its %s has blanks around it, or line breaks in it", what)
		}
	}
	return ""
}
