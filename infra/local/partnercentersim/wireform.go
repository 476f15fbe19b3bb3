package partnercentersim

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
)

// whole is a referral as it is sent: with its context and links. The spaces in the link and the bare GUID are
// the service's own.
func whole(d document) document {
	out := d.clone()
	out["@odata.context"] = contextBase + "/$entity"
	out["links"] = map[string]any{
		"relatedReferrals": map[string]any{"uri": ReferralsAudience + referralsPath + "?$filter=engagementId eq " + d.text("engagementId"), "method": "GET"},
		"self":             map[string]any{"uri": ReferralsAudience + referralsPath + "/" + d.text("id"), "method": "GET"},
	}
	return out
}

// answer is a referral in the form of the wire that the switches ask for.
func (s *Sim) answer(r *referral) any { return s.dress(whole(r.doc)) }

// dress gives a referral, or a part of one, the oddities that have been seen in real payloads and samples.
// What is stored stays as it is.
func (s *Sim) dress(d document) any {
	if d.text("status") == "Active" {
		d["status"] = s.switches["activeStatus"]
	}
	if address, ok := d.at("customerProfile/address").(map[string]any); ok && s.is("stateMember", "region") && address["state"] != nil {
		address["region"], address["state"] = address["state"], nil
	}
	if stage := d.text("salesStage"); stage != "" {
		d["salesStage"] = s.stageForm(stage)
	}
	s.dressMoney(d)
	s.dressAbsent(s.shape, d)
	s.dressIDs(d)
	if s.is("memberCase", "pascal") {
		return pascal(map[string]any(d))
	}
	return d
}

// stageForm writes a sales stage; the portal knows stages by percent and maps the connector's names to them.
func (s *Sim) stageForm(stage string) string {
	names := map[string]int{"Qualify": 20, "Develop": 40, "Propose": 60, "Close": 100}
	percent, err := strconv.Atoi(stage)
	if err != nil {
		percent = names[stage]
	}
	switch {
	case percent == 0 || s.is("salesStageForm", "stored"):
		return stage
	case s.is("salesStageForm", "percent"):
		return strconv.Itoa(percent)
	case percent <= names["Qualify"]:
		return "Qualify"
	case percent <= names["Develop"]:
		return "Develop"
	case percent < names["Close"]:
		return "Propose"
	}
	return "Close"
}

func (s *Sim) dressMoney(d document) {
	if s.is("moneyForm", "fraction") {
		return
	}
	if details, ok := d["details"].(map[string]any); ok {
		details["dealValue"] = s.moneyForm(details["dealValue"])
	}
	for _, e := range d.items(solutionsPath) {
		if one := rowOf(e); one != nil {
			one["price"] = s.moneyForm(one["price"])
		}
	}
}

func (s *Sim) moneyForm(v any) any {
	n, isNumber := v.(json.Number)
	r, ok := new(big.Rat).SetString(n.String())
	switch {
	case !isNumber || !ok:
		return v
	case s.is("moneyForm", "short"):
		return json.Number(strings.TrimSuffix(decimalText(r).String(), ".0"))
	}
	text := decimalText(r).String()
	if whole, fraction, _ := strings.Cut(text, "."); len(fraction) < 2 {
		return whole + "." + fraction + "0"
	}
	return text
}

// dressIDs writes an empty list of the customer's ids.
func (s *Sim) dressIDs(d document) {
	profile, ok := d["customerProfile"].(map[string]any)
	if !ok || len(d.items("customerProfile/ids")) > 0 {
		return
	}
	switch s.switches["idsForm"] {
	case "object":
		profile["ids"] = map[string]any{}
	case "null":
		profile["ids"] = nil
	case "missing":
		delete(profile, "ids")
	}
}

// dressAbsent writes members without a value.
func (s *Sim) dressAbsent(of *shape, m map[string]any) {
	how := s.switches["absentValues"]
	if how == "null" {
		return
	}
	for name, v := range m {
		member := of.members[strings.ToLower(name)]
		if member == nil {
			continue
		}
		items, isList := v.([]any)
		switch child, isObject := v.(map[string]any); {
		case isObject:
			s.dressAbsent(member, child)
		case isList && len(items) > 0 && member.kind == list:
			for _, e := range items {
				if one, ok := e.(map[string]any); ok {
					s.dressAbsent(member.element, one)
				}
			}
		case v != nil && (!isList || len(items) > 0):
		case how == "missing":
			delete(m, name)
		case how == "nullLists" && isList:
			m[name] = nil
		case how == "empty" && (member.kind == text || member.kind == enum):
			m[name] = ""
		}
	}
}

// pascal spells the names of all members as the documentation's tables do.
func pascal(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, e := range v {
			out[strings.ToUpper(name[:1])+name[1:]] = pascal(e)
		}
		return out
	case []any:
		for i, e := range v {
			v[i] = pascal(e)
		}
	}
	return v
}
