package cosell

import (
	"strings"
	"time"
)

// longestAudit keeps the column readable and the base that remembers it small.
const longestAudit = 12000

// AuditLine is one line of the Audit column: "2026-03-02 09:14 - to Partner Center: updated dealValue (trace)".
func AuditLine(at time.Time, direction, text, trace string) string {
	line := at.UTC().Format("2006-01-02 15:04") + " - " + direction + ": " + strings.Join(strings.Fields(text), " ")
	if trace != "" {
		line += " (" + trace + ")"
	}
	return line
}

// Prepend puts new lines, newest first, before an audit text and cuts whole lines off its end.
func Prepend(audit string, lines ...string) string {
	text := strings.Join(append(lines, strings.Split(audit, "\n")...), "\n")
	text = strings.TrimRight(text, "\n")
	for len(text) > longestAudit {
		cut := strings.LastIndexByte(text, '\n')
		if cut < 0 {
			return strings.ToValidUTF8(text[:longestAudit], "")
		}
		text = text[:cut]
	}
	return text
}

// Explain is what Audit says of a problem: our sentence, what to do, and last the other side's own words.
func (p Problem) Explain() string {
	text := p.Code + ": " + p.Text
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
