package template

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/cosell-sync/cosell-sync/functions"
	"github.com/cosell-sync/cosell-sync/shared/app"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

var update = flag.Bool("update", false, "write product.json anew")

// product is what the templates know of the code: product.json.
type product struct {
	Functions   []function `json:"functions"`
	Awaited     []string   `json:"awaited"` // queue functions that are kept awake
	Queues      []queued   `json:"queues"`
	IntakeTable string     `json:"intakeTable"`
	OwnSecrets  []string   `json:"ownSecrets"`  // of the vault, that the sync app makes itself
	UnsetSecret string     `json:"unsetSecret"` // what stands in those at first
}

type function struct {
	Name    string `json:"name"`
	Role    string `json:"role"`
	Trigger string `json:"trigger"`
}

type queued struct {
	Name        string `json:"name"`
	IntakeSends bool   `json:"intakeSends"`
}

// ofTheCode is what product.json has to be.
func ofTheCode(t *testing.T) product {
	t.Helper()
	p := product{Awaited: functions.Awaited(), IntakeTable: ledger.IntakeTable, OwnSecrets: app.OwnSecrets(), UnsetSecret: app.UnsetSecret}
	for _, d := range functions.All() {
		f := function{Name: d.Name, Role: d.Role, Trigger: "timer"}
		switch {
		case d.Trigger.Route != "":
			f.Trigger = "http"
		case d.Trigger.Queue != "":
			f.Trigger = "queue"
		}
		p.Functions = append(p.Functions, f)
	}
	sent := intakeSends(t)
	for _, name := range queue.Names() {
		p.Queues = append(p.Queues, queued{string(name), slices.Contains(sent, name)})
	}
	return p
}

// intakeSends are the queues that the functions of the intake app name.
func intakeSends(t *testing.T) (out []queue.Name) {
	t.Helper()
	names := queueConstants(t)
	for _, d := range functions.Of(app.Intake) {
		sources, err := filepath.Glob(filepath.Join("..", "..", "..", "functions", d.Name, "*.go"))
		if err != nil || len(sources) == 0 {
			t.Fatalf("no sources of %s: %v", d.Name, err)
		}
		for _, source := range sources {
			ast.Inspect(parse(t, source), func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					if of, ok := s.X.(*ast.Ident); ok && of.Name == "queue" && names[s.Sel.Name] != "" {
						out = append(out, names[s.Sel.Name])
					}
				}
				return true
			})
		}
	}
	return out
}

// queueConstants are the names of the constants of shared/queue that are names of queues.
func queueConstants(t *testing.T) map[string]queue.Name {
	t.Helper()
	out := map[string]queue.Name{}
	ast.Inspect(parse(t, filepath.Join("..", "..", "..", "shared", "queue", "queue.go")), func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		literal, isText := spec.Values[0].(*ast.BasicLit)
		if kind, named := spec.Type.(*ast.Ident); isText && named && kind.Name == "Name" {
			out[spec.Names[0].Name] = queue.Name(literal.Value[1 : len(literal.Value)-1])
		}
		return true
	})
	if len(out) != len(queue.Names()) {
		t.Fatalf("found the constants %v of %v", out, queue.Names())
	}
	return out
}

func parse(t *testing.T, source string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), source, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestProductJSONIsMadeFromTheCode(t *testing.T) {
	want, err := json.MarshalIndent(ofTheCode(t), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	file := filepath.Join(azure, "product.json")
	if *update {
		if err := os.WriteFile(file, want, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Errorf("infra/azure/product.json is stale, make generate writes it anew; it has to be\n%s", want)
	}
}

// Who is kept awake is a function of a queue: the others are not named to the host.
func TestTheAwaitedAreQueueFunctions(t *testing.T) {
	p := ofTheCode(t)
	for _, name := range p.Awaited {
		if !slices.Contains(p.Functions, function{name, app.Sync, "queue"}) {
			t.Errorf("%s is no queue function of the sync app", name)
		}
	}
	if len(p.Awaited) != 2 || len(intakeSends(t)) == 0 {
		t.Errorf("%v", p)
	}
}
