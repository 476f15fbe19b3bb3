package requirements

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// state is the last line by which reconcile told the log how everything is.
func (r *rig) state() (line doc) {
	r.t.Helper()
	lines := slices.Collect(strings.Lines(r.log.String()))
	for _, text := range slices.Backward(lines) {
		if strings.Contains(text, `"msg":"state"`) {
			decoded(r.t, []byte(text), &line)
			return line
		}
	}
	r.t.Fatal("the log has no state")
	return nil
}

// age is how long ago a moment in the line was; a moment that is not there is very old.
func (d doc) age(name string) time.Duration {
	var at time.Time
	text, _ := json.Marshal(d[name])
	_ = at.UnmarshalJSON(text) // zero where it is no time
	return time.Since(at)
}

func (d doc) number(name string) string { return fmt.Sprint(d[name]) }

// What alerts of a deployment ask for, over the whole product: nobody else says that it no longer reads.
func TestTheLogSaysAtEveryPassHowThingsAre(t *testing.T) {
	play(t, func(r *rig) {
		r.advance(10 * time.Minute)
		line := r.state()
		if line.number("parked") != "0" || line.number("held_ours") != "0" || line.number("refused") != "0" || line["registration_lost"] != false {
			t.Errorf("all is well, and the log says %v", line)
		}
		for _, name := range []string{"partner_center_read", "crm_read", "token_since"} {
			if age := line.age(name); age > 2*time.Hour {
				t.Errorf("%s is %s old: %v", name, age, line)
			}
		}
		r.oldConnector()
		r.reconcile()
		if line := r.state(); line["registration_lost"] != true {
			t.Errorf("the registration is gone, and the log says %v", line)
		}
	})
}

func TestTheLogSaysWhichSystemIsNotRead(t *testing.T) {
	play(t, func(r *rig) {
		r.advance(10 * time.Minute)
		r.dv.fault(doc{"match": doc{"url": ".*"}, "do": "status", "status": 503})
		r.advance(3 * time.Hour)
		line := r.state()
		if crm, pc := line.age("crm_read"), line.age("partner_center_read"); crm < 2*time.Hour || pc > 30*time.Minute {
			t.Errorf("CRM was read %s ago, Partner Center %s ago: %v", crm, pc, line)
		}
		r.dv.healed()
		r.advance(time.Hour)
		if crm := r.state().age("crm_read"); crm > 30*time.Minute {
			t.Errorf("afterwards CRM was read %s ago", crm)
		}
	})
}

func TestTheLogSaysThatThereIsNoToken(t *testing.T) {
	play(t, func(r *rig) {
		r.advance(10 * time.Minute)
		r.pc.switches(doc{"refreshToken": "revoked"})
		r.advance(5 * time.Hour)
		line := r.state()
		if age := line.age("token_since"); age < 3*time.Hour || line.number("refused") == "0" {
			t.Errorf("the newest token is %s old, refused are %v: %v", age, line["refused"], line)
		}
	})
}
