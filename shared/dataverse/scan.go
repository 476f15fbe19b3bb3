package dataverse

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
)

// The body of an event is written by .NET's DataContractJsonSerializer, and is not always JSON: NaN and
// Infinity stand unquoted. So it is walked here, and only the few values that are needed are decoded;
// everything else is skipped without being built, which is also the cheap way.

// maxDepth is above what nested contexts reach (a handful of ParentContexts).
const maxDepth = 200

var errShape = errors.New("the body is not the JSON of an event")

// walk calls each for every member of the object in span. Names are given as they are written: the ones
// that we look for have no escapes.
func walk(span []byte, each func(name, value []byte) error) error {
	i := blank(span, 0)
	if i >= len(span) || span[i] != '{' {
		return errShape
	}
	for i = blank(span, i+1); i < len(span) && span[i] != '}'; {
		end, err := text(span, i)
		if err != nil {
			return err
		}
		name := span[i+1 : end-1]
		if i = blank(span, end); i >= len(span) || span[i] != ':' {
			return errShape
		}
		i = blank(span, i+1)
		if end, err = skip(span, i, 0); err != nil {
			return err
		}
		if err := each(name, span[i:end]); err != nil {
			return err
		}
		if i, err = next(span, end, '}'); err != nil {
			return err
		}
	}
	return atEnd(span, i)
}

// items calls each for every element of the array in span.
func items(span []byte, each func(value []byte) error) error {
	i := blank(span, 0)
	if i >= len(span) || span[i] != '[' {
		return errShape
	}
	for i = blank(span, i+1); i < len(span) && span[i] != ']'; {
		end, err := skip(span, i, 0)
		if err != nil {
			return err
		}
		if err := each(span[i:end]); err != nil {
			return err
		}
		if i, err = next(span, end, ']'); err != nil {
			return err
		}
	}
	return atEnd(span, i)
}

// next goes over a comma to the following member, or to the closing bracket.
func next(b []byte, i int, closing byte) (int, error) {
	i = blank(b, i)
	if i >= len(b) {
		return 0, errShape
	}
	if b[i] == closing {
		return i, nil
	}
	if b[i] != ',' {
		return 0, errShape
	}
	if i = blank(b, i+1); i < len(b) && b[i] == closing {
		return 0, errShape
	}
	return i, nil
}

// atEnd wants nothing but blanks after the closing bracket at i.
func atEnd(b []byte, i int) error {
	if i >= len(b) || blank(b, i+1) != len(b) {
		return errShape
	}
	return nil
}

// skip gives the end of the value that begins at i.
func skip(b []byte, i, depth int) (int, error) {
	if i >= len(b) || depth > maxDepth {
		return 0, errShape
	}
	switch b[i] {
	case '"':
		return text(b, i)
	case '{', '[':
		return skipNested(b, i, depth)
	}
	return word(b, i)
}

func skipNested(b []byte, i, depth int) (int, error) {
	object, closing := b[i] == '{', byte(']')
	if object {
		closing = '}'
	}
	for i = blank(b, i+1); i < len(b) && b[i] != closing; {
		var err error
		if object {
			if i, err = text(b, i); err != nil {
				return 0, err
			}
			if i = blank(b, i); i >= len(b) || b[i] != ':' {
				return 0, errShape
			}
			i = blank(b, i+1)
		}
		if i, err = skip(b, i, depth+1); err != nil {
			return 0, err
		}
		if i, err = next(b, i, closing); err != nil {
			return 0, err
		}
	}
	if i >= len(b) {
		return 0, errShape
	}
	return i + 1, nil
}

// text gives the end of the string that begins at i, quotes included.
func text(b []byte, i int) (int, error) {
	if i >= len(b) || b[i] != '"' {
		return 0, errShape
	}
	for i = plainly(b, i+1); i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1, nil
		case c == '\\':
			i = plainly(b, i+2) - 1
		case c < ' ':
			return 0, errShape
		}
	}
	return 0, errShape
}

// plainly goes on over characters that mean nothing in a text, eight at a time: an event is mostly those. It ends at most
// seven before the first that is a quote, a backslash or a control character.
func plainly(b []byte, i int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		quote, backslash := w^(ones*'"'), w^(ones*'\\')
		// Of a byte below n, w-ones*n borrows from its high bit, which it had not got itself.
		if ((w-ones*' ')&^w|(quote-ones)&^quote|(backslash-ones)&^backslash)&highs != 0 {
			return i
		}
	}
	return i
}

// word gives the end of a number or a name; which of them they are does not matter to us.
func word(b []byte, i int) (int, error) {
	start := i
	for i < len(b) && (b[i] >= '0' && b[i] <= '9' || b[i] >= 'a' && b[i] <= 'z' || b[i] >= 'A' && b[i] <= 'Z' ||
		b[i] == '-' || b[i] == '+' || b[i] == '.') {
		i++
	}
	if i == start || i-start > 512 {
		return 0, errShape
	}
	if c := b[start]; c == '-' || c >= '0' && c <= '9' {
		return i, nil
	}
	switch string(b[start:i]) {
	case "true", "false", "null", "NaN", "Infinity":
		return i, nil
	}
	return 0, errShape
}

func blank(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// plain gives the text of a string value, also of one that is wrapped as {"__type":…,"__value":…}, which
// old servers do to GUIDs and dates; "" for everything else.
func plain(span []byte) string {
	if len(span) > 0 && span[0] == '{' {
		var inner []byte
		_ = walk(span, func(name, value []byte) error {
			if string(name) == "__value" {
				inner = value
			}
			return nil
		})
		span = inner
	}
	if len(span) < 2 || span[0] != '"' {
		return ""
	}
	if inner := span[1 : len(span)-1]; bytes.IndexByte(inner, '\\') < 0 { // it was walked over: it ends in a quote
		return string(inner)
	}
	var s string
	if json.Unmarshal(span, &s) != nil {
		return ""
	}
	return s
}
