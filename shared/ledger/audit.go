package ledger

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// maxOps is how many rows one transaction takes.
// https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions
const maxOps = 100

// Note writes audit entries alone.
func (l *Ledger) Note(ctx context.Context, opportunityID string, entries ...cosell.Entry) error {
	ops := auditOps(opportunityID, l.newID(), entries)
	for len(ops) > 0 {
		n := min(len(ops), maxOps)
		if _, err := l.rows.write(ctx, stateTable, ops[:n]...); err != nil {
			return fmt.Errorf("noting what was done for opportunity %s: %w", opportunityID, outside(err))
		}
		ops = ops[n:]
	}
	return nil
}

// Audit reads the newest entries of an opportunity, newest first, at most limit.
func (l *Ledger) Audit(ctx context.Context, opportunityID string, limit int) ([]cosell.Entry, error) {
	prefix := key("a", opportunityID)
	var out []cosell.Entry
	err := l.rows.list(ctx, stateTable, prefix+"|", after(prefix), func(r row) bool {
		out = append(out, entryOf(r))
		return len(out) < limit
	})
	return out, err
}

// auditOps makes rows whose keys begin with what is left of time, so that the newest come first, and end in the entry's
// id: an entry is one row, also where it is noted once more because nobody knows whether it was. Without one it is the
// write's. An empty entry holds the place of one that is not noted.
func auditOps(opportunityID, write string, entries []cosell.Entry) []op {
	ops := make([]op, 0, len(entries))
	for i, e := range entries {
		if e.Action == "" {
			continue
		}
		left, id := fmt.Sprintf("%019d", math.MaxInt64-max(e.At.UnixNano(), 0)), cmp.Or(e.ID, write[:min(len(write), 8)])
		// Of entries of one moment the last is the newest.
		order := fmt.Sprintf("%03d|%s", 999-i, id)
		fields := make([]string, len(e.Fields))
		for i, f := range e.Fields {
			fields[i] = string(f)
		}
		ops = append(ops, op{kind: put, key: key("a", opportunityID) + "|" + left + "|" + order, props: map[string]string{
			"V": schema, "At": writeTime(e.At), "Direction": e.Direction, "Action": e.Action,
			"Fields": cut(strings.Join(fields, "\n")), "Result": cut(e.Result), "Trace": cut(e.Trace),
		}})
	}
	return ops
}

func entryOf(r row) cosell.Entry {
	e := cosell.Entry{
		At: readTime(r.props["At"]), Direction: r.props["Direction"], Action: r.props["Action"],
		Result: r.props["Result"], Trace: r.props["Trace"], ID: r.key[strings.LastIndexByte(r.key, '|')+1:],
	}
	if text := r.props["Fields"]; text != "" {
		for f := range strings.SplitSeq(text, "\n") {
			e.Fields = append(e.Fields, cosell.Field(f))
		}
	}
	return e
}
