package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/jsonread"
)

// Find reads the pair of an opportunity: one call.
func (l *Ledger) Find(ctx context.Context, opportunityID string) (cosell.Pair, bool, error) {
	r, ok, err := l.get(ctx, stateTable, key("o", opportunityID))
	if err != nil || !ok {
		return cosell.Pair{}, false, err
	}
	p, err := l.pairOf(ctx, r)
	return p, err == nil, err
}

// FindByReferral reads the pair of a referral, the partner's own or Microsoft's: two calls at most.
func (l *Ledger) FindByReferral(ctx context.Context, referralID string) (cosell.Pair, bool, error) {
	return l.findBy(ctx, key("r", referralID))
}

// FindByEngagement reads the pair of an engagement: two calls at most.
func (l *Ledger) FindByEngagement(ctx context.Context, engagementID string) (cosell.Pair, bool, error) {
	return l.findBy(ctx, key("e", engagementID))
}

func (l *Ledger) findBy(ctx context.Context, link string) (cosell.Pair, bool, error) {
	r, ok, err := l.get(ctx, stateTable, link)
	if err != nil || !ok {
		return cosell.Pair{}, false, err
	}
	p, ok, err := l.Find(ctx, r.props["Opportunity"])
	if !ok || !slices.Contains(identities(p), link) {
		return cosell.Pair{}, false, err
	}
	return p, true, nil
}

// Pairs hands over all pairs until each says false. One whose row cannot be read ends no list: it comes as Unread, with
// the ids that are known of it, and Find says what is wrong with it.
func (l *Ledger) Pairs(ctx context.Context, each func(cosell.Pair) bool) error {
	return l.rows.list(ctx, stateTable, "o|", after("o"), func(r row) bool {
		p, err := cosell.Pair{OpportunityID: strings.TrimPrefix(r.key, "o|")}, r.readable() // of a later version its key alone is known
		if err == nil {
			p, err = l.pairOf(ctx, r)
		}
		if err != nil {
			p.Phase, p.Unread = "", true
		}
		return each(p)
	})
}

// Save writes the pair, the rows that find it by its other ids, and its audit entries, all or nothing, in
// one call. A pair without Version must not exist yet, any other must not have changed since. When the
// answer to a Save that worked is lost and the client repeats it, that counts as success. Rows that find
// the pair and are there already are left alone; Heal writes them anew.
func (l *Ledger) Save(ctx context.Context, p cosell.Pair, entries ...cosell.Entry) (cosell.Pair, error) {
	version, had := splitVersion(p.Version)
	return l.save(ctx, p, version, had, entries)
}

// Heal is Save that writes the rows that find the pair too, after one of them was missed.
func (l *Ledger) Heal(ctx context.Context, p cosell.Pair) (cosell.Pair, error) {
	version, had := splitVersion(p.Version)
	gone := slices.DeleteFunc(slices.Clone(had), func(link string) bool { return slices.Contains(identities(p), link) })
	return l.save(ctx, p, version, gone, nil)
}

// save writes the pair whose rows beside its own are known to be those in had.
func (l *Ledger) save(ctx context.Context, p cosell.Pair, version string, had []string, entries []cosell.Entry) (cosell.Pair, error) {
	if p.OpportunityID == "" {
		return p, fault.New(fault.Invalid, "a pair without an opportunity cannot be saved")
	}
	write := l.newID()
	versions, err := l.rows.write(ctx, stateTable, l.saveOps(ctx, p, version, had, write, entries)...)
	if err == errTaken || err == errStale {
		var done bool
		if p, done, had, err = l.explain(ctx, p, version, had, write); done || err != nil {
			return p, err
		}
		versions, err = l.rows.write(ctx, stateTable, l.saveOps(ctx, p, version, had, write, entries)...)
	}
	if err != nil {
		return p, fmt.Errorf("saving the pair of opportunity %s: %w", p.OpportunityID, outside(err))
	}
	p.Version = joinVersion(versions[0], links(p))
	return p, nil
}

// Mark writes the pair's own row alone, for what is noted before a write: one row instead of a transaction.
// It is Save where the pair is new or other rows of it change.
func (l *Ledger) Mark(ctx context.Context, p cosell.Pair) (cosell.Pair, error) {
	version, had := splitVersion(p.Version)
	if version == "" || !slices.Equal(links(p), had) {
		return l.Save(ctx, p)
	}
	write := l.newID()
	own := op{kind: put, key: key("o", p.OpportunityID), version: version, props: l.pairProps(ctx, p, write)}
	versions, err := l.rows.write(ctx, stateTable, own)
	if err == errStale {
		if explained, done, _, err := l.explain(ctx, p, version, had, write); done || err != nil {
			return explained, err
		}
	}
	if err != nil {
		return p, fmt.Errorf("noting what is written for opportunity %s: %w", p.OpportunityID, outside(err))
	}
	p.Version = joinVersion(versions[0], had)
	return p, nil
}

