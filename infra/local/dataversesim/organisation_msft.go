package dataversesim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// msftNames are names that no document gives. The labels around them are known, so whoever needs the names has
// to look them up by label.
type msftNames struct {
	solution, details                            string // tables
	opportunity, detail, price, quantity, money  string // columns of solution; money is "": the price is an amount, and has the currency of its row
	identifier, title, kind, publisher           string // columns of details
	autoHeal                                     string // an environment variable
	autoHealType                                 int64
	auditLength                                  int
	tracked                                      bool   // solution has change tracking
	syncLead, identifierLead, linkLead, logsLead string // columns of lead
}

// likelyNames are the names that the columns which are known suggest; otherNames are as good.
func likelyNames() msftNames {
	return msftNames{
		solution: "msft_microsoftpartnercentersolution", details: "msft_microsoftsolutiondetail",
		opportunity: "msft_opportunityid", detail: "msft_solutiondetailid", price: "msft_price", quantity: "msft_quantity", money: "msft_currency",
		identifier: "msft_solutionidentifier", title: "msft_solutionname", kind: "msft_type", publisher: "msft_publishername",
		autoHeal: "msft_autohealrunscheduler", autoHealType: variableNumber, auditLength: 100000, tracked: true,
		syncLead: "msft_microsoftpartnercenterreferralsync", identifierLead: "msft_microsoftpartnercenterreferralidentifier",
		linkLead: "msft_microsoftpartnercenterreferrallink", logsLead: "msft_microsoftpartnercenterreferralsyncaudit",
	}
}

func otherNames() msftNames {
	return msftNames{
		solution: "msft_solutions", details: "msft_solutiondetails",
		opportunity: "msft_opportunity", detail: "msft_solution", price: "msft_unitprice", quantity: "msft_units",
		identifier: "msft_identifier", title: "msft_name", kind: "msft_solutiontype", publisher: "msft_publisher",
		autoHeal: "msft_autohealrunschedule", autoHealType: variableText, auditLength: 4000,
		syncLead: "msft_leadsync", identifierLead: "msft_leadreferralidentifier", linkLead: "msft_leadreferrallink", logsLead: "msft_leadsyncaudit",
	}
}

// yesNo are the words of a two-option column in the languages of the organisation.
const yesNo = `"options":[{"value":1,"label":"Yes","labels":{"1036":"Oui","1031":"Ja"}},{"value":0,"label":"No","labels":{"1036":"Non","1031":"Nein"}}]`

// msftSchema is what the solution "Partner Center Referrals Synchronization for Dynamics 365" brings: labels as on
// its forms, names as in an export of an organisation where they are known.
func msftSchema(n msftNames) []string {
	return slices.Concat(msftOpportunity(n), msftReferences(), msftSolutions(n), msftLead(n), msftStatusLabels())
}

