package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/health"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// The environment variables of Microsoft's connector, which an administrator goes on to use where neither a setting
// nor the customer's field sheet says otherwise.
const (
	prefixOfVariables = "msft_"

	checkMarkVariable  = "msft_displaycheckmarkinname"
	valueVariable      = "msft_dealvaluefield"
	currencyVariable   = "msft_dealcurrencycodefield"
	countryVariable    = "msft_customeraccountcountrycode"
	cosellOnlyVariable = "msft_synccosellopportunitiesonly"
	autoHealVariable   = "msft_autohealrunsched" // the rest of its name is not published
	yesNo              = "Yes/No"
	textType           = "Text"
)

// variableRow makes the row of the field sheet that a variable stands for.
func variableRow(name, column string) string {
	switch name {
	case valueVariable:
		return fmt.Sprintf("- {field: dealValue, crm: %q}", column)
	case currencyVariable:
		if column == "transactioncurrencyid" || column == "transactioncurrencyid/isocurrencycode" {
			return "" // as shipped
		}
		return fmt.Sprintf("- {field: currency, crm: %q}", column)
	case countryVariable:
		return fmt.Sprintf("- {field: customerCountry, crm: %q}", "parentaccountid/"+strings.TrimPrefix(column, "parentaccountid/"))
	}
	return ""
}

// variables is what the environment variables amount to.
type variables struct {
	rows       []mapping.Source
	checkMark  *bool
	cosellOnly *bool
	heal       time.Duration
	problems   []health.Problem
	unread     bool // they may not be read
}

// same says whether two readings amount to the same.
func (v variables) same(other variables) bool {
	return fmt.Sprint(v.texts()) == fmt.Sprint(other.texts())
}

func (v variables) texts() []string {
	out := []string{flagText(v.checkMark), flagText(v.cosellOnly), v.heal.String()}
	for _, r := range v.rows {
		out = append(out, r.Name, string(r.Text))
	}
	for _, p := range v.problems {
		out = append(out, p.Say)
	}
	return out
}

func flagText(b *bool) string {
	if b == nil {
		return "-"
	}
	return strconv.FormatBool(*b)
}

// variablesOf reads what was found: a setting of the variable's own name counts first, then the current value, then
// the default. One of a wrong type, or with a value that means nothing, is told and passed over.
func variablesOf(found []dataverse.Variable, own map[string]string) variables {
	all := map[string]dataverse.Variable{}
	for _, f := range found {
		all[strings.ToLower(f.Name)] = f
	}
	for name, value := range own {
		v, known := all[name]
		if !known {
			v = dataverse.Variable{Name: name}
		}
		v.Type, v.Current, v.HasCurrent, v.Several = "", value, true, nil // a setting has no type
		all[name] = v
	}
	var out variables
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out.take(name, all[name])
	}
	return out
}

func (v *variables) take(name string, x dataverse.Variable) {
	value := x.Default
	if x.HasCurrent {
		value = x.Current
	}
	value = strings.TrimSpace(value)
	switch {
	case len(x.Several) > 0 && meant(name):
		v.tell(x, false, "has several current values: "+strings.Join(x.Several, ", "), "delete all of them but one in the table Environment Variable Value, or set it as a setting of the app")
	case name == checkMarkVariable || name == cosellOnlyVariable:
		on, ok := v.flag(x, value)
		if !ok {
			return
		}
		if name == checkMarkVariable {
			v.checkMark = &on
		} else {
			v.cosellOnly = &on
		}
	case name == valueVariable || name == currencyVariable || name == countryVariable:
		v.column(x, name, value)
	case strings.HasPrefix(name, autoHealVariable):
		v.schedule(x, value)
	case name == "msft_activestagename" || name == "msft_onholdstagename":
		v.tell(x, true, "belongs to the Salesforce edition and has no meaning here", "delete it, or leave it alone")
	}
}

// meant says whether a variable means anything here.
func meant(name string) bool {
	return slices.Contains([]string{checkMarkVariable, cosellOnlyVariable, valueVariable, currencyVariable, countryVariable}, name) || strings.HasPrefix(name, autoHealVariable)
}

// flag reads a Yes/No in any language of an organisation.
func (v *variables) flag(x dataverse.Variable, value string) (on, ok bool) {
	if x.Type != yesNo && x.Type != "" {
		v.tell(x, false, "is of type "+x.Type+", it must be of type "+yesNo, "make it anew with the right type, or set it as a setting of the app")
		return false, false
	}
	if value == "" {
		return false, false
	}
	if on, ok = yesOrNo(value); !ok {
		v.tell(x, false, "has a value that is neither Yes nor No", "choose Yes or No as its current value")
	}
	return on, ok
}

