package simulate

import (
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/cosell-sync/cosell-sync/infra/dataverse"
	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// The catalogue is everything that a long run has to have met at least once. Its lists are read from the code, so that
// nothing new is left out by forgetting it here.

// constants are the names and values of the text constants of a type that a package declares.
func constants(folder, kind string) (map[string]string, error) {
	files, err := filepath.Glob(filepath.Join("..", "..", folder, "*.go"))
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, text, 0)
		if err != nil {
			return nil, err
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if name, ok := spec.Type.(*ast.Ident); ok && name.Name == kind && len(spec.Values) > 0 {
				if lit, ok := spec.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
					value, _ := strconv.Unquote(lit.Value) // it was parsed
					out[spec.Names[0].Name] = value
				}
			}
			return true
		})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s declares no constant of type %s", folder, kind)
	}
	return out, nil
}

// numbered are the names of the constants of a type that a package counts, in their order.
func numbered(folder, kind string) (out []string, err error) {
	files, err := filepath.Glob(filepath.Join("..", "..", folder, "*.go"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			return nil, err
		}
		for _, d := range parsed.Decls {
			out = append(out, countedIn(d, kind)...)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s counts no constant of type %s", folder, kind)
	}
	return out, nil
}

// countedIn are those of one declaration, if its first is of the type.
func countedIn(d ast.Decl, kind string) (out []string) {
	list, ok := d.(*ast.GenDecl)
	if !ok || list.Tok != token.CONST || len(list.Specs) == 0 {
		return nil
	}
	first := list.Specs[0].(*ast.ValueSpec) // of a declaration of constants
	if of, ok := first.Type.(*ast.Ident); !ok || of.Name != kind {
		return nil
	}
	for _, s := range list.Specs {
		out = append(out, s.(*ast.ValueSpec).Names[0].Name)
	}
	return out
}

// actsOfPeople are what people can do in both systems, as their control interfaces say when they are asked for anything else.
func actsOfPeople() (out []string, err error) {
	pc, err := partnercentersim.New(partnerOptions(0))
	if err != nil {
		return nil, err
	}
	dv, err := dataversesim.New(crmOptions(0))
	if err != nil {
		return nil, err
	}
	made, err := behindWire("partner center", pc).call("POST", "/user", doc{"do": "create"})
	if err != nil {
		return nil, err
	}
	var a acted
	if err := json.Unmarshal(made, &a); err != nil {
		return nil, err
	}
	for _, ask := range []struct {
		s          *system
		who, route string
		act        doc
	}{
		{behindWire("partner center", pc), "user", "/user", doc{"do": "?", "id": a.ID}},
		{behindWire("partner center", pc), "seller", "/seller", doc{"do": "?"}},
		{behindWire("crm", dv), "crm", "/user", doc{"do": "?", "table": "account", "id": dataversesim.AccountID}},
	} {
		_, refusal := ask.s.call("POST", ask.route, ask.act)
		acts := actsOf(fmt.Sprint(refusal))
		if len(acts) < 5 {
			return nil, fmt.Errorf("%s does not say what people can do: %w", ask.route, refusal)
		}
		for _, act := range acts {
			out = append(out, ask.who+" "+act)
		}
	}
	return out, nil
}

// actsOf are what people can do in a system, by the words with which it refuses anything else.
func actsOf(answer string) (out []string) {
	_, list, ok := strings.Cut(answer, ": use ")
	if !ok {
		_, list, _ = strings.Cut(answer, "; use ")
	}
	for _, one := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == '"' || r == '}' || r == '\n' }) {
		if one != "or" {
			out = append(out, one)
		}
	}
	return out
}

// catalogue lists what has to be met, as the names under which runs note it.
func catalogue() (out []string, err error) {
	classes, err := constants("shared/cosell", "Class")
	if err != nil {
		return nil, err
	}
	for _, value := range classes {
		out = append(out, "held "+value)
	}
	phases, err := constants("shared/cosell", "Phase")
	if err != nil {
		return nil, err
	}
	for _, value := range phases {
		out = append(out, "phase "+value)
	}
	states, err := stateCodes()
	if err != nil {
		return nil, err
	}
	for _, number := range sortedKeys(states) {
		out = append(out, "state "+states[number])
	}
	for _, f := range fates() {
		out = append(out, "fault "+f.String())
	}
	for _, o := range operations() {
		out = append(out, "operation "+o.name)
	}
	verdicts, err := numbered("shared/fault", "Verdict")
	if err != nil {
		return nil, err
	}
	for _, v := range verdicts {
		out = append(out, "verdict "+strings.ToLower(v))
	}
	for _, i := range invariantList() {
		if i.here && elsewhere()[i.id] == "" {
			out = append(out, "invariant "+i.id)
		}
	}
	out = append(out, "queue copy", "queue lock lost", "older copy", "clock off", "sheet pushed", "own column in step", "difference explained")
	slices.Sort(out)
	return out, nil
}

// unreachable is what of the catalogue no run can meet, and why. This list may only become shorter: a name that a run has met is
// named by unreached.
func unreachable() map[string]string {
	const writes = "a rehearsal asks for it in no way: it stands there so that nothing would be written if one did (shared/flow TestARehearsalHasNoWayToWrite)"
	return map[string]string{
		"path flow/stage.go SaveSolution":     writes,
		"path flow/stage.go SaveCursor":       writes,
		"path flow/stage.go SaveBrake":        writes,
		"path flow/stage.go Due":              writes,
		"path flow/stage.go SolutionsChanged": writes,
		"path flow/others.go leaveToOther":    "there is one tenant here; several are in the tests of R95 (shared/requirements)",
	}
}

// stateCodes are the codes of the column cosell_state by their numbers, read once.
var stateCodes = sync.OnceValues(func() (map[string]string, error) {
	var schema struct {
		Choices []struct {
			Name    string
			Options []struct {
				Value int
				Code  string
			}
		}
	}
	if err := json.Unmarshal(dataverse.Schema, &schema); err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, c := range schema.Choices {
		for _, o := range c.Options {
			if c.Name == "cosell_state" {
				out[strconv.Itoa(o.Value)] = o.Code
			}
		}
	}
	return out, nil
})

// takesStock notes what there is at the moment.
func (r *run) takesStock() {
	r.must(r.openTables().Pairs(context.Background(), func(p cosell.Pair) bool {
		r.reached["phase "+string(p.Phase)]++
		for _, h := range p.Held {
			r.reached["held "+string(h.Class)]++
		}
		return true
	}))
	codes, err := stateCodes()
	r.must(err)
	for _, table := range []string{"opportunity", "lead"} {
		for _, id := range r.people.dv.IDs(table) {
			if code := codes[text(r.people.dv.Row(table, id)["cosell_state"])]; code != "" {
				r.reached["state "+code]++
			}
		}
	}
}
