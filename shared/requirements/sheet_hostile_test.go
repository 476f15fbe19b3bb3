package requirements

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// attributesPath is where a referral keeps names and values of one's own: pairs of texts.
const attributesPath = "/details/requirements/additionalRequirements/attributes"

// ownValue is the row of a sheet that carries the column of these tests.
const ownValue = "sheet: - {field: own, referral: " + attributesPath + "/type=Own/id, crm: new_own, label: Odd thing}\n"

// says has a person in Partner Center give the own value, and another amount in the same edit. What is no text comes
// as raw, as from a program that nobody knows.
func (r *rig) says(p pair, value any, amount int) {
	r.t.Helper()
	list := []any{doc{"type": "CustomerMarketplaceIntent", "id": "HaveNotDecided"}}
	if value != "" {
		list = append(list, doc{"type": "Own", "id": value})
	}
	act := doc{"do": "update", "id": p.own, "changes": doc{"/details/dealValue": amount}}
	if _, is := value.(string); is {
		act["changes"].(doc)[attributesPath] = list
	} else {
		act["raw"] = doc{attributesPath: list}
	}
	r.partner(act)
	r.quiet()
}

// said is the own value that the referral holds now, as JSON; "" where it has none.
func (r *rig) said(p pair) string {
	r.t.Helper()
	list, _ := r.referral(p.own).at(strings.TrimPrefix(attributesPath, "/")).([]any)
	for _, e := range list {
		if m, is := e.(map[string]any); is && m["type"] == "Own" {
			return string(encoded(r.t, m["id"]))
		}
	}
	return ""
}

// ownKind is a column of a type and a value that it holds: as the CRM takes and shows it, and as a referral says it.
type ownKind struct {
	column      doc
	crm         any
	shown, said string
}

func ownKinds() map[string]ownKind {
	options := []doc{{"value": 7, "label": "Seven"}, {"value": 8, "label": "Eight"}}
	return map[string]ownKind{
		"text":     {doc{"type": "String", "length": 100}, "short", "short", "short"},
		"memo":     {doc{"type": "Memo", "length": 2000}, "a\nb", "a\nb", "a\nb"},
		"whole":    {doc{"type": "Integer", "min": -100, "max": 100}, 42, "42", "42"},
		"big":      {doc{"type": "BigInt"}, json.Number("12345678901"), "12345678901", "12345678901"},
		"decimal":  {doc{"type": "Decimal", "precision": 2}, json.Number("1.25"), "1.25", "1.25"},
		"double":   {doc{"type": "Double", "precision": 3}, json.Number("0.125"), "0.125", "0.125"},
		"money":    {doc{"type": "Money"}, json.Number("12.5"), "12.5", "12.5"},
		"day":      {doc{"type": "DateTime", "behavior": "DateOnly"}, "2026-03-31", "2026-03-31", "2026-03-31T00:00:00Z"},
		"localDay": {doc{"type": "DateTime", "behavior": "UserLocal", "format": "DateOnly"}, "2026-03-31", "2026-03-31T00:00:00Z", "2026-03-31T00:00:00Z"},
		"instant":  {doc{"type": "DateTime", "behavior": "UserLocal", "format": "DateAndTime"}, "2026-03-31T10:20:30Z", "2026-03-31T10:20:30Z", "2026-03-31T10:20:30Z"},
		"zoneless": {doc{"type": "DateTime", "behavior": "TimeZoneIndependent", "format": "DateOnly"}, "2026-03-31T00:00:00Z", "2026-03-31T00:00:00Z", "2026-03-31T00:00:00Z"},
		"choice":   {doc{"type": "Picklist", "options": options}, 7, "7", "Seven"},
		"choices":  {doc{"type": "MultiSelectPicklist", "options": options}, "7,8", "7,8", "Eight, Seven"},
		"flag":     {doc{"type": "Boolean"}, true, "true", "true"},
	}
}

