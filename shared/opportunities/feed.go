package opportunities

import (
	"context"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// feed is a table with change tracking. https://learn.microsoft.com/power-apps/developer/data-platform/use-change-tracking-synchronize-data-external-systems
type feed struct {
	kind, set, id string
}

func (s *Store) feeds() []feed {
	return []feed{
		{opportunityKind, opportunitySet, opportunityID},
		{solutionKind, s.tables().Rows.Set, s.tables().Rows.ID},
		{accountKind, accountSet, accountID},
		{contactKind, contactSet, contactID},
		{leadKind, leadSet, leadID},
		{connectionKind, connectionSet, connectionID},
		{userKind, userSet, userID},
	}
}

func (f feed) mayBeUntracked() bool { return f.kind == connectionKind || f.kind == userKind }

// Kinds lists the tables that have a change feed, opportunity first.
func (s *Store) Kinds() []string {
	var out []string
	for _, f := range s.feeds() {
		out = append(out, f.kind)
	}
	return out
}

// Changed gives each what changed in a table since the cursor, a page at a time. reached is the cursor from which the pages
// after it follow, "" where there are none or all of it has to be read again. Without a cursor it gives every opportunity, for
// what was missed before the first time, and every lead; the other tables then start from now on, because whoever looks at
// an opportunity sees its account, contact and solution rows. A cursor that has expired (after 7 days)
// gives every opportunity and lead again: nobody knows what was missed. Of the other tables, most of whose rows no deal shows, it
// gives one hint without an id. Where a row comes without its id the cursor stays. Opportunities that are neither synced nor linked are left out.
// Refused with the code people.unread: our role may not read connections.
//
// came says whether any row came: where none did, the cursor that was given is as good as the next.
func (s *Store) Changed(ctx context.Context, kind, cursor string, each func(page []cosell.Hint, reached string) error) (next string, came bool, err error) {
	for _, f := range s.feeds() {
		if f.kind == kind {
			return s.changed(ctx, f, cursor, each)
		}
	}
	return "", false, fault.New(fault.Invalid, "there is no change feed of kind %q", kind)
}

// Follows says whether a cursor is of the table that the feed reads now. One of the solution rows may be of another table, which the
// sheet named before.
func (s *Store) Follows(kind, cursor string) bool {
	set := s.tables().Rows.Set
	return kind != solutionKind || set == "" || strings.Contains(cursor, "/"+set+"?") || strings.Contains(cursor, "/"+set+"(")
}

func (s *Store) changed(ctx context.Context, f feed, cursor string, each func(page []cosell.Hint, reached string) error) (next string, came bool, err error) {
	if f.set == "" {
		return cursor, false, nil // the CRM has no such table, which is told of the sheet
	}
	switches := s.switches(f.kind)
	columns := append([]string{f.id}, switches...)
	if len(switches) > 0 {
		columns = append(columns, modifiedAt) // of the others nobody asks when they were changed
	}
	if !s.Follows(f.kind, cursor) {
		cursor = ""
	}
	p := giving{feed: f, switches: switches, each: each, mute: cursor == "" && len(switches) == 0}
	next, err = s.api.Changes(ctx, f.set, columns, cursor, p.page)
	if p.failed != nil {
		return "", false, p.failed
	}
	expired := cursor != "" && fault.Is(err, fault.Gone)
	if expired {
		p.mute = len(switches) == 0
		next, err = s.api.Changes(ctx, f.set, columns, "", p.page)
	}
	if ofConnections(fault.Of(err)) {
		return "", false, s.unread(err)
	}
	if f.mayBeUntracked() && fault.ClassOf(err) == fault.Ours {
		return cursor, false, nil // of these tables events tell; not every organisation tracks them
	}
	if f.kind == solutionKind && f.set != mapping.OwnRows {
		if off := fault.Of(err) != nil && fault.Of(err).Code == dataverse.CodeUntracked; off || err == nil {
			s.untracked.Store(off)
		}
		if s.untracked.Load() && err != nil {
			return cursor, false, nil // events tell of it; Untracked says that nobody looks after them
		}
	}
	if f.kind == leadKind && withoutColumns(err) {
		return cursor, false, nil // leads have not got our columns: who compares the sheet with the CRM tells of that
	}
	if err != nil {
		return "", false, err
	}
	if p.nameless {
		if cursor == "" { // which row that is nobody will ever tell again
			return "", false, fault.New(fault.Broken, "rows of %s came without their id", f.set).With("answer.malformed", "")
		}
		next = cursor // what is known is given out, and all of it is read again
	}
	if expired && p.mute {
		if err := each([]cosell.Hint{{Kind: f.kind}}, ""); err != nil {
			return "", false, err
		}
	}
	return next, p.came || expired, nil
}

// giving is a feed that is given out as its pages come.
type giving struct {
	feed
	switches []string
	each     func(page []cosell.Hint, reached string) error
	mute     bool  // nothing of it is given out
	came     bool  // a row did
	nameless bool  // one of the rows does not say which it is
	failed   error // of each
}

func (p *giving) page(rows []dataverse.Row, deleted []string, reached string) error {
	var out []cosell.Hint
	p.came = p.came || len(rows)+len(deleted) > 0
	for _, r := range rows {
		if r.ID(p.id) == "" {
			p.nameless = p.nameless || !p.mute
			continue
		}
		if len(p.switches) == 0 || concerns(r, p.switches) {
			at, _ := time.Parse(time.RFC3339, r.Text(modifiedAt)) // zero where a feed that was begun earlier does not say it
			out = append(out, cosell.Hint{Kind: p.kind, ID: r.ID(p.id), Shown: cosell.Shown{ID: r.ID(p.id), Version: r.ETag(), Modified: at}})
		}
	}
	for _, id := range deleted {
		out = append(out, cosell.Hint{Kind: p.kind, ID: id, Deleted: true})
	}
	if p.mute {
		return nil
	}
	if p.nameless {
		reached = "" // that row is read again
	}
	p.failed = p.each(out, reached)
	return p.failed
}

// Untracked names the organisation's own table of solution rows where it has no change tracking: changes whose events
// were lost are not found there. "": it has.
func (s *Store) Untracked() string {
	if !s.untracked.Load() {
		return ""
	}
	return s.tables().Rows.Table
}

// switches are the columns that tell whether an opportunity, or a lead, concerns us; of the other tables every row
// does.
func (s *Store) switches(kind string) []string {
	sheet := s.sheet()
	switch kind {
	case opportunityKind:
	case leadKind:
		sheet = s.whole.Leads()
	default:
		return nil
	}
	var out []string
	for _, f := range []cosell.Field{cosell.Sync, cosell.ReferralID, cosell.Action} {
		if row, ok := sheet.Row(f); ok {
			out = append(out, row.CRM)
		}
	}
	return out
}

func concerns(r dataverse.Row, switches []string) bool {
	for _, column := range switches {
		if text := r.Text(column); text != "" && text != "false" {
			return true
		}
	}
	return false
}
