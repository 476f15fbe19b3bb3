package opportunities

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// Entry is a solution of the catalogue.
type Entry struct {
	Identifier, Name, Type, Publisher string
}

// Imported is what became of entries: their indexes where the CRM did not take one, with its reason.
type Imported struct {
	Created, Changed, Same int
	Refused                map[int]string
}

// What an import writes in one transaction, and how long a reading of the catalogue counts while one goes on.
const (
	importBatch = 200
	importAge   = time.Minute
)

// ImportCatalogue makes the catalogue say what the entries say, found by their identifier without regard to case: an
// entry that says the same is not written, one that says nothing of type or publisher leaves them. Nothing is
// removed. What the CRM refuses is found by halves, and the rest is written. Broken, Later, Denied: not all was
// written; the same call again goes on.
func (s *Store) ImportCatalogue(ctx context.Context, entries []Entry) (Imported, error) {
	out := Imported{Refused: map[int]string{}}
	s.catalogue.renew(ctx, importAge)
	known, err := s.catalogue.get(ctx)
	if err != nil {
		return out, err
	}
	by := make(map[string]catalogueSolution, len(known))
	for _, c := range known {
		key := strings.ToLower(c.identifier)
		if first, twice := by[key]; !twice || c.row < first.row { // always the same one of two
			by[key] = c
		}
	}
	var writes []dataverse.Write
	var at []int
	for i, e := range entries {
		c, had := by[strings.ToLower(e.Identifier)]
		body := s.entryColumns(e, c)
		if len(body) == 0 {
			out.Same++
			continue
		}
		w := dataverse.Write{Method: http.MethodPatch, Path: rowPath(s.tables().Catalogue.Set, c.row), IfMatch: "*", Body: body}
		if !had {
			w = s.newEntry(s.entryID(known, e.Identifier), e.Identifier, e.Name)
			for column, v := range body {
				w.Body[column] = v
			}
		}
		writes, at = append(writes, w), append(at, i)
	}
	if len(writes) == 0 {
		return out, nil
	}
	defer s.catalogue.forget()
	for len(writes) > 0 {
		n := min(len(writes), importBatch)
		if err := s.importBatch(ctx, writes[:n], at[:n], &out); err != nil {
			return out, err
		}
		writes, at = writes[n:], at[n:]
	}
	return out, nil
}

// importBatch writes all in one transaction; where the CRM refuses it, each half for itself.
func (s *Store) importBatch(ctx context.Context, writes []dataverse.Write, at []int, out *Imported) error {
	_, err := s.api.ChangeSet(ctx, writes, nil)
	taken := fault.Is(err, fault.Conflict) || fault.Is(err, fault.Gone) // made or deleted by somebody meanwhile
	switch {
	case err == nil:
		for _, w := range writes {
			if w.IfNoneMatch != "" {
				out.Created++
			} else {
				out.Changed++
			}
		}
		return nil
	case fault.ClassOf(err) == fault.Ours, !taken && !fault.Is(err, fault.Refused) && !fault.Is(err, fault.Invalid):
		return err
	case len(writes) > 1:
		half := len(writes) / 2
		if err := s.importBatch(ctx, writes[:half], at[:half], out); err != nil {
			return err
		}
		return s.importBatch(ctx, writes[half:], at[half:], out)
	case taken:
		out.Refused[at[0]] = "somebody has just made or deleted it: import again"
		return nil
	}
	out.Refused[at[0]] = mapping.FirstText(fault.Of(err).Theirs, err.Error())
	return nil
}

// entryColumns are the columns of a row of the catalogue that do not say what the entry says.
func (s *Store) entryColumns(e Entry, c catalogueSolution) map[string]any {
	t, body := s.tables().Catalogue, map[string]any{}
	for _, one := range []struct{ column, want, has string }{{t.Identifier, e.Identifier, c.identifier}, {t.Name, e.Name, c.name}, {t.Type, e.Type, c.kind}, {t.Publisher, e.Publisher, c.publisher}} {
		same := one.want == one.has || one.column == t.Identifier && strings.EqualFold(one.want, one.has)
		if one.column != "" && one.want != "" && !same {
			body[one.column] = one.want
		}
	}
	return body
}
