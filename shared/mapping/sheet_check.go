package mapping

import (
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/pattern"
)

// customColumn is the name of a column that only the organisation knows.
var customColumn = pattern.New(`^[a-z][a-z0-9]{1,7}_[a-z0-9_]+$`)

// currencyColumn is the one lookup that a currency is read from.
const currencyColumn = "transactioncurrencyid"

// ours is the prefix of the columns that infra/dataverse/schema.json lists.
const ours = "cosell_"

func (l *loader) check() {
	for i := range l.rows {
		wrong := len(l.mistakes)
		l.checkRow(&l.rows[i], i >= l.embedded)
		l.passOver(&l.rows[i], wrong)
	}
	l.giveWay()
	l.checkShared()
	l.compileFormulas()
}

// checkRow checks one row by itself; own: the embedded sheet has none of its field.
func (l *loader) checkRow(r *Row, own bool) {
	if l.spoilt[r.Field] {
		return
	}
	if r.Off && own && places(r) == 0 && r.Constant == nil && r.Formula == "" {
		l.checkStrange(r)
		return
	}
	if r.Off {
		l.checkOff(r)
		return
	}
	l.derive(r)
	l.checkShape(r)
	l.checkMeaning(r)
	if own {
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
	if r.CRMWrite != "" {
		l.checkColumn(r, "crmWrite", r.CRMWrite)
	}
	if r.Lead != "" {
		l.checkLead(r.ofLead())
	}
	l.defaults(r)
}

func (l *loader) checkShape(r *Row) {
	switch {
	case r.Constant != nil && (places(r) != 1 || r.As != "" || r.Way != "" || r.Default != "" || r.Formula != ""):
		l.mistake(r.where, "field, one of referral, crm and lead, constant, withHelp, remark, off", "field %s is a constant", r.Field)
	case r.Constant != nil && r.Referral == "" && r.WithHelp != nil:
		l.mistake(r.where, "withHelp beside a referral path", "field %s has withHelp in CRM", r.Field)
	case r.Default != "" && (r.CRM == "" || r.As != AsOwn && scalars[r.As].toCRM == nil):
		l.mistake(r.where, "rows with a column and a codec of plain values", "field %s has a default", r.Field)
	case r.Constant != nil:
	case r.Formula != "" && r.Default != "":
		l.mistake(r.where, "default or formula", "field %s has both", r.Field)
	case r.Formula != "" && r.CRM == "" && (r.Microsoft || r.As != ""):
		l.mistake(r.where, "rows with crm, or with a referral path, formula and neither as nor way", "field %s has a formula", r.Field)
	case r.Formula != "" && (r.Referral == "" || r.CRM == "") && r.Way == "":
	case r.WithHelp != nil:
		l.mistake(r.where, "constant and withHelp together", "field %s has withHelp but no constant", r.Field)
	case places(r) == 0 && l.index[r.Field] >= l.embedded:
		l.mistake(r.where, "rows with referral, crm or both; no field of that name is shipped", "field %s stands on neither side", r.Field)
	case places(r) == 0:
		l.mistake(r.where, "rows with referral, crm or both", "field %s stands on neither side", r.Field)
	case r.As == "" && l.nameless(r): // the column itself is named
	case r.As == "" && l.near(r.Field) != "":
		l.mistake(r.where, string(l.near(r.Field)), "there is no field %s", r.Field)
	case r.As == "":
		l.mistake(r.where, codecNames(), "field %s has no codec (as)", r.Field)
	case len(r.Values) > 0 && !tabled(r.As):
		l.mistake(r.where, "text, memo, choice, choices, flag, stage, stageName, lookup, whole, number, and no codec (as)", "field %s is of kind %s, which has no value table", r.Field, r.As)
	case r.CRMWrite != "" && (r.CRM == "" || !tabled(r.As) && r.As != AsMoney && r.As != AsDate && r.As != AsTime && r.As != AsCountry):
		l.mistake(r.where, "rows with crm and a codec of plain values", "field %s writes another column than it reads", r.Field)
	case only(r.As) != "" && only(r.As) != string(r.Field):
		l.mistake(r.where, "the field "+only(r.As), "field %s cannot be of kind %s", r.Field, r.As)
	case r.As == AsMembers && r.CRM != "" && !isOne(r.CRM, "ownerid, parentcontactid"):
		l.mistake(r.where, "ownerid, parentcontactid", "field %s reads people from %q", r.Field, r.CRM)
	case r.As == AsPeople && r.Way != cosell.ToOpportunity && r.Way != cosell.NewOpportunity:
		l.mistake(r.where, "toOpportunity, onCreateOpportunity", "field %s shows people, whom nobody writes by it; its way is %q", r.Field, r.Way)
	case onlyAtCreation(r.Referral) && !r.Microsoft && (r.Way == cosell.Both || r.Way == cosell.ToReferral):
		l.mistake(r.where, "onCreateReferral, onCreateOpportunity, onCreate, toOpportunity, read", "field %s stands at %s, which nobody can change after the creation; its way is %q", r.Field, r.Referral, r.Way)
	case writtenThere(r.Referral) && !r.Microsoft && isOne(string(r.Way), "both, toReferral, onCreate, onCreateReferral"):
		l.mistake(r.where, "toOpportunity, onCreateOpportunity, read", "field %s stands at %s, which Partner Center alone writes; its way is %q", r.Field, r.Referral, r.Way)
	case r.Microsoft && r.Referral == "":
		l.mistake(r.where, "from: microsoft with a referral path", "field %s is from Microsoft's referral but has no path there", r.Field)
	case r.Microsoft && r.Way != cosell.ToOpportunity && r.Way != cosell.Read:
		l.mistake(r.where, "toOpportunity, read", "field %s comes from Microsoft's referral, which is never written; its way is %q", r.Field, r.Way)
	case r.Field != cosell.Consent && (r.Referral == "" || r.CRM == "" && r.Lead == "") && r.Way != "" && r.Way != cosell.Read:
		l.mistake(r.where, "read", "field %s stands on one side only; its way is %q", r.Field, r.Way)
	}
}

// tabled says whether values of the codec can stand in a value table.
func tabled(as string) bool {
	return isOne(as, "own, stage, stageName, text, memo, choice, choices, flag, lookup, whole, number")
}

// derive gives a row of the organisation's own that names no codec the one that its column asks for: that of a
// standard column now, that of a column of its own once the metadata was read.
func (l *loader) derive(r *Row) {
	if r.As == AsCurrency && r.CRM != "" && r.CRM != currencyColumn {
		r.leadAs = FirstText(r.leadAs, r.As)
		r.As = AsCurrencyCode // another column than the standard one holds the code itself
	}
	path := FirstText(r.CRM, r.Lead)
	if r.As != "" || r.Constant != nil || path == "" || r.Formula != "" && r.Referral == "" || l.near(r.Field) != "" {
		return
	}
	p := placeOf(path)
	if r.CRM == "" {
		p.Table = LeadTable
	}
	c, known := l.schema.find(p.Table, p.Column)
	switch {
	case p.Key != "":
		r.As = AsText
	case known:
		r.As = CodecOf(ColumnType{Type: c.kind, Days: DateOnly})
	case customColumn.MatchString(p.Column) && !strings.HasPrefix(p.Column, ours):
		r.As = AsOwn
	}
}

// nameless says whether the row has no kind of value because nobody knows its column.
func (l *loader) nameless(r *Row) bool {
	path := FirstText(r.CRM, r.Lead)
	if path == "" || l.near(r.Field) != "" {
		return false
	}
	p := placeOf(path)
	if r.CRM == "" {
		p.Table = LeadTable
	}
	_, known := l.schema.find(p.Table, p.Column)
	return !known && (p.Key != "" || strings.HasPrefix(p.Column, ours) || !customColumn.MatchString(p.Column))
}

// places is how many places the row names.
func places(r *Row) (n int) {
	for _, at := range []string{r.Referral, r.CRM, r.Lead} {
		if at != "" {
			n++
		}
	}
	return n
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
	switch {
	case r.Way != "":
	case r.Registers():
		r.Way = cosell.ToReferral
	case onlyAtCreation(r.Referral):
		r.Way = cosell.NewReferral
	case writtenThere(r.Referral):
		r.Way = cosell.ToOpportunity
	}
	if r.Way == "" {
		r.Way = cosell.Both
	}
	if r.Wins == "" {
		r.Wins = cosell.Newest
	}
}

// pathForms are the forms of a referral path, as mistakes name them.
const pathForms = "paths like /details/dealValue, of letters, digits and _; into a list /tags/0, /tags/* or /customerProfile/ids/profileType=Duns/id"

func (l *loader) checkPointer(r *Row) {
	const allowed = pathForms
	if r.Registers() {
		if r.Way == "" {
			r.Way = cosell.ToReferral
		}
		l.checkRegistration(r)
		return
	}
	if !strings.HasPrefix(r.Referral, "/") {
		l.mistake(r.where, allowed, "referral path %q of field %s does not begin with /", r.Referral, r.Field)
		return
	}
	p, bad, ok := parsePointer(r.Referral)
	if !ok {
		l.mistake(r.where, allowed, "referral path %q of field %s has the segment %q", r.Referral, r.Field, bad)
		return
	}
	if p.List() != "" {
		l.checkList(r, p)
		return
	}
	if near, ok := knownPath(r.Referral); !ok {
		allowed := "the members of a referral; " + near
		if strings.HasPrefix(r.where, shipped) {
			allowed += "; a new one needs its line in shared/mapping/paths.go"
		}
		l.mistake(r.where, allowed, "referral path %q of field %s is no member of a referral", r.Referral, r.Field)
	}
}

// checkList checks a path into a list. Lists of people and solutions have codecs of their own that write them.
func (l *loader) checkList(r *Row, p Pointer) {
	writes := r.Way != cosell.ToOpportunity && r.Way != cosell.Read && r.Way != cosell.NewOpportunity
	switch {
	case !isOne(p.List(), lists):
		allowed := lists
		for known := range strings.SplitSeq(lists, ", ") {
			if lastSegment(known) == lastSegment(p.List()) {
				allowed = known
			}
		}
		l.mistake(r.where, allowed, "referral path %q of field %s goes into %s, which is no list", r.Referral, r.Field, p.List())
	case isOne(p.List(), ledLists) && (writes || r.Constant != nil):
		l.mistake(r.where, "toOpportunity, read, onCreateOpportunity", "field %s would write into %s, which the row of that list writes; its way is %q", r.Field, p.List(), r.Way)
	case p.Every() && r.Constant == nil && r.As != AsChoices && r.As != AsOwn:
		l.mistake(r.where, AsChoices, "field %s means all members of %s", r.Field, p.List())
	}
}

// lookupColumn says whether a path goes through a lookup whose row has the value.
func (l *loader) lookupColumn(p Place) bool {
	c, known := l.schema.find(p.Table, p.Column)
	return known && (c.kind == "Lookup" || c.kind == "Customer" || c.kind == "Owner") || !known && customColumn.MatchString(p.Column) && !strings.HasPrefix(p.Column, ours)
}

var keyColumn = pattern.New(`^[a-z][a-z0-9_]*$`)

func (l *loader) checkColumn(r *Row, key, path string) {
	if strings.Contains(path, labelMark) || r.Rows != nil && key == "crm" {
		return // it is looked up in the CRM
	}
	p := placeOf(path)
	if p.Table == closeTable && r.As != AsReason {
		p = Place{Table: OpportunityTable, Column: closeTable, Key: p.Column}
	}
	if p.Key != "" {
		if !l.lookupColumn(p) {
			l.mistake(r.where, lookups+", and lookups of your own", "%s %q of field %s goes through %q", key, path, r.Field, p.Column)
			return
		}
		return
	}
	l.checkKind(r, key, path, p)
}

// checkKind finds a column that is not there, or that the codec cannot carry.
func (l *loader) checkKind(r *Row, key, path string, p Place) {
	kinds := codecKinds(r.As)
	c, known := l.schema.find(p.Table, p.Column)
	switch {
	case known && len(kinds) > 0 && !isOne(c.kind, strings.Join(kinds, ", ")):
		l.mistake(r.where, strings.Join(kinds, ", "), "%s %q of field %s is of type %s, which %q cannot carry", key, path, r.Field, c.kind, r.As)
	case known:
	case strings.HasPrefix(p.Column, ours) || !customColumn.MatchString(p.Column):
		l.unknownColumn(r, key, path, p.Table, p.Column)
	}
}

// unknownColumn also helps the one who gave a label where a column name is wanted.
func (l *loader) unknownColumn(r *Row, key, path, table, name string) {
	if c, ok := l.schema.byLabel(table, name); ok {
		l.mistake(r.where, "logical names; write "+c.name, "%s %q of field %s is the label of column %s", key, path, r.Field, c.name)
		return
	}
	if column, ok := l.crm.column(table, name); ok {
		l.mistake(r.where, "logical names; write "+column, "%s %q of field %s is the label of column %s", key, path, r.Field, column)
		return
	}
	near := Nearest(name, l.names(table))
	allowed := l.schema.names(table, codecKinds(r.As)) + ", and columns of your own like new_name"
	if near != "" {
		allowed = "columns of " + table + "; the nearest is " + near
	}
	if strings.HasPrefix(r.where, shipped) && strings.HasPrefix(name, ours) {
		allowed += "; a new one of ours needs its line in infra/dataverse/schema.json"
	}
	l.mistake(r.where, allowed, "%s %q of field %s is no column of %s", key, path, r.Field, table)
}
