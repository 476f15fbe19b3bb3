package dataversesim

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"strings"
	"time"
)

// Well-known rows of the seed. They are the same whatever the seed is.
const (
	BusinessUnitID    = "b0000000-0000-4000-8000-000000000001"
	EuroID            = "c0000000-0000-4000-8000-000000000978"
	DollarID          = "c0000000-0000-4000-8000-000000000840"
	ApplicationUserID = "d0000000-0000-4000-8000-000000000001"
	SellerID          = "d0000000-0000-4000-8000-000000000002" // Kim Seller
	CloserID          = "d0000000-0000-4000-8000-000000000003" // Sam Closer
	TeamID            = "d0000000-0000-4000-8000-000000000009"
	AccountID         = "a0000000-0000-4000-8000-000000000001" // Tailspin Toys GmbH
	LoneAccountID     = "a0000000-0000-4000-8000-000000000002" // an account without contacts
	ContactID         = "a0000000-0000-4000-8000-000000000011" // Ada Example
	ForecastID        = "5e000000-0000-4000-8000-000000000001" // SOL-12345-ABC
	InsightID         = "5e000000-0000-4000-8000-000000000002" // SOL-15974-MQF
	AzureID           = "5e000000-0000-4000-8000-000000000003" // Azure
	EndpointID        = "e0000000-0000-4000-8000-000000000001"
)

// fixedID makes an id of a name.
func fixedID(name string) string {
	sum := sha256.Sum256([]byte("dataversesim/" + name))
	sum[6], sum[8] = sum[6]&0x0f|0x40, sum[8]&0x3f|0x80
	x := hex.EncodeToString(sum[:16])
	return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:]
}

// seed fills an empty database. Nothing listens yet while it does.
func (s *Simulator) seed() {
	t := s.begin(ApplicationUserID, ApplicationUserID)
	t.skipAll = true
	s.seedOrganisation(t)
	s.seedPeople(t)
	s.seedRoles(t)
	s.seedSolutions(t)
	s.seedConnectionRoles(t)
	s.seedSales(t)
	s.seedForms(t)
	s.seedMessages(t)
	s.seedSteps(t)
	t.commit()
}

// plant stores a row as it is, with what the system adds.
func (t *tx) plant(table, id string, v map[string]any) {
	tab := t.s.schema.tables[table]
	v[tab.primaryID] = guid(id)
	for _, c := range tab.order {
		if _, given := v[c.name]; !given && c.def != nil {
			v[c.name] = c.def
		}
	}
	if tab.state != nil && v["statecode"] == nil {
		v["statecode"] = tab.state.options[0].value
		v["statuscode"] = tab.defaultStatus(tab.state.options[0].value)
	}
	if tab.currency != nil && v[tab.currency.name] == nil {
		v[tab.currency.name] = ref{"transactioncurrency", EuroID}
	}
	t.stamp(tab, v, true)
	if err := t.s.derive(tab, v); err != nil {
		panic(err) // the seed is fixed: only a mistake in it can fail
	}
	t.put(tab, id, v)
}

func (s *Simulator) seedOrganisation(t *tx) {
	name := s.o.label()
	t.plant("businessunit", BusinessUnitID, map[string]any{"name": name})
	one, dollar := decimal{"1.0000000000", 1}, decimal{"1.2500000000", 1.25}
	t.plant("transactioncurrency", EuroID, map[string]any{"isocurrencycode": "EUR", "currencyname": "Euro", "currencysymbol": "€", "exchangerate": one})
	t.plant("transactioncurrency", DollarID, map[string]any{"isocurrencycode": "USD", "currencyname": "US Dollar", "currencysymbol": "$", "exchangerate": dollar})
	t.plant("organization", s.o.OrganizationID, map[string]any{"name": name, "basecurrencyid": ref{"transactioncurrency", EuroID},
		"languagecode": int64(s.base()), "expirechangetrackingindays": int64(trackingLifetime / (24 * time.Hour))})
}

func (s *Simulator) seedPeople(t *tx) {
	unit := ref{"businessunit", BusinessUnitID}
	t.plant("systemuser", ApplicationUserID, map[string]any{"firstname": "#", "lastname": "cosell-sync", "applicationid": guid(strings.ToLower(s.o.ClientID)),
		"businessunitid": unit, "accessmode": int64(4), "azureactivedirectoryobjectid": guid(fixedID("object/application"))})
	t.plant("systemuser", SellerID, map[string]any{"firstname": "Kim", "lastname": "Seller", "internalemailaddress": "kim@northwind.example", "domainname": "kim@northwind.example",
		"address1_telephone1": "+49405550101", "mobilephone": "+491715550101", "businessunitid": unit, "azureactivedirectoryobjectid": guid(fixedID("object/kim"))})
	t.plant("systemuser", CloserID, map[string]any{"firstname": "Sam", "lastname": "Closer", "internalemailaddress": "sam@northwind.example", "domainname": "sam@northwind.example",
		"address1_telephone1": "+49405550102", "mobilephone": "+491715550102", "businessunitid": unit, "azureactivedirectoryobjectid": guid(fixedID("object/sam"))})
	t.plant("team", TeamID, map[string]any{"name": s.o.label(), "businessunitid": unit, "administratorid": ref{"systemuser", SellerID}})
}

