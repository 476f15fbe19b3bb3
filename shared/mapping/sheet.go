package mapping

import (
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/cosell-sync/cosell-sync/infra/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

//go:embed fields.yaml
var fieldsYAML []byte

// shipped is the name under which mistakes of our own sheet are reported.
const shipped = "fields.yaml"

// Source is the text of a field sheet and the name that mistakes are reported under.
type Source struct {
	Name string
	Text []byte
	// Under are the fields that lay under it when it was pushed, see Fields; none: those of now. The last source may have it.
	Under []string
}

// Row is one line of the sheet. Read-only once loaded.
type Row struct {
	Field      cosell.Field
	Referral   string // JSON pointer
	Microsoft  bool   // in Microsoft's referral, not in the partner's own
	CRM        string // column, lookup/column, or collection
	CRMWrite   string // the column that is written, where it is another than the one that is read
	CRMWhenWon string
	Watch      []string // columns of the same table that crm is computed from: their changes raise the event
	As         string   // name of the codec
	Way        cosell.Way
	Wins       cosell.Wins
	Door       cosell.Door
	Constant   any    // decoded; nil on an ordinary row. Of a referral path, or of a column that new rows get
	Formula    string // computes what a new record gets; see Computed
	Default    string // what a new row gets where the referral says nothing
	WithHelp   any
	FirstSight string              // leave, crm or pc: whose value counts where two records meet
	Required   bool                // empty never replaces a value
	AllowZero  bool                // 0 is a value
	Reasons    map[string][]string // status reasons by label or integer: what each status, each reason stands for
	FreeText   bool                // of the reason: words that are none of the reasons travel too
	Values     []Value             // what a referral says for what the CRM calls it; none: the same
	Match      []string            // of the customer's name: how its account is found
	Rows       map[string]string   // of the solutions: the organisation's own table of rows, and its columns
	Catalogue  map[string]string   // of the solutions: its own catalogue
	Remark     string
	Off        bool

	// Of leads: the column that holds the field, what a new lead gets where the referral says nothing, and the status
	// reasons of a lead.
	Lead, LeadDefault string
	LeadReasons       map[string][]string

	leadAs    string // what kind of value the column of a lead holds, where the column of an opportunity was given another
	table     string // of CRM, where it is not the opportunity
	none      bool   // the sheet says that the opportunity has no column for it
	label     string // what people call it
	where     string // file:line of the row that said most recently what it is
	compiled  *Formula
	formulaAt formulaPlace
	// whether an organisation's own sheet names the status reasons, and those of leads
	ownReasons, ownLeadReasons bool
	pointer                    Pointer
	place                      string // a short print of where it stands
	known                      *knowledge
}

// Sheet is the compiled field sheet. It never changes and may be shared.
type Sheet struct {
	table  string // the table of CRM that the crm columns are of
	leads  *Sheet // of the main sheet: that of leads
	rows   []Row
	crm    *schema
	length map[string]int // maximum length by crm path
	known  *knowledge
	tables Tables

	missing []Missing
	asides  []Aside
}

// Default is the embedded sheet alone.
func Default() (*Sheet, error) { return Load() }

// Load compiles the embedded sheet, overlaid row by row by the sources in their order. The error names
// every mistake of all sources as "file:line: what is wrong: what is allowed", one per line.
func Load(sources ...Source) (*Sheet, error) {
	l, err := read(nil, false, sources...)
	if err != nil {
		return nil, err
	}
	return l.made()
}

func (l *loader) made() (*Sheet, error) {
	if len(l.mistakes) > 0 {
		return nil, errors.Join(l.mistakes...)
	}
	return l.sheet(), nil
}

// read lays the sources over each other and checks them. strict: what the CRM does not have is a mistake.
func read(crm Described, strict bool, sources ...Source) (*loader, error) {
	s, err := readSchema(dataverse.Schema)
	if err != nil {
		return nil, err
	}
	l := &loader{schema: s, crm: crm, strict: strict, tables: ownTables(), index: map[cosell.Field]int{}, spoilt: map[cosell.Field]bool{}, doors: map[cosell.Field]cosell.Door{}}
	l.add(Source{Name: shipped, Text: fieldsYAML})
	for _, r := range l.rows {
		if r.Door != cosell.NoDoor {
			l.doors[r.Field] = r.Door
		}
	}
	l.embedded = len(l.rows)
	for _, src := range sources {
		l.add(src)
	}
	l.resolve()
	l.check()
	slices.SortStableFunc(l.mistakes, func(a, b error) int { return ByLine(a.Error(), b.Error()) })
	return l, nil
}

type loader struct {
	schema   *schema
	crm      Described // as it is now, where that is known
	strict   bool
	tables   Tables
	missing  []Missing
	asides   []Aside
	upgrade  *upgrade // since the last source was pushed; nil: none
	rows     []Row
	index    map[cosell.Field]int
	doors    map[cosell.Field]cosell.Door // of the embedded sheet
	embedded int                          // how many rows it has
	spoilt   map[cosell.Field]bool        // rows whose keys cannot be read: what they mean is not judged
	mistakes []error
}

// mistake notes one; allowed may be empty.
func (l *loader) mistake(where, allowed, format string, args ...any) {
	text := where + ": " + fmt.Sprintf(format, args...)
	if allowed != "" {
		text += ": allowed are " + allowed
	}
	l.mistakes = append(l.mistakes, errors.New(text))
}

func (l *loader) sheet() *Sheet {
	s := &Sheet{table: OpportunityTable, crm: l.schema, length: map[string]int{}, known: &knowledge{}, tables: l.tables, missing: l.missing, asides: l.asides}
	for _, r := range l.rows {
		if r.Off {
			continue
		}
		c, known := l.schema.path(OpportunityTable, r.CRM)
		if known && r.CRM != "" {
			s.length[r.CRM] = c.length
		}
		if r.label == "" {
			r.label = FirstText(c.label, spoken(r.Field))
		}
		r.known, r.pointer, r.place = s.known, r.Pointer(), r.stands()
		s.rows = append(s.rows, r)
	}
	s.leads = s.ofLeads()
	return s
}

// spoken makes words of a field's name: "closingDate" is "Closing date".
func spoken(f cosell.Field) string {
	var b strings.Builder
	for i, c := range string(f) {
		switch {
		case i == 0:
			b.WriteRune(unicode.ToUpper(c))
		case unicode.IsUpper(c):
			b.WriteByte(' ')
			b.WriteRune(unicode.ToLower(c))
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// Where is file:line of the row that said most recently what it is.
func (r Row) Where() string { return r.where }

// OwnReasons says whether somebody else than our own sheet names the status reasons.
func (r Row) OwnReasons() bool { return r.ownReasons }

// Fixed says whether the row only fills a new record, by a constant or a formula, and is never compared.
func (r Row) Fixed() bool { return r.Constant != nil || r.Formula != "" && r.As == "" }

// Computed is the row's compiled formula; nil where it has none.
func (r Row) Computed() *Formula { return r.compiled }

// Label is what people call the row: its own word, else the label of its column, else the field's name.
func (r Row) Label() string { return r.label }

// Rows are the rows that are on, in the order of the sheet. Read-only.
func (s *Sheet) Rows() []Row { return s.rows }

// Length is how long the column of a crm path is as shipped; 0 is unlimited or unknown.
func (s *Sheet) Length(path string) int { return s.length[path] }

// Days is how the shipped column of a crm path holds a day; "" where only metadata tells.
func (s *Sheet) Days(path string) Days {
	if path == "estimatedclosedate" || path == "actualclosedate" {
		return DateOnly
	}
	return ""
}

// Without is the sheet as if the rows of the fields were off.
func (s *Sheet) Without(off map[cosell.Field]bool) *Sheet {
	rest := &Sheet{table: s.table, leads: s.leads, crm: s.crm, length: s.length, known: s.known, tables: s.tables, missing: s.missing}
	rest.rows = make([]Row, 0, len(s.rows))
	for i := range s.rows {
		if !off[s.rows[i].Field] {
			rest.rows = append(rest.rows, s.rows[i])
		}
	}
	return rest
}

// Shipped are our codes of a choice row, whatever column it is mapped to, with the integers and labels of
// infra/dataverse/schema.json; none for a choice of the organisation's own. own says that the column is ours.
func (s *Sheet) Shipped(r Row) (options []Option, own bool) {
	if r.isStage() {
		return stageOptions(), false
	}
	if c, ok := s.crm.path(s.table, r.CRM); ok && c.choice != "" {
		return s.crm.choices[c.choice], true
	}
	return s.crm.choices[ours+string(r.Field)], false
}

// Row finds a row by field; ok is false when the sheet has none or it is switched off.
func (s *Sheet) Row(f cosell.Field) (Row, bool) {
	for i := range s.rows {
		if s.rows[i].Field == f {
			return s.rows[i], true
		}
	}
	return Row{}, false
}

// Scalar says whether the row is carried by pointer and column alone.
func (r Row) Scalar() bool {
	_, ok := scalars[r.Kind()]
	return ok && r.Constant == nil
}

// IsList says whether the row holds a list of members.
func (r Row) IsList() bool { return r.As == AsMembers || r.As == AsSolutions }

// stands is a short print of where the field stands, and as what.
func (r Row) stands() string {
	return cosell.Digest(fmt.Sprint(r.Referral, "|", r.Microsoft, "|", r.CRM, "|", r.CRMWhenWon, "|", r.As, "|", r.Values, r.Rows))[:6]
}

// Version tells sheets apart by where each field stands: a pair whose base was made by another version is
// completed, and what has moved meanwhile is met anew. It is "field:place:way" for each row, as cosell.Pairing's Moved reads it.
func (s *Sheet) Version() string { return s.VersionIn(utc, utc) }

const utc = "UTC"

// VersionIn is Version where people enter days in those zones in Partner Center ("": UTC) and in the CRM ("": the same). In another
// zone the same text is another day, so a row that holds a day, or a column of the organisation's own, stands elsewhere then.
func (s *Sheet) VersionIn(partner, crm string) string {
	partner = cmp.Or(partner, utc)
	crm = cmp.Or(crm, partner)
	all := make([]string, len(s.rows))
	for i, r := range s.rows {
		place := r.place
		if (r.As == AsDate || r.As == AsOwn) && (partner != utc || crm != utc) {
			place += "@" + partner + "," + crm
		}
		all[i] = string(r.Field) + ":" + place + ":" + string(r.Way)
	}
	return strings.Join(all, " ")
}