func msftOpportunity(n msftNames) []string {
	add := func(column, text string) string {
		return `{"do":"add","table":"opportunity","column":"` + column + `",` + text + `}`
	}
	return []string{
		add("msft_microsoftpartnercenterreferralsync", `"schemaName":"msft_MicrosoftPartnerCenterReferralSync","type":"Boolean","label":"Sync With Partner Center","labels":{"1036":"Synchroniser avec l'Espace partenaires","1031":"Mit Partner Center synchronisieren"},`+yesNo),
		add("msft_microsoftpartnercenterreferralidentifier", `"schemaName":"msft_MicrosoftPartnerCenterReferralIdentifier","type":"String","length":100,"label":"Referral Identifier","labels":{"1036":"Identificateur de référence","1031":"Empfehlungs-ID"}`),
		add("msft_microsoftpartnercenterreferrallink", `"schemaName":"msft_MicrosoftPartnerCenterReferralLink","type":"String","length":400,"format":"Url","label":"Referral Link","labels":{"1036":"Lien de référence","1031":"Empfehlungslink"}`),
		add("msft_microsoftpartnercenterreferralprogram", `"schemaName":"msft_MicrosoftPartnerCenterReferralProgram","type":"String","length":100,"label":"Referral Program","labels":{"1036":"Programme de référence","1031":"Empfehlungsprogramm"}`),
		add("msft_microsoftcrmidentifier", `"schemaName":"msft_MicrosoftCRMIdentifier","type":"String","length":100,"label":"Microsoft CRM Identifier","labels":{"1036":"Identificateur Microsoft CRM","1031":"Microsoft CRM-ID"}`),
		add("msft_microsoftpartnercenterreferralvisible", `"schemaName":"msft_MicrosoftPartnerCenterReferralVisible","type":"Boolean","label":"Referral Visibility","labels":{"1036":"Visibilité de la référence","1031":"Sichtbarkeit der Empfehlung"},
			"options":[{"value":1,"label":"Visible to Microsoft sellers","labels":{"1036":"Visible par les vendeurs Microsoft","1031":"Für Microsoft-Verkäufer sichtbar"}},
				{"value":0,"label":"Not visible to Microsoft sellers","labels":{"1036":"Non visible par les vendeurs Microsoft","1031":"Für Microsoft-Verkäufer nicht sichtbar"}}]`),
		add("msft_microsoftpartnercenterhelp", `"schemaName":"msft_MicrosoftPartnerCenterHelp","type":"Picklist","label":"How can Microsoft help?","labels":{"1036":"Comment Microsoft peut-il vous aider ?","1031":"Wie kann Microsoft helfen?"},"options":`+msftHelp()),
		add("msft_microsoftpartnercenterreferralsyncaudit", fmt.Sprintf(`"schemaName":"msft_MicrosoftPartnerCenterReferralSyncAudit","type":"Memo","length":%d,"label":"Audit","labels":{"1036":"Audit","1031":"Überwachung"}`, n.auditLength)),
		add("msft_microsoftpartnercentersolutions", `"schemaName":"msft_MicrosoftPartnerCenterSolutions","type":"String","length":255,"label":"[Obsolete] Microsoft Partner Center Products"`),
		add("msft_coselltype", `"schemaName":"msft_CosellType","type":"Picklist","label":"Co-sell type","options":[{"value":299600000,"label":"IP co-sell"},{"value":299600001,"label":"Services co-sell"}]`),
		add("msft_customerpurchaseintent", `"schemaName":"msft_CustomerPurchaseIntent","type":"Picklist","label":"Customer purchase intent","labels":{"1036":"Intention d'achat du client","1031":"Kaufabsicht des Kunden"},
			"options":[{"value":299600000,"label":"Yes","labels":{"1036":"Oui","1031":"Ja"}},{"value":299600001,"label":"No","labels":{"1036":"Non","1031":"Nein"}},{"value":299600002,"label":"Have not decided","labels":{"1036":"Pas encore décidé","1031":"Noch nicht entschieden"}}]`),
	}
}

// msftHelp are the options of "How can Microsoft help?": the labels are those of the form, the values a guess.
func msftHelp() string {
	var out []string
	for i, one := range [][3]string{
		{"Workload Specific Value Proposition", "Proposition de valeur propre à la charge de travail", "Workloadspezifisches Wertversprechen"},
		{"Customer Technical Architecture", "Architecture technique du client", "Technische Architektur des Kunden"},
		{"Proof Of Concept Or Demo", "Preuve de concept ou démonstration", "Proof of Concept oder Demo"},
		{"Quotes Or Licensing", "Devis ou licences", "Angebote oder Lizenzierung"},
		{"Post Sales Customer Success", "Réussite du client après-vente", "Kundenerfolg nach dem Verkauf"},
		{"General Or Other", "Général ou autre", "Allgemein oder Sonstiges"},
	} {
		out = append(out, fmt.Sprintf(`{"value":%d,"label":%q,"labels":{"1036":%q,"1031":%q}}`, 299600000+i, one[0], one[1], one[2]))
	}
	return "[" + strings.Join(out, ",") + "]"
}

// msftReferences are the tables behind the three lookups of services co-sell.
func msftReferences() []string {
	var out []string
	for _, one := range [][4]string{{"msft_partnerrole", "msft_PartnerRole", "Partner role", "Partner roles"}, {"msft_solutionarea", "msft_SolutionArea", "Solution area", "Solution areas"},
		{"msft_solutionplay", "msft_SolutionPlay", "Solution play", "Solution plays"}} {
		out = append(out,
			fmt.Sprintf(`{"do":"add","table":%q,"set":"%ss","schemaName":%q,"label":%q,"plural":%q,"ownership":"OrganizationOwned","primaryName":"msft_name","primaryLabel":"Name"}`, one[0], one[0], one[1], one[2], one[3]),
			fmt.Sprintf(`{"do":"add","table":"opportunity","column":%q,"schemaName":%q,"type":"Lookup","target":%q,"label":%q}`, one[0], one[1], one[0], one[2]))
	}
	return out
}