// label is the first part of the host name; it names the organisation.
func (o *Options) label() string {
	n, _, _ := strings.Cut(o.Host, ".")
	return n
}

func (s *Simulator) seedSales(t *tx) {
	kim := ref{"systemuser", SellerID}
	t.plant("account", AccountID, map[string]any{"name": "Tailspin Toys GmbH", "address1_line1": "Musterweg 1", "address1_city": "Hamburg",
		"address1_postalcode": "20095", "address1_stateorprovince": "HH", "address1_country": "DE", "ownerid": kim})
	t.plant("contact", ContactID, map[string]any{"firstname": "Ada", "lastname": "Example", "emailaddress1": "ada@tailspin.example",
		"telephone1": "+49405550100", "parentcustomerid": ref{"account", AccountID}, "ownerid": kim})
	t.plant("account", LoneAccountID, map[string]any{"name": "Wingtip Works AG", "address1_line1": "Beispielgasse 7", "address1_city": "Lübeck",
		"address1_postalcode": "23552", "address1_stateorprovince": "SH", "address1_country": "DE", "ownerid": kim})
	if s.bare() {
		return
	}
	for _, one := range [][5]string{
		{ForecastID, "SOL-12345-ABC", "Northwind Forecast", "3P", "Northwind Consulting"},
		{InsightID, "SOL-15974-MQF", "Northwind Insight", "3P", "Northwind Consulting"},
		{AzureID, "4024fcfe-71b6-4a8f-9d9e-3f1a2f7c5b11", "Azure", "1P", "Microsoft"},
	} {
		t.plant("cosell_solutiondetail", one[0], map[string]any{"cosell_identifier": one[1], "cosell_name": one[2], "cosell_type": one[3], "cosell_publisher": one[4]})
	}
}

func (s *Simulator) seedMessages(t *tx) {
	for _, m := range []string{"Create", "Update", "Delete", "Win", "Lose", "Merge", "QualifyLead", "Assign", "SetState", "Retrieve", "RetrieveMultiple", "CreateMultiple", "UpdateMultiple", "UpsertMultiple"} {
		t.plant("sdkmessage", fixedID("message/"+m), map[string]any{"name": m})
	}
	for _, tab := range s.schema.order {
		if !isCustomization(tab.name) {
			t.plantFilters(tab)
		}
	}
	t.plantFilter("Win", "opportunity")
	t.plantFilter("Lose", "opportunity")
	t.plantFilter("QualifyLead", "lead")
	for _, table := range []string{"account", "contact", "lead"} {
		t.plantFilter("Merge", table)
	}
}

// plantFilters are the messages of a table. Those of the platform's own have no bulk messages.
func (t *tx) plantFilters(tab *table) {
	all := []string{"Create", "Update", "Delete"}
	if tab.userOwned && tab.primaryID != "activityid" || strings.Contains(tab.name, "_") {
		all = append(all, multiples()...)
	}
	for _, m := range all {
		t.plantFilter(m, tab.name)
	}
}

// plantFilter lets steps listen to a message of a table.
func (t *tx) plantFilter(message, table string) {
	t.plant("sdkmessagefilter", fixedID("filter/"+message+"/"+table), map[string]any{"name": message + "_" + table, "primaryobjecttypecode": table,
		"secondaryobjecttypecode": "none", "sdkmessageid": ref{"sdkmessage", fixedID("message/" + message)}})
}

func (s *Simulator) seedSteps(t *tx) {
	if s.bare() {
		return
	}
	var secret strings.Builder
	secret.WriteString(`<settings><setting name="`)
	_ = xml.EscapeText(&secret, []byte(s.o.SecretHeader)) // a builder does not fail
	secret.WriteString(`" value="`)
	_ = xml.EscapeText(&secret, []byte(s.o.Secret))
	secret.WriteString(`" /></settings>`)
	t.plant("serviceendpoint", EndpointID, map[string]any{"name": s.schema.name, "contract": int64(8), "authtype": int64(5), "url": s.o.WebhookURL,
		"authvalue": secret.String(), "messageformat": int64(2)})
	for _, st := range s.schema.steps {
		t.plantStep(st)
	}
}

// plantStep registers a step of the product, as its setup does.
func (t *tx) plantStep(st stepSpec) {
	s := t.s
	id := fixedID("step/" + st.Message + "/" + st.Table)
	v := map[string]any{"name": s.schema.name + ": " + st.Message + " of " + st.Table, "mode": int64(1), "stage": int64(40), "asyncautodelete": true,
		"sdkmessageid":       ref{"sdkmessage", fixedID("message/" + st.Message)},
		"sdkmessagefilterid": ref{"sdkmessagefilter", fixedID("filter/" + st.Message + "/" + st.Table)},
		"eventhandler":       ref{"serviceendpoint", EndpointID}}
	if len(st.Filter) > 0 {
		v["filteringattributes"] = strings.Join(st.Filter, ",")
	}
	t.plant(stepTable, id, v)
	if len(st.PreImage) > 0 {
		t.plant(imageTable, fixedID("image/"+st.Message+"/"+st.Table), map[string]any{"name": "pre", "entityalias": "pre", "imagetype": int64(0),
			"messagepropertyname": "Target", "attributes": strings.Join(st.PreImage, ","), "sdkmessageprocessingstepid": ref{stepTable, id}})
	}
}
