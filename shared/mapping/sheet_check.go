package mapping

import (
	"regexp"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// Partner Center's member names. A segment that JSON Patch reads as an index, as "append" or as an escape
// would make a document that does something else than the sheet says.
var (
	pointerSegment = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)
	customColumn   = regexp.MustCompile(`^[a-z][a-z0-9]{1,7}_[a-z0-9_]+$`)
)

// currencyColumn is the one lookup that a currency is read from.
const currencyColumn = "transactioncurrencyid"

// ours is the prefix of the columns that infra/dataverse/schema.json lists.
const ours = "cosell_"

func (l *loader) check() {
	for i := range l.rows {
		r := &l.rows[i]
		l.checkShape(r)
		l.checkMeaning(r)
		if i >= l.embedded {
			l.checkCrosses(r)
		}
		if r.Referral != "" {
			l.checkPointer(r)
		}
		if r.CRM != "" {
			l.checkColumn(r, "crm", r.CRM)
		}
		if r.CRMWhenWon != "" {
			l.checkColumn(r, "crmWhenWon", r.CRMWhenWon)
		}
		l.defaults(r)
	}
	l.checkShared()
}

func (l *loader) checkShape(r *Row) {
	switch {
	case r.Constant != nil && ((r.Referral == "") == (r.CRM == "") || r.As != "" || r.Way != "" || r.Default != ""):
		l.mistake(r.where, "field, referral or crm, constant, withHelp, remark, off", "field %s is a constant", r.Field)
	case r.Constant != nil && r.CRM != "" && r.WithHelp != nil:
		l.mistake(r.where, "withHelp beside a referral path", "field %s has withHelp in CRM", r.Field)
	case r.Default != "" && (r.CRM == "" || scalars[r.As].toCRM == nil):
		l.mistake(r.where, "rows with a column and a codec of plain values", "field %s has a default", r.Field)
	case r.Constant != nil:
	case r.WithHelp != nil:
		l.mistake(r.where, "constant and withHelp together", "field %s has withHelp but no constant", r.Field)
	case r.Referral == "" && r.CRM == "":
		l.mistake(r.where, "rows with referral, crm or both", "field %s stands on neither side", r.Field)
	case r.As == "" && l.near(r.Field) != "":
		l.mistake(r.where, string(l.near(r.Field)), "there is no field %s", r.Field)
	case r.As == "":
		l.mistake(r.where, codecNames(), "field %s has no codec (as)", r.Field)
	case only(r.As) != "" && only(r.As) != string(r.Field):
		l.mistake(r.where, "the field "+only(r.As), "field %s cannot be of kind %s", r.Field, r.As)
	case r.As == AsMembers && r.CRM != "" && !isOne(r.CRM, "ownerid, parentcontactid"):
		l.mistake(r.where, "ownerid, parentcontactid", "field %s reads people from %q", r.Field, r.CRM)
	case r.As == AsCurrency && r.CRM != "" && r.CRM != currencyColumn:
		l.mistake(r.where, currencyColumn, "field %s reads a currency from %q", r.Field, r.CRM)
	case r.Microsoft && r.Referral == "":
		l.mistake(r.where, "from: microsoft with a referral path", "field %s is from Microsoft's referral but has no path there", r.Field)
	case r.Microsoft && r.Way != cosell.ToOpportunity && r.Way != cosell.Read:
		l.mistake(r.where, "toOpportunity, read", "field %s comes from Microsoft's referral, which is never written; its way is %q", r.Field, r.Way)
	case (r.Referral == "" || r.CRM == "") && r.Way != "" && r.Way != cosell.Read:
		l.mistake(r.where, "read", "field %s stands on one side only; its way is %q", r.Field, r.Way)
	}
}

// near is the field that differs in letter case alone.
func (l *loader) near(f cosell.Field) cosell.Field {
	for other := range l.index {
		if other != f && strings.EqualFold(string(other), string(f)) {
			return other
		}
	}
	return ""
}

// only names the one field that a codec can carry, where code of its own stands behind it.
func only(as string) string {
	switch as {
	case AsName, AsMark, AsStatus, AsReason, AsSolutions:
		return as
	}
	return ""
}

// defaults fills in what a row with both sides means when it says nothing.
func (l *loader) defaults(r *Row) {
	if r.Constant != nil || r.Referral == "" || r.CRM == "" {
		return
	}
	if r.Way == "" {
		r.Way = cosell.Both
	}
	if r.Wins == "" {
		r.Wins = cosell.Newest
	}
}

func (l *loader) checkPointer(r *Row) {
	const allowed = "paths like /details/dealValue, of letters, digits and _"
	if !strings.HasPrefix(r.Referral, "/") {
		l.mistake(r.where, allowed, "referral path %q of field %s does not begin with /", r.Referral, r.Field)
		return
	}
	for segment := range strings.SplitSeq(r.Referral[1:], "/") {
		if !pointerSegment.MatchString(segment) {
			l.mistake(r.where, allowed, "referral path %q of field %s has the segment %q", r.Referral, r.Field, segment)
			return
		}
	}
	if near, ok := knownPath(r.Referral); !ok {
		allowed := "the members of a referral, and anything below " + free + "; the nearest is " + near
		if strings.HasPrefix(r.where, shipped) {
			allowed += "; a new one needs its line in shared/mapping/paths.go"
		}
		l.mistake(r.where, allowed, "referral path %q of field %s is no member of a referral", r.Referral, r.Field)
	}
}

func (l *loader) checkColumn(r *Row, key, path string) {
	table, name := "opportunity", path
	if nav, rest, deep := strings.Cut(path, "/"); deep {
		target, ok := lookupTable(nav)
		if nav == "opportunityclose" && r.As == AsReason {
			target, ok = nav, true
		}
		if !ok {
			l.mistake(r.where, lookups, "%s %q of field %s goes through %q", key, path, r.Field, nav)
			return
		}
		table, name = target, rest
	}
	kinds := codecKinds(r.As)
	c, known := l.schema.find(table, name)
	switch {
	case known && len(kinds) > 0 && !isOne(c.kind, strings.Join(kinds, ", ")):
		l.mistake(r.where, strings.Join(kinds, ", "), "%s %q of field %s is of type %s, which %q cannot carry", key, path, r.Field, c.kind, r.As)
	case known:
	case strings.HasPrefix(name, ours) || !customColumn.MatchString(name):
		l.unknownColumn(r, key, path, table, name)
	}
}

// unknownColumn also helps the one who gave a label where a column name is wanted.
func (l *loader) unknownColumn(r *Row, key, path, table, name string) {
	if c, ok := l.schema.byLabel(table, name); ok {
		l.mistake(r.where, "logical names; write "+c.name, "%s %q of field %s is the label of column %s", key, path, r.Field, c.name)
		return
	}
	allowed := l.schema.names(table, codecKinds(r.As)) + ", and columns of your own like new_name"
	if strings.HasPrefix(r.where, shipped) && strings.HasPrefix(name, ours) {
		allowed += "; a new one of ours needs its line in infra/dataverse/schema.json"
	}
	l.mistake(r.where, allowed, "%s %q of field %s is no column of %s", key, path, r.Field, table)
}
