package cosell

import (
	"regexp"
	"strings"
)

// pastedID is how the block of a deal that people copy out of Partner Center names its referral: a link of the
// portal, or a line that says so.
var pastedID = regexp.MustCompile(`(?i)(?:partner\.microsoft\.com/\S*?|referral\s*(?:id|identifier|link)?\s*[:=#]\s*\S*?)\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b`)

// Pasted is the referral that the notes of an opportunity name, as sellers do who were used to copy the block of a
// deal out of Partner Center; "" where they name none, or several.
func Pasted(o Opportunity) string {
	found := ""
	for _, m := range pastedID.FindAllStringSubmatch(o.Record[Notes], -1) {
		id := strings.ToLower(m[1])
		if found != "" && found != id {
			return ""
		}
		found = id
	}
	return found
}
