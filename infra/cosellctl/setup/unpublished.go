package setup

import (
	"context"
	"slices"
	"strings"
)

// layer is a row that people see as it was published last, and that may have been written since.
type layer interface {
	rowID() string
	unpublished() bool
}

// state is the column that says whether a row is as it was published.
type state struct {
	ComponentState int `json:"componentstate"`
}

func (s state) unpublished() bool { return s.ComponentState == 1 }

// layers reads rows twice: shown as people see them, and have as they were written last, which is what is compared and
// changed. A run may have ended before it published.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/retrieveunpublishedmultiple
func layers[T layer](ctx context.Context, w *Web, set, columns, filter string) (shown, have []T, err error) {
	if shown, err = list[T](ctx, w, where(set, columns+",componentstate", filter)); err != nil {
		return nil, nil, err
	}
	have, err = list[T](ctx, w, where(set+"/"+crmType+"RetrieveUnpublishedMultiple()", columns+",componentstate", filter))
	if absent(err) {
		return shown, shown, nil
	}
	return shown, newest(append(slices.Clone(shown), have...)), err
}

// newest leaves one row of each, the one that was not published yet: whether the function gives both, or nothing but what
// is not published, no document says.
func newest[T layer](all []T) (out []T) {
	at := map[string]int{}
	for _, one := range all {
		id := strings.ToLower(one.rowID())
		i, seen := at[id]
		switch {
		case !seen:
			at[id] = len(out)
			out = append(out, one)
		case one.unpublished():
			out[i] = one
		}
	}
	return out
}
