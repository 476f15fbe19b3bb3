package functions

import (
	"bytes"
	"encoding/json"
)

//go:generate go test -run TestFunctionJSONIsMadeFromTheList -update .

// binding is an entry of function.json.
// https://learn.microsoft.com/azure/azure-functions/functions-reference
type binding struct {
	Type      string `json:"type"`
	Direction string `json:"direction"`
	Name      string `json:"name"`

	AuthLevel string  `json:"authLevel,omitempty"`
	Route     *string `json:"route,omitempty"`

	QueueName         string `json:"queueName,omitempty"`
	Connection        string `json:"connection,omitempty"`
	IsSessionsEnabled *bool  `json:"isSessionsEnabled,omitempty"`
	Cardinality       string `json:"cardinality,omitempty"`
	DataType          string `json:"dataType,omitempty"`

	Schedule     string `json:"schedule,omitempty"`
	RunOnStartup *bool  `json:"runOnStartup,omitempty"`
	UseMonitor   *bool  `json:"useMonitor,omitempty"`
}

// bindings are what the host has to know of a function. One HTTP function has exactly one http in and one http out, and
// no methods: else requests do not come raw, and the host answers 404 where 405 is right. The body of a message comes as
// bytes: from a text the host would take members over into its metadata.
func (d Declared) bindings() []binding {
	yes, no := true, false
	switch t := d.Trigger; {
	case t.Route != "":
		return []binding{
			{Type: "httpTrigger", Direction: "in", Name: "req", AuthLevel: "anonymous", Route: &t.Route}, // our own keys guard
			{Type: "http", Direction: "out", Name: "res"},
		}
	case t.Queue != "":
		return []binding{{Type: "serviceBusTrigger", Direction: "in", Name: "msg", QueueName: string(t.Queue), Connection: "ServiceBus",
			IsSessionsEnabled: &yes, Cardinality: "one", DataType: "binary"}}
	default:
		return []binding{{Type: "timerTrigger", Direction: "in", Name: "tick", Schedule: "%" + t.Timer + "%", RunOnStartup: &no, UseMonitor: &yes}}
	}
}

// FunctionJSON is function.json of a function: what the host is told of it.
func (d Declared) FunctionJSON() ([]byte, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(struct {
		Bindings []binding `json:"bindings"`
	}{d.bindings()})
	return text.Bytes(), err
}
