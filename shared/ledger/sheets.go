package ledger

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// sheetsTable holds the field sheets that were pushed: a row v|<number> for each version, which is never changed,
// and the row head, which says which one counts.
const sheetsTable = "mappings"

// maxSheet is how long a field sheet may be, in bytes: a row of Table Storage takes 1 MiB of UTF-16.
// https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model
const maxSheet = 400_000

// SheetVersion is a field sheet that somebody pushed.
type SheetVersion struct {
	Number int    // 1 is the first; 0: nobody has pushed yet
	Digest string // of the text
	File   string // under which name it was pushed
	By     string // which operator
	Reason string
	At     time.Time
	Text   string   // empty in a list and in a head
	Under  []string // the fields that lay under it when it was pushed; empty in a list and in a head
}

// SheetHead says which version counts, without its text: one call, which every process makes again and again.
func (l *Ledger) SheetHead(ctx context.Context) (SheetVersion, error) {
	r, _, err := l.get(ctx, sheetsTable, sheetHead)
	return sheetOf(r), err
}

const sheetHead = "head"

// Sheet reads one version whole.
func (l *Ledger) Sheet(ctx context.Context, number int) (SheetVersion, bool, error) {
	r, ok, err := l.get(ctx, sheetsTable, sheetKey(number))
	v := sheetOf(r)
	v.Text = r.long("Text")
	if under := r.long("Under"); under != "" {
		v.Under = strings.Split(under, " ")
	}
	return v, ok, err
}

// Sheets lists all versions, the newest first.
func (l *Ledger) Sheets(ctx context.Context) ([]SheetVersion, error) {
	out := []SheetVersion{}
	err := l.rows.list(ctx, sheetsTable, "v|", after("v"), func(r row) bool {
		out = append(out, sheetOf(r))
		return true
	})
	slices.Reverse(out)
	return out, err
}

// PushSheet keeps a new version, which counts from then on, if the one of the number given still does; the
// version gets its number here. Conflict: somebody else pushed meanwhile. Invalid: it is too long.
func (l *Ledger) PushSheet(ctx context.Context, v SheetVersion, after int) (SheetVersion, error) {
	if len(v.Text) > maxSheet || !utf8.ValidString(v.Text) {
		return v, fault.New(fault.Invalid, "a field sheet is UTF-8 text of %d bytes at most; this one has %d", maxSheet, len(v.Text))
	}
	head, found, err := l.get(ctx, sheetsTable, sheetHead)
	if err != nil {
		return v, err
	}
	if sheetOf(head).Number != after {
		return v, fault.New(fault.Conflict, "somebody else has pushed a field sheet meanwhile")
	}
	v.Number = after + 1
	props := map[string]string{"V": schema, "Number": strconv.Itoa(v.Number), "Digest": v.Digest, "File": cut(v.File), "By": cut(v.By),
		"Reason": cut(v.Reason), "At": writeTime(v.At)}
	whole := map[string]string{}
	for name, value := range props {
		whole[name] = value
	}
	setLong(whole, "Text", v.Text)
	setLong(whole, "Under", strings.Join(v.Under, " "))
	points := op{kind: put, key: sheetHead, version: head.version, props: props}
	if !found {
		points.kind = insert
	}
	_, err = l.rows.write(ctx, sheetsTable, op{kind: insert, key: sheetKey(v.Number), props: whole}, points)
	if err != nil {
		return v, fmt.Errorf("keeping the field sheet: %w", outside(err))
	}
	return v, nil
}

// sheetKey sorts as numbers do.
func sheetKey(number int) string { return fmt.Sprintf("v|%010d", number) }

func sheetOf(r row) SheetVersion {
	number, _ := strconv.Atoi(strings.TrimSpace(r.props["Number"]))
	return SheetVersion{Number: number, Digest: r.props["Digest"], File: r.props["File"], By: r.props["By"], Reason: r.props["Reason"],
		At: readTime(r.props["At"])}
}
