package template

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/azure/bicep"
	"github.com/cosell-sync/cosell-sync/infra/local/npm"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// Where things are, from this folder.
const (
	tools    = "../../azure/bicep"
	azureOne = "../azure.bicep"
)

func TestMain(m *testing.M) {
	if err := npm.Install(context.Background(), tools, "the parser of Bicep", os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func azureSide(t *testing.T) *bicep.Project {
	t.Helper()
	modules, err := filepath.Glob("../../azure/modules/*.bicep")
	if err != nil || len(modules) == 0 {
		t.Fatal("no modules", err)
	}
	p, err := bicep.Open(t.Context(), tools, append(modules, azureOne)...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAzureSideIsFineBicep(t *testing.T) {
	types, err := bicep.LoadTypes(filepath.Join(tools, "azure-types.json"), filepath.Join(tools, "more-types.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range azureSide(t).Check(types) {
		t.Error(f)
	}
}

// The rights of azure.md that do not belong to a function app, or to a secret that is in AWS; and no others.
func TestAzureSideGivesEachIdentityItsRightsAndNoMore(t *testing.T) {
	const intake, sync = "6e1f0b9a-7d34-4c58-9b02-c3d4e5f60718", "7e1f0b9a-7d34-4c58-9b02-c3d4e5f60718"
	d, err := azureSide(t).Deploy(azureOne, map[string]any{"intakePrincipalId": intake, "syncPrincipalId": sync})
	if err != nil {
		t.Fatal(err)
	}
	const sender, receiver, tableUser, secretsOfficer = "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39", "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0",
		"0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3", "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"
	want := []string{"intake " + tableUser + " tables/intake", "sync " + secretsOfficer + " secrets/cosell-seal", "sync " + secretsOfficer + " secrets/partner-center-refresh-token",
		"sync " + tableUser + " storageAccounts/*"}
	for _, name := range queue.Names() {
		want = append(want, "sync "+sender+" queues/"+string(name), "sync "+receiver+" queues/"+string(name))
		if name != queue.ReferralWanted {
			want = append(want, "intake "+sender+" queues/"+string(name))
		}
	}
	var have []string
	for _, r := range d.Resources {
		switch {
		case strings.HasPrefix(r.Type, "Microsoft.Web/"), strings.HasPrefix(r.Type, "Microsoft.ManagedIdentity/"):
			t.Errorf("%s belongs to a function app", r.ID)
		case r.Type == "Microsoft.Authorization/roleAssignments":
			have = append(have, right(r, map[any]string{intake: "intake", sync: "sync"}))
		}
	}
	slices.Sort(have)
	slices.Sort(want)
	if !slices.Equal(have, want) {
		t.Errorf("rights:\n%s\nwant:\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
}

// right is who may do what on what: the last two parts of the scope, without the name of an account.
func right(r bicep.Resource, who map[any]string) string {
	properties, _ := r.Body["properties"].(map[string]any)
	role := fmt.Sprint(properties["roleDefinitionId"])
	parts := strings.Split(r.Scope, "/")
	kind, name := parts[len(parts)-2], parts[len(parts)-1]
	if kind == "storageAccounts" {
		name = "*"
	}
	return who[properties["principalId"]] + " " + role[strings.LastIndex(role, "/")+1:] + " " + kind + "/" + name
}

// What it prints is what the stack asks for.
func TestAzureSidePrintsParametersOfTheStack(t *testing.T) {
	d, err := azureSide(t).Deploy(azureOne, map[string]any{"intakePrincipalId": "a", "syncPrincipalId": "b"})
	if err != nil {
		t.Fatal(err)
	}
	tpl := read(t)
	for name := range d.Outputs {
		if parameter := strings.ToUpper(name[:1]) + name[1:]; tpl.Parameters[parameter].Type == "" {
			t.Errorf("the stack has no parameter %s", parameter)
		}
	}
	if len(d.Outputs) != 3 {
		t.Errorf("it prints %v", d.Outputs)
	}
}
