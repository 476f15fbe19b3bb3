package mapping

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"pgregory.net/rapid"
)

func TestMoneyIsPlainDecimalDigits(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "0": "0", "-0": "0", "85000.0": "85000", "85000": "85000", "8.5E4": "85000", "1e-3": "0.001",
		"000.50": "0.5", "-12.30": "-12.3", "0.1": "0.1", "123456789012.34": "123456789012.34", "1E0": "1", "12e-1": "1.2",
	} {
		if got, err := Decimal(in); got != want || err != nil {
			t.Errorf("decimal(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"1e400", "NaN", "12,5", "1.", ".5", "--1", "1e", "0x10", "+1", " 1", "Infinity",
		"123456789012345678901234567890", "1e99999999999999999999", "0.123456789012345"} {
		if got, err := Decimal(in); err == nil {
			t.Errorf("decimal(%q) = %q, want an error", in, got)
		}
	}
}

func TestMoneyRoundTripIsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.StringMatching(`-?[0-9]{1,12}(\.[0-9]{1,8})?`).Draw(t, "amount")
		text, err := Decimal(in)
		if err != nil {
			t.Fatal(err)
		}
		wire, err := moneyToReferral(nil, text)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := moneyFromReferral(nil, wire); back != text || err != nil {
			t.Fatalf("%q became %q: %v", text, back, err)
		}
	})
}

func TestR121_ClosingDateIsTheSameDayBothWays(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		zone       *time.Location
		wire, want string
	}{
		{nil, "2026-03-31T00:00:00Z", "2026-03-31"},
		{nil, "2026-03-31T23:59:59.9999999Z", "2026-03-31"},
		{paris, "2026-03-30T22:00:00Z", "2026-03-31"},
		{paris, "2026-12-31T23:00:00Z", "2027-01-01"},
		{nil, "2026-03-31", "2026-03-31"},
	} {
		g := &glossary{zone: c.zone}
		got, err := dateFromReferral(g, c.wire)
		if got != c.want || err != nil {
			t.Errorf("%s in %v is %q, %v; want %q", c.wire, c.zone, got, err, c.want)
		}
		back, err := dateToReferral(g, got)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := dateFromReferral(g, back); again != got {
			t.Errorf("%s went out as %v and came back as %s", got, back, again)
		}
	}
	if wire, _ := dateToReferral(nil, "2026-03-31"); wire != "2026-03-31T00:00:00Z" {
		t.Errorf("sent as %v", wire)
	}
	for _, in := range []string{"0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z", "tomorrow", "2026-02-30"} {
		if got, err := dateFromReferral(nil, in); err == nil {
			t.Errorf("%q was read as %q", in, got)
		}
	}
}

func TestR79_MarksAreTakenOffAndNeverStack(t *testing.T) {
	for in, want := range map[string][2]string{
		"Deal":         {"", "Deal"},
		"✓ Deal":       {cosell.MarkOK, "Deal"},
		"✗ Deal":       {cosell.MarkFailed, "Deal"},
		"✔ ✘ ✓ Deal":   {cosell.MarkOK, "Deal"},
		"✓ ":           {cosell.MarkOK, ""},
		"✓":            {cosell.MarkOK, ""},
		"✔️ Deal":      {cosell.MarkOK, "Deal"},
		"✓Deal":        {cosell.MarkOK, "Deal"},
		"✓  ✗ X deal":  {cosell.MarkOK, "X deal"},
		"✗✓  Deal":     {cosell.MarkFailed, "Deal"},
		"Deal ✓ later": {"", "Deal ✓ later"},
		"X deal":       {"", "X deal"},
	} {
		if mark, bare := SplitMark(in); mark != want[0] || bare != want[1] {
			t.Errorf("splitMark(%q) = %q, %q; want %q", in, mark, bare, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		_, bare := SplitMark(rapid.StringOf(rapid.SampledFrom([]rune("✓✗ aD"))).Draw(t, "name"))
		mark := rapid.SampledFrom([]string{"", cosell.MarkOK, cosell.MarkFailed}).Draw(t, "mark")
		if m, b := SplitMark(WithMark(mark, bare)); m != mark || b != bare {
			t.Fatalf("%q with mark %q came back as %q with %q", bare, mark, b, m)
		}
	})
}

func TestCuttingTwiceIsCuttingOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text") + rapid.SampledFrom([]string{"", "…", strings.Repeat("😀", 40)}).Draw(t, "tail")
		length := rapid.IntRange(1, 60).Draw(t, "length")
		once := Cut(text, length)
		if units(once) > length || Cut(once, length) != once {
			t.Fatalf("%q cut to %d is %q", text, length, once)
		}
		if utf8.ValidString(text) && !utf8.ValidString(once) {
			t.Fatalf("%q was cut inside a rune: %q", text, once)
		}
		if units(text) <= length && once != text {
			t.Fatalf("%q fits into %d and became %q", text, length, once)
		}
	})
}

func TestRulesCutWhatTheCRMCannotHold(t *testing.T) {
	for _, rule := range defaultSheet(t).Rules() {
		long := strings.Repeat("😀a", 100_000)
		if rule.List {
			long = Solution{Name: long}.Text()
		}
		once := rule.ToOpportunity(long)
		if rule.ToOpportunity(once) != once {
			t.Errorf("%s is cut further the second time", rule.Field)
		}
		if rule.Field == cosell.Notes && units(once) > 2000 || rule.Field == cosell.Name && units(once) > 298 {
			t.Errorf("%s keeps %d units", rule.Field, units(once))
		}
	}
}

