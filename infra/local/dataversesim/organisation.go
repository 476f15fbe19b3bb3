package dataversesim

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// Kinds of organisation.
const (
	// Plain is Dynamics 365 Sales as it is shipped, with the product's columns.
	Plain = "plain"
	// Opinionated is an organisation that made the CRM its own: columns that must be filled, business rules,
	// a plug-in and an automation, status reasons and choices of its own in two languages, calculated and
	// user-local columns, people who cannot own and rows that are inactive.
	Opinionated = "opinionated"
	// Msft is an organisation in three languages that has Microsoft's own connector: its columns, tables,
	// environment variables and flows.
	Msft = "msft"
	// MsftOther is the same under other names, where no document gives them.
	MsftOther = "msftOther"
)

// Well-known rows that only an opinionated organisation has.
const (
	DisabledUserID    = "d0000000-0000-4000-8000-000000000004" // Alex Gone
	UnlicensedUserID  = "d0000000-0000-4000-8000-000000000005" // Robin Guest
	InactiveAccountID = "a0000000-0000-4000-8000-000000000003" // Litware GmbH
	FrancID           = "c0000000-0000-4000-8000-000000000756" // Swiss franc, inactive
)

// organisation is what stays when rules and plug-ins of the control interface are removed.
type organisation struct {
	kind    string
	rules   *control.Rules // business rules of table scope: they bind the API and people alike
	plugins []*plugin
}

// settle makes the seeded environment one of a kind. Only a mistake in the lists below can fail.
func (s *Simulator) settle(kind string) error {
	s.house = organisation{kind: kind, rules: newRules()}
	if names, msft := msftKinds()[kind]; msft {
		if err := s.administer(msftSchema(names)); err != nil {
			return err
		}
		s.seedMsft(names)
		return nil
	}
	if kind != Opinionated {
		return nil
	}
	if err := s.administer(opinionatedSchema()); err != nil {
		return err
	}
	for _, one := range opinionatedRules() {
		if _, err := s.house.rules.Add(one); err != nil {
			return err
		}
	}
	for _, text := range opinionatedPlugins() {
		p := &plugin{}
		if err := json.Unmarshal([]byte(text), p); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
		if err := s.checkPlugin(p); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
		s.house.plugins = append(s.house.plugins, p)
	}
	s.seedOpinions()
	return nil
}

// administer does the changes of an administrator.
func (s *Simulator) administer(changes []string) error {
	for _, text := range changes {
		var c schemaChange
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
		if err := s.changeSchema(c); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
	}
	return nil
}

// opinionatedSchema are the changes of an administrator.
func opinionatedSchema() []string {
	return []string{
		`{"do":"add","table":"opportunity","column":"new_businessline","schemaName":"new_BusinessLine","type":"String","length":40,"label":"Business line","labels":{"1036":"Ligne d'activité"},"level":"SystemRequired"}`,
		`{"do":"add","table":"opportunity","column":"new_territory","schemaName":"new_Territory","type":"Picklist","label":"Territory","labels":{"1036":"Territoire"},"level":"ApplicationRequired",
			"options":[{"value":100000000,"label":"North","labels":{"1036":"Nord"}},{"value":100000001,"label":"South","labels":{"1036":"Sud"}}]}`,
		`{"do":"add","table":"opportunity","column":"new_weighted","schemaName":"new_Weighted","type":"Money","label":"Weighted revenue","formula":"estimatedvalue * 0.5"}`,
		`{"do":"add","table":"opportunity","column":"new_ordernumber","schemaName":"new_OrderNumber","type":"String","length":20,"label":"Order number","update":false}`,
		`{"do":"add","table":"opportunity","column":"new_golive","schemaName":"new_GoLive","type":"DateTime","behavior":"UserLocal","format":"DateOnly","label":"Go-live"}`,
		`{"do":"add","table":"account","column":"new_segment","schemaName":"new_Segment","type":"Picklist","label":"Segment","level":"ApplicationRequired",
			"options":[{"value":100000000,"label":"Enterprise","labels":{"1036":"Grand compte"}},{"value":100000001,"label":"Small business","labels":{"1036":"PME"}}]}`,
		`{"do":"length","table":"opportunity","column":"name","length":80}`,
		`{"do":"length","table":"opportunity","column":"description","length":500}`,
		`{"do":"option","table":"opportunity","column":"statuscode","value":1,"labels":{"1036":"En cours"}}`,
		`{"do":"option","table":"opportunity","column":"statuscode","value":2,"labels":{"1036":"En attente"}}`,
		`{"do":"option","table":"opportunity","column":"statuscode","value":3,"labels":{"1036":"Conclue"}}`,
		`{"do":"option","table":"opportunity","column":"statuscode","value":4,"labels":{"1036":"Annulée"}}`,
		`{"do":"option","table":"opportunity","column":"statuscode","value":100000001,"state":0,"label":"Negotiating","labels":{"1036":"En négociation"}}`,
		`{"do":"option","table":"opportunity","column":"statuscode","value":100000002,"state":1,"label":"Framework order","labels":{"1036":"Contrat-cadre"}}`,
		`{"do":"option","table":"opportunity","column":"statuscode","value":100000003,"state":2,"label":"Price","labels":{"1036":"Prix"}}`,
		`{"do":"option","table":"opportunity","column":"statuscode","value":100000004,"state":2,"label":"No decision","labels":{"1036":"Sans décision"}}`,
		`{"do":"option","table":"opportunity","column":"statuscode","value":5,"remove":true}`,
		`{"do":"option","table":"lead","column":"statuscode","value":100000001,"state":0,"label":"Nurturing","labels":{"1036":"À relancer"}}`,
		`{"do":"option","table":"lead","column":"statuscode","value":100000002,"state":2,"label":"No budget","labels":{"1036":"Pas de budget"}}`,
		`{"do":"add","table":"lead","column":"new_interest","schemaName":"new_Interest","type":"Picklist","label":"Interest","labels":{"1036":"Intérêt"},"level":"SystemRequired",
			"options":[{"value":100000000,"label":"Cloud","labels":{"1036":"Nuage"}},{"value":100000001,"label":"Devices","labels":{"1036":"Appareils"}}]}`,
		`{"do":"add","table":"lead","column":"new_origin","schemaName":"new_Origin","type":"String","length":20,"label":"Origin","labels":{"1036":"Origine"},"level":"ApplicationRequired"}`,
	}
}

