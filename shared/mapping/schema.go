package mapping

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// column is what we know of a column before anybody asked the CRM.
type column struct {
	name   string
	label  string
	kind   string // "String", "Memo", "Money", "Boolean", "Picklist", "DateTime", "Lookup", …
	length int
	choice string
	bind   string // navigation property to write a lookup with
	told   bool   // only ever written: nothing follows from a change
}

// Option is one option of a shipped choice: integer, our code, English label.
type Option struct {
	Value int    `json:"value"`
	Code  string `json:"code"`
	Label string `json:"label"`
}

// schema is the CRM as it is shipped: the standard columns that make sense in a sheet, and our own
// from infra/dataverse/schema.json.
type schema struct {
	tables  map[string][]column
	choices map[string][]Option
}

// lookupTable is the table behind a lookup that a crm path may go through.
func lookupTable(nav string) (table string, ok bool) {
	switch nav {
	case "parentaccountid":
		return "account", true
	case "parentcontactid":
		return "contact", true
	case "owninguser":
		return "systemuser", true
	}
	return "", false
}

const lookups = "parentaccountid, parentcontactid, owninguser"

func readSchema(text []byte) (*schema, error) {
	var doc struct {
		Choices []struct {
			Name    string   `json:"name"`
			Options []Option `json:"options"`
		} `json:"choices"`
		Tables []struct {
			LogicalName string `json:"logicalName"`
			Columns     []struct {
				LogicalName string `json:"logicalName"`
				SchemaName  string `json:"schemaName"`
				Type        string `json:"type"`
				MaxLength   int    `json:"maxLength"`
				Label       string `json:"label"`
				Choice      string `json:"choice"`
				Collection  string `json:"collection"`
				Target      string `json:"target"`
				Told        bool   `json:"told"`
			} `json:"columns"`
		} `json:"tables"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("reading infra/dataverse/schema.json: %w", err)
	}
	s := &schema{tables: standardColumns(), choices: map[string][]Option{}}
	for _, c := range doc.Choices {
		s.choices[c.Name] = c.Options
	}
	for _, t := range doc.Tables {
		for _, c := range t.Columns {
			s.tables[t.LogicalName] = append(s.tables[t.LogicalName],
				column{name: c.LogicalName, label: c.Label, kind: c.Type, length: c.MaxLength, choice: c.Choice, bind: c.SchemaName, told: c.Told})
			if c.Collection != "" {
				s.tables[c.Target] = append(s.tables[c.Target], column{name: c.Collection, kind: "Collection"})
			}
		}
	}
	return s, nil
}

func (s *schema) find(table, name string) (column, bool) {
	i := slices.IndexFunc(s.tables[table], func(c column) bool { return c.name == name })
	if i < 0 {
		return column{}, false
	}
	return s.tables[table][i], true
}

// path finds the column of a crm path in a table: "estimatedvalue", "parentaccountid/name".
func (s *schema) path(table, path string) (column, bool) {
	p := placeOf(path)
	if p.Key != "" {
		return column{}, false // the row that a lookup leads to is the organisation's own
	}
	if p.Nav == "" && table == LeadTable {
		p.Table = LeadTable
	}
	return s.find(p.Table, p.Column)
}

// byLabel finds the column that people see under the label.
func (s *schema) byLabel(table, label string) (column, bool) {
	i := slices.IndexFunc(s.tables[table], func(c column) bool { return c.label != "" && FoldText(c.label) == FoldText(label) })
	if i < 0 {
		return column{}, false
	}
	return s.tables[table][i], true
}

// names lists the columns of a table that a codec can carry.
func (s *schema) names(table string, kinds []string) string {
	var out []string
	for _, c := range s.tables[table] {
		if len(kinds) == 0 || slices.Contains(kinds, c.kind) {
			out = append(out, c.name)
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// standardColumns are the columns of Dynamics 365 Sales as shipped: name, label, type and length.
// https://learn.microsoft.com/dynamics365/developer/reference/entities/opportunity
func standardColumns() map[string][]column {
	address := []column{
		{name: "address1_line1", label: "Address 1: Street 1", kind: "String", length: 250},
		{name: "address1_line2", label: "Address 1: Street 2", kind: "String", length: 250},
		{name: "address1_line3", label: "Address 1: Street 3", kind: "String", length: 250},
		{name: "address1_city", label: "Address 1: City", kind: "String", length: 80},
		{name: "address1_stateorprovince", label: "Address 1: State/Province", kind: "String", length: 50},
		{name: "address1_postalcode", label: "Address 1: ZIP/Postal Code", kind: "String", length: 20},
		{name: "address1_country", label: "Address 1: Country/Region", kind: "String", length: 80},
		{name: "emailaddress1", label: "Email", kind: "String", length: 100},
		{name: "telephone1", label: "Business Phone", kind: "String", length: 50},
		{name: "description", label: "Description", kind: "Memo", length: 2000},
	}
	return map[string][]column{
		"opportunity": {
			{name: "name", label: "Topic", kind: "String", length: 300},
			{name: "estimatedvalue", label: "Est. Revenue", kind: "Money"},
			{name: "actualvalue", label: "Actual Revenue", kind: "Money"},
			{name: "budgetamount", label: "Budget Amount", kind: "Money"},
			{name: "transactioncurrencyid", label: "Currency", kind: "Lookup", bind: "transactioncurrencyid"},
			{name: "estimatedclosedate", label: "Est. Close Date", kind: "DateTime"},
			{name: "actualclosedate", label: "Actual Close Date", kind: "DateTime"},
			{name: "description", label: "Description", kind: "Memo", length: 2000},
			{name: "customerneed", label: "Customer Need", kind: "Memo", length: 2000},
			{name: "currentsituation", label: "Current Situation", kind: "Memo", length: 2000},
			{name: "proposedsolution", label: "Proposed Solution", kind: "Memo", length: 2000},
			{name: "customerpainpoints", label: "Customer Pain Points", kind: "Memo", length: 2000},
			{name: "qualificationcomments", label: "Qualification Comments", kind: "Memo", length: 2000},
			{name: "quotecomments", label: "Quote Comments", kind: "Memo", length: 2000},
			{name: "emailaddress", label: "Email Address", kind: "String", length: 100},
			{name: "stepname", label: "Pipeline Phase", kind: "String", length: 200},
			{name: "salesstage", label: "Sales Stage", kind: "Picklist"},
			{name: "opportunityratingcode", label: "Rating", kind: "Picklist"},
			{name: "purchasetimeframe", label: "Purchase Timeframe", kind: "Picklist"},
			{name: "budgetstatus", label: "Budget", kind: "Picklist"},
			{name: "need", label: "Need", kind: "Picklist"},
			{name: "statecode", label: "Status", kind: "State"},
			{name: "statuscode", label: "Status Reason", kind: "Status"},
			{name: "ownerid", label: "Owner", kind: "Owner"},
			{name: "parentaccountid", label: "Account", kind: "Lookup"},
			{name: "parentcontactid", label: "Contact", kind: "Lookup"},
			{name: "customerid", label: "Potential Customer", kind: "Customer"},
			{name: "isrevenuesystemcalculated", label: "Revenue", kind: "Boolean"},
			{name: "closeprobability", label: "Probability", kind: "Integer"},
			{name: "owningbusinessunit", label: "Owning Business Unit", kind: "Lookup"},
			{name: "campaignid", label: "Source Campaign", kind: "Lookup"},
			{name: "pricelevelid", label: "Price List", kind: "Lookup"},
			{name: "originatingleadid", label: "Originating Lead", kind: "Lookup"},
		},
		LeadTable: append([]column{
			{name: "subject", label: "Topic", kind: "String", length: 300},
			{name: "firstname", label: "First Name", kind: "String", length: 50},
			{name: "lastname", label: "Last Name", kind: "String", length: 50},
			{name: "companyname", label: "Company Name", kind: "String", length: 100},
			{name: "jobtitle", label: "Job Title", kind: "String", length: 100},
			{name: "mobilephone", label: "Mobile Phone", kind: "String", length: 20},
			{name: "websiteurl", label: "Website", kind: "String", length: 200},
			{name: "estimatedamount", label: "Est. Value", kind: "Money"},
			{name: "budgetamount", label: "Budget Amount", kind: "Money"},
			{name: "revenue", label: "Annual Revenue", kind: "Money"},
			{name: "transactioncurrencyid", label: "Currency", kind: "Lookup", bind: "transactioncurrencyid"},
			{name: "estimatedclosedate", label: "Est. Close Date", kind: "DateTime"},
			{name: "leadsourcecode", label: "Lead Source", kind: "Picklist"},
			{name: "leadqualitycode", label: "Rating", kind: "Picklist"},
			{name: "statecode", label: "Status", kind: "State"},
			{name: "statuscode", label: "Status Reason", kind: "Status"},
			{name: "ownerid", label: "Owner", kind: "Owner"},
		}, address...),
		"opportunityclose": {{name: "description", label: "Description", kind: "Memo", length: 2000}},
		"account": append([]column{
			{name: "name", label: "Account Name", kind: "String", length: 160},
			{name: "accountnumber", label: "Account Number", kind: "String", length: 20},
			{name: "websiteurl", label: "Website", kind: "String", length: 200},
			{name: "numberofemployees", label: "Number of Employees", kind: "Integer"},
			{name: "revenue", label: "Annual Revenue", kind: "Money"},
			{name: "industrycode", label: "Industry", kind: "Picklist"},
			{name: "primarycontactid", label: "Primary Contact", kind: "Lookup"},
			{name: "territoryid", label: "Territory", kind: "Lookup"},
			{name: "owningbusinessunit", label: "Owning Business Unit", kind: "Lookup"},
		}, address...),
		"contact": append([]column{
			{name: "firstname", label: "First Name", kind: "String", length: 50},
			{name: "lastname", label: "Last Name", kind: "String", length: 50},
			{name: "mobilephone", label: "Mobile Phone", kind: "String", length: 50},
			{name: "jobtitle", label: "Job Title", kind: "String", length: 100},
		}, address...),
		"systemuser": {
			{name: "firstname", label: "First Name", kind: "String", length: 64},
			{name: "lastname", label: "Last Name", kind: "String", length: 64},
			{name: "internalemailaddress", label: "Primary Email", kind: "String", length: 100},
			{name: "address1_telephone1", label: "Main Phone", kind: "String", length: 64},
			{name: "mobilephone", label: "Mobile Phone", kind: "String", length: 64},
		},
	}
}