// explain finds out why a transaction was refused: our own write came through, somebody was faster, a
// record belongs to another pair; or only the rows that find the pair are not as expected. Then it gives
// those that are there, and the save is tried once more.
func (l *Ledger) explain(ctx context.Context, p cosell.Pair, version string, had []string, write string) (cosell.Pair, bool, []string, error) {
	now, exists, err := l.get(ctx, stateTable, key("o", p.OpportunityID))
	switch {
	case err != nil:
		return p, false, nil, err
	case exists && now.props["Write"] == write:
		p.Version = joinVersion(now.version, links(p))
		return p, true, nil, nil
	case now.version != version:
		return p, false, nil, fault.New(fault.Conflict, "the pair of opportunity %s has changed meanwhile", p.OpportunityID)
	}
	var ours []string
	for _, link := range union(links(p), had) {
		r, ok, err := l.get(ctx, stateTable, link)
		if err != nil {
			return p, false, nil, err
		}
		mine := strings.EqualFold(r.props["Opportunity"], p.OpportunityID)
		if ok && !mine && slices.Contains(links(p), link) {
			return p, false, nil, fault.New(fault.Refused, "record %s belongs to opportunity %s, so it cannot be linked with opportunity %s",
				link, r.props["Opportunity"], p.OpportunityID).With("link.taken", "unlink it there first, or correct the id that names it")
		}
		if ok && mine {
			ours = append(ours, link)
		}
	}
	return p, false, ours, nil
}

func (l *Ledger) saveOps(ctx context.Context, p cosell.Pair, version string, had []string, write string, entries []cosell.Entry) []op {
	pair := op{kind: put, key: key("o", p.OpportunityID), version: version, props: l.pairProps(ctx, p, write)}
	if version == "" {
		pair.kind = insert
	}
	ops := []op{pair}
	rows := rowsOf(p)
	wanted, same := links(p), identities(p)
	for _, link := range wanted {
		switch {
		case !slices.Contains(had, link):
			ops = append(ops, op{kind: insert, key: link, props: rows[link]})
		case !slices.Contains(same, link): // what is held tells more than whose it is
			ops = append(ops, op{kind: put, key: link, props: rows[link]})
		}
	}
	for _, link := range had {
		if !slices.Contains(wanted, link) {
			ops = append(ops, op{kind: remove, key: link})
		}
	}
	return append(ops, auditOps(p.OpportunityID, write, entries)...)
}

// rowsOf are the rows beside the pair's own: those that find it by its other ids, and one for each thing
// that is held, so that they can be listed without reading every pair.
func rowsOf(p cosell.Pair) map[string]map[string]string {
	out := map[string]map[string]string{}
	for _, link := range identities(p) {
		out[link] = map[string]string{"V": schema, "Opportunity": p.OpportunityID}
	}
	for _, h := range p.Held {
		out[heldKey(p, h)] = heldProps(p, h)
	}
	return out
}

// identities are the keys of the rows that find the pair by its other ids.
func identities(p cosell.Pair) []string {
	var out []string
	if p.ReferralID != "" {
		out = append(out, key("r", p.ReferralID))
	}
	if p.MicrosoftID != "" && !strings.EqualFold(p.MicrosoftID, p.ReferralID) {
		out = append(out, key("r", p.MicrosoftID))
	}
	if p.EngagementID != "" {
		out = append(out, key("e", p.EngagementID))
	}
	return out
}

// links are the keys of those rows, in a fixed order.
func links(p cosell.Pair) []string {
	out := identities(p)
	for _, h := range p.Held {
		if k := heldKey(p, h); !slices.Contains(out, k) && len(out) < mostRows {
			out = append(out, k)
		}
	}
	return out
}

// mostRows keeps a transaction below its limit of a hundred, with room for the trail. What is held beyond
// that stands in the pair's own row.
const mostRows = 60

func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// A pair's Version carries, beside the row's own, the links that the row had when it was read, so that
// Save knows without another call which to add and which to take away.
func joinVersion(version string, links []string) string {
	return strings.Join(append([]string{version}, links...), "\n")
}

func splitVersion(v string) (version string, links []string) {
	parts := strings.Split(v, "\n")
	return parts[0], parts[1:]
}

func (l *Ledger) pairProps(ctx context.Context, p cosell.Pair, write string) map[string]string {
	text, since := l.copyOf(ctx, &p)
	base, _ := json.Marshal(p.Base) // maps of text
	seen, _ := json.Marshal(p.Seen) // times between the years 0 and 9999
	props := map[string]string{
		"V": schema, "Write": write,
		"Opportunity": p.OpportunityID, "Referral": p.ReferralID, "Microsoft": p.MicrosoftID, "Engagement": p.EngagementID,
		"Table": string(p.Table), "Became": p.Became,
		"Proposed": p.ProposedID, "Phase": string(p.Phase), "OpportunityVersion": p.OpportunityVersion,
		"Told": strings.Join(p.Told, "\n"), "Touched": writeTime(p.Touched), "Sheet": p.Sheet,
		"Posted": strings.Join(p.Posted, "\n"), "Rows": strings.Join(p.Rows, "\n"), "Connected": strings.Join(p.Connected, "\n"), "Registered": p.Registered,
		"LeftAlone": joinFields(p.LeftAlone),
		"Former":    strings.Join(p.Former, "\n"), "Unlike": strings.Join(p.Unlike, "\n"),
		"HeldUntil": writeTime(p.HeldUntil), "LastSuccess": writeTime(p.LastSuccess),
		"Columns": writeTime(p.Columns), "Seen": string(seen), "AuditAt": writeTime(since),
	}
	setLong(props, "AuditCopy", text)
	setLong(props, "Base", string(base))
	setJSON(props, "Held", p.Held, len(p.Held) == 0)
	setJSON(props, "Untold", p.Untold, len(p.Untold) == 0)
	setJSON(props, "Sending", p.Sending, p.Sending == nil)
	return props
}

