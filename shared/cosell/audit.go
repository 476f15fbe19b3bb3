package cosell

import (
	"slices"
	"strings"
	"time"
)

// longestAudit keeps the column readable and the base that remembers it small.
const longestAudit = 12000

const lineTime = "2006-01-02 15:04"

// AuditLine is one line of the Audit column: "2026-03-02 09:14 - to Partner Center: updated dealValue (trace)".
func AuditLine(at time.Time, direction, text, trace string) string {
	line := at.UTC().Format(lineTime) + " - " + direction + ": " + strings.Join(strings.Fields(text), " ")
	if trace != "" {
		line += " (" + trace + ")"
	}
	return line
}

// Prepend puts new lines, newest first, before an audit text and cuts whole lines off its end. A line that
// one event has brought already is left out: the event comes again after a death.
func Prepend(audit string, lines ...string) string {
	told := strings.Split(audit, "\n")
	newest := told[:min(len(told), newestLines)]
	var fresh []string
	for _, line := range lines {
		if !contains(newest, line) && !contains(fresh, line) {
			fresh = append(fresh, line)
		}
	}
	return cutAudit(append(fresh, told...))
}

// withOurLines is Audit as it was left, with the lines that we wrote since and did not remember: a process
// died, or another one was faster. What somebody else typed is not kept, what he took away comes back.
func withOurLines(left, now string) string {
	lines := strings.Split(left, "\n")
	var since []string
	for _, line := range strings.Split(now, "\n") {
		if isOurLine(line) && !slices.Contains(lines, line) {
			since = append(since, line)
		}
	}
	return cutAudit(append(since, lines...))
}

// grownByUs says whether Audit is as its hash says but for lines of ours before that, which we did not remember.
func grownByUs(hash, now string) bool {
	for rest := now; ; {
		line, older, more := strings.Cut(rest, "\n")
		switch {
		case !isOurLine(line) || !more:
			return false
		case Digested(older) == hash:
			return true
		}
		rest = older
	}
}

func isOurLine(line string) bool {
	at, text, ok := strings.Cut(line, " - ")
	_, err := time.Parse(lineTime, at)
	return ok && err == nil && (strings.HasPrefix(text, ToCRM+": ") || strings.HasPrefix(text, ToPartnerCenter+": "))
}

// cutAudit joins lines, without those at the end for which there is no room.
func cutAudit(lines []string) string {
	text := strings.TrimRight(strings.Join(lines, "\n"), "\n")
	for len(text) > longestAudit {
		cut := strings.LastIndexByte(text, '\n')
		if cut < 0 {
			return strings.ToValidUTF8(text[:longestAudit], "")
		}
		text = text[:cut]
	}
	return text
}

// Tells says whether some line says the text, whenever and by whichever event it was written.
func Tells(audit, direction, text string) bool {
	return slices.ContainsFunc(strings.Split(audit, "\n"), func(line string) bool { return says(line, direction, text) })
}

func says(line, direction, text string) bool {
	_, said, ok := strings.Cut(line, " - ")
	return ok && (said == direction+": "+text || strings.HasPrefix(said, direction+": "+text+" ("))
}

// over is what Audit says once everything that it explained is over.
const over = "in step again"

// LeftAsItIs stands before the label of a field of which what was held was dropped.
const LeftAsItIs = "left as it is on both sides, as an operator said: "

// StillTold says whether Audit explains the problem, and nothing above that says that it is over.
func StillTold(audit string, p Problem) bool {
	text := strings.Join(strings.Fields(p.Explain()), " ")
	for line := range strings.SplitSeq(audit, "\n") {
		switch {
		case says(line, p.Place.direction(), text):
			return true
		case says(line, ToCRM, over), says(line, ToPartnerCenter, over), isOurLine(line) && strings.Contains(line, LeftAsItIs):
			return false
		}
	}
	return false
}

// newestLines is how far back a line of the same event is looked for: more than one event ever writes.
const newestLines = 40

// contains says whether one of the lines says the same of the same event, whenever it was written.
func contains(lines []string, line string) bool {
	_, text, ok := strings.Cut(line, " - ")
	if event := text[strings.LastIndexByte(text, ' ')+1:]; !ok || !strings.HasPrefix(event, "(") || !strings.HasSuffix(event, ")") {
		return false // without an event nobody can tell a repetition
	}
	return slices.ContainsFunc(lines, func(l string) bool {
		_, other, ok := strings.Cut(l, " - ")
		return ok && other == text
	})
}

// Explain is what Audit says of a problem: our sentence, what to do, and last the other side's own words.
func (p Problem) Explain() string {
	text := p.Text
	if p.Code != "" {
		text = p.Code + ": " + text
	}
	if p.Mend != "" && p.Mend != "nothing to do" {
		text += "; " + p.Mend
	}
	if p.Theirs != "" {
		who := "Partner Center"
		if p.Place == InCRM {
			who = "CRM"
		}
		text += ". " + who + ` says: "` + p.Theirs + `"`
	}
	return text
}
