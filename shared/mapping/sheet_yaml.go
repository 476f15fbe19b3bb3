package mapping

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/cosell-sync/cosell-sync/shared/pattern"
)

func hasAlias(n *yaml.Node) bool {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		return true
	}
	for _, c := range n.Content {
		if hasAlias(c) {
			return true
		}
	}
	return false
}

// isJSON says whether JSON can hold the value: YAML knows dates, infinities and maps with other keys too.
func isJSON(v any) bool {
	switch v := v.(type) {
	case string, bool, int, int64, uint64:
		return true
	case float64:
		return !math.IsInf(v, 0) && !math.IsNaN(v)
	case []any:
		for _, e := range v {
			if e != nil && !isJSON(e) {
				return false
			}
		}
		return true
	case map[string]any:
		for _, e := range v {
			if e != nil && !isJSON(e) {
				return false
			}
		}
		return true
	}
	return false
}

func place(src Source, n *yaml.Node) string { return src.Name + ":" + strconv.Itoa(max(n.Line, 1)) }

// unreadable finds what no editor of texts makes: a file in another encoding than UTF-8.
func unreadable(text []byte) (line int, allowed, bad string) {
	const utf8Only = "UTF-8; save the file so in your editor"
	if bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) || bytes.IndexByte(text, 0) >= 0 {
		return 1, utf8Only, "the file is no plain text, or in UTF-16"
	}
	line = 1
	for row := range bytes.SplitSeq(text, []byte("\n")) {
		if !utf8.Valid(row) || bytes.ContainsRune(row, utf8.RuneError) { // what JSON makes of such a letter
			return line, utf8Only, "a letter of this line is not in UTF-8"
		}
		line++
	}
	return 0, "", ""
}

// Unreadable names what keeps a source from being read at all; "" where it can be read, whatever is wrong in it.
func Unreadable(src Source) string {
	l := &loader{}
	if line, allowed, bad := unreadable(src.Text); bad != "" {
		l.mistake(src.Name+":"+strconv.Itoa(line), allowed, "%s", bad)
		return l.mistakes[0].Error()
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(src.Text, &doc); err != nil {
		l.mistake(yamlPlace(src, err), yamlMend(err), "%s", yamlText(err))
		return l.mistakes[0].Error()
	}
	if len(doc.Content) == 0 {
		l.mistake(src.Name+":1", "rows like - {field: notes, wins: crm}; [] stands for the sheet as shipped", "there is no row in the file")
		return l.mistakes[0].Error()
	}
	return ""
}

// The YAML package counts from 0 where its parser complains, from 1 where its scanner does.
var (
	yamlLine   = pattern.New(`line (\d+): `)
	yamlParser = pattern.New(`did not find expected (node content|key|'-' indicator|',' or|<)`)
)

// yamlPlace is where a mistake of form stands. A text whose quote is not closed ends with the file: it began in the
// last line that has an odd number of them.
func yamlPlace(src Source, err error) string {
	line := 1
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		line, _ = strconv.Atoi(m[1]) // digits
		if yamlParser.MatchString(err.Error()) {
			line++
		}
	}
	if strings.Contains(err.Error(), unclosed) {
		for i, row := range bytes.Split(src.Text, []byte("\n")) {
			if bytes.Count(row, []byte("'"))%2 == 1 || bytes.Count(row, []byte(`"`))%2 == 1 {
				line = i + 1
			}
		}
	}
	return src.Name + ":" + strconv.Itoa(line)
}

// unclosed is what the YAML package says of a quote without its end.
const unclosed = "found unexpected end of stream"

// yamlMend says what to do about the mistakes of form that people make.
func yamlMend(err error) string {
	for said, mend := range map[string]string{
		unclosed:                             "texts whose quote is closed again",
		"found a tab":                        "blanks, never tabs, at the beginning of a line",
		"found character that cannot start":  "blanks, never tabs, at the beginning of a line; a text that begins with @, %, ` or & in quotes",
		"mapping values are not allowed":     "a text with a colon in quotes; the keys of a row below each other",
		"did not find expected ','":          "a row in braces that ends with }; a text with a comma, a colon, a quote or a brace in quotes",
		"did not find expected key":          "the keys of a row below each other; a text with a colon or a quote in quotes",
		"did not find expected '-'":          "rows that begin with - in the same column",
		"could not find expected ':'":        "lines like key: value",
		"control characters are not allowed": "plain text, in UTF-8",
	} {
		if strings.Contains(err.Error(), said) {
			return mend
		}
	}
	return ""
}

func yamlText(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if loc := yamlLine.FindStringIndex(text); loc != nil {
		text = text[loc[1]:]
	}
	return "this is not YAML: " + strings.ReplaceAll(text, "\n", " ")
}
