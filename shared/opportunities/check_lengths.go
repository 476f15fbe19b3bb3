package opportunities

import (
	"context"
	"fmt"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// The least length of columns that hold what is of no use when cut, and the one below which a text is often cut, which
// is also what Audit needs for a few lines.
const (
	idLength   = 36
	linkLength = 100
	wordLength = 50
	codeLength = 3
	longText   = 2000
)

// least is how long the column of a field of ours must be; 0: any length will do, because its text is cut with a mark.
func least(f cosell.Field) int {
	switch f {
	case cosell.ReferralID, cosell.Proposed:
		return idLength
	case cosell.ReferralLink:
		return linkLength
	case cosell.ErrorCode:
		return wordLength
	case cosell.Audit:
		return longText
	}
	return 0
}

// holder is a column that texts are put into.
type holder struct {
	row           mapping.Row
	table, column string
	least         int
}

// holders are the columns of the sheet, and those of the tables of solutions.
func (s *Store) holders() (out []holder) {
	for _, row := range s.whole.Rows() {
		if row.CRM == "" {
			continue
		}
		p := row.PlaceOf(row.Written())
		out = append(out, holder{row, p.Table, p.Column, least(row.Field)})
		if row.As != mapping.AsSolutions {
			continue
		}
		t, c := s.whole.Tables().Rows, s.whole.Tables().Catalogue
		out = append(out, holder{row, t.Table, t.Identifier, idLength}, holder{row, t.Table, t.Currency, codeLength}, holder{row, t.Table, t.Name, 0},
			holder{row, c.Table, c.Identifier, idLength}, holder{row, c.Table, c.Name, 0}, holder{row, c.Table, c.Type, 0}, holder{row, c.Table, c.Publisher, 0})
	}
	return out
}

// short names columns that are too short for what they are to hold: what cannot be cut has a least length, other texts
// are cut with a mark, and columns of ours that somebody shortened are told. Broken, Later: the metadata could not be read now.
func (s *Store) short(ctx context.Context, m metadata) (out []Finding, err error) {
	told := map[string]bool{}
	for _, h := range s.holders() {
		name := h.table + "/" + h.column
		columns := m.tables[h.table]
		if columns == nil {
			columns, err = s.definitions.attributes(ctx, h.table)
		}
		if fault.Is(err, fault.Broken) || fault.Is(err, fault.Later) {
			return nil, err
		}
		f, is := s.tooShort(h, columns[h.column].MaxLength)
		if !is || told[name] {
			continue
		}
		told[name] = true
		out = append(out, f)
	}
	return out, nil
}

// tooShort judges the length of one column; 0 is one that is none of a text, or that nobody could look at.
func (s *Store) tooShort(h holder, length int) (f Finding, is bool) {
	made := 0
	if strings.HasPrefix(h.column, "cosell_") {
		made = s.whole.LengthOf(h.table, h.column)
	}
	say := fmt.Sprintf("field %s: column %s of %s holds %d characters", h.row.Field, h.column, h.table, length)
	mend := "make it longer in the CRM, or name another one in the row " + string(h.row.Field) + " of your mapping file"
	if made > 0 {
		mend = fmt.Sprintf("make it %d long: cosellctl setup dataverse does, where it has made the column; else by hand in the CRM", made)
	}
	long := h.row.As == mapping.AsMemo || strings.HasSuffix(h.row.Referral, "/notes")
	switch {
	case length == 0:
		return Finding{}, false
	case length < h.least:
		say += fmt.Sprintf(", and at least %d are needed", h.least)
	case length < made:
		say, f.Note = say+fmt.Sprintf(", and %d are foreseen: longer texts are cut there, with a mark", made), true
	case long && writes(h.row) && length < longText:
		say, mend, f.Note = say+": longer texts are cut there, with a mark", fmt.Sprintf("make it %d long in the CRM, should longer texts come", longText), true
	default:
		return Finding{}, false
	}
	f.Where, f.Text, f.Sort, f.Say, f.Mend = h.row.Where(), say+": "+mend, OfColumn, say, mend
	return f, true
}