// column reads the name of a column, by which a row of the sheet is changed.
func (v *variables) column(x dataverse.Variable, name, value string) {
	if x.Type != textType && x.Type != "" {
		v.tell(x, false, "is of type "+x.Type+", it must be of type "+textType, "make it anew with the right type, or set it as a setting of the app")
		return
	}
	if value == "" {
		return
	}
	row := variableRow(name, value)
	if row == "" {
		return
	}
	source := mapping.Source{Name: "variable " + x.Name, Text: []byte(row)}
	if _, err := mapping.Load(source); err != nil {
		v.tell(x, false, "names no column that will do: "+strings.TrimPrefix(err.Error(), "variable "+x.Name+":1: "), "write the column's logical name as its current value")
		return
	}
	v.rows = append(v.rows, source)
}

// schedule reads how many minutes lie between two tries of what is held; the variable's type is not published.
func (v *variables) schedule(x dataverse.Variable, value string) {
	if value == "" {
		return
	}
	minutes, err := strconv.ParseFloat(value, 64)
	if err != nil || minutes < 1 || minutes > 7*24*60 || x.Type == yesNo || x.Type == "JSON" {
		v.tell(x, false, "is no number of minutes between 1 and 10080", "write how many minutes lie between two tries of what is held")
		return
	}
	v.heal = time.Duration(minutes * float64(time.Minute))
}

func (v *variables) tell(x dataverse.Variable, note bool, what, mend string) {
	v.problems = append(v.problems, health.Problem{What: "variable " + x.Name, Where: "CRM", Count: 1, Note: note, Say: "environment variable " + x.Name + " " + what, Mend: mend})
}

// yesOrNo understands what people call yes and no in the languages that Dynamics 365 is translated to.
// https://learn.microsoft.com/power-platform/admin/enable-languages
func yesOrNo(word string) (yes, ok bool) {
	word = mapping.FoldText(word)
	for _, one := range strings.Fields("yes true 1 oui ja si sì sí sim kyllä tak ano áno igen da да так ναι evet כן نعم はい 是 예 ใช่ có ya taip jā jah bai иә हाँ") {
		if mapping.FoldText(one) == word {
			return true, true
		}
	}
	for _, one := range strings.Fields("no false 0 non nein não nee nej nei ei nie ne nem nu не нет ні όχι hayır hayir לא لا いいえ 否 아니요 ไม่ใช่ không tidak nē ez жоқ नहीं") {
		if mapping.FoldText(one) == word {
			return false, true
		}
	}
	return false, false
}

// variablesAge is how long a reading of the variables counts: a change is effective within five minutes.
const variablesAge = 4 * time.Minute

const unreadableVariables = "variables.unreadable"

// readVariables asks the CRM for the variables. A CRM without such a table has none.
func readVariables(ctx context.Context, crm *dataverse.Client, own map[string]string) (variables, error) {
	found, err := crm.Variables(ctx, prefixOfVariables)
	switch {
	case fault.Is(err, fault.Refused):
		return variablesOf(nil, own).unreadable(err), nil
	case fault.Is(err, fault.Gone):
		found, err = nil, nil
	}
	return variablesOf(found, own), err
}

// unreadable is a reading with what health says of one that the application user may not make.
func (v variables) unreadable(cause error) variables {
	v.unread = true
	v.problems = append(slices.Clone(v.problems), health.Problem{What: unreadableVariables, Where: "CRM", Count: 1,
		Say:  "the environment variables may not be read, so those of Microsoft's connector count as they were read last, or not at all: " + mapping.FirstText(fault.Of(cause).Say, cause.Error()),
		Mend: "let the role of the application user read the tables Environment Variable Definition and Environment Variable Value"})
	return v
}

// after is this reading, made after another one: where nothing may be read any more, the values before still count.
func (v variables) after(before variables) variables {
	if !v.unread || before.unread {
		return v
	}
	told := v.problems[len(v.problems)-1]
	known := slices.DeleteFunc(slices.Clone(before.problems), func(p health.Problem) bool { return p.What == unreadableVariables })
	v = before
	v.unread, v.problems = false, append(known, told)
	return v
}

// under are the rows that the variables stand for, without those that a source above names itself.
func (v variables) under(above []mapping.Source) []mapping.Source {
	named := map[string]bool{}
	for _, src := range above {
		for _, f := range mapping.Named(src) {
			named[f] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(v.rows), func(s mapping.Source) bool {
		return slices.ContainsFunc(mapping.Named(s), func(f string) bool { return named[f] })
	})
}

// over are the settings with what the variables say where no setting was given.
func (v variables) over(c loaded) loaded {
	if v.checkMark != nil && !c.given["SYNC_CHECK_MARK"] {
		c.CheckMark.On = *v.checkMark
	}
	if v.cosellOnly != nil && !c.given["SYNC_COSELL_ONLY"] {
		c.CosellOnly.On = *v.cosellOnly
	}
	return c
}
