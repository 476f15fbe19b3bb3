package ledger

import (
	"context"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// copyLives is how long the text of a deal's Audit is kept after its last line: long enough to put back what an
// import or a person wiped. It names people and quotes what they wrote, so it is not kept for ever; its hash is.
const copyLives = 30 * 24 * time.Hour

// Sealer keeps texts from whoever reads the tables. What it cannot do now it says with false: a copy is then not
// kept, or not to be had, and everything else goes on.
type Sealer interface {
	Seal(ctx context.Context, text string) (sealed string, ok bool)
	Open(ctx context.Context, sealed string) (text string, ok bool)
}

// plain seals nothing: in memory nobody else reads.
type plain struct{}

func (plain) Seal(_ context.Context, text string) (string, bool)   { return text, true }
func (plain) Open(_ context.Context, sealed string) (string, bool) { return sealed, true }

// copyOf takes the text of Audit out of the pair's base, which then has its hash, and gives it sealed, with
// since when it is kept; none where its time is over.
func (l *Ledger) copyOf(ctx context.Context, p *cosell.Pair) (sealed string, since time.Time) {
	text := p.Base.Opportunity[cosell.Audit]
	digest := cosell.Digested(text)
	if text == digest { // empty, or lost already
		return "", time.Time{}
	}
	if since = l.clock(); p.Copy.Of == digest {
		since = p.Copy.Since
	}
	p.Base = cosell.Base{Referral: p.Base.Referral, Opportunity: p.Base.Opportunity.Clone()}
	p.Base.Opportunity[cosell.Audit] = digest
	if l.over(since) {
		return "", time.Time{}
	}
	sealed, ok := l.sealer.Seal(ctx, text)
	if !ok || cutUnits(sealed, maxUnits) < len(sealed) { // one property, so that nothing is left of it
		return "", time.Time{}
	}
	return sealed, since
}

func (l *Ledger) over(since time.Time) bool { return l.clock().Sub(since) >= copyLives }

// takeCopy gives the base the text again, as long as it lives.
func (l *Ledger) takeCopy(ctx context.Context, p *cosell.Pair, r row) {
	sealed, since := r.long("AuditCopy"), readTime(r.props["AuditAt"])
	if sealed == "" || l.over(since) {
		return
	}
	text, ok := l.sealer.Open(ctx, sealed)
	if !ok || cosell.Digested(text) != p.Base.Opportunity[cosell.Audit] {
		return
	}
	p.Base.Opportunity[cosell.Audit] = text
	p.Copy = cosell.Copy{Of: cosell.Digested(text), Since: since}
}

// copiesFeed is the cursor that says on which day old copies were last looked for.
const copiesFeed = "copies"

// DropCopies takes the copies away whose time is over, of pairs that nothing happens to. It looks once a day.
func (l *Ledger) DropCopies(ctx context.Context) error {
	today := l.clock().UTC().Format(time.DateOnly)
	if last, err := l.Cursor(ctx, copiesFeed); err != nil || last == today {
		return err
	}
	var old []row
	err := l.rows.list(ctx, stateTable, "o|", after("o"), func(r row) bool {
		if r.readable() == nil && r.props["AuditCopy"] != "" && l.over(readTime(r.props["AuditAt"])) {
			old = append(old, row{key: r.key, version: r.version})
		}
		return true
	})
	if err != nil {
		return err
	}
	for _, r := range old {
		props := map[string]string{"AuditAt": ""}
		setLong(props, "AuditCopy", "")
		if _, err := l.rows.write(ctx, stateTable, op{kind: put, key: r.key, version: r.version, props: props}); err != nil && err != errStale {
			return outside(err) // one that has changed meanwhile was saved without its copy
		}
	}
	return l.SaveCursor(ctx, copiesFeed, today)
}
