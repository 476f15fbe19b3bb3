package ledger

import (
	"context"
	"fmt"
	"slices"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Move ends a pair whose record in CRM has become another one, and saves the pair of that record: one transaction, so
// that whatever found the one finds the other from then on, and nobody ever meets both or none. The ended one says
// where it went. Conflict: one of the two has changed meanwhile.
func (l *Ledger) Move(ctx context.Context, from, to cosell.Pair, entries ...cosell.Entry) (cosell.Pair, error) {
	if from.OpportunityID == "" || to.OpportunityID == "" || key("o", from.OpportunityID) == key("o", to.OpportunityID) {
		return to, fault.New(fault.Invalid, "a pair moves from one record to another")
	}
	write := l.newID()
	_, had := splitVersion(from.Version)
	_, hadThere := splitVersion(to.Version)
	gone := slices.DeleteFunc(union(had, hadThere), func(link string) bool { return slices.Contains(links(to), link) })
	versions, err := l.rows.write(ctx, stateTable, l.moveOps(ctx, from, to, gone, write, entries)...)
	if err == errTaken || err == errStale {
		var done bool
		if to, done, err = l.explainMove(ctx, from, to, write); done || err != nil {
			return to, err
		}
		if gone, err = l.there(ctx, gone); err != nil { // one of the rows was lost: there is nothing to take away
			return to, err
		}
		versions, err = l.rows.write(ctx, stateTable, l.moveOps(ctx, from, to, gone, write, entries)...)
	}
	if err != nil {
		return to, fmt.Errorf("moving the pair of record %s: %w", from.OpportunityID, outside(err))
	}
	to.Version = joinVersion(versions[0], links(to))
	return to, nil
}

func (l *Ledger) moveOps(ctx context.Context, from, to cosell.Pair, gone []string, write string, entries []cosell.Entry) []op {
	version, _ := splitVersion(to.Version)
	before, _ := splitVersion(from.Version)
	pair := op{kind: put, key: key("o", to.OpportunityID), version: version, props: l.pairProps(ctx, to, write)}
	if version == "" {
		pair.kind = insert
	}
	ops := []op{pair, {kind: put, key: key("o", from.OpportunityID), version: before, props: l.pairProps(ctx, from.Left(to.OpportunityID), write)}}
	rows := rowsOf(to)
	for _, link := range links(to) {
		ops = append(ops, op{kind: put, key: link, props: rows[link]})
	}
	for _, link := range gone {
		ops = append(ops, op{kind: remove, key: link})
	}
	return append(ops, auditOps(to.OpportunityID, write, entries)...)
}

// explainMove finds out why the transaction was refused: our own came through, or somebody was faster.
func (l *Ledger) explainMove(ctx context.Context, from, to cosell.Pair, write string) (cosell.Pair, bool, error) {
	for _, p := range []cosell.Pair{to, from} {
		now, exists, err := l.get(ctx, stateTable, key("o", p.OpportunityID))
		version, _ := splitVersion(p.Version)
		switch {
		case err != nil:
			return to, false, err
		case exists && now.props["Write"] == write:
			to.Version = joinVersion(now.version, links(to))
			return to, true, nil
		case now.version != version:
			return to, false, fault.New(fault.Conflict, "the pair of record %s has changed meanwhile", p.OpportunityID)
		}
	}
	return to, false, nil
}

// there are those of the rows that exist.
func (l *Ledger) there(ctx context.Context, keys []string) (out []string, err error) {
	for _, k := range keys {
		_, ok, err := l.get(ctx, stateTable, k)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, k)
		}
	}
	return out, nil
}