func msftSolutions(n msftNames) []string {
	column := func(table, name, text string) string {
		return `{"do":"add","table":"` + table + `","column":"` + name + `",` + text + `}`
	}
	price := []string{column(n.solution, n.price, `"type":"Money","label":"Price"`)}
	if n.money != "" {
		price = []string{column(n.solution, n.price, `"type":"Decimal","precision":4,"label":"Price"`), column(n.solution, n.money, `"type":"String","length":5,"label":"Currency"`)}
	}
	return append([]string{
		`{"do":"add","table":"` + n.details + `","set":"` + plural(n.details) + `","label":"Microsoft Solution Detail","plural":"Microsoft Solution Details","labels":{"1036":"Détail de la solution Microsoft","1031":"Details der Microsoft-Lösung"},"primaryName":"` + n.title + `","primaryLabel":"Solution Name","length":200}`,
		column(n.details, n.identifier, `"type":"String","length":100,"label":"Solution Identifier","level":"SystemRequired"`),
		column(n.details, n.kind, `"type":"String","length":20,"label":"Type"`),
		column(n.details, n.publisher, `"type":"String","length":200,"label":"Publisher Name"`),
		`{"do":"add","table":"` + n.solution + `","set":"` + plural(n.solution) + `","label":"Microsoft Solution","plural":"Microsoft Solutions","labels":{"1036":"Solution Microsoft","1031":"Microsoft-Lösung"},"tracking":` + fmt.Sprint(n.tracked) + `,"primaryName":"msft_name","primaryLabel":"Name","autoNumber":"{DATETIMEUTC:yyyy-MM-dd}-{SEQNUM:5}"}`,
		column(n.solution, n.opportunity, `"type":"Lookup","target":"opportunity","collection":"`+n.solution+`_opportunity","label":"Opportunity","level":"ApplicationRequired"`),
		column(n.solution, n.detail, `"type":"Lookup","target":"`+n.details+`","collection":"`+n.solution+`_`+n.details+`","label":"Microsoft Solution Detail","level":"ApplicationRequired"`),
		column(n.solution, n.quantity, `"type":"Integer","label":"Quantity","min":0`),
	}, price...)
}

// plural is what the server makes of a name for its entity set.
func plural(name string) string {
	if strings.HasSuffix(name, "s") {
		return name + "es"
	}
	return name + "s"
}

func msftLead(n msftNames) []string {
	add := func(column, text string) string {
		return `{"do":"add","table":"lead","column":"` + column + `",` + text + `}`
	}
	return []string{
		add(n.syncLead, `"type":"Boolean","label":"Sync With Partner Center","labels":{"1036":"Synchroniser avec l'Espace partenaires","1031":"Mit Partner Center synchronisieren"},`+yesNo),
		add(n.identifierLead, `"type":"String","length":100,"label":"Referral Identifier"`),
		add(n.linkLead, `"type":"String","length":400,"format":"Url","label":"Referral Link"`),
		add(n.logsLead, fmt.Sprintf(`"type":"Memo","length":%d,"label":"Audit"`, n.auditLength)),
	}
}

// msftStatusLabels are the status reasons as Microsoft ships them in the other two languages of the organisation.
func msftStatusLabels() []string {
	var out []string
	for _, one := range []struct {
		table  string
		value  int
		fr, de string
	}{
		{"opportunity", 1, "En cours", "In Bearbeitung"}, {"opportunity", 2, "En attente", "Zurückgestellt"}, {"opportunity", 3, "Conclue", "Gewonnen"},
		{"opportunity", 4, "Annulée", "Abgebrochen"}, {"opportunity", 5, "Rupture de stock", "Ausverkauft"},
		{"lead", 1, "Nouveau", "Neu"}, {"lead", 2, "Contacté", "Kontaktiert"}, {"lead", 3, "Qualifié", "Qualifiziert"}, {"lead", 4, "Perdu", "Verloren"},
		{"lead", 5, "Impossible à contacter", "Kontaktaufnahme nicht möglich"}, {"lead", 6, "Plus intéressé", "Kein Interesse mehr"}, {"lead", 7, "Annulé", "Abgebrochen"},
	} {
		out = append(out, fmt.Sprintf(`{"do":"option","table":%q,"column":"statuscode","value":%d,"labels":{"1036":%q,"1031":%q}}`, one.table, one.value, one.fr, one.de))
	}
	return out
}

