package opportunities

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// speaksOf gives a refusal that names no column the one field of the values whose label stands in its words, in
// any language of the organisation: plug-ins call columns by what people see. It is a guess.
func (s *Store) speaksOf(err error, values cosell.Record) error {
	e := fault.Of(err)
	if fault.ClassOf(err) != fault.Record || e.Field != "" || e.Target != "" || e.Theirs == "" {
		return err
	}
	m, _ := s.metadata.peek()
	found, longest := cosell.Field(""), 0
	for _, row := range s.sheet().Rows() {
		if _, sent := values[row.Field]; !sent && len(values.Members(row.Field)) == 0 || row.CRM == "" || row.As == mapping.AsMark {
			continue
		}
		for _, label := range append([]string{row.Label()}, m.found[row.CRM].Labels...) {
			n := utf8.RuneCountInString(label)
			if n < longest || !hasWord(e.Theirs, label) {
				continue
			}
			if n == longest && found != row.Field {
				found = "" // two are meant, or none
				continue
			}
			found, longest = row.Field, n
		}
	}
	if found != "" {
		e.Field, e.Guessed = string(found), true
	}
	return err
}

// hasWord says whether the word stands by itself in a text. In scripts without blanks it stands anywhere.
func hasWord(text, word string) bool {
	const shortest = 4
	text, word = strings.ToLower(text), strings.ToLower(strings.TrimSpace(word))
	if utf8.RuneCountInString(word) < shortest && isASCII(word) || word == "" {
		return false
	}
	for from := 0; ; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return false
		}
		begin, end := from+i, from+i+len(word)
		before, _ := utf8.DecodeLastRuneInString(text[:begin])
		after, _ := utf8.DecodeRuneInString(text[end:])
		first, _ := utf8.DecodeRuneInString(word)
		last, _ := utf8.DecodeLastRuneInString(word)
		if !joins(before, first) && !joins(last, after) {
			return true
		}
		from = end
	}
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}

// joins says whether two neighbours belong to one word.
func joins(a, b rune) bool {
	alone := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai)
	}
	return !alone(a) && !alone(b)
}

// doubted says whether a refusal only seems to be about a column that is not there.
func doubted(e *fault.Error) bool {
	return e != nil && e.Guessed && (e.Code == dataverse.CodeColumn || e.Code == dataverse.CodePayload)
}

// settled makes a refusal the record's again whose column the CRM has.
func settled(e *fault.Error, found []Mismatch) {
	if !doubted(e) || e.Class != fault.Ours || slices.ContainsFunc(found, func(m Mismatch) bool { return m.Column == e.Target }) {
		return
	}
	e.OfClass(fault.Record).With("refused", "").Saying("the CRM does not take the value of the column "+e.Target, "correct the value")
}
