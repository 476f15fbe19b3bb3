package mapping

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/pattern"
	"go.yaml.in/yaml/v3"
)

// The keys of a row, in the order in which mistakes list them.
const rowKeys = "field, referral, from, crm, crmWrite, crmWhenWon, watch, lead, as, values, way, wins, door, label, firstSight, required, allowZero, reasons, leadReasons, freeText, constant, withHelp, default, leadDefault, formula, match, rows, catalogue, remark, off"

// listedValues gives the values of a key that has but a few.
func listedValues(key string) (allowed string, listed bool) {
	switch key {
	case "from":
		return "own, microsoft", true
	case "as":
		return codecNames(), true
	case "way":
		return "both, toReferral, toOpportunity, read, onCreate, onCreateReferral, onCreateOpportunity", true
	case "wins":
		return "newest, pc, crm, manual", true
	case "door":
		return "none, lifecycle, oneWay, onceSet, onceCreated, onceShared, neverEmpty", true
	case "firstSight":
		return "leave, crm, pc", true
	case "required", "allowZero", "freeText", "off":
		return "true, false", true
	}
	return "", false
}

var fieldName = pattern.New(`^[a-z][A-Za-z0-9]{0,63}$`)

// add reads one source and lays it over what is there.
func (l *loader) add(src Source) {
	if line, allowed, bad := unreadable(src.Text); bad != "" {
		l.mistake(src.Name+":"+strconv.Itoa(line), allowed, "%s", bad)
		return
	}
	var doc, more yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(src.Text))
	if err := d.Decode(&doc); errors.Is(err, io.EOF) {
		return // an empty file changes nothing
	} else if err != nil {
		l.mistake(yamlPlace(src, err), yamlMend(err), "%s", yamlText(err))
		return
	}
	if err := d.Decode(&more); err == nil { // else it would be passed over
		l.mistake(place(src, &more), "one list of rows in a file", "a second document begins")
		return
	} else if !errors.Is(err, io.EOF) {
		l.mistake(yamlPlace(src, err), yamlMend(err), "%s", yamlText(err))
		return
	}
	list := doc.Content[0]
	if list.Kind != yaml.SequenceNode {
		l.mistake(place(src, list), "rows like - {field: notes, wins: crm}", "the sheet is not a list of rows")
		return
	}
	l.upgraded(src)
	seen := map[cosell.Field]int{}
	for _, n := range list.Content {
		l.addRow(src, n, seen)
	}
}

func (l *loader) addRow(src Source, n *yaml.Node, seen map[cosell.Field]int) {
	where, before := place(src, n), len(l.mistakes)
	if n.Kind != yaml.MappingNode {
		l.mistake(where, "rows like - {field: notes, wins: crm}", "this is not a row")
		return
	}
	keys := l.keysOf(src, n)
	name, ok := keys["field"]
	if !ok {
		l.mistake(where, "names like dealValue", "the row has no field")
		return
	}
	if name.Kind != yaml.ScalarNode || !fieldName.MatchString(name.Value) {
		l.mistake(place(src, name), "names of letters and digits that begin with a small letter", "%q is no field name", name.Value)
		return
	}
	f := cosell.Field(name.Value)
	if line, twice := seen[f]; twice {
		l.mistake(where, "one row per field and file", "field %s stands in line %d already", f, line)
		return
	}
	seen[f] = n.Line
	i, known := l.index[f]
	if !known {
		i = len(l.rows)
		l.index[f] = i
		l.rows = append(l.rows, Row{Field: f})
	}
	l.own(&l.rows[i], where)
	l.rows[i].where = where
	if keys["off"] == nil {
		l.rows[i].Off = false // a row of ours that is off is switched on by whoever speaks of it
	}
	if keys["lead"] != nil {
		l.rows[i].leadAs = ""
	} else if r := &l.rows[i]; keys["as"] != nil && r.Lead != "" && r.leadAs == "" {
		r.leadAs = r.As
	}
	for key, v := range keys {
		if key != "field" {
			l.set(&l.rows[i], key, v, src)
		}
	}
	l.spoilt[f] = l.spoilt[f] || len(l.mistakes) > before
}

func (l *loader) keysOf(src Source, n *yaml.Node) map[string]*yaml.Node {
	keys := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if !isOne(k.Value, rowKeys) {
			allowed := rowKeys
			if near := Nearest(strings.TrimSpace(k.Value), strings.Split(rowKeys, ", ")); near != "" && len(k.Value) > 2 {
				allowed = near
			}
			l.mistake(place(src, k), allowed, "%q is no key of a row", k.Value)
			continue
		}
		if _, twice := keys[k.Value]; twice {
			l.mistake(place(src, k), "each key once", "key %s stands twice in this row", k.Value)
			continue
		}
		keys[k.Value] = v
	}
	return keys
}

// set reads the value of one key.
func (l *loader) set(r *Row, key string, v *yaml.Node, src Source) {
	where := place(src, v)
	switch key {
	case "values":
		l.setValues(r, v, src)
	case "constant", "withHelp":
		l.setConstant(r, key, v, where)
	case "rows", "catalogue":
		l.setTable(r, key, v, where)
	case "watch":
		l.setWatch(r, v, where)
	case "match":
		l.setMatch(r, v, where)
	case "reasons", "leadReasons":
		l.setReasons(r, key, v, where)
	default:
		l.setText(r, key, v, src)
	}
}

