package mapping

import (
	"cmp"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// Text reads a JSON scalar as text, cleaned.
func Text(v any) (string, error) {
	text, err := scalarText(v)
	return Clean(text), err
}

func textFromReferral(_ *glossary, v any) (string, error) { return Text(v) }

func textToReferral(_ *glossary, text string) (any, error) { return OrNull(Clean(text)), nil }

func textFromCRM(_ *glossary, _, text string) (string, error) { return Clean(text), nil }

func textToCRM(_ *glossary, _, text string) (any, error) { return OrNull(Clean(text)), nil }

// OrNull gives an empty text as null.
func OrNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// The marks before an opportunity's name: ours first, then those that older connectors and people used.
const (
	tick  = "✓"
	cross = "✗"
)

func marks() [4]string { return [4]string{tick, cross, "✔", "✘"} }

func nameFromCRM(_ *glossary, _, text string) (string, error) {
	_, bare := SplitMark(Clean(text))
	return bare, nil
}

// SplitMark takes any number of marks off a name, however they stand, and says what the first one means. Where an
// automation of the organisation puts the same text before every name, our mark stands behind that, and before the
// name as it was.
func SplitMark(name string) (mark, bare string) {
	for mark, bare = leadingMarks(name); ; {
		behind := repeated(bare)
		if behind == "" {
			return mark, bare
		}
		inner, rest := leadingMarks(behind)
		mark, bare = cmp.Or(mark, inner), rest
	}
}

// repeated is a name from the mark on behind which it begins once more; "": there is none.
func repeated(name string) string {
	for _, m := range marks() {
		before, rest, found := strings.Cut(name, m)
		if found && strings.TrimSpace(before) != "" && strings.HasPrefix(strings.TrimLeft(rest, " "), before) {
			return m + rest
		}
	}
	return ""
}

func leadingMarks(name string) (mark, bare string) {
	for {
		name = strings.TrimLeft(name, " ")
		after, found := strings.TrimPrefix(name, "\uFEFF"), ""
		for _, m := range marks() {
			if rest, ok := strings.CutPrefix(after, m); ok {
				found, after = m, strings.TrimPrefix(rest, "\uFE0F") // the emoji variant of the tick
				break
			}
		}
		if found == "" {
			return mark, name
		}
		if mark == "" {
			mark = cosell.MarkFailed
			if found == tick || found == "✔" {
				mark = cosell.MarkOK
			}
		}
		name = after
	}
}

// WithMark puts exactly one mark and one space before a bare name.
func WithMark(mark, bare string) string {
	switch mark {
	case cosell.MarkOK:
		return tick + " " + bare
	case cosell.MarkFailed:
		return cross + " " + bare
	}
	return bare
}

// markRoom is what a mark takes of the name column.
const markRoom = 2

func flagFromReferral(g *glossary, v any) (string, error) {
	text, err := scalarText(v)
	if err != nil {
		return "", err
	}
	return flagFromCRM(g, "", text)
}

func flagFromCRM(_ *glossary, _, text string) (string, error) {
	switch strings.ToLower(text) {
	case "true":
		return cosell.True, nil
	case "false", "":
		return cosell.False, nil
	}
	return "", NotA("true or false", text)
}

func flagToReferral(g *glossary, text string) (any, error) { return flagToCRM(g, "", text) }

func flagToCRM(_ *glossary, _, text string) (any, error) {
	switch text {
	case cosell.True:
		return true, nil
	case cosell.False, "":
		return false, nil
	}
	return nil, NotA("true or false", text)
}
