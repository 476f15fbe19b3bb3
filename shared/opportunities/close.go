package opportunities

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// setStatus closes by the win and lose actions, and opens by columns: a plain write of won or lost is
// refused by the CRM. https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/winopportunity
func (s *Store) setStatus(w *planned, o cosell.Opportunity, values cosell.Record) error {
	want, ok := values[cosell.Status]
	now := o.Record[cosell.Status]
	if !ok || want == now {
		return nil
	}
	if s.table.isLead {
		return s.setLeadStatus(w, o, values)
	}
	switch want {
	case cosell.Won, cosell.Lost, cosell.Canceled:
		w.closes = want
		return nil
	case cosell.Open, cosell.OnHold:
		value, ok := s.statusReasons().Value(want, "")
		if !ok {
			return fault.New(fault.Refused, "opportunity %s: CRM has no status reason for %s", o.ID, want).
				With("status.unknown", "name the status reason for "+want+" in the row status of the field sheet").At(string(cosell.Status))
		}
		w.columns[statusColumn] = value
	default:
		return mapping.RefusedValue("opportunity "+o.ID, cosell.Status, mapping.NotA("a status that an opportunity can get", want))
	}
	if cosell.OpportunityClosed(now) {
		w.columns[stateColumn] = mapping.StateOpen
	}
	return nil
}

func (s *Store) statusReasons() mapping.StatusReasons {
	if m, ok := s.metadata.peek(); ok {
		return m.reasons
	}
	return s.shippedReasons
}

// closing makes the close activity: the day on which the deal was closed in Partner Center (without one
// CRM takes today), the revenue, and the currency that the opportunity has after this write.
func (s *Store) closing(w *planned, o cosell.Opportunity, values cosell.Record, status string) error {
	activity := map[string]any{
		"subject":                  closedSubject,
		"opportunityid@odata.bind": dataverse.Bind(opportunitySet, o.ID),
	}
	if reason := mapping.FirstText(values[cosell.Reason]); reason != "" {
		activity["description"] = mapping.Cut(reason, s.sheet().LengthOf("opportunityclose", "description"))
	}
	action := "LoseOpportunity"
	if status == cosell.Won {
		action = "WinOpportunity"
		if revenue := either(values, o.Record, cosell.DealValue); revenue != "" {
			activity["actualrevenue"] = json.Number(revenue)
		}
	}
	if day := values[cosell.ClosedOn]; day != "" {
		activity["actualend"] = day + noon
	}
	const bind = currencyNav + "@odata.bind"
	source, _ := o.Source.(dataverse.Row)
	if id := source.Text(lookupValue(currencyNav)); w.columns[bind] != nil {
		activity[bind] = w.columns[bind]
	} else if id != "" {
		activity[bind] = dataverse.Bind("transactioncurrencies", id)
	}
	value, ok := s.statusReasons().Value(status, values[cosell.Reason])
	if !ok {
		return fault.New(fault.Refused, "opportunity %s: CRM has no status reason for %s", o.ID, status).
			With("status.unknown", "name the status reason for "+status+" in the row status of the field sheet").At(string(cosell.Status))
	}
	w.closing = &dataverse.Write{Method: http.MethodPost, Path: action, Body: map[string]any{"Status": value, "OpportunityClose": activity}}
	return nil
}

// noon of UTC is the same day in nearly every zone: the CRM makes a day of the instant in a zone of its own.
const noon = "T12:00:00Z"

func either(a, b cosell.Record, f cosell.Field) string {
	if v, ok := a[f]; ok {
		return v
	}
	return b[f]
}

// closedAt is when the newest close activity was made; it stays when the deal is opened again.
func closedAt(row dataverse.Row) string {
	if closed := row.Rows(closeNav); len(closed) > 0 {
		return closed[0].Text("createdon")
	}
	return ""
}

// closedSubject stands over the close activities that we make.
const closedSubject = "Closed in Partner Center"

// closedBecause is why a closed deal was closed: the description of the newest close activity, else its
// subject, unless that was made up by us or by the CRM, which repeats the deal's name.
func closedBecause(row dataverse.Row, status string) (string, bool) {
	if !cosell.OpportunityClosed(status) {
		return "", false
	}
	closed := row.Rows(closeNav) // the newest only
	if len(closed) == 0 {
		return "", true
	}
	if text := strings.TrimSpace(mapping.Clean(closed[0].Text("description"))); text != "" {
		return text, true
	}
	subject := strings.TrimSpace(closed[0].Text("subject"))
	if subject == closedSubject || strings.HasPrefix(subject, "Opportunity Close") || repeatsName(subject, row.Text(nameColumn)) {
		return "", true
	}
	return subject, true
}

func repeatsName(subject, name string) bool {
	const enough = 40
	if r := []rune(name); len(r) > enough {
		name = string(r[:enough])
	}
	return name != "" && strings.Contains(subject, name)
}