// setText reads a key of a single value.
func (l *loader) setText(r *Row, key string, v *yaml.Node, src Source) {
	where := place(src, v)
	if v.Kind != yaml.ScalarNode {
		l.mistake(where, "a single value", "%s holds a list or a map", key)
		return
	}
	if allowed, listed := listedValues(key); listed {
		l.oneOf(where, key, v.Value, allowed)
	}
	if allowed, must := neverEmpty()[key]; must && v.Value == "" {
		l.mistake(where, allowed, "%s is empty", key)
	}
	switch text := v.Value; key {
	case "from":
		r.Microsoft = text == "microsoft"
	case "crm":
		if r.CRM, r.none = text, text == noColumn; r.none {
			r.CRM = "" // of consent: who has no column for it answers by a setting
		}
	case "lead":
		if r.Lead = text; text == noColumn {
			r.Lead = ""
		}
	case "way":
		r.Way = cosell.Way(text)
	case "wins":
		r.Wins = cosell.Wins(text)
	case "door":
		if r.Door = cosell.Door(text); text == "none" {
			r.Door = cosell.NoDoor
		}
	case "formula":
		r.Formula, r.formulaAt = text, formulaPlace{file: src.Name, line: max(v.Line, 1), block: v.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0}
	case "required", "allowZero", "freeText", "off":
		*r.flags()[key] = text == "true"
	default:
		*r.texts()[key] = text
	}
}

// neverEmpty are the keys that must not be empty, with what is written instead.
func neverEmpty() map[string]string {
	return map[string]string{
		"referral": "a path; to switch the row off write off: true",
		"crm":      "a column; to switch the row off write off: true",
		"lead":     "a column of the lead; to keep the field from leads leave the key away",
		"formula":  "an expression",
		"default":  "a value; to have none leave the key away",
	}
}

// texts are what the keys of plain texts are kept in, and flags what those of true and false are.
func (r *Row) texts() map[string]*string {
	return map[string]*string{"referral": &r.Referral, "crmWrite": &r.CRMWrite, "crmWhenWon": &r.CRMWhenWon, "as": &r.As, "label": &r.label,
		"firstSight": &r.FirstSight, "default": &r.Default, "leadDefault": &r.LeadDefault, "remark": &r.Remark}
}

func (r *Row) flags() map[string]*bool {
	return map[string]*bool{"required": &r.Required, "allowZero": &r.AllowZero, "freeText": &r.FreeText, "off": &r.Off}
}

// setWatch reads the columns that crm is computed from.
func (l *loader) setWatch(r *Row, v *yaml.Node, where string) {
	var columns []string
	if hasAlias(v) || v.Decode(&columns) != nil || len(columns) == 0 || slices.ContainsFunc(columns, func(c string) bool { return !keyColumn.MatchString(c) }) {
		l.mistake(where, "a list of logical names like [new_price, new_pieces]", "watch cannot be read")
		return
	}
	r.Watch = columns
}

// setReasons reads the status reasons of each status, or of each closing reason by its number.
func (l *loader) setReasons(r *Row, key string, v *yaml.Node, where string) {
	allowed := "open, onhold, won, lost, canceled"
	switch r.Field {
	case cosell.Status:
	case cosell.Reason:
		allowed = "1, 2, 3, 4, 5, 6, 7, 8"
	default:
		l.mistake(where, "the fields status, reason", "%s stand in the field %s", key, r.Field)
		return
	}
	var reasons map[string][]string
	if hasAlias(v) || v.Decode(&reasons) != nil {
		l.mistake(where, "lists of labels or integers like {open: [In Progress]}", "%s cannot be read", key)
		return
	}
	for name := range reasons {
		l.oneOf(where, "a key of "+key, name, allowed)
	}
	own := !strings.HasPrefix(where, shipped+":")
	if key == "leadReasons" {
		r.LeadReasons, r.ownLeadReasons = reasons, own
		return
	}
	r.Reasons, r.ownReasons = reasons, own
}

// setConstant decodes a constant. Anchors and aliases are refused: a few bytes of them can mean gigabytes.
func (l *loader) setConstant(r *Row, key string, v *yaml.Node, where string) {
	if hasAlias(v) {
		l.mistake(where, "values written out", "%s uses an anchor or alias", key)
		return
	}
	var value any
	if err := v.Decode(&value); err != nil || value == nil || !isJSON(value) {
		allowed := "texts, numbers, true, false, lists and maps of them"
		if _, is := value.(time.Time); is {
			allowed = "a date in quotes: '" + v.Value + "'"
		}
		l.mistake(where, allowed, "%s is no value that can be sent", key)
		return
	}
	if key == "constant" {
		r.Constant = value
		return
	}
	r.WithHelp = value
}

func (l *loader) oneOf(where, key, text, allowed string) {
	if !isOne(text, allowed) {
		l.mistake(where, allowed, "%s is %q", key, text)
	}
}

func isOne(text, allowed string) bool {
	for a := range strings.SplitSeq(allowed, ", ") {
		if a == text {
			return true
		}
	}
	return false
}
