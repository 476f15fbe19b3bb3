package dataversesim

import (
	"slices"
	"strconv"
)

const noID = "00000000-0000-0000-0000-000000000000"

// contextParts are the members that differ between a context and its parent.
type contextParts struct {
	tx              *tx
	o               *occurrence
	st              *step
	j               *job
	submitted, full []attribute
	short           bool
}

// writeContext writes RemoteExecutionContext as Dataverse posts it.
// https://learn.microsoft.com/power-apps/developer/data-platform/use-webhooks
func (t *tx) writeContext(o *occurrence, st *step, j *job, short bool) []byte {
	p := &contextParts{tx: t, o: o, st: st, j: j, short: short}
	p.submitted, p.full = t.targetAttributes(o)
	w := &contextWriter{b: make([]byte, 0, 8192), wrapped: t.s.sw.flag("wrappedValues")}
	outerTag := t.tag != "" && t.s.sw.text("tagLevel") == "outer"
	p.head(w, false)
	if !short {
		w.raw(`,"ParentContext":`)
		p.head(w, true)
		w.raw(`,"ParentContext":null,"PostEntityImages":[],"PreEntityImages":[]`)
		p.tail(w, t.tag != "" && !outerTag, true)
		w.raw(`,"PostEntityImages":`)
		w.attributes(p.postImages())
		w.raw(`,"PreEntityImages":`)
		w.attributes(p.images(p.preImages))
	}
	p.tail(w, outerTag, false)
	return w.b
}

// head writes the members before ParentContext.
func (p *contextParts) head(w *contextWriter, parent bool) {
	t, o := p.tx, p.o
	w.raw(`{"BusinessUnitId":"` + BusinessUnitID + `","CorrelationId":"` + p.j.corr + `","Depth":1`)
	if !parent {
		w.raw(`,"InitiatingUserAzureActiveDirectoryObjectId":"` + t.s.objectID(t.caller) + `"`)
	}
	w.raw(`,"InitiatingUserId":"` + t.caller + `"`)
	if !p.short {
		w.raw(`,"InputParameters":`)
		w.attributes(p.inputs(parent))
	}
	w.raw(`,"IsExecutingOffline":false,"IsInTransaction":false,"IsOfflinePlayback":false,"IsolationMode":1,"MessageName":"` + o.message + `","Mode":1,"OperationCreatedOn":`)
	w.time(p.j.created, "+0000")
	w.raw(`,"OperationId":"` + p.j.id + `","OrganizationId":"` + t.s.o.OrganizationID + `","OrganizationName":`)
	w.text(t.s.o.label())
	w.raw(`,"OutputParameters":`)
	switch {
	case parent:
		w.raw("[]")
	case o.message == "Create":
		w.attributes([]attribute{{"id", guid(o.row.id)}})
	case o.message == "QualifyLead":
		w.attributes([]attribute{{"CreatedEntities", o.qualified.created}})
	default:
		w.raw("[]")
	}
	w.raw(`,"OwningExtension":{`)
	w.reference(ref{stepTable, p.st.id})
}

// tail writes the members after the images.
func (p *contextParts) tail(w *contextWriter, tag, parent bool) {
	o := p.o
	w.raw(`,"PrimaryEntityId":"` + o.row.id + `","PrimaryEntityName":"` + o.table.name + `","RequestId":null,"SecondaryEntityName":"none","SharedVariables":`)
	var shared []attribute
	if tag {
		shared = append(shared, attribute{"tag", p.tx.tag})
	}
	stage := 40
	if parent {
		shared = append(shared, attribute{"ChangedEntityTypes", contextPairs{{o.table.name, o.message}}})
		stage = 30
	}
	w.attributes(shared)
	w.raw(`,"Stage":` + strconv.Itoa(stage))
	if !parent {
		w.raw(`,"UserAzureActiveDirectoryObjectId":"` + p.tx.s.objectID(p.tx.user) + `"`)
	}
	w.raw(`,"UserId":"` + p.tx.user + `"}`)
}

