package mapping

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// stage is a sales stage: what Partner Center calls it, in percent and by name, and the label and integer of the
// standard choice of the CRM. https://learn.microsoft.com/partner-center/referrals/manage-co-sell-opportunities
type stage struct {
	percent string
	names   []string // the first is what the published connector sends
	option  Option   // of the CRM's column salesstage; Code is the percentage that is read from it
}

// stages are in the order of a deal. Both ends have no option of their own in CRM.
func stages() []stage {
	qualify, closing := Option{Value: 0, Code: "20", Label: "Qualify"}, Option{Value: 3, Code: "80", Label: "Close"}
	return []stage{
		{"10", []string{"Qualify", "Created", "Accepted"}, qualify},
		{"20", []string{"Qualify", "Qualified"}, qualify},
		{"40", []string{"Develop", "Developed"}, Option{Value: 1, Code: "40", Label: "Develop"}},
		{"60", []string{"Propose", "Proposed"}, Option{Value: 2, Code: "60", Label: "Propose"}},
		{"80", []string{"Close", "Negotiated", "Negotiate"}, closing},
		{"100", []string{"Close", "Won"}, closing},
	}
}

// stageOptions are the options of the standard choice.
func stageOptions() []Option {
	var out []Option
	for _, s := range stages() {
		if !slices.Contains(out, s.option) {
			out = append(out, s.option)
		}
	}
	return out
}

// stageFromReferral gives the percentage of a stage that is written as one ("100", 40, "60%") or by a name; another
// text stays as it is.
func stageFromReferral(_ *glossary, v any) (string, error) {
	text, err := Text(v)
	if err != nil {
		return "", err
	}
	bare := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(text), "%"))
	if plain, err := Decimal(bare); err == nil {
		bare = plain
	}
	for _, want := range []bool{true, false} { // "Qualify" is 20 rather than 10, "Close" 80 rather than 100
		for _, s := range stages() {
			if s.percent == bare || (s.option.Code == s.percent) == want && slices.ContainsFunc(s.names, func(n string) bool { return FoldText(n) == FoldText(bare) }) {
				return s.percent, nil
			}
		}
	}
	return text, nil
}

// stageToReferral sends the percentage, as Partner Center shows it itself.
func stageToReferral(_ *glossary, text string) (any, error) { return OrNull(text), nil }

// stageNameToReferral sends the name that the published connector sends.
func stageNameToReferral(_ *glossary, text string) (any, error) {
	for _, s := range stages() {
		if s.percent == text {
			return s.names[0], nil
		}
	}
	return OrNull(text), nil
}

// stageHeld is what the CRM's standard choice makes of a stage: 10 is Qualify there, 100 is Close.
func stageHeld(text string) string {
	for _, s := range stages() {
		if s.percent == text {
			return s.option.Code
		}
	}
	return text
}

func stageToCRM(g *glossary, column, text string) (any, error) {
	if _, listed := g.Choices[column].value[text]; !listed {
		text = stageHeld(text)
	}
	return choiceToCRM(g, column, text)
}

// Sizes of a customer are the buckets of Partner Center; the CRM counts employees.
// https://learn.microsoft.com/partner-center/bulk-operations
type size struct {
	from int
	code string
}

func sizes() []size {
	return []size{{1, "1to9employees"}, {10, "10to50employees"}, {51, "51to250employees"}, {251, "251to1000employees"}, {1001, "1001to5000employees"},
		{5001, "5001to10000employees"}, {10001, "10001to20000employees"}, {20001, "Morethan20000employees"}}
}

// sizeFromReferral reads a bucket, those of older years too.
func sizeFromReferral(_ *glossary, v any) (string, error) {
	text, err := Text(v)
	if err != nil || text == "" {
		return "", err
	}
	switch FoldText(text) {
	case FoldText("1to50employees"):
		text = "10to50employees"
	case FoldText("51to500employees"):
		text = "51to250employees"
	case FoldText("Morethan500employees"):
		text = "251to1000employees"
	}
	for _, s := range sizes() {
		if FoldText(s.code) == FoldText(text) {
			return s.code, nil
		}
	}
	return "", NotA("a size of a customer", text)
}

func sizeFromCRM(g *glossary, _, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	plain, err := wholeFromCRM(g, "", text)
	n, wrong := strconv.Atoi(plain)
	if err != nil || wrong != nil {
		return "", NotA("a number of employees", text)
	}
	code := ""
	for _, s := range sizes() {
		if n >= s.from {
			code = s.code
		}
	}
	return code, nil
}

// sizeToCRM gives the least number of employees of a bucket.
func sizeToCRM(_ *glossary, _, text string) (any, error) {
	if text == "" {
		return nil, nil
	}
	for _, s := range sizes() {
		if s.code == text {
			return json.Number(strconv.Itoa(s.from)), nil
		}
	}
	return nil, NotA("a size of a customer", text)
}

// The places of a referral that Partner Center takes in a new one only: notes to Microsoft, in the invitation, and the
// partner's location.
const (
	InviteNotesPath = "/inviteContext/notes"
	LocationPath    = "/mpnId"
)

// InviteNotes is the row whose text is sent to Microsoft with an invitation; without one the deal's notes are.
func (s *Sheet) InviteNotes() (Row, bool) {
	for _, r := range s.rows {
		if r.Referral == InviteNotesPath && !r.Microsoft && r.Way != cosell.Read {
			return r, true
		}
	}
	return Row{}, false
}

// onlyAtCreation says whether Partner Center takes the path in a new referral only.
func onlyAtCreation(path string) bool { return path == InviteNotesPath || path == LocationPath }
