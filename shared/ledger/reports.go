package ledger

import "context"

// Report gives the daily report of a day (2026-11-26), in its writer's own format: one call.
func (l *Ledger) Report(ctx context.Context, day string) (text string, ok bool, err error) {
	return l.value(ctx, key("d", day))
}

// SaveReport keeps the daily report of a day, in place of one that is there.
func (l *Ledger) SaveReport(ctx context.Context, day, text string) error {
	return l.saveValue(ctx, key("d", day), text)
}

// DropReports removes the reports of all days before the day given.
func (l *Ledger) DropReports(ctx context.Context, before string) error {
	return l.drop(ctx, "d|", key("d", before), func(row) bool { return true })
}

// drop removes the rows of the state table from one key up to another that are old, and that nobody renews meanwhile.
func (l *Ledger) drop(ctx context.Context, from, until string, old func(row) bool) error {
	var gone []row
	err := l.rows.list(ctx, stateTable, from, until, func(r row) bool {
		if old(r) {
			gone = append(gone, row{key: r.key, version: r.version})
		}
		return true
	})
	if err != nil {
		return err
	}
	for _, r := range gone {
		if _, err := l.rows.write(ctx, stateTable, op{kind: remove, key: r.key, version: r.version}); err != nil && err != errStale {
			return outside(err) // one that has changed meanwhile is new
		}
	}
	return nil
}
