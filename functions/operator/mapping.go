package operator

import (
	"context"
	"net/url"
	"strconv"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/office"
)

// MaxBody is more than the longest field sheet, or part of a catalogue, has as JSON.
const MaxBody = 1 << 20

// Mapping is the part of the office that is about field sheets and the solution catalogue.
type Mapping interface {
	MappingCheck(ctx context.Context, s office.SheetText) (office.Mapping, error)
	MappingDiff(ctx context.Context, s office.SheetText) (office.Mapping, error)
	MappingPull(ctx context.Context, number int) (office.Mapping, error)
	MappingPush(ctx context.Context, a office.Act, s office.SheetText) (office.Mapping, error)
	CatalogueImport(ctx context.Context, a office.Act, rows office.CatalogueRows) (office.CatalogueImport, error)
}

// sheets are the routes that take a field sheet, by path.
func (h *Handler) sheets() map[string]func(ctx context.Context, by string, s office.SheetText) (office.Answer, error) {
	about := func(do func(context.Context, office.SheetText) (office.Mapping, error)) func(context.Context, string, office.SheetText) (office.Answer, error) {
		return func(ctx context.Context, _ string, s office.SheetText) (office.Answer, error) {
			m, err := do(ctx, s)
			return office.Answer{Mapping: &m}, err
		}
	}
	return map[string]func(context.Context, string, office.SheetText) (office.Answer, error){
		"mapping/check": about(h.Office.MappingCheck),
		"mapping/diff":  about(h.Office.MappingDiff),
		"mapping/push": func(ctx context.Context, by string, s office.SheetText) (office.Answer, error) {
			m, err := h.Office.MappingPush(ctx, office.Act{By: by, Reason: s.Reason}, s)
			return office.Answer{Mapping: &m, Done: m.Pushed}, err
		},
	}
}

// mapping gives a version of the sheet that was pushed: the one that counts, or that of a number.
func (h *Handler) mapping(ctx context.Context, q url.Values) (office.Answer, error) {
	number, id := 0, q.Get("id")
	if id != "" {
		var err error
		if number, err = strconv.Atoi(id); err != nil || number < 1 {
			return office.Answer{}, fault.New(fault.Invalid, "a version of the field sheet is a number from 1 up")
		}
	}
	m, err := h.Office.MappingPull(ctx, number)
	return office.Answer{Mapping: &m}, err
}