func (p *contextParts) inputs(parent bool) []attribute {
	o := p.o
	switch o.message {
	case "Win", "Lose":
		tab := p.tx.s.schema.tables["opportunityclose"]
		return []attribute{
			{"OpportunityClose", contextEntity{table: tab.name, id: o.activity.id, attrs: attributesOf(tab, o.activity, createdOrder(tab, o.activity))}},
			{"Status", contextOption(o.status)}}
	case "Delete":
		return []attribute{{"Target", ref{o.table.name, o.row.id}}}
	case "Merge":
		return []attribute{{"Target", ref{o.table.name, o.row.id}}, {"SubordinateId", guid(o.other.id)}, {"PerformParentingChecks", false}}
	case "QualifyLead":
		return o.qualified.inputs(ref{o.table.name, o.row.id})
	}
	if parent {
		return []attribute{{"Target", contextEntity{table: o.table.name, id: o.row.id, attrs: p.submitted}}, {"SuppressDuplicateDetection", false}}
	}
	e := contextEntity{table: o.table.name, id: o.row.id, attrs: p.full}
	if o.message == "Create" {
		e.formatted = p.tx.s.formattedOf(o.table, o.row, o.order)
	}
	return []attribute{{"Target", e}}
}

// targetAttributes are the columns of the request, and those with what the system added.
func (t *tx) targetAttributes(o *occurrence) (submitted, full []attribute) {
	id := attribute{o.table.primaryID, guid(o.row.id)}
	switch o.message {
	case "Create":
		full = attributesOf(o.table, o.row, o.order)
		return full, full
	case "Update":
		given := attributesOf(o.table, o.row, o.order)
		submitted = append(slices.Clip(given), id)
		full = append([]attribute{id}, given...)
		for _, name := range []string{"modifiedon", "modifiedby", "modifiedonbehalfby"} {
			full = append(full, attribute{name, o.row.v[name]})
		}
	}
	return submitted, full
}

func attributesOf(tab *table, r *row, names []string) []attribute {
	out := make([]attribute, 0, len(names)+4)
	for _, name := range names {
		if c := tab.columns[name]; c.kind != kindSecret {
			out = append(out, attribute{name, contextValue(c, r.v[name])})
		}
	}
	return out
}

// formattedOf are the texts people see, for columns whose value is not a text itself.
func (s *Simulator) formattedOf(tab *table, r *row, names []string) []attribute {
	var out []attribute
	for _, name := range names {
		c := tab.columns[name]
		if v := r.v[name]; v != nil && c.kind != kindSecret {
			if text := s.formatted(c, r, v); text != "" {
				out = append(out, attribute{name, text})
			}
		}
	}
	return out
}

// postImages starts with the name of the record, which every asynchronous step gets.
func (p *contextParts) postImages() []attribute {
	o := p.o
	attrs := []attribute{{o.table.primaryName, o.row.v[o.table.primaryName]}, {o.table.primaryID, guid(o.row.id)}}
	name := attribute{"AsynchronousStepPrimaryName", contextEntity{table: o.table.name, id: o.row.id, attrs: attrs, static: true}}
	return append([]attribute{name}, p.images(p.postImage)...)
}

func (p *contextParts) preImages(im image) *row {
	if im.pre && (p.o.message == "Update" || p.o.message == "Delete") {
		return p.o.pre
	}
	return nil
}

func (p *contextParts) postImage(im image) *row {
	if im.post && (p.o.message == "Create" || p.o.message == "Update") {
		return p.o.row
	}
	return nil
}

// images are the registered ones; Win and Lose have none.
func (p *contextParts) images(of func(image) *row) []attribute {
	var out []attribute
	for _, im := range p.st.images {
		r := of(im)
		if r == nil {
			continue
		}
		var names []string
		for _, c := range p.o.table.order {
			if r.v[c.name] != nil && c.kind != kindSecret && (len(im.columns) == 0 || slices.Contains(im.columns, c.name)) {
				names = append(names, c.name)
			}
		}
		out = append(out, attribute{im.alias, contextEntity{table: p.o.table.name, id: r.id, static: true,
			attrs: attributesOf(p.o.table, r, names), formatted: p.tx.s.formattedOf(p.o.table, r, names)}})
	}
	return out
}

func (s *Simulator) objectID(user string) string {
	if u := s.db.get("systemuser", user); u != nil {
		if id, ok := u.v["azureactivedirectoryobjectid"].(guid); ok {
			return string(id)
		}
	}
	return noID
}
