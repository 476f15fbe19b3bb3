package simulate

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// operator is somebody who looks after a deal at the operator's door: has it read anew, has what is held tried again or let be, ends the
// link, makes it again, asks Microsoft again, or lets go on what the brake has stopped.
func (p *people) operator(g *rand.Rand, d *deal) error {
	if d.opportunity == "" {
		return errNothing
	}
	path := []string{"resync", "held/retry", "held/drop", "unlink", "link", "ask-again", "brake/release"}[g.IntN(7)]
	switch path {
	case "held/drop":
		p.letsBe(d)
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

// letsBe notes that an operator lets be whatever is held of a deal: of the fields those that differ, and the solutions.
func (p *people) letsBe(d *deal) {
	b := p.run.board()
	o, r := b.opportunities[d.opportunity], b.referrals[strings.ToLower(d.referral)]
	for _, f := range mappedFields() {
		if r == nil || f.of("crm", o) != f.of("pc", r) {
			p.left[stand{"crm", d.opportunity, f.name}] = true
		}
	}
	if r == nil || !slices.Equal(p.run.solutionsOf(b, d.opportunity), solutionsIn(r)) {
		p.left[stand{"crm", d.opportunity, "solutions"}] = true
	}
}

// looks is somebody who looks at the operator's door: what would become of a deal, or of all that there is, is said and not done.
func (p *people) looks(g *rand.Rand, d *deal) error {
	paths := []string{"preview", "adopt", "adopt?since=2026-01-01", "report", "held", "doctor"}
	if d.opportunity != "" {
		paths = append(paths, "preview?id="+d.opportunity, "preview?id="+d.opportunity, "status?id="+d.opportunity)
	}
	if d.referral != "" {
		paths = append(paths, "preview?id="+d.referral, "preview?id="+d.referral)
	}
	path := paths[g.IntN(len(paths))]
	p.run.say("    an operator looks: %s", path)
	p.run.asked(http.MethodGet, looking+path, nil, 1)
	return nil
}

// looking is what the lanes of those begin with who look.
const looking = "operator/?/"

// What an acceptance shows late, and differs from what was typed before the two were linked, is told.
func TestWhatAnAcceptanceShowsIsTold(t *testing.T) {
	x := tale{name: "an assessment is linked anew", acts: []act{invited(doc{"kind": "assessment"}), edits(doc{"estimatedvalue": 56439}), asksOf("operator/unlink"), asksOf("operator/link"), portal("accept", nil), timer()}}
	if o := x.tell(t, "one", nil, false, true); len(o.broken) > 0 {
		t.Error(o.broken)
	}
}

// Solutions that are held and let be differ, and Audit says it; who changes a row of them has them followed again.
func TestSolutionsThatAreLetBeMayDiffer(t *testing.T) {
	letsBe := act{"an operator lets be what is held", func(r *run) error {
		r.people.letsBe(r.deal())
		return asksOf("operator/held/drop").do(r)
	}}
	refused := []act{creates(nil), rule("pc", doc{"path": "details/requirements/solutions"}, true), solution("create"), timer(), letsBe, ruleless(), timer()}
	if o := (tale{name: "a solution is let be", acts: refused}).tell(t, "one", nil, false, false); len(o.broken) > 0 {
		t.Error(o.broken)
	}
	p := &people{run: &run{}, left: map[stand]bool{{"crm", "o", "solutions"}: true}, wed: map[string][]string{"o": {"r"}}}
	if p.unleave("r", "solutions"); len(p.left) != 0 {
		t.Errorf("%v is let be still", p.left)
	}
}

// What an operator has let be stays so until somebody types that very field of that pair.
func TestWhatIsLetBeLastsUntilItIsTyped(t *testing.T) {
	p := &people{run: &run{}, left: map[stand]bool{{"crm", "o", "notes"}: true, {"crm", "o", "name"}: true}, wed: map[string][]string{"o": {"r"}}, seen: map[stand]map[string]bool{}, standing: map[stand]*edit{}}
	p.typed("crm", "another", "notes", "new", "old")
	p.typed("pc", "another's", "name", "new", "old")
	p.typed("pc", "r", "dealValue", "2", "1")
	if len(p.left) != 2 {
		t.Errorf("of what was let be only %v is left", p.left)
	}
	p.typed("pc", "r", "notes", "new", "old")
	p.typed("crm", "o", "name", "new", "old")
	if len(p.left) != 0 {
		t.Errorf("%v is let be still", p.left)
	}
}

// Who brings back what both sides held has changed nothing that anybody can see by comparing; who types something else has.
func TestWhatIsBroughtBackIsNoEdit(t *testing.T) {
	for name, c := range map[string]struct {
		value string
		now   string
		want  bool
	}{"brought back": {"agreed", "mine", true}, "another value": {"other", "mine", false}, "nobody typed what stands there": {"agreed", "nobody's", false}} {
		p := &people{seen: map[stand]map[string]bool{{"crm", "o", "name"}: {"agreed": true, "mine": true}}, wed: map[string][]string{"r": {"o"}}}
		p.edits = []*edit{{side: "crm", record: "o", field: "name", value: "mine", before: "agreed"}, {side: "pc", record: "r", field: "name", value: "between", before: "agreed"},
			{side: "pc", record: "r", field: "name", value: c.value, before: "between"}}
		if got := (&run{people: *p}).broughtBack(p.edits[2], c.now); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