// opinionatedRules are business rules and checks of the organisation.
func opinionatedRules() []control.Rule {
	return []control.Rule{
		{Match: control.RuleMatch{Table: "opportunity", Column: "new_territory", Value: "empty"}, Message: "Choose a territory."},
		{Match: control.RuleMatch{Table: "opportunity", Column: "estimatedvalue", Value: "negative"}, Message: "The estimated revenue cannot be negative.", Field: true},
		{Match: control.RuleMatch{Table: "account", Column: "new_segment", Value: "empty"}, Message: "Choose a segment."},
		{Match: control.RuleMatch{Table: "lead", Column: "new_origin", Value: "empty"}, Message: "Say where the lead comes from."},
		{Match: control.RuleMatch{Table: "contact", Column: "lastname", Value: "empty"}, Message: "A contact needs a last name.", Field: true},
	}
}

// opinionatedPlugins change what is stored.
func opinionatedPlugins() []string {
	return []string{
		`{"table":"opportunity","column":"name","do":"trim"}`,
		`{"table":"opportunity","column":"estimatedvalue","do":"round","to":10}`,
		`{"table":"opportunity","column":"estimatedvalue","do":"answer","columns":{"closeprobability":50},"after":"2s"}`,
		`{"table":"account","column":"name","do":"upper"}`,
		`{"table":"account","do":"default","columns":{"accountnumber":"NEW"}}`,
	}
}

// seedOpinions adds people and rows that cannot be used, and fills what the organisation demands.
func (s *Simulator) seedOpinions() {
	t := s.begin(ApplicationUserID, ApplicationUserID)
	t.skipAll = true
	unit := ref{"businessunit", BusinessUnitID}
	t.plant("systemuser", DisabledUserID, map[string]any{"firstname": "Alex", "lastname": "Gone", "internalemailaddress": "alex@northwind.example", "businessunitid": unit, "isdisabled": true})
	t.plant("systemuser", UnlicensedUserID, map[string]any{"firstname": "Robin", "lastname": "Guest", "internalemailaddress": "robin@northwind.example", "businessunitid": unit, "islicensed": false})
	t.plant("transactioncurrency", FrancID, map[string]any{"isocurrencycode": "CHF", "currencyname": "Swiss Franc", "currencysymbol": "CHF",
		"exchangerate": decimal{"0.9500000000", 0.95}, "statecode": int64(1), "statuscode": int64(2)})
	t.plant("account", InactiveAccountID, map[string]any{"name": "LITWARE GMBH", "address1_line1": "Altweg 3", "address1_city": "Bremen", "address1_postalcode": "28195",
		"address1_country": "DE", "new_segment": int64(100000001), "statecode": int64(1), "statuscode": int64(2), "ownerid": ref{"systemuser", SellerID}})
	t.commit()
	s.db.rewrite("account", func(v map[string]any) { v["new_segment"] = int64(100000000) })
}

// postOrganisation goes back to the seed data, of the kind that is asked for.
func (s *Simulator) postOrganisation(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Kind string `json:"kind"`
	}
	if err := control.ReadJSON(r, &body); err != nil {
		control.WriteError(w, http.StatusBadRequest, "%v", err)
		return
	}
	if !slices.Contains(Organisations(), body.Kind) {
		control.WriteError(w, http.StatusBadRequest, "kind %q: use %s", body.Kind, strings.Join(Organisations(), ", "))
		return
	}
	s.mu.Lock()
	s.o.Organisation, s.o.Like, s.like = body.Kind, nil, nil
	err := s.reset()
	s.mu.Unlock()
	if err != nil {
		control.WriteError(w, http.StatusInternalServerError, "%v", err)
		return
	}
	control.WriteJSON(w, http.StatusOK, map[string]string{"kind": body.Kind})
}

func (s *Simulator) getOrganisation(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	kind := cmp.Or(s.house.kind, Plain)
	s.mu.Unlock()
	control.WriteJSON(w, http.StatusOK, map[string]string{"kind": kind})
}
