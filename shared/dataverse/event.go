package dataverse

import (
	"strings"
	"unicode/utf8"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Event is what a checked webhook said: a hint to look at a row. Only Verifier.Open makes one. A body that
// was over 256 KB comes without parameters and images; then OpportunityID is "" unless the row is one.
type Event struct {
	Message        string // "Create", "Update", "Delete", "Win", "Lose", "QualifyLead"
	Table          string
	ID             string // lower case
	OrganizationID string
	OpportunityID  string // of a solution row (from Target or an image), of a Win, Lose or close; "" if absent
	CorrelationID  string
}

// context is the part of RemoteExecutionContext that is needed.
// https://learn.microsoft.com/power-apps/developer/data-platform/use-webhooks
type executionContext struct {
	message, table, id, organisation, correlation string
	target, closing, lead                         entity
	images                                        []entity
}

// entity is an Entity or an EntityReference.
type entity struct {
	id, table  string
	attributes []byte
}

// nobody is the id that .NET writes where there is none.
const nobody = "00000000-0000-0000-0000-000000000000"

// parseEvent reads a body that was sent by somebody who knows the secret. Kinds of fault: Invalid.
func parseEvent(body []byte, opportunityColumn string) (Event, error) {
	if !utf8.Valid(body) {
		return Event{}, malformed(errShape.Error())
	}
	c, err := readContext(body)
	if err != nil {
		return Event{}, malformed(err.Error())
	}
	e := Event{Message: c.message, Table: c.table, ID: c.id, OrganizationID: c.organisation, CorrelationID: c.correlation}
	if e.Table == "" || e.Table == "none" {
		e.Table = c.target.table
	}
	if e.ID == "" {
		e.ID = c.target.id
	}
	if e.Message == "Win" || e.Message == "Lose" {
		e.Table = "opportunity"
		if e.ID == "" {
			e.ID = c.closing.reference("opportunityid")
		}
		e.OpportunityID = e.ID
	}
	if e.Message == "QualifyLead" {
		e.Table = "lead"
		if e.ID == "" {
			e.ID = c.lead.id
		}
	}
	if !isName(e.Message) || !isName(e.Table) {
		return Event{}, malformed("the event has no message or no table")
	}
	if e.ID == "" {
		return Event{}, malformed("the event has no row id")
	}
	if e.OpportunityID == "" {
		e.OpportunityID = c.opportunity(e.Table, opportunityColumn)
	}
	return e, nil
}

// opportunity finds the opportunity that a row belongs to: as it was sent, else as it was before. A
// lookup that is being cleared therefore still leads to the opportunity that it leaves.
func (c executionContext) opportunity(table, column string) string {
	switch table {
	case "opportunity":
		return ""
	case "opportunityclose":
		column = "opportunityid"
	case "connection":
		return c.connected()
	}
	for _, e := range append([]entity{c.target}, c.images...) {
		if id := e.reference(column); id != "" {
			return id
		}
	}
	for _, e := range append([]entity{c.target}, c.images...) { // a table of the organisation's own has another column
		if id := e.leadingTo("opportunity"); id != "" {
			return id
		}
	}
	return ""
}

// leadingTo gives the id of the row of a table that a lookup, whatever its name, leads to.
func (e entity) leadingTo(table string) (id string) {
	if e.attributes == nil {
		return ""
	}
	_ = pairs(e.attributes, func(_ string, value []byte) {
		if to := readEntity(value); id == "" && to.table == table {
			id = to.id
		}
	})
	return id
}

// connected is the opportunity at either end of a connection, as it was sent, else as it was before.
func (c executionContext) connected() string {
	for _, e := range append([]entity{c.target}, c.images...) {
		for _, end := range []string{"record1id", "record2id"} {
			if to := e.entityAt(end); to.table == "opportunity" && to.id != "" {
				return to.id
			}
		}
	}
	return ""
}

func readContext(body []byte) (executionContext, error) {
	var c executionContext
	err := walk(body, func(name, value []byte) error {
		switch string(name) {
		case "MessageName":
			c.message = plain(value)
		case "PrimaryEntityName":
			c.table = strings.ToLower(plain(value))
		case "PrimaryEntityId":
			c.id = rowID(value)
		case "OrganizationId":
			c.organisation = rowID(value)
		case "CorrelationId":
			c.correlation = rowID(value)
		case "InputParameters":
			return pairs(value, c.parameter)
		case "PreEntityImages":
			return pairs(value, func(_ string, v []byte) { c.images = append(c.images, readEntity(v)) })
		}
		return nil
	})
	return c, err
}

func (c *executionContext) parameter(key string, value []byte) {
	switch key {
	case "Target":
		c.target = readEntity(value)
	case "OpportunityClose":
		c.closing = readEntity(value)
	case "LeadId":
		c.lead = readEntity(value)
	}
}

// pairs walks a dictionary, which is written as an array of key and value. null is an empty one.
func pairs(span []byte, each func(key string, value []byte)) error {
	if string(span) == "null" {
		return nil
	}
	return items(span, func(item []byte) error {
		var key string
		var value []byte
		err := walk(item, func(name, v []byte) error {
			switch string(name) {
			case "key":
				key = plain(v)
			case "value":
				value = v
			}
			return nil
		})
		if err == nil && value != nil {
			each(key, value)
		}
		return err
	})
}

func readEntity(span []byte) entity {
	var e entity
	// What is not an object has none of these; the event then lacks an id, which is said there.
	_ = walk(span, func(name, value []byte) error {
		switch string(name) {
		case "Id":
			e.id = rowID(value)
		case "LogicalName":
			e.table = strings.ToLower(plain(value))
		case "Attributes":
			e.attributes = value
		}
		return nil
	})
	return e
}

// reference gives the id that a lookup column holds: an EntityReference, or a plain id.
func (e entity) reference(column string) (id string) {
	if e.attributes == nil {
		return ""
	}
	_ = pairs(e.attributes, func(key string, value []byte) {
		if key != column {
			return
		}
		if id = readEntity(value).id; id == "" {
			id = rowID(value)
		}
	})
	return id
}

// entityAt gives what a lookup column refers to, with its table.
func (e entity) entityAt(column string) (to entity) {
	if e.attributes == nil {
		return entity{}
	}
	_ = pairs(e.attributes, func(key string, value []byte) {
		if key == column {
			to = readEntity(value)
		}
	})
	return to
}

// rowID gives the id in a value, "" for none and for the empty one.
func rowID(span []byte) string {
	if id := guid(plain(span)); id != nobody {
		return id
	}
	return ""
}

func malformed(what string) error {
	return fault.New(fault.Invalid, "%s", what).With("event.malformed", "")
}