func setJSON(props map[string]string, name string, v any, none bool) {
	text := ""
	if !none {
		b, _ := json.Marshal(v) // texts and times
		text = string(b)
	}
	setLong(props, name, text)
}

func joinFields(fields []cosell.Field) string {
	texts := make([]string, len(fields))
	for i, f := range fields {
		texts[i] = string(f)
	}
	return strings.Join(texts, "\n")
}

func fieldLines(text string) (out []cosell.Field) {
	for _, line := range lines(text) {
		out = append(out, cosell.Field(line))
	}
	return out
}

func lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

func (l *Ledger) pairOf(ctx context.Context, r row) (cosell.Pair, error) {
	p := cosell.Pair{
		OpportunityID: r.props["Opportunity"], ReferralID: r.props["Referral"],
		Table: cosell.Table(r.props["Table"]), Became: r.props["Became"],
		MicrosoftID: r.props["Microsoft"], EngagementID: r.props["Engagement"],
		Phase: cosell.Phase(r.props["Phase"]), OpportunityVersion: r.props["OpportunityVersion"],
		HeldUntil: readTime(r.props["HeldUntil"]), LastSuccess: readTime(r.props["LastSuccess"]),
		Columns:    readTime(r.props["Columns"]),
		ProposedID: r.props["Proposed"], Touched: readTime(r.props["Touched"]), Sheet: r.props["Sheet"],
		Told: lines(r.props["Told"]), Posted: lines(r.props["Posted"]), Rows: lines(r.props["Rows"]),
		Registered: r.props["Registered"], Connected: lines(r.props["Connected"]),
		LeftAlone: fieldLines(r.props["LeftAlone"]),
		Former:    lines(r.props["Former"]), Unlike: lines(r.props["Unlike"]),
	}
	var err error
	if p.Base, err = readBase(r.long("Base")); err != nil {
		return p, fault.New(fault.Invalid, "the base in row %s is damaged: delete the row, the sweep builds it anew: %w", r.key, err)
	}
	l.takeCopy(ctx, &p, r)
	// Damaged or of an older version: as if there were none.
	for name, to := range map[string]any{"Held": &p.Held, "Untold": &p.Untold, "Sending": &p.Sending} {
		if text := r.long(name); text != "" {
			_ = json.Unmarshal([]byte(text), to)
		}
	}
	if text := r.props["Seen"]; text != "" {
		p.Seen, _ = readSeen(text)
	}
	p.Version = joinVersion(r.version, links(p))
	return p, nil
}

// readBase reads what both sides last agreed on. With its two records it is most of a pair's row.
func readBase(text string) (b cosell.Base, err error) {
	r := jsonread.Of(text)
	r.Object(func(name string) {
		switch name {
		case "referral":
			b.Referral = readRecord(r)
		case "opportunity":
			b.Opportunity = readRecord(r)
		}
	})
	return b, r.End()
}

func readRecord(r *jsonread.Reader) cosell.Record {
	if r.Null() {
		return nil
	}
	names, texts := make([]string, 0, 64), make([]string, 0, 64) // our own sheet has 50 fields
	r.Object(func(name string) { names, texts = append(names, name), append(texts, r.Text()) })
	out := make(cosell.Record, len(names)) // copies of it take as much room
	for i, name := range names {
		out[cosell.Field(name)] = texts[i]
	}
	return out
}

// readSeen reads the versions that were seen of each record.
func readSeen(text string) (map[string]cosell.Sight, error) {
	r := jsonread.Of(text)
	if r.Null() {
		return nil, r.End()
	}
	out := map[string]cosell.Sight{}
	r.Object(func(id string) { out[id] = readSight(r) })
	return out, r.End()
}

func readSight(r *jsonread.Reader) (s cosell.Sight) {
	r.Object(func(name string) {
		switch name {
		case "modified":
			s.Modified = readTime(r.Text())
		case "stale":
			s.Stale = readTime(r.Text())
		case "unexplained":
			s.Unexplained = r.Text()
		case "versions":
			r.List(func() { s.Versions = append(s.Versions, r.Text()) })
		}
	})
	return s
}

func writeTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func readTime(s string) time.Time {
	t, _ := time.Parse(time.RFC3339Nano, s) // "" is no time
	return t
}
