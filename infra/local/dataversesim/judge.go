package dataversesim

import (
	"encoding/json"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// newRules makes the rules of POST /rules. What a rule does not say itself is answered as a plug-in of the
// organisation that throws.
// https://learn.microsoft.com/power-apps/developer/data-platform/handle-exceptions
func newRules() *control.Rules {
	own := control.Refusal{Status: 400, Code: codePlugin, Message: "The value was refused by a plug-in of the organisation."}
	return control.NewRules(own, "method", "table", "url", "column", "value")
}

// judge asks the rules about a write: of one row, or of what comes along with it (the rows of a deep insert,
// the activity of a close). The organisation's business rules bind everybody, the rules of the control
// interface the Web API alone.
func (t *tx) judge(tab *table, set map[string]any, creating bool) error {
	w := control.Write{Table: tab.name, New: creating, Set: make(map[string]any, len(set))}
	for name, v := range set {
		w.Set[name] = plainValue(v)
	}
	refusal, refused := t.s.house.rules.Refuses(w)
	if !refused && t.via != nil {
		w.Method, w.URL = t.via.method, t.via.url()
		refusal, refused = t.s.rules.Refuses(w)
	}
	if !refused {
		return nil
	}
	if refusal.Name != "" {
		refusal.Message += " (attribute '" + refusal.Name + "' of entity '" + tab.name + "')"
	}
	return fail(refusal.Status, refusal.Code, "%s", refusal.Message)
}

// url is the absolute address of an operation, also of one in a batch.
func (c *call) url() string {
	if c.query == "" {
		return c.root + c.path
	}
	return c.root + c.path + "?" + c.query
}

// withDefaults is what a new row would hold: what the request sets, and what the system fills in.
func (t *tx) withDefaults(tab *table, ch *change) map[string]any {
	set := make(map[string]any, len(ch.set)+8)
	for _, c := range tab.order {
		if c.def != nil {
			set[c.name] = c.def
		}
	}
	if tab.userOwned {
		set["ownerid"] = ref{"systemuser", t.user}
	}
	if tab.currency != nil {
		set[tab.currency.name] = ref{"transactioncurrency", EuroID}
	}
	for name, v := range ch.set {
		set[name] = v
	}
	return set
}

// plainValue is a stored value as JSON shows it.
func plainValue(v any) any {
	switch x := v.(type) {
	case decimal:
		return json.Number(x.short())
	case guid:
		return string(x)
	case date:
		return string(x)
	case choices:
		return string(x)
	case ref:
		return x.id
	case time.Time:
		return x.Format(time.RFC3339)
	}
	return v
}
