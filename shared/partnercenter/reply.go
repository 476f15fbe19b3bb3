package partnercenter

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/pattern"
)

// reply is an error body. The text is the other side's, may quote values, and goes nowhere but to
// fault.Quoting; the codes and the target have to look like codes and paths.
type reply struct {
	code   string   // the deepest
	codes  []string // all of them
	target string   // as JSON pointer; "" for the whole referral
	text   string
}

// wireProblem is the error body in its three shapes; Go matches member names without case, so that
// innererror is read too.
// https://learn.microsoft.com/partner-center/developer/error-codes
type wireProblem struct {
	Error       *wireProblem    `json:"error"`
	Code        json.RawMessage `json:"code"`
	Message     string          `json:"message"`
	Description string          `json:"description"`
	Target      any             `json:"target"`
	InnerError  *wireProblem    `json:"innerError"`
}

// maxText is how much of a text is kept, in characters.
const maxText = 300

var (
	codeForm   = pattern.New(`^[A-Za-z0-9][A-Za-z0-9._-]*$`).UpTo(64)
	targetForm = pattern.New(`^/[A-Za-z0-9_/-]+$`).UpTo(201)
	index      = pattern.New(`\[([0-9]{1,4})\]`)
)

// readReply reads an error body: the deepest code and target, and every text once, from the outside in.
func readReply(body []byte) reply {
	var p wireProblem
	if len(body) > 1<<20 || json.Unmarshal(body, &p) != nil {
		return reply{}
	}
	at := &p
	if at.Error != nil {
		at = at.Error
	}
	var out reply
	var texts []string
	for depth := 0; at != nil && depth < 20; depth, at = depth+1, at.InnerError {
		if c := strings.Trim(string(at.Code), `"`); c != "null" && codeForm.MatchString(c) {
			out.code, out.codes = c, append(out.codes, c)
		}
		if t, ok := at.Target.(string); ok {
			if pointer := pointerOf(t); pointer != "" {
				out.target = pointer
			}
		}
		if t := strings.TrimSpace(at.Message + at.Description); t != "" && !slices.Contains(texts, t) {
			texts = append(texts, t)
		}
	}
	out.text = strings.Join(texts, "; ")
	return out
}

// pointerOf makes a JSON pointer of the forms in which a target may come: "details.dealValue",
// "/Details/DealValue", "customerProfile.team[0].email". "referral" is the whole.
func pointerOf(target string) string {
	t := index.ReplaceAllString(target, "/$1")
	t = strings.Trim(strings.ReplaceAll(t, ".", "/"), "/")
	segments := strings.Split(t, "/")
	if strings.EqualFold(segments[0], "referral") {
		segments = segments[1:]
	}
	for i, s := range segments {
		if s != "" {
			segments[i] = strings.ToLower(s[:1]) + s[1:]
		}
	}
	if pointer := "/" + strings.Join(segments, "/"); targetForm.MatchString(pointer) {
		return pointer
	}
	return ""
}

func (b reply) has(code string) bool {
	return slices.ContainsFunc(b.codes, func(c string) bool { return strings.EqualFold(c, code) })
}

// label is the machine word of an answer without a code.
func (b reply) label(status int) string {
	if b.code != "" {
		return b.code
	}
	return "http." + strings.ToLower(strings.ReplaceAll(http.StatusText(status), " ", "."))
}

// shorten cuts at a character boundary and puts blanks in the place of control characters.
func shorten(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if isControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if runes := []rune(s); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return s
}
