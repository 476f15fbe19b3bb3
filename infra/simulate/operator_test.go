package simulate

import (
	"encoding/json"
	"math/rand/v2"
)

// operator is somebody who looks after a deal at the operator's door: has it read anew, has what is held tried again or let be, ends the
// link, makes it again, asks Microsoft again, or lets go on what the brake has stopped.
func (p *people) operator(g *rand.Rand, d *deal) error {
	if d.opportunity == "" {
		return errNothing
	}
	path := []string{"resync", "held/retry", "held/drop", "unlink", "link", "ask-again", "brake/release"}[g.IntN(7)]
	switch path {
	case "held/drop": // whatever is held
		for _, f := range mappedFields() {
			p.left[stand{"crm", d.opportunity, f.name}] = true
		}
	case "link", "unlink":
		if d.referral == "" {
			return errNothing
		}
		p.chosen[d.opportunity] = true
	case "ask-again":
		p.chosen[d.opportunity] = true
		p.asked[d.opportunity]++
	}
	body, err := json.Marshal(doc{"id": d.opportunity, "referral": d.referral, "reason": "the seller called"})
	if err != nil {
		return err
	}
	p.run.say("    an operator: %s of %s", path, d.opportunity)
	p.run.reached["operator "+path]++
	p.run.asked("POST", "operator/"+path, body, 3)
	return nil
}
