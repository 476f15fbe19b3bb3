package opportunities

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping/mappingtest"
)

// columnsPath is where the CRM says which columns an opportunity has.
const columnsPath = "EntityDefinitions(LogicalName='opportunity')/Attributes"

// saying is a CRM that refuses every change in these words, and whose metadata have every column but one.
func saying(t *testing.T, code, text, lacks string) *Store {
	t.Helper()
	var list []map[string]string
	for _, c := range mappingtest.Sheet(t).Columns() {
		if c.Table == opportunityKind && c.Name != lacks {
			list = append(list, map[string]string{"LogicalName": c.Name, "AttributeType": append(c.Kinds, "String")[0]})
		}
	}
	metadata, err := json.Marshal(map[string]any{"value": list})
	if err != nil {
		t.Fatal(err)
	}
	refusal, err := json.Marshal(map[string]any{"error": map[string]string{"code": code, "message": text}})
	if err != nil {
		t.Fatal(err)
	}
	c := &crm{t: t, row: opportunityRow(t, nil), rows: map[string]string{}, fail: map[string]reply{}, lists: map[string]string{"cosell_solutiondetails": catalogueRow}}
	now := serverNow
	s, _ := testStore(t, func(w http.ResponseWriter, r *http.Request) {
		switch path := strings.TrimPrefix(r.URL.Path, api); {
		case r.Method == http.MethodPatch:
			answer(w, 400, string(refusal))
		case path == columnsPath:
			answer(w, 200, string(metadata))
		default:
			c.ServeHTTP(w, r)
		}
	}, func(o *Options) { o.Now = func() time.Time { return now } })
	if _, err := s.Get(context.Background(), crmID); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Hour)
	return s
}

// In other languages a column that is not there is refused in the same words as a value: the metadata tells. A
// refusal that says so for certain is believed.
func TestR142_ARefusalInAnotherLanguageIsOursOnlyWhereTheColumnIsGone(t *testing.T) {
	const german = "Der Wert von description ist nicht zulässig."
	for name, tt := range map[string]struct {
		code, text, lacks string
		class             fault.Class
		is                string
	}{
		"AValue":           {"0x0", german, "", fault.Record, "refused"},
		"AValueByItsCode":  {"0x80060888", german, "", fault.Record, "refused"},
		"APayload":         {"0x80048d19", german, "", fault.Record, dataverse.CodePayload},
		"ForCertain":       {"0x0", "Invalid property 'description' was found in entity 'Microsoft.Dynamics.CRM.opportunity'.", "", fault.Ours, dataverse.CodeColumn},
		"TheColumnIsGone":  {"0x0", german, "description", fault.Ours, dataverse.CodeColumn},
		"AnotherIsGoneToo": {"0x0", german, "cosell_help", fault.Record, "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			s := saying(t, tt.code, tt.text, tt.lacks)
			o, err := s.Get(context.Background(), crmID)
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.Put(context.Background(), o, cosell.Record{cosell.Notes: "x"})
			if e := fault.Of(err); e == nil || fault.ClassOf(err) != tt.class || e.Code != tt.is || e.Field != string(cosell.Notes) || !strings.Contains(e.Say, "description") {
				t.Errorf("%v: %+v", err, e)
			}
			r := cosell.Referral{Side: cosell.Side{ID: ownID, Record: cosell.Record{}}}
			_, err = s.Create(context.Background(), crmID, r, cosell.Record{cosell.Name: "x", cosell.Notes: "x"})
			if e := fault.Of(err); tt.lacks == "description" && (e == nil || fault.ClassOf(err) != fault.Ours || e.Field != string(cosell.Notes)) {
				t.Errorf("a new one: %v: %+v", err, e)
			}
		})
	}
}

// A role that may not look at columns keeps nobody from clearing a value: what the row shows counts. What cannot be
// asked now is asked again.
func TestR142_WhereColumnsMayNotBeSeenTheRowCounts(t *testing.T) {
	for name, tt := range map[string]struct {
		answer reply
		again  bool
		kind   fault.Kind
	}{
		"NotForOurRole": {answer: reply{403, "0x80040220"}},
		"NoSuchPath":    {answer: reply{404, ""}},
		"Away":          {reply{503, ""}, true, fault.Broken},
		"Throttled":     {reply{429, "0x80072322"}, true, fault.Later},
	} {
		t.Run(name, func(t *testing.T) {
			s, c, _ := testCRM(t, map[string]any{"description": nil})
			o := read(t, s)
			c.fail["GET "+columnsPath] = tt.answer
			looked, err := s.Emptied(context.Background(), o)
			if tt.again {
				if !fault.Is(err, tt.kind) {
					t.Errorf("%v", err)
				}
				return
			}
			if v, there := looked.Record[cosell.Notes]; err != nil || !there || v != "" || len(looked.Record) != len(o.Record) {
				t.Errorf("%v: %v", err, looked.Record)
			}
		})
	}
}