// seedMsft adds the rows of the solution: variables, flows, the catalogue of the administrator, and what the
// events of the new columns and tables need.
func (s *Simulator) seedMsft(n msftNames) {
	s.manageMsft()
	t := s.begin(ApplicationUserID, ApplicationUserID)
	t.skipAll = true
	t.seedMsftSolution()
	t.seedVariables(n)
	t.seedFlows()
	for _, table := range []string{"msft_partnerrole", "msft_solutionarea", "msft_solutionplay"} {
		for _, name := range msftLabels(table) {
			t.plant(table, fixedID(table+"/"+name), map[string]any{"msft_name": name})
		}
	}
	for _, one := range [][5]string{
		{ForecastID, "SOL-12345-ABC", "Northwind Forecast", "3P", "Northwind Consulting"},
		{InsightID, "SOL-15974-MQF", "Northwind Insight", "3P", "Northwind Consulting"},
		{AzureID, "4024fcfe-71b6-4a8f-9d9e-3f1a2f7c5b11", "Azure", "1P", "Microsoft"},
	} {
		t.plant(n.details, one[0], map[string]any{n.identifier: one[1], n.title: one[2], n.kind: one[3], n.publisher: one[4]})
	}
	if !s.bare() {
		t.listenMsft(n)
	}
	t.commit()
}

// msftLabels are the rows of a table of services co-sell.
func msftLabels(table string) []string {
	switch table {
	case "msft_partnerrole":
		return []string{"Presales envisioning", "Solution design", "Proof of concept", "Business strategy", "Deployment services", "Adoption and change management", "Transaction", "Managed services"}
	case "msft_solutionarea":
		return []string{"AI Business Solutions", "Cloud and AI Platforms", "Security"}
	}
	return []string{"Copilot and Agents at Work", "Innovate with Low Code AI and Agents", "Secure AI Productivity", "Scale Business Operations with AI", "Data Security", "Innovate with Azure AI Apps and Agents"}
}

// seedVariables are the six environment variables of the Dynamics edition; nobody has given one a value yet.
func (t *tx) seedVariables(n msftNames) {
	schedule := "60"
	for _, one := range []struct {
		name, label string
		kind        int64
		def         string
	}{
		{"msft_displaycheckmarkinname", "Display check mark in opportunity name", variableYesNo, "yes"},
		{"msft_dealvaluefield", "Deal value field name in Dynamics 365", variableText, "estimatedvalue"},
		{"msft_dealcurrencycodefield", "Deal value currency code field name in Dynamics 365", variableText, ""},
		{"msft_customeraccountcountrycode", "Customer account country code field name in Dynamics 365", variableText, "address1_country"},
		{"msft_synccosellopportunitiesonly", "Sync co-sell opportunities only", variableYesNo, "no"},
		{n.autoHeal, "Auto-heal run scheduler", n.autoHealType, schedule},
	} {
		v := map[string]any{"schemaname": one.name, "displayname": one.label, "type": one.kind}
		if one.def != "" {
			v["defaultvalue"] = one.def
		}
		t.plant(definitionTable, fixedID("variable/"+one.name), v)
	}
}

