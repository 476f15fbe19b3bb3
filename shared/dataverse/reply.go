package dataverse

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/pattern"
)

// reply is an error body. The text is read for names only (columns, tables, privileges), which have to
// look like names: it is the other side's, may quote values, and goes nowhere but to fault.Quoting.
type reply struct {
	code string // lower case; empty in older versions, and where it is "0x0"
	bare bool   // the code is "0x0", or of a request that is not understood
	text string
}

// longest is how much of an error's text is looked at, in bytes.
const longest = 4096

var codeForm = pattern.New(`^[0-9A-Za-z][0-9A-Za-z.-]*$`).UpTo(64)

func readReply(body []byte) reply {
	var p struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if len(body) > 1<<20 || json.Unmarshal(body, &p) != nil {
		return reply{}
	}
	code := strings.ToLower(p.Error.Code)
	bare := code == "0x0" || code == codeRequest
	if !codeForm.MatchString(code) || code == "0x0" {
		code = ""
	}
	return reply{code: code, bare: bare, text: p.Error.Message[:min(len(p.Error.Message), longest)]}
}

// label is the machine word of an answer without a meaning of its own.
func (p reply) label(status int) string {
	if p.code != "" {
		return p.code
	}
	return "http." + strings.ToLower(strings.ReplaceAll(http.StatusText(status), " ", "."))
}

// The forms of the messages, where the codes do not tell: "0x0" and no code at all stand for many things.
const ident = `([A-Za-z_][A-Za-z0-9_]*)`

var (
	noSuchRow     = pattern.New(`(?i)\b` + ident + `'? with id = ([0-9a-f-]{36}) does not exist`)
	noSuchColumns = []pattern.Pattern{
		pattern.New(`Could not find a property named '` + ident + `' on type '(?:[\w.]+\.)?` + ident + `'`),
		pattern.New(`Invalid property '` + ident + `' was found in entity '(?:[\w.]+\.)?` + ident + `'`),
		pattern.New(`[Uu]ndeclared property '` + ident + `' which only has property annotations()`),
		pattern.New(`The property '` + ident + `' does not exist on type '(?:[\w.]+\.)?` + ident + `'`),
	}
	noSuchSets = []pattern.Pattern{
		pattern.New(`Resource not found for the segment '` + ident + `'`),
		pattern.New(`(?i)\bentity with (?:the |a )?name ?(?:= ?)?'` + ident + `'`),
	}
	columnForms = []pattern.Pattern{ // the column, and the table where the form names it
		pattern.New(`length of the '` + ident + `' attribute of the '` + ident + `' entity`),
		pattern.New(`of '` + ident + `' on record of type '` + ident + `'`),
		pattern.New(`property '` + ident + `' of entity '` + ident + `'`),
		pattern.New(`of the property '` + ident + `'()`),
		pattern.New(`Attribute: ` + ident + ` cannot be set to NULL(?:: entity '` + ident + `')?`),
		pattern.New(`The value of '` + ident + `@odata\.bind'()`),
		pattern.New(`(?i)\b(?:attribute|column|field) '` + ident + `' of entity '` + ident + `'`),
		pattern.New(`(?i)\b(?:attribute|column|field) '` + ident + `'()`),
	}
	missingRight = pattern.New(`\b(prv[A-Z][A-Za-z0-9_]+)\b`)
	recordRight  = pattern.New(`\b((?:Read|Write|Append|AppendTo|Create|Delete|Share|Assign)Access)\b`)
	// What quotes are called in the languages of the CRM that are spoken most.
	quoteWord = pattern.New(`(?i)\b(?:quotes?|angebot(?:e[ns]?|s)?|devis|ofertas?|offert(?:a|es?)|cota(?:ção|ções)|preventiv[oi])\b|見積|报价|報價|견적`)
	anyName   = pattern.New(ident)
	anyID     = pattern.New(`(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
)

// names are the words of a text that could be names of columns, whatever language it is in.
func (p reply) names() []string { return anyName.FindAllString(p.text, 400) }

// ids are the ids that stand in a text.
func (p reply) ids() (out []string) {
	for _, id := range anyID.FindAllString(p.text, 20) {
		out = append(out, guid(id))
	}
	return out
}

func (p reply) noRow() bool { return noSuchRow.MatchString(p.text) }

// missingRow is the row that does not exist, where the text names it.
func (p reply) missingRow() (table, id string) {
	if m := noSuchRow.FindStringSubmatch(p.text); m != nil {
		return strings.ToLower(m[1]), guid(m[2])
	}
	return "", ""
}

// place is a column and its table, where the text names one.
type place struct{ table, column string }

// String is "opportunity/description", or the column alone.
func (p place) String() string {
	if p.table == "" {
		return p.column
	}
	return p.table + "/" + p.column
}

// words name it to a person.
func (p place) words() string {
	if p.table == "" {
		return "the column " + p.column
	}
	return "the column " + p.column + " of " + p.table
}

func (p reply) missingColumn() (place, bool) {
	for _, form := range noSuchColumns {
		if m := form.FindStringSubmatch(p.text); m != nil {
			return place{m[2], m[1]}, true
		}
	}
	return place{}, false
}

func (p reply) missingSet() string {
	for _, form := range noSuchSets {
		if m := form.FindStringSubmatch(p.text); m != nil {
			return m[1]
		}
	}
	return ""
}

func (p reply) places() []place {
	var out []place
	for _, form := range columnForms {
		for _, m := range form.FindAllStringSubmatch(p.text, 5) {
			out = append(out, place{m[2], m[1]})
		}
	}
	return out
}

// privilege is what a role lacks: "Principal user (Id=…) is missing prvWriteOpportunity privilege (Id=…)".
func (p reply) privilege() string {
	if m := missingRight.FindStringSubmatch(p.text); m != nil {
		return m[1]
	}
	return ""
}

// right is what one record keeps from us: "… does not have ReadAccess right(s) for record with id …", or
// "SecLib::AccessCheckEx failed. … AccessRights: ReadAccess".
func (p reply) right() string {
	if m := recordRight.FindStringSubmatch(p.text); m != nil {
		return m[1]
	}
	return ""
}

func (p reply) speaksOfQuotes() bool { return quoteWord.MatchString(p.text) }

// shorten cuts at a character boundary and puts blanks in the place of control characters.
func shorten(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if runes := []rune(s); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return s
}
