package dataversesim

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// qualification is the QualifyLead message.
type qualification struct {
	account, contact, opportunity bool
	status                        int64
	currency, customer, campaign  ref
	detect                        bool  // look for duplicates of what is made
	created                       []ref // once it is done
}

// inputs are the parameters of the message in an event.
func (q *qualification) inputs(lead ref) []attribute {
	out := []attribute{{"LeadId", lead}, {"CreateAccount", q.account}, {"CreateContact", q.contact}, {"CreateOpportunity", q.opportunity}}
	for name, to := range map[string]ref{"OpportunityCurrencyId": q.currency, "OpportunityCustomerId": q.customer, "SourceCampaignId": q.campaign} {
		value := any(nil)
		if to != (ref{}) {
			value = to
		}
		out = append(out, attribute{name, value})
	}
	slices.SortFunc(out[4:], func(a, b attribute) int { return strings.Compare(a.key, b.key) })
	return append(out, attribute{"Status", contextOption(q.status)})
}

// qualifyAction answers POST leads(<id>)/Microsoft.Dynamics.CRM.QualifyLead.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/qualifylead
func (s *Simulator) qualifyAction(c *call, t *tx, lead *row) (*answer, error) {
	q, err := s.readQualification(c.body)
	if err != nil {
		return nil, err
	}
	if err := t.qualify(lead, &q); err != nil {
		return nil, err
	}
	b := append([]byte{'{'}, contextMember(c.root, "Collection(Microsoft.Dynamics.CRM.crmbaseentity)")...)
	b = append(b, `"value":[`...)
	for i, to := range q.created {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"@odata.type":"#Microsoft.Dynamics.CRM.`+to.table+`","`+s.schema.tables[to.table].primaryID+`":"`+to.id+`"}`...)
	}
	return &answer{status: 200, body: append(b, "]}"...)}, nil
}

func (s *Simulator) readQualification(body []byte) (qualification, error) {
	var q qualification
	list, err := members(body)
	if err != nil {
		return q, err
	}
	needed := map[string]any{"CreateAccount": &q.account, "CreateContact": &q.contact, "CreateOpportunity": &q.opportunity, "Status": &q.status}
	optional := map[string]*ref{"OpportunityCurrencyId": &q.currency, "OpportunityCustomerId": &q.customer, "SourceCampaignId": &q.campaign}
	suppress := true
	for _, m := range list {
		if to := needed[m.name]; to != nil {
			if err := json.Unmarshal(m.raw, to); err != nil {
				return q, fail(400, codePayload, "Cannot convert the literal '%s' to the type of the parameter '%s'.", clip(string(m.raw), 50), m.name)
			}
			delete(needed, m.name)
			continue
		}
		if m.name == "SuppressDuplicateDetection" {
			if err := json.Unmarshal(m.raw, &suppress); err != nil {
				return q, fail(400, codePayload, "Cannot convert the literal '%s' to the type of the parameter '%s'.", clip(string(m.raw), 50), m.name)
			}
			continue
		}
		to := optional[m.name]
		if to == nil && m.name != "ProcessInstanceId" {
			return q, fail(400, codePayload, "The parameter '%s' in the request payload is not a valid parameter for the operation 'QualifyLead'.", m.name)
		}
		if to != nil && string(m.raw) != "null" {
			if *to, err = s.readReference(m.raw); err != nil {
				return q, err
			}
		}
	}
	q.detect = !suppress
	for _, name := range slices.Sorted(maps.Keys(needed)) {
		return q, fail(400, codeInvalidArgument, "Required field '%s' is missing for the operation 'QualifyLead'.", name)
	}
	return q, nil
}

// readReference reads {"@odata.type": "Microsoft.Dynamics.CRM.account", "accountid": "<id>"}.
func (s *Simulator) readReference(raw json.RawMessage) (ref, error) {
	var m map[string]string
	if err := json.Unmarshal(raw, &m); err == nil {
		name := strings.TrimPrefix(strings.TrimPrefix(m["@odata.type"], "#"), "Microsoft.Dynamics.CRM.")
		if tab := s.schema.tables[name]; tab != nil && s.db.get(name, strings.ToLower(m[tab.primaryID])) != nil {
			return ref{name, strings.ToLower(m[tab.primaryID])}, nil
		}
	}
	return ref{}, fail(400, codePayload, `'%s' names no record: use {"@odata.type": "Microsoft.Dynamics.CRM.account", "accountid": "<id>"}.`, clip(string(raw), 200))
}

// qualify makes what the lead becomes, in one transaction, and closes the lead as qualified.
func (t *tx) qualify(lead *row, q *qualification) error {
	tab := t.s.schema.tables["lead"]
	closing := newChange()
	closing.add(tab.columns["statecode"], int64(1))
	if err := t.mayQualify(tab, lead, q); err != nil {
		return err
	}
	closing.add(tab.columns["statuscode"], q.status)
	t.detect = q.detect
	defer func() { t.detect = false }()
	v := lead.values()
	for _, one := range []struct {
		wanted        bool
		table, column string // the lookup of the lead that leads to what it became
	}{
		{q.account && lead.text("companyname") != "" && v["parentaccountid"] == nil, "account", "parentaccountid"},
		{q.contact && lead.text("fullname") != "" && v["parentcontactid"] == nil, "contact", "parentcontactid"},
		{q.opportunity, "opportunity", "qualifyingopportunityid"},
	} {
		if !one.wanted {
			continue
		}
		made := t.s.schema.tables[one.table]
		ch := t.fromLead(one.table, v, *q)
		ch.add(made.columns["originatingleadid"], ref{"lead", lead.id})
		r, err := t.create(made, ch, nil)
		if err != nil {
			return err
		}
		to := ref{one.table, r.id}
		v[one.column] = to
		closing.add(tab.columns[one.column], to)
		q.created = append(q.created, to)
	}
	return t.closeLead(tab, lead, q, closing)
}

// closeLead writes the state and what the lead became, through the organisation's logic, and raises the events.
func (t *tx) closeLead(tab *table, lead *row, q *qualification, closing *change) error {
	if err := t.mayUpdate(tab, lead, closing); err != nil {
		return err
	}
	if err := t.runPlugins(tab, lead, closing); err != nil {
		return err
	}
	if err := t.judge(tab, closing.set, false); err != nil {
		return err
	}
	v := lead.values()
	for name, val := range closing.set {
		v[name] = val
		if val == nil {
			delete(v, name)
		}
	}
	t.stamp(tab, v, false)
	if err := t.s.derive(tab, v); err != nil {
		return err
	}
	r := t.put(tab, lead.id, v)
	t.followUps(tab, lead.id)
	t.before, t.after = lead.etag(), r.etag()
	t.raise(&occurrence{message: "QualifyLead", table: tab, row: r, pre: lead, status: q.status, qualified: q})
	if t.s.sw.flag("qualifyRaisesUpdate") {
		t.raiseUpdate(tab, lead, r, closing.order)
	}
	return nil
}

// mayQualify checks the lead, the status and the caller's right to the lead. What is made is checked as it is made.
func (t *tx) mayQualify(tab *table, lead *row, q *qualification) error {
	if lead.number("statecode") != 0 {
		return fail(400, codeLeadNotOpen, "The lead is already closed.")
	}
	if q.status == -1 {
		q.status = tab.defaultStatus(1)
	}
	if !tab.statusFits(q.status, 1) {
		return fail(400, codeStatusOfState, "%d is not a valid status code for state code Qualified on lead with Id %s.", q.status, lead.id)
	}
	return t.may("write", tab, lead.id)
}

// leadState refuses to change a closed lead and, by switch, to qualify one by an update.
func (s *Simulator) leadState(old *row, current, state int64) error {
	switch {
	case old == nil:
	case current == 0 && state == 1 && s.sw.text("plainQualify") == "refused":
		return fail(400, codeInvalidArgument, "The state of a lead cannot be set to Qualified by an update. Use the QualifyLead message instead.")
	case current != 0 && state == current && !s.sw.flag("closedWritable"):
		return fail(400, codeInactive, "Cannot update the lead because it is inactive. Reopen it first.")
	}
	return nil
}

// leadColumns says what of a lead goes where, by the maps that the system ships: target, then source.
func leadColumns(table string) [][2]string {
	address := [][2]string{{"address1_line1", "address1_line1"}, {"address1_line2", "address1_line2"}, {"address1_line3", "address1_line3"}, {"address1_city", "address1_city"},
		{"address1_stateorprovince", "address1_stateorprovince"}, {"address1_country", "address1_country"}, {"address1_postalcode", "address1_postalcode"},
		{"transactioncurrencyid", "transactioncurrencyid"}, {"ownerid", "ownerid"}, {"telephone1", "telephone1"}, {"emailaddress1", "emailaddress1"}, {"description", "description"}}
	switch table {
	case "account":
		return append(address, [2]string{"name", "companyname"}, [2]string{"websiteurl", "websiteurl"}, [2]string{"revenue", "revenue"}, [2]string{"numberofemployees", "numberofemployees"})
	case "contact":
		return append(address, [2]string{"salutation", "salutation"}, [2]string{"firstname", "firstname"}, [2]string{"middlename", "middlename"}, [2]string{"lastname", "lastname"}, [2]string{"jobtitle", "jobtitle"}, [2]string{"mobilephone", "mobilephone"},
			[2]string{"parentcustomerid", "parentaccountid"})
	}
	return [][2]string{{"name", "subject"}, {"transactioncurrencyid", "transactioncurrencyid"}, {"ownerid", "ownerid"}, {"description", "description"},
		{"estimatedvalue", "estimatedamount"}, {"budgetamount", "budgetamount"}, {"estimatedclosedate", "estimatedclosedate"},
		{"parentaccountid", "parentaccountid"}, {"parentcontactid", "parentcontactid"}, {"customerid", "customerid"}, {"emailaddress", "emailaddress1"},
		{"budgetstatus", "budgetstatus"}, {"need", "need"}, {"purchasetimeframe", "purchasetimeframe"}, {"qualificationcomments", "qualificationcomments"},
		{"campaignid", "campaignid"}}
}

func (t *tx) fromLead(table string, lead map[string]any, q qualification) *change {
	tab, ch := t.s.schema.tables[table], newChange()
	for _, pair := range leadColumns(table) {
		c := tab.columns[pair[0]]
		if v := lead[pair[1]]; v != nil && c != nil {
			ch.add(c, v)
		}
	}
	if table != "opportunity" {
		return ch
	}
	for _, customer := range []any{q.customer, lead["customerid"], lead["parentaccountid"], lead["parentcontactid"]} {
		if to, ok := customer.(ref); ok && to != (ref{}) {
			ch.add(tab.columns["customerid"], to)
			break
		}
	}
	if q.campaign != (ref{}) {
		ch.add(tab.columns["campaignid"], q.campaign)
	}
	if q.currency != (ref{}) {
		ch.add(tab.columns["transactioncurrencyid"], q.currency)
	}
	if t.s.sw.flag("leadMapsOwnColumns") {
		t.s.mapOwn(tab, lead, ch)
	}
	return ch
}

// mapOwn carries the organisation's own columns over to those of the same name, as attribute maps do.
func (s *Simulator) mapOwn(to *table, lead map[string]any, ch *change) {
	for _, c := range s.schema.tables["lead"].order {
		target := to.columns[c.name]
		own := strings.Contains(c.name, "_") && !strings.HasSuffix(c.name, "_base") && !strings.HasPrefix(c.name, "address1_")
		if v := lead[c.name]; own && v != nil && target != nil && target.kind == c.kind && !slices.Contains(ch.order, c.name) {
			ch.add(target, v)
		}
	}
}