// The values of spec/reliability.md group J and the shapes of R100, as they may stand in a referral.
func hostile() map[string]any {
	return map[string]any{
		"J1 quotes": `O'Brien ''%27') or (1 eq 1;&$top=1#?/`, "J3 lines": "a\r\nX-Evil: 1\r\n\r\nPATCH /", "J5 script": "<script>alert('x')</script>",
		"J5 emojis": strings.Repeat("😀", 1000), "J5 right to left": "abc\u202egpj.exe\u200b\u200d", "J6 formula": "=1+1", "J6 plus": "+1", "J6 minus": "-1", "J6 at": "@SUM(A1)",
		"J7 megabyte": strings.Repeat("many words ", 95_000), "J8 exponent": "1e400", "J8 minus nothing": "-0", "J8 no number": "NaN", "J8 comma": "12,5",
		"J8 digits": "123456789012345678901234567890", "J8 fraction": "0.123456789012345678901234567890", "J8 first year": "0001-01-01T00:00:00Z", "J8 last year": "9999-12-31T23:59:59Z",
		"J8 words": "31. März", "J9 country": "Deutschland", "J10 secret": "AccountKey=c2VjcmV0LW9mLXRoZS1zdG9yZQ==",
		"control": "a\x00b\x07c", "half a letter": "\ufffd\ud7ff", "blanks": "  \t ", "empty": "",
		"null": nil, "number": json.Number("7"), "large number": json.Number("1e400"), "yes": true, "list": []any{"x"}, "object": doc{"x": 1},
	}
}

// Whatever a referral says of a field of the organisation's own: it stands in the column, or the column stays and a
// line of Audit says what is wrong with that field; the amount of the same edit is there either way; what the referral
// says is never overwritten; and no later event writes anything again.
func TestR100_HostileValuesOfAReferralReachOwnColumnsOrAreTold(t *testing.T) {
	for name, k := range ownKinds() {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				r.administrator(over(doc{"do": "add", "table": "opportunity", "column": "new_own"}, []doc{k.column}))
				p, m := r.private("Hostile"), &heard{}
				all := hostile()
				for i, what := range slices.Sorted(maps.Keys(all)) {
					if worded := name == "text" || name == "memo" || name == "choice"; !worded && strings.Contains("J1 J3 J5 J6 J7", what[:2]) {
						continue // to a number one text is as good as another
					}
					r.says(p, k.said, 1000+i)
					if got := r.opportunity(p.opportunity).text("new_own"); got != k.shown {
						t.Fatalf("before %s: %q is %q in the CRM, not %q", what, k.said, got, k.shown)
					}
					had := len(r.audit(p.opportunity))
					r.says(p, all[what], 2000+i)
					before := r.said(p)
					r.settled(p, what, k, 2000+i, had)
					r.echoes(p, what, before, m)
				}
				mark := r.pc.calls()
				r.pc.call("POST", "/redeliver", doc{"all": true})
				r.quiet()
				if w := r.pc.writes(mark); len(w) > 0 {
					t.Errorf("events that come twice write: %.600s", listed(w))
				}
				if strings.Contains(r.log.String(), "c2VjcmV0") {
					t.Error("what looks like a secret is in the log")
				}
			}, ownValue)
		})
	}
}

// settled holds the pair to what must be so after a value came.
func (r *rig) settled(p pair, what string, k ownKind, amount, had int) {
	r.t.Helper()
	row := r.opportunity(p.opportunity)
	if row.text("estimatedvalue") != fmt.Sprint(amount) {
		r.t.Errorf("%s: the amount did not arrive: %s", what, row.text("estimatedvalue"))
	}
	if row.text("new_own") != k.shown {
		return // it was taken, or the column is empty now as the referral is
	}
	for _, line := range r.audit(p.opportunity)[:len(r.audit(p.opportunity))-had] {
		if strings.Contains(line, "Odd thing") {
			return
		}
	}
	if strings.Trim(r.said(p), `"`) != strings.ReplaceAll(k.said, "\n", `\n`) {
		r.t.Errorf("%s: the column still says %q, the referral %.60s, and no line tells it: %s", what, k.shown, r.said(p), strings.Join(r.audit(p.opportunity)[:1], ""))
	}
}

// heard is how far the histories were read.
type heard struct{ pc, dv int }

// echoes saves the opportunity anew and lets time pass: nothing is written again, and the referral says what it said.
func (r *rig) echoes(p pair, what, before string, m *heard) {
	r.t.Helper()
	pc, dv := m.pc+len(r.pc.since(m.pc)), m.dv+len(r.dv.since(m.dv))
	m.pc, m.dv = pc, dv
	r.edits("opportunity", p.opportunity, doc{"closeprobability": 10 + dv%50})
	r.quiet()
	r.advance(6 * time.Minute)
	if w := r.pc.writes(pc); len(w) > 0 {
		r.t.Errorf("%s: Partner Center is written: %.600s", what, listed(w))
	}
	for _, w := range r.dv.writes(dv) {
		if strings.Contains(w.Body, "new_own") && w.Status < 300 {
			r.t.Errorf("%s: the column is written again: %.300s", what, w.Body)
		}
	}
	if got := r.said(p); got != before {
		r.t.Errorf("%s: the referral says %.80s and said %.80s", what, got, before)
	}
}

