package dataversesim

import (
	"math/big"
	"strings"
)

// derive works out the columns that the system computes from others.
func (s *Simulator) derive(tab *table, v map[string]any) error {
	switch tab.name {
	case "contact", "lead", "systemuser":
		setText(v, "fullname", " ", "firstname", "lastname")
	case "serviceendpoint":
		v["isauthvalueset"] = v["authvalue"] != nil
		v["issaskeyset"] = v["saskey"] != nil
		v["issastokenset"] = v["sastoken"] != nil
	case "opportunity":
		s.deriveTotals(v)
	case "opportunityproduct":
		s.deriveLine(v)
	case "environmentvariabledefinition", "environmentvariablevalue":
		if err := s.checkVariable(tab, v); err != nil {
			return err
		}
	case "connection":
		if to, ok := v["record2id"].(ref); ok {
			v["name"] = s.primaryName(to)
		}
		if err := s.checkConnection(v); err != nil {
			return err
		}
	}
	if tab.columns["address1_composite"] != nil {
		s.setComposite(v)
	}
	tab.calculate(v)
	if len(tab.money) > 0 {
		return s.deriveMoney(tab, v)
	}
	return nil
}

func (s *Simulator) setComposite(v map[string]any) {
	setText(v, "address1_composite", "\r\n", "address1_line1", "address1_line2", "address1_line3", "address1_city",
		"address1_stateorprovince", "address1_postalcode", "address1_country")
}

func setText(v map[string]any, to, sep string, from ...string) {
	var parts []string
	for _, name := range from {
		if text, _ := v[name].(string); text != "" {
			parts = append(parts, text)
		}
	}
	delete(v, to)
	if len(parts) > 0 {
		v[to] = strings.Join(parts, sep)
	}
}

// deriveMoney rounds amounts to the digits of their currency and converts them to the base currency.
func (s *Simulator) deriveMoney(tab *table, v map[string]any) error {
	to, ok := v["transactioncurrencyid"].(ref)
	if !ok {
		delete(v, "exchangerate")
		for _, c := range tab.money {
			delete(v, c.name+"_base")
			if v[c.name] != nil {
				return fail(400, codeNoCurrency, "The currency cannot be null: '%s' of entity '%s' holds an amount.", c.name, tab.name)
			}
		}
		return nil
	}
	cur := s.db.get("transactioncurrency", to.id)
	if cur == nil {
		return fail(400, codeNoCurrency, "The currency %s does not exist.", to.id)
	}
	rate, _ := cur.v["exchangerate"].(decimal)
	v["exchangerate"] = rate
	digits := int(cur.number("currencyprecision"))
	for _, c := range tab.money {
		amount, ok := v[c.name].(decimal)
		if !ok {
			delete(v, c.name+"_base")
			continue
		}
		exact := amount.rat()
		v[c.name] = ratDecimal(exact, digits)
		v[c.name+"_base"] = ratDecimal(new(big.Rat).Quo(exact, rate.rat()), 2)
	}
	return nil
}