// seedFlows are the cloud flows of the solution, all switched on.
func (t *tx) seedFlows() {
	for _, name := range []string{"Partner Center Webhook Registration (Insider Preview)", "[Customize] Create or Get Details from Dynamics 365",
		"Create Co-sell Referral - Dynamics 365 to Partner Center (Insider Preview)", "Partner Center to Dynamics 365 - Helper (Insider Preview)",
		"Partner Center Microsoft Co-sell Referral Updates to Dynamics 365 (Insider Preview)", "Partner Center to Dynamics 365 (Insider Preview)",
		"Dynamics 365 to Partner Center (Insider Preview)", "Dynamics 365 Opportunity to Partner Center (Insider Preview)",
		"Dynamics 365 Microsoft Solution(s) to Partner Center (Insider Preview)", "Dynamics 365 Leads to Partner Center (Insider Preview)",
		"Auto-heal of Microsoft Partner Center synchronization details"} {
		t.plant("workflow", fixedID("flow/"+name), map[string]any{"name": name, "category": int64(5), "statecode": int64(1), "statuscode": int64(2), "ismanaged": true, "clientdata": flowDefinition(name)})
	}
}

// listenMsft does to the product's steps what its setup does for a sheet over these columns: they listen to all of
// them, and to the solution rows.
func (t *tx) listenMsft(n msftNames) {
	columns := func(table string) []string {
		var out []string
		for _, c := range t.s.schema.tables[table].order {
			if strings.HasPrefix(c.name, "msft_") && c.formula == nil && c.baseOf == nil {
				out = append(out, c.name)
			}
		}
		return out
	}
	for _, table := range []string{"opportunity", "lead"} {
		id := fixedID("step/Update/" + table)
		if r := t.s.db.get(stepTable, id); r != nil {
			v := r.values()
			v["filteringattributes"] = strings.Join(append(list(r.text("filteringattributes")), columns(table)...), ",")
			t.put(t.s.schema.tables[stepTable], id, v)
		}
	}
	for _, m := range []string{"Create", "Update", "Delete"} {
		st := stepSpec{Message: m, Table: n.solution}
		if m != "Create" {
			st.PreImage = []string{n.opportunity}
		}
		if m == "Update" {
			st.Filter = columns(n.solution)
		}
		t.plantStep(st)
	}
}

// msftKinds are the organisations with Microsoft's columns.
func msftKinds() map[string]msftNames {
	return map[string]msftNames{Msft: likelyNames(), MsftOther: otherNames(), BareMsft: likelyNames()}
}

// Organisations are the kinds that Options.Organisation takes.
func Organisations() []string {
	return []string{Plain, Opinionated, Msft, MsftOther, Bare, BareFrench, BareInFrench, BareMsft}
}

// flowDefinition is a flow as it is stored: a trigger over opportunities or Partner Center, and the connections it runs on.
func flowDefinition(name string) string {
	trigger := "When_a_webhook_event_is_received"
	if strings.HasPrefix(name, "Dynamics 365") || strings.HasPrefix(name, "Create Co-sell") {
		trigger = "When_a_row_is_added,_modified_or_deleted"
	}
	return `{"properties":{"connectionReferences":{"shared_commondataserviceforapps":{"runtimeSource":"embedded","connection":{"connectionReferenceLogicalName":"msft_sharedcommondataserviceforapps"},"api":{"name":"shared_commondataserviceforapps"}},"shared_microsoftpartnercenterreferrals":{"runtimeSource":"embedded","connection":{"connectionReferenceLogicalName":"msft_sharedpartnercenterreferrals"},"api":{"name":"shared_partnercenterreferrals"}}},"definition":{"$schema":"https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#","contentVersion":"1.0.0.0","triggers":{"` + trigger + `":{"type":"OpenApiConnectionWebhook"}},"actions":{}}},"schemaVersion":"1.0.0.0"}`
}

// flowsAnswer is what the connector's flows do while one of them is on: somebody else writes to the opportunity.
func (t *tx) flowsAnswer(tab *table) {
	if tab.name != "opportunity" || !t.s.sw.flag("setupFlowsWrite") || tab.columns[flowColumn] == nil {
		return
	}
	for _, sl := range t.s.db.tables["workflow"].order {
		if r := sl.row; r != nil && r.number("category") == 5 && r.number("statecode") == 1 && strings.Contains(r.text("name"), "Dynamics 365") {
			columns := []byte(`{"` + flowColumn + `":"` + t.now().Format(time.RFC3339) + ` Synchronised by ` + r.text("name") + `"}`)
			t.answers = append(t.answers, &plugin{Table: tab.name, Do: "answer", Columns: columns, after: 2 * time.Second})
			return
		}
	}
}

const flowColumn = "msft_microsoftpartnercenterreferralsyncaudit"
