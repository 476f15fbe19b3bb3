package mapping

//go:generate go test -run TestReadmeShowsTheSheet -update .

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// Markdown is the field table of the README.
func (s *Sheet) Markdown() string {
	var b strings.Builder
	b.WriteString("| field | referral | CRM | direction | conflict | remarks |\n|---|---|---|---|---|---|\n")
	for _, r := range s.rows {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", r.Field, r.referralCell(), r.crmCell(), r.direction(), r.conflict(), r.remarks())
	}
	return b.String()
}

func (r Row) referralCell() string {
	if r.Referral == "" {
		return "–"
	}
	cell := "`" + r.Referral + "`"
	if r.Microsoft {
		cell += " of Microsoft's"
	}
	return cell
}

func (r Row) crmCell() string {
	var cells []string
	for _, at := range [][2]string{{"", r.CRM}, {"when won ", r.CRMWhenWon}, {"lead ", r.Lead}} {
		if at[1] != "" {
			cells = append(cells, at[0]+"`"+at[1]+"`")
		}
	}
	if len(cells) == 0 {
		return "–"
	}
	return strings.Join(cells, ", ")
}

func (r Row) direction() string {
	switch {
	case r.Fixed():
		return "at creation"
	case r.Way == cosell.Both, r.Way == "" && r.OfLeads() && r.Referral != "":
		return "both"
	case r.Way == cosell.ToReferral:
		return "to Partner Center"
	case r.Way == cosell.ToOpportunity:
		return "to CRM"
	case r.Way == cosell.Read:
		return "read"
	case r.Way == cosell.OnCreate, r.Way == cosell.NewReferral, r.Way == cosell.NewOpportunity:
		return "at creation"
	}
	return "in CRM"
}

func (r Row) conflict() string {
	if r.direction() != "both" {
		return "–"
	}
	switch r.Wins {
	case cosell.PartnerCenter:
		return "Partner Center"
	case cosell.CRM:
		return "CRM"
	case cosell.ManualDecision:
		return "a person decides"
	}
	return "newest"
}

func (r Row) remarks() string {
	text := r.Remark
	if r.Constant != nil {
		text = "`" + jsonText(r.Constant) + "`"
		if r.WithHelp != nil {
			text += ", with help `" + jsonText(r.WithHelp) + "`"
		}
	}
	if r.Formula != "" {
		text = strings.TrimSpace(text + " `" + r.Formula + "`")
	}
	return strings.ReplaceAll(text, "|", `\|`)
}

func jsonText(v any) string {
	b, _ := json.Marshal(v) // the sheet admits only what JSON can hold
	return string(b)
}
