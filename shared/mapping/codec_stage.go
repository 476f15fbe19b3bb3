package mapping

import (
	"slices"
	"strings"
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