func TestLineEndsAreOnlyChangeToTexts(t *testing.T) {
	in := "a\r\nb \u202e<script>\u200b\n"
	if got, err := textFromReferral(nil, in); got != "a\nb \u202e<script>\u200b\n" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := textFromReferral(nil, map[string]any{}); err == nil {
		t.Error("an object was taken for a text")
	}
	if v, _ := textToReferral(nil, ""); v != nil {
		t.Errorf("empty is sent as %v", v)
	}
}

func TestFlagsKnowTrueFalseAndNothing(t *testing.T) {
	for _, c := range []struct {
		in   any
		want string
	}{{true, "true"}, {false, "false"}, {nil, "false"}, {"True", "true"}, {"", "false"}} {
		if got, err := flagFromReferral(nil, c.in); got != c.want || err != nil {
			t.Errorf("%v is %q, %v", c.in, got, err)
		}
	}
	if _, err := flagFromReferral(nil, "maybe"); err == nil {
		t.Error("maybe is a flag")
	}
}

func TestR120_ChoicesAreResolvedByLabelInAnyLanguage(t *testing.T) {
	shipped := []Option{{1, "QuotesOrLicensing", "Quotes or licensing"}, {2, "GeneralOrOther", "General or other"}, {3, "Rest", "Rest"}}
	c := ResolveChoices(shipped, true, []Label{
		{Value: 900, Labels: map[int]string{1036: "Devis", 1033: "QUOTES / or-licensing"}},
		{Value: 3, Labels: map[int]string{1036: "Autre"}},
		{Value: 901, Labels: map[int]string{1033: "General Or Other"}},
	})
	g := &glossary{Choices: map[string]Choices{"x": c}}
	for integer, code := range map[string]string{"900": "QuotesOrLicensing", "901": "GeneralOrOther", "3": "Rest", "": ""} {
		if got, err := choiceFromCRM(g, "x", integer); got != code || err != nil {
			t.Errorf("%s is %q, %v; want %q", integer, got, err, code)
		}
	}
	if v, err := choiceToCRM(g, "x", "quotesorlicensing"); v != 900 || err != nil {
		t.Errorf("written as %v, %v", v, err)
	}
	if _, err := choiceFromCRM(g, "x", "77"); err == nil {
		t.Error("an unknown integer was read")
	}
	if _, err := choiceToCRM(g, "x", "Nothing"); err == nil {
		t.Error("an unknown code was written")
	}
	plain := ResolveChoices(shipped, true, nil)
	if plain.value["GeneralOrOther"] != 2 {
		t.Errorf("without metadata: %+v", plain)
	}
}

func TestUnknownCurrencyIsRefused(t *testing.T) {
	g := &glossary{Currencies: map[string]string{"EUR": "id"}}
	if v, err := currencyToCRM(g, "", "EUR"); v != "id" || err != nil {
		t.Errorf("%v, %v", v, err)
	}
	_, err := currencyToCRM(g, "", "XTS")
	var known *fault.Error
	if !errors.As(err, &known) || known.Kind != fault.Refused || known.Code != "currency.unknown" {
		t.Errorf("%v", err)
	}
}

func TestStatusOfBothSides(t *testing.T) {
	for in, want := range map[[2]string]string{
		{"New", "Pending"}: cosell.Pending, {"New", "Received"}: cosell.Pending, {"Active", "Accepted"}: cosell.Accepted,
		{"Active", "Engaged"}: cosell.Accepted, {"Engaged", ""}: cosell.Accepted, {"Closed", "Won"}: cosell.Won, {"closed", "lost"}: cosell.Lost,
		{"Closed", "Declined"}: cosell.Declined, {"Closed", "Expired"}: cosell.Expired, {"Closed", "Error"}: cosell.Errored, {"Closed", "New thing"}: cosell.Errored,
	} {
		if got, err := StatusFromReferral(in[0], in[1]); got != want || err != nil {
			t.Errorf("%v is %q, %v", in, got, err)
		}
	}
	if _, err := StatusFromReferral("None", "None"); err == nil {
		t.Error("None is a status")
	}
	for _, text := range []string{cosell.Pending, cosell.Accepted, cosell.Won, cosell.Lost, cosell.Declined, cosell.Expired, cosell.Errored} {
		status, substatus, err := StatusToReferral(text)
		if back, _ := StatusFromReferral(status, substatus); back != text || err != nil {
			t.Errorf("%s went out as %s/%s and came back as %s", text, status, substatus, back)
		}
	}
}

func TestMembersAreKeyedByEmailInLowerCase(t *testing.T) {
	var v any
	d := json.NewDecoder(strings.NewReader(`[{"firstName":"Ada","lastName":"Ex & <co>","email":" Ada@X.example","phoneNumber":12,"title":null,"contactPreference":{}},
		null, 7, {"firstName":"No","lastName":"Mail"}, {"email":"ADA@x.example","firstName":"Twice"}, {}]`))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	r := cosell.Record{}
	ReadMembers(v).Into(r, cosell.Team)
	want := cosell.Record{"team": "2", "team.first": "ada@x.example", "team/ada@x.example": `{"email":"Ada@X.example","firstName":"Ada","lastName":"Ex & <co>","phone":"12"}`,
		"team/no mail": `{"firstName":"No","lastName":"Mail"}`}
	if !equalRecords(r, want) {
		t.Errorf("%v", r)
	}
	for _, shape := range []any{nil, "", []any{}, map[string]any{}, "x"} {
		r := cosell.Record{}
		ReadMembers(shape).Into(r, cosell.Team)
		if !equalRecords(r, cosell.Record{"team": "0"}) {
			t.Errorf("%v gives %v", shape, r)
		}
	}
}

func equalRecords(a, b cosell.Record) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return true
}
