package mapping

import (
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// closingReasons are the reasons for which the portal and the bulk upload close a referral as declined or
// lost, in the order of their numbers; other spellings stand behind the first.
// https://learn.microsoft.com/partner-center/bulk-operations
func closingReasons() [][]string {
	return [][]string{
		{"Project budget not adequate", "budget not adequate"},
		{"Customer didn't respond", "customer did not respond"},
		{"Customer chose another vendor", "chose another vendor"},
		{"Customer requirement not met", "requirement not met"},
		{"Not a customer"},
		{"Proposed timeline too short"},
		{"Report as abuse/spam/phishing", "abuse, spam or phishing", "abuse", "spam", "phishing"},
		{"Others", "other"},
	}
}

// errorReasons are those of Closed/Error.
func errorReasons() []string {
	return []string{"Duplicate from bulk upload", "Duplicate created in Partner Center", "Duplicate sent by Microsoft", "Connector data sync issues",
		"Customer matching issues", "Solution issues", "Test referral", "Data error", "Others"}
}

// otherReason is the number of the reason that fits where no other does.
const otherReason = 8

// closingReason finds the number of a reason by number or text.
func closingReason(text string) (int, bool) {
	text = strings.TrimSpace(text)
	if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= len(closingReasons()) {
		return n, true
	}
	n, ok := reasonNumbers()[FoldText(text)]
	return n, ok
}

// reasonNumbers are the numbers of the reasons by all their spellings, folded.
var reasonNumbers = sync.OnceValue(func() map[string]int {
	out := map[string]int{}
	for i, spellings := range closingReasons() {
		for _, s := range spellings {
			out[FoldText(s)] = i + 1
		}
	}
	return out
})

// ReasonFromReferral reads why a referral was closed: the portal's words for a number, anything else as it
// is. How reasons travel is not documented, so both are understood.
func ReasonFromReferral(v any, substatus string) (string, error) {
	text, err := Text(v)
	if err != nil {
		return "", err
	}
	if strings.EqualFold(substatus, "Error") {
		if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= len(errorReasons()) {
			return errorReasons()[n-1], nil
		}
		return text, nil
	}
	if n, ok := closingReason(text); ok {
		return closingReasons()[n-1][0], nil
	}
	return text, nil
}

// ReasonToReferral gives what is sent: the words, or the number where codes are asked for.
func ReasonToReferral(text string, codes bool) any {
	if n, ok := closingReason(text); ok {
		if codes {
			return strconv.Itoa(n)
		}
		return closingReasons()[n-1][0]
	}
	if i := slices.IndexFunc(errorReasons(), func(s string) bool { return FoldText(s) == FoldText(text) }); codes && i >= 0 {
		return strconv.Itoa(i + 1)
	}
	return OrNull(Clean(text))
}

// Why is why an opportunity was closed, in the portal's words: what the closer wrote, if it is one of the
// reasons, else what the status reason stands for in the sheet. Other words of the closer leave only where
// the sheet says so.
func (s *Sheet) Why(words, statusReason string, reasons StatusReasons) string {
	if n, ok := closingReason(words); ok {
		return closingReasons()[n-1][0]
	}
	if row, _ := s.Row(cosell.Reason); row.FreeText && words != "" {
		return words
	}
	value, _ := strconv.Atoi(statusReason)
	if n := reasons.why[value]; n > 0 {
		return closingReasons()[n-1][0]
	}
	return closingReasons()[otherReason-1][0]
}

func keysOf(m map[int]int) iter.Seq[int] { return maps.Keys(m) }
