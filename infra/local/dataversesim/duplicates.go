package dataversesim

import (
	"slices"
	"strings"
)

// duplicateRules are the rules that an organisation starts with: rows of a table that agree in all columns of
// one of them are duplicates. Texts compare without case.
// https://learn.microsoft.com/power-platform/admin/set-up-duplicate-detection-rules-keep-data-clean
func duplicateRules(table string) [][]string {
	switch table {
	case "account":
		return [][]string{{"name"}, {"emailaddress1"}}
	case "contact":
		return [][]string{{"emailaddress1"}, {"firstname", "lastname"}}
	case "lead":
		return [][]string{{"emailaddress1"}}
	}
	return nil
}

// checkDuplicates refuses a write of the Web API that looks like another active row, if the caller asks for
// the detection or the organisation always wants it.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/manage-duplicate-detection-create-update
func (t *tx) checkDuplicates(tab *table, id string, v map[string]any, ch *change) error {
	if t.via == nil {
		return nil
	}
	asked := strings.EqualFold(t.via.header.Get("MSCRM.SuppressDuplicateDetection"), "false")
	if !asked && !t.detect && t.s.sw.text("duplicateDetection") == "onRequest" {
		return nil
	}
	for _, columns := range duplicateRules(tab.name) {
		touched := slices.ContainsFunc(columns, func(c string) bool { return slices.Contains(ch.order, c) })
		if touched && t.s.looksAlike(tab, id, v, columns) {
			return fail(t.s.sw.number("duplicateStatus"), codeLooksDuplicate, "A record was not created or updated because a duplicate of the current record already exists.")
		}
	}
	return nil
}

func (s *Simulator) looksAlike(tab *table, id string, v map[string]any, columns []string) bool {
	for _, sl := range s.db.tables[tab.name].order {
		r := sl.row
		if r == nil || r.id == id || r.number("statecode") != 0 {
			continue
		}
		if !slices.ContainsFunc(columns, func(c string) bool {
			text, _ := v[c].(string)
			return text == "" || !strings.EqualFold(text, r.text(c))
		}) {
			return true
		}
	}
	return false
}
