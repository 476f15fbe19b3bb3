package app

import (
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

func variable(name, kind, def string, current ...string) dataverse.Variable {
	v := dataverse.Variable{Name: name, Type: kind, Default: def}
	if len(current) > 0 {
		v.Current, v.HasCurrent = current[0], true
	}
	return v
}

func TestR123_OurSettingBeatsTheCurrentValueAndThatTheDefault(t *testing.T) {
	for name, c := range map[string]struct {
		found dataverse.Variable
		own   map[string]string
		mark  string
	}{
		"the default":           {variable(checkMarkVariable, yesNo, "yes"), nil, "true"},
		"the current value":     {variable(checkMarkVariable, yesNo, "yes", "no"), nil, "false"},
		"a setting":             {variable(checkMarkVariable, yesNo, "yes", "no"), map[string]string{checkMarkVariable: "Yes"}, "true"},
		"nothing":               {variable(checkMarkVariable, yesNo, ""), nil, "-"},
		"in French":             {variable(checkMarkVariable, yesNo, "", "Oui"), nil, "true"},
		"in German":             {variable(checkMarkVariable, yesNo, "", "NEIN"), nil, "false"},
		"in Japanese":           {variable(checkMarkVariable, yesNo, "", "はい"), nil, "true"},
		"a name in other case":  {variable("msft_DisplayCheckMarkInName", yesNo, "", "no"), nil, "false"},
		"a wrong type":          {variable(checkMarkVariable, textType, "", "no"), nil, "-"},
		"neither of the two":    {variable(checkMarkVariable, yesNo, "", "perhaps"), nil, "-"},
		"another default words": {variable(checkMarkVariable, yesNo, "0"), nil, "false"},
	} {
		if v := variablesOf([]dataverse.Variable{c.found}, c.own); flagText(v.checkMark) != c.mark {
			t.Errorf("%s: %s", name, flagText(v.checkMark))
		}
	}
}

func TestR84_AVariableOfAWrongTypeIsNamedWithTheTypeFoundAndWanted(t *testing.T) {
	v := variablesOf([]dataverse.Variable{variable(checkMarkVariable, textType, "", "no"), variable(valueVariable, yesNo, "", "yes"),
		variable(cosellOnlyVariable, yesNo, "", "perhaps"), variable(countryVariable, textType, "", "Country/Region"), variable("msft_autohealrunscheduler", "JSON", "", "{}"),
		variable("msft_activestagename", textType, "Open")}, nil)
	var all []string
	for _, p := range v.problems {
		all = append(all, p.Say)
	}
	text := strings.Join(all, "\n")
	for _, want := range []string{checkMarkVariable + " is of type Text, it must be of type Yes/No", valueVariable + " is of type Yes/No, it must be of type Text",
		cosellOnlyVariable + " has a value that is neither", countryVariable + " names no column", "msft_autohealrunscheduler is no number", "msft_activestagename belongs to the Salesforce edition"} {
		if !strings.Contains(text, want) {
			t.Errorf("nothing says %q:\n%s", want, text)
		}
	}
	if len(v.rows) != 0 || v.checkMark != nil || v.cosellOnly != nil || v.heal != 0 {
		t.Errorf("what is wrong counts: %+v", v)
	}
}

func TestR101_VariablesNameTheColumnsThatTheSheetDoesNot(t *testing.T) {
	v := variablesOf([]dataverse.Variable{variable(valueVariable, textType, "estimatedvalue", "new_amount"), variable(countryVariable, textType, "", "new_iso"),
		variable(currencyVariable, textType, "", "new_currency"), variable("msft_autohealrunscheduler", "Number", "60", "90")}, nil)
	if v.heal != 90*time.Minute {
		t.Errorf("held work is tried every %s", v.heal)
	}
	columns := func(above string) map[string]string {
		sources := []mapping.Source{{Name: "mapping.yaml", Text: []byte(above)}}
		s, err := mapping.Load(append(v.under(sources), sources...)...)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for _, r := range s.Rows() {
			out[string(r.Field)] = r.CRM
		}
		return out
	}
	got := columns("")
	if got["dealValue"] != "new_amount" || got["customerCountry"] != "parentaccountid/new_iso" || got["currency"] != "new_currency" {
		t.Errorf("%v", got)
	}
	got = columns("- {field: dealValue, wins: crm}")
	if got["dealValue"] != "estimatedvalue" || got["customerCountry"] != "parentaccountid/new_iso" {
		t.Errorf("a row that the sheet names: %v", got)
	}
}

func TestR123_AnotherValueIsAnotherGeneration(t *testing.T) {
	k := keep(t, "")
	k.found = variablesOf([]dataverse.Variable{variable(valueVariable, textType, "estimatedvalue")}, nil)
	if k.column(t, "dealValue") != "estimatedvalue" {
		t.Fatal("not as shipped")
	}
	k.found = variablesOf([]dataverse.Variable{variable(valueVariable, textType, "estimatedvalue", "new_amount")}, nil)
	k.at = k.at.Add(variablesAge - time.Second)
	if k.column(t, "dealValue") != "estimatedvalue" {
		t.Error("it is read at every look")
	}
	if k.at = k.at.Add(lookEvery); k.column(t, "dealValue") != "new_amount" || len(k.taken) != 2 {
		t.Errorf("not effective after %s, taken %v", variablesAge, k.taken)
	}
	k.at = k.at.Add(time.Hour)
	if k.column(t, "dealValue"); len(k.taken) != 2 {
		t.Error("the same values are taken up again")
	}
}

// Yes and No in the languages of Dynamics 365.
// https://learn.microsoft.com/power-platform/admin/enable-languages
func TestR123_YesAndNoInEveryLanguage(t *testing.T) {
	for language, words := range map[string][2]string{
		"Arabic": {"نعم", "لا"}, "Basque": {"Bai", "Ez"}, "Bulgarian": {"Да", "Не"}, "Catalan": {"Sí", "No"}, "Chinese, simplified": {"是", "否"}, "Chinese, traditional": {"是", "否"},
		"Croatian": {"Da", "Ne"}, "Czech": {"Ano", "Ne"}, "Danish": {"Ja", "Nej"}, "Dutch": {"Ja", "Nee"}, "English": {"Yes", "No"}, "Estonian": {"Jah", "Ei"},
		"Finnish": {"Kyllä", "Ei"}, "French": {"Oui", "Non"}, "Galician": {"Si", "Non"}, "German": {"Ja", "Nein"}, "Greek": {"Ναι", "Όχι"}, "Hebrew": {"כן", "לא"},
		"Hindi": {"हाँ", "नहीं"}, "Hungarian": {"Igen", "Nem"}, "Indonesian": {"Ya", "Tidak"}, "Italian": {"Sì", "No"}, "Japanese": {"はい", "いいえ"}, "Kazakh": {"Иә", "Жоқ"},
		"Korean": {"예", "아니요"}, "Latvian": {"Jā", "Nē"}, "Lithuanian": {"Taip", "Ne"}, "Malay": {"Ya", "Tidak"}, "Norwegian": {"Ja", "Nei"}, "Polish": {"Tak", "Nie"},
		"Portuguese": {"Sim", "Não"}, "Romanian": {"Da", "Nu"}, "Russian": {"Да", "Нет"}, "Serbian, Cyrillic": {"Да", "Не"}, "Serbian, Latin": {"Da", "Ne"}, "Slovak": {"Áno", "Nie"},
		"Slovenian": {"Da", "Ne"}, "Spanish": {"Sí", "No"}, "Swedish": {"Ja", "Nej"}, "Thai": {"ใช่", "ไม่ใช่"}, "Turkish": {"Evet", "Hayır"}, "Ukrainian": {"Так", "Ні"}, "Vietnamese": {"Có", "Không"},
		"upper case": {"KYLLÄ", "NÃO"}, "capitals of Turkish": {"EVET", "HAYIR"}, "as stored": {"yes", "no"}, "of a script": {"TRUE", "False"}, "a number": {"1", "0"},
	} {
		for i, word := range words {
			if yes, ok := yesOrNo(" " + word + " "); !ok || yes != (i == 0) {
				t.Errorf("%s: %q is %v, understood: %v", language, word, yes, ok)
			}
		}
	}
	for _, word := range []string{"", "perhaps", "y", "2", "yes no", "null"} {
		if _, ok := yesOrNo(word); ok {
			t.Errorf("%q is understood", word)
		}
	}
}
