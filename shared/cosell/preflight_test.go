package cosell

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func complete() Record {
	return Record{Name: "Deal", DealValue: "100", Currency: "EUR", ClosingDate: "2026-09-30", CustomerName: "Tailspin",
		"customerAddress1": "Musterweg 1", "customerCity": "Hamburg", CustomerCountry: "DE", Team: "1",
		"team/kim": `{"email":"kim@x","firstName":"Kim","lastName":"S","phone":"+49"}`, Solutions: "1", "solutions/SOL-1": "{}", Contacts: "0"}
}

func TestPreflightNamesEverythingAtOnce(t *testing.T) {
	r := complete()
	r[Help] = "GeneralOrOther"
	r[CustomerCountry] = "France"
	delete(r, "solutions/SOL-1")
	got := codes(Preflight(Opportunity{Side: Side{Record: r}}))
	if d := cmp.Diff([]string{"country.invalid", "solution.required", "contact.required"}, got); d != "" {
		t.Error(d)
	}
}

func TestR46_ACountryThatIsNoneIsNamedAsSuch(t *testing.T) {
	r := complete()
	delete(r, CustomerCountry)
	r[Unreadable.Of(string(CustomerCountry))] = `"ZZ" is not the code of a country`
	got := Preflight(Opportunity{Side: Side{Record: r}})
	if len(got) != 1 || got[0].Code != "country.invalid" || !strings.Contains(got[0].Text, "ZZ") {
		t.Errorf("%+v", got)
	}
}

func TestR112_AContactThatMayNotBeNamedIsToldFromNone(t *testing.T) {
	r := complete()
	r[Help], r[Unreadable.Of(string(Contacts))] = "GeneralOrOther", `the contact is not sent: "Agreed" is not set to Yes`
	got := Preflight(Opportunity{Side: Side{Record: r}})
	if len(got) != 1 || got[0].Code != "consent.required" || !strings.Contains(got[0].Text, `"Agreed" is not set`) || got[0].Mend == "" {
		t.Errorf("%+v", got)
	}
}

func TestPreflightOfACompleteDealIsEmpty(t *testing.T) {
	values, problems := Prepare(Opportunity{Side: Side{Record: complete()}}, rules)
	if len(problems) != 0 {
		t.Errorf("problems: %v", problems)
	}
	if values["solutions/SOL-1"] != "{}" || values[Name] != "Deal" {
		t.Errorf("values: %v", values)
	}
}

func TestPreflightNamesTheMissingPartsOfAContact(t *testing.T) {
	r := complete()
	r[Help], r["contacts/ada"] = "GeneralOrOther", `{"email":"ada@x","firstName":"Ada","lastName":"E"}`
	got := Preflight(Opportunity{Side: Side{Record: r}})
	if len(got) != 1 || got[0].Code != "contact.incomplete" || !strings.Contains(got[0].Text, "no phone") {
		t.Errorf("%+v", got)
	}
}

func TestZeroIsNoDealValue(t *testing.T) {
	for _, v := range []string{"", "0", "0.00"} {
		r := complete()
		r[DealValue] = v
		if d := cmp.Diff([]string{"value.required"}, codes(Preflight(Opportunity{Side: Side{Record: r}}))); d != "" {
			t.Errorf("%q: %s", v, d)
		}
	}
}

func TestAuditIsNewestFirstAndNeverTooLong(t *testing.T) {
	audit := ""
	for n := range 500 {
		audit = Prepend(audit, AuditLine(time.Date(2026, 3, 2, 9, 14, 0, 0, time.UTC), "to CRM", "updated\nname", "ab"+strconv.Itoa(n)))
	}
	if !strings.HasPrefix(audit, "2026-03-02 09:14 - to CRM: updated name (ab499)\n") {
		t.Errorf("starts %q", audit[:60])
	}
	if len(audit) > longestAudit || strings.HasSuffix(audit, "(ab") {
		t.Errorf("%d bytes, ends %q", len(audit), audit[len(audit)-5:])
	}
}

func TestLessComparesPlainDecimals(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{{"24999.99", "25000", true}, {"25000", "25000", false}, {"25000.01", "25000", false}, {"100000", "25000", false}, {"", "25000", true}, {"-5", "25000", true}} {
		if got := less(tt.a, tt.b); got != tt.want {
			t.Errorf("less(%s, %s) = %v", tt.a, tt.b, got)
		}
	}
}

func TestPreflightNamesWhatTheOwnerLacks(t *testing.T) {
	r := complete()
	r["team/kim"] = `{"email":"kim@x","firstName":"Kim"}`
	got := Preflight(Opportunity{Side: Side{Record: r}})
	if len(got) != 1 || got[0].Code != "team.incomplete" || got[0].Text != "the owner has no last name, no phone" || got[0].Field != Team || got[0].Class != OfRecord {
		t.Errorf("%+v", got)
	}
}
