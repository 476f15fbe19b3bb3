package simulate

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func (s *system) call(method, path string, body any) ([]byte, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequest(method, path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	rec := &recorder{header: http.Header{}, status: 200}
	s.control.ServeHTTP(rec, req)
	if rec.status >= 300 {
		return nil, fmt.Errorf("%s %s: %d %s", method, path, rec.status, rec.body.Bytes())
	}
	return rec.body.Bytes(), nil
}

type doc map[string]any

func TestSpeed(t *testing.T) {
	var tb, tc, te time.Duration
	start := wall()
	n, edits := 0, 0
	for n = 0; wall()-start < 10*time.Second; n++ {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(firstDay))
			a := wall()
			r := newRun(t, uint64(n), "one")
			b := wall()
			out, err := r.pc.call("POST", "/user", doc{"do": "create", "referral": doc{"name": "Deal"}})
			r.must(err)
			var made struct{ ID string }
			r.must(json.Unmarshal(out, &made))
			r.quiet(time.Minute)
			c := wall()
			tb += b - a
			tc += c - b
			for i := range *editsEach {
				_, err := r.pc.call("POST", "/user", doc{"do": "update", "id": made.ID, "changes": doc{"/details/dealValue": 1000 + i}})
				r.must(err)
				r.quiet(time.Minute)
				edits++
			}
			te += wall() - c
			for _, p := range r.fleet {
				p.end()
			}
			if n == 0 {
				t.Log(r.bus.sent, r.bus.ended)
			}
			time.Sleep(20 * time.Minute)
		})
	}
	t.Log(n, "runs; build", tb/time.Duration(n), "create", tc/time.Duration(n), "edit", te/time.Duration(max(edits,1)))
}

var editsEach = flag.Int("edits", 0, "")