// extremes are what the CRM takes into a column of the type.
func extremes() map[string][]any {
	texts := []any{`O'Brien ''%27') or (1 eq 1;&$top=1#?/`, "a\r\nX-Evil: 1", "<script>alert('x')</script>", "abc\u202egpj.exe\u200b", "=1+1", "@SUM(A1)", "1e400", "null", "😀😀", "  x  "}
	n := func(text string) any { return json.Number(text) }
	return map[string][]any{
		"text": texts, "memo": append(texts, strings.Repeat("line\n", 390), "AccountKey=c2VjcmV0LW9mLXRoZS1zdG9yZQ=="),
		"whole": {-100, 0, 100}, "big": {n("9007199254740993"), n("-9007199254740993")}, "decimal": {n("-100000000000"), n("100000000000"), n("0.01")}, "double": {n("0.001"), n("-99999.999")},
		"money": {n("-1000000000000"), n("1000000000000"), 0}, "day": {"1753-01-01", "9998-12-30"}, "localDay": {"1900-01-01", "9998-12-30"},
		"instant": {"1900-01-01T00:00:00Z", "9998-12-30T23:59:59Z"}, "choice": {7, 8, nil}, "choices": {"7", "8", nil}, "flag": {true, false, nil},
	}
}

// And from the CRM: whatever a seller may put into a column of the organisation's own reaches the referral, or a line
// of Audit says why not; the amount of the same save is there; the column keeps what she typed.
func TestR100_ExtremesOfOwnColumnsReachPartnerCenterOrAreTold(t *testing.T) {
	for name, values := range extremes() {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				k := ownKinds()[name]
				r.administrator(over(doc{"do": "add", "table": "opportunity", "column": "new_own"}, []doc{k.column}))
				p, m := r.private("Extreme"), &heard{}
				for i, value := range values {
					r.edits("opportunity", p.opportunity, doc{"new_own": k.crm})
					r.quiet()
					had := len(r.audit(p.opportunity))
					r.edits("opportunity", p.opportunity, doc{"new_own": value, "estimatedvalue": 3000 + i})
					typed := r.opportunity(p.opportunity).text("new_own")
					r.quiet()
					said := r.said(p)
					if got := r.referral(p.own).text("details/dealValue"); got != fmt.Sprint(3000+i) {
						t.Errorf("%v: the referral says %s", value, got)
					}
					if said == `"`+k.said+`"` && typed != k.shown && len(r.audit(p.opportunity)) == had {
						t.Errorf("%v: the referral still says %s, and no line tells it", value, said)
					}
					r.echoes(p, fmt.Sprint(value), said, m)
					if got := r.opportunity(p.opportunity).text("new_own"); got != typed {
						t.Errorf("%v: the column says %q, and she typed %q", value, got, typed)
					}
				}
				if strings.Contains(r.log.String(), "c2VjcmV0") {
					t.Error("what looks like a secret is in the log")
				}
			}, ownValue)
		})
	}
}

// What is no text in the CRM is one in a referral, whose attributes are pairs of texts, and it is found again there.
func TestR87_EveryKindOfOwnColumnCrossesBothWays(t *testing.T) {
	for name, k := range ownKinds() {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				r.administrator(over(doc{"do": "add", "table": "opportunity", "column": "new_own"}, []doc{k.column}))
				p := r.private("Crosses", doc{"new_own": k.crm})
				want := string(encoded(t, k.said))
				if got := r.said(p); got != want {
					t.Errorf("a new referral says %s, not %s", got, want)
				}
				r.says(p, "", 1500)
				if got := r.opportunity(p.opportunity).text("new_own"); got != "" {
					t.Errorf("emptied in Partner Center the column says %q", got)
				}
				r.says(p, k.said, 1600)
				if got := r.opportunity(p.opportunity).text("new_own"); got != k.shown {
					t.Errorf("the column says %q, not %q", got, k.shown)
				}
				r.edits("opportunity", p.opportunity, doc{"new_own": nil})
				r.quiet()
				if got := r.said(p); got != "" {
					t.Errorf("emptied in the CRM the referral says %s", got)
				}
				r.edits("opportunity", p.opportunity, doc{"new_own": k.crm})
				r.quiet()
				if got := r.said(p); got != want {
					t.Errorf("edited in the CRM the referral says %s, not %s", got, want)
				}
			}, ownValue)
		})
	}
}
