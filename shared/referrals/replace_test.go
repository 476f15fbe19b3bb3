package referrals

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient/httpclienttest"
)

// refusing answers each PATCH with one body, each PUT with another.
func refusing(t *testing.T, patch, put int, says string) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodPatch:
			answer(rw, patch, `{"error":{"code":"invalidRequest","message":"no",`+says+`"innerError":{"code":"invalidOperation"}}}`)
		case http.MethodPut:
			if put >= 400 {
				answer(rw, put, `{"error":{"code":"methodNotAllowed","message":"PUT is off"}}`)
				return
			}
			rw.Header().Set("ETag", `"2"`)
			answer(rw, put, ownReferral(t))
		default:
			rw.Header().Set("ETag", `"1"`)
			answer(rw, 200, httpclienttest.Patched(t, ownReferral(t), map[string]any{"unheardOf": map[string]any{"a": 1.50}, "links": map[string]any{"self": "x"}}))
		}
	}
}

func TestR57_OnlyWhatMayBeAboutAListIsTriedWithTheWholeReferral(t *testing.T) {
	list := cosell.Record{cosell.Solutions.Of("SOL-9"): `{"name":"Nine"}`, cosell.Notes: "x"}
	for name, c := range map[string]struct {
		values cosell.Record
		patch  int
		says   string
		put    int
		puts   int
		kind   fault.Kind
		ok     bool
	}{
		"a list, not named":      {list, 400, "", 200, 1, 0, true},
		"a list, named":          {list, 422, `"target":"/details/requirements/solutions",`, 200, 1, 0, true},
		"a 409":                  {list, 409, "", 200, 1, 0, true},
		"another field is named": {list, 400, `"target":"/details/notes",`, 200, 0, fault.Refused, false},
		"no list":                {cosell.Record{cosell.Notes: "x"}, 400, "", 200, 0, fault.Refused, false},
		"forbidden":              {list, 403, "", 200, 0, fault.Refused, false},
		"somebody was faster":    {list, 412, "", 200, 0, fault.Conflict, false},
		"the PUT is refused":     {list, 400, "", 405, 1, fault.Refused, false},
		"faster than the PUT":    {list, 400, "", 412, 1, fault.Conflict, false},
	} {
		s, w := testStore(t, refusing(t, c.patch, c.put, c.says))
		r, err := s.Get(context.Background(), ownID)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Put(context.Background(), r, c.values)
		puts := 0
		for _, call := range w.Calls {
			if call.Method == http.MethodPut {
				puts++
				if !strings.Contains(call.Body, `"unheardOf":{"a":1.5`) || strings.Contains(call.Body, `"links"`) || !strings.Contains(call.Body, "SOL-9") || call.Header.Get("If-Match") == "" {
					t.Errorf("%s: PUT of %s", name, call.Body)
				}
			}
		}
		if puts != c.puts || (err == nil) != c.ok || err != nil && !fault.Is(err, c.kind) {
			t.Errorf("%s: %d PUTs, %v", name, puts, err)
		}
	}
}
