package partnercentersim

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// switchDef is one behaviour that the documents leave open; first is what a new simulator does.
type switchDef struct {
	name    string
	first   string
	values  []string   // empty where kind says what is allowed
	kind    switchKind // empty for a choice
	meaning string
}

// switchKind is what a switch that is no choice takes; the text is for people.
type switchKind string

const (
	aDuration switchKind = "a duration such as 200ms"
	aNumber   switchKind = "a number, 0 or more"
	aShare    switchKind = "a number from 0 to 100"
	aDate     switchKind = "a date such as 2026-10-01"
)

func (k switchKind) allows(value string) bool {
	n, notNumber := strconv.Atoi(value)
	switch k {
	case aNumber:
		return notNumber == nil && n >= 0
	case aShare:
		return notNumber == nil && n >= 0 && n <= 100
	case aDate:
		_, err := time.Parse(time.DateOnly, value)
		return err == nil
	}
	t, err := time.ParseDuration(value)
	return err == nil && t >= 0
}

func (s *Sim) is(name, value string) bool { return s.switches[name] == value }

func (s *Sim) number(name string) int {
	n, _ := strconv.Atoi(s.switches[name]) // checked when set
	return n
}

func (s *Sim) duration(name string) time.Duration {
	d, _ := time.ParseDuration(s.switches[name]) // checked when set
	return d
}

func (s *Sim) date(name string) time.Time {
	d, _ := time.Parse(time.DateOnly, s.switches[name]) // checked when set
	return d
}

// setSwitches changes all of them or none.
func (s *Sim) setSwitches(asked map[string]any) error {
	list := switchList()
	next := map[string]string{}
	for name, v := range asked {
		i := slices.IndexFunc(list, func(d switchDef) bool { return d.name == name })
		if i < 0 {
			return fmt.Errorf("there is no switch %q: GET switches lists them", name)
		}
		value := fmt.Sprint(v)
		if n, ok := v.(float64); ok {
			value = strconv.FormatFloat(n, 'f', -1, 64)
		}
		if err := list[i].allows(value); err != nil {
			return err
		}
		next[name] = value
	}
	for name, value := range next {
		s.switches[name] = value
	}
	if next["refreshToken"] == "revoked" {
		s.revoked = s.signInsEver + 1 // the seed's one is number 0
	}
	return nil
}

func (d switchDef) allows(value string) error {
	switch {
	case d.kind == "" && !slices.Contains(d.values, value):
		return fmt.Errorf("switch %s: %q is not one of %v", d.name, value, d.values)
	case d.kind != "" && !d.kind.allows(value):
		return fmt.Errorf("switch %s: %q is not %s", d.name, value, d.kind)
	}
	return nil
}

// tellSwitches is the answer to GET switches.
func (s *Sim) tellSwitches() map[string]any {
	out := map[string]any{}
	for _, d := range switchList() {
		allowed := any(d.values)
		if d.kind != "" {
			allowed = string(d.kind)
		}
		out[d.name] = map[string]any{"value": s.switches[d.name], "allowed": allowed, "meaning": d.meaning}
	}
	return out
}
