// Package shared_test holds the house rules that the compiler does not know.
package shared_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/cosell-sync/cosell-sync/"

// may says which of our own packages a package may import; the longest prefix of a package counts. A new
// arrow is a one-line change here that a reviewer sees. "std" means the standard library only.
var may = map[string][]string{
	"shared":               {"std"}, // this test
	"shared/cosell":        {"std"},
	"shared/fault":         {"std"},
	"shared/flow":          {"shared/cosell", "shared/fault"},
	"shared/httpclient":    {"shared/fault", "shared/httpclient", "shared/pattern"},
	"shared/pattern":       {"std"},
	"shared/jsonread":      {"std"},
	"shared/spelling":      {"std"},
	"shared/queue":         {"shared/fault", "shared/jsonread"},
	"shared/funchost":      {"shared/fault", "shared/jsonread"},
	"shared/ledger":        {"shared/cosell", "shared/fault", "shared/jsonread"},
	"shared/health":        {"shared/cosell", "shared/queue", "shared/ledger", "shared/fault"},
	"shared/doctor":        {"shared/cosell", "shared/dataverse", "shared/partnercenter", "shared/opportunities", "shared/mapping", "shared/health", "shared/ledger", "shared/queue", "shared/fault", "infra/dataverse"},
	"shared/office":        {"shared/doctor", "shared/flow", "shared/cosell", "shared/health", "shared/ledger", "shared/queue", "shared/fault"},
	"shared/post":          {"shared/flow", "shared/queue", "shared/funchost", "shared/httpclient", "shared/ledger", "shared/fault"},
	"shared/partnercenter": {"shared/httpclient", "shared/fault", "shared/jsonread", "shared/pattern"},
	"shared/dataverse":     {"shared/httpclient", "shared/fault", "shared/jsonread", "shared/pattern"},
	"shared/mapping":       {"shared/cosell", "shared/fault", "shared/mapping", "infra/dataverse", "shared/pattern", "shared/spelling"},
	"shared/opportunities": {"shared/mapping", "shared/cosell", "shared/dataverse", "shared/fault", "infra/dataverse", "shared/pattern"},
	"shared/referrals":     {"shared/mapping", "shared/cosell", "shared/partnercenter", "shared/fault"},
	"shared/app":           {"shared"},
	"shared/requirements":  {"std"}, // tests only; those may import everything

	"functions":                      {"shared/app", "functions", "shared/funchost", "shared/post", "shared/queue"},
	"functions/webhookregistration":  {"shared/funchost", "shared/fault", "shared/partnercenter", "shared/health"},
	"functions/partnercenterwebhook": {"shared/queue", "shared/funchost", "shared/fault", "shared/partnercenter"},
	"functions/crmwebhook":           {"shared/queue", "shared/funchost", "shared/fault", "shared/dataverse"},
	"functions/*":                    {"shared/flow", "shared/post", "shared/funchost", "shared/fault"}, // who has no line of its own
	"functions/health":               {"shared/health", "shared/funchost"},
	"functions/operator":             {"shared/office", "shared/funchost", "shared/fault"},

	"infra/aws":                          {"shared/app", "functions", "infra/aws"},
	"infra/aws/drain":                    {"shared/funchost", "shared/queue", "shared/fault"},
	"infra/aws/entry":                    {"infra/aws/drain", "shared/app", "shared/funchost", "shared/queue"},
	"infra/aws/federation":               {"shared/fault"},
	"infra/aws/template":                 {}, // tests alone import our own
	"infra/azure":                        {"shared/app", "functions", "shared/funchost"},
	"infra/azure/bicep":                  {"std"},
	"infra/azure/habits":                 {"std"},
	"infra/azure/template":               {"std"}, // tests only; those may import everything
	"infra/azure/deploy":                 {"shared/spelling"},
	"infra/azure/deploy/standin/program": {"infra/azure/deploy/standin"},
	"infra/cosellctl":                    {"shared/office", "shared/mapping", "shared/doctor", "shared/health", "shared/fault", "infra/cosellctl", "infra/dataverse"},
	"infra/cosellctl/doctor":             {"shared/office", "shared/doctor", "shared/app"},
	"infra/bench":                        {"shared/app", "functions", "shared/queue", "shared/ledger", "infra/local/dataversesim"},
	"infra/dataverse":                    {"std"},
	"infra/dataverse/solution":           {"infra/dataverse"},
	"infra/cosellctl/consent":            {"shared/app", "shared/partnercenter", "shared/fault"},
	"infra/cosellctl/setup":              {"shared/mapping", "shared/opportunities", "shared/cosell", "shared/dataverse", "shared/httpclient", "shared/fault", "infra/dataverse"},
	"infra/local":                        {"infra/local", "infra/dataverse"},
	"infra/decisions":                    {"infra/decisions", "shared/cosell", "shared/mapping", "shared/fault"},
	"infra/simulate":                     {"std"}, // tests only; those may import everything

	"infra/local/odata": {"std"},
}

// A simulator that shares a library with what it checks would share its mistakes: the local world has the
// standard library, and hostsim the broker's client with what a credential is made of.
var foreign = map[string][]string{
	"infra/local":         {},
	"infra/local/hostsim": {"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus", "github.com/Azure/azure-sdk-for-go/sdk/azcore"},
	"shared/cosell":       {},
	"shared/fault":        {},
	"shared/flow":         {},
}

type pkg struct {
	ImportPath string
	Imports    []string
}

func TestLayersFollowTheHouse(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		allowed, ok := longest(may, name)
		if !ok {
			t.Errorf("%s has no place in the house: add it to the table", name)
			continue
		}
		libraries, limited := longest(foreign, name)
		for _, i := range p.Imports {
			own, isOwn := strings.CutPrefix(i, module)
			switch {
			case isOwn && !slices.ContainsFunc(allowed, func(a string) bool { return under(own, a) }):
				t.Errorf("%s imports %s; allowed are %v: a new arrow is a line in shared/layers_test.go", name, own, allowed)
			case !isOwn && strings.Contains(strings.SplitN(i, "/", 2)[0], ".") && limited && !slices.ContainsFunc(libraries, func(a string) bool { return under(i, a) }):
				t.Errorf("%s imports the library %s; allowed are %v", name, i, libraries)
			}
		}
	}
}

// An arrow that nobody needs any more would let the next one pass unseen.
func TestLayersHaveNoArrowThatNobodyNeeds(t *testing.T) {
	all := packages(t)
	for name, allowed := range may {
		for _, arrow := range allowed {
			used := arrow == "std"
			for _, p := range all {
				from := strings.TrimPrefix(p.ImportPath, module)
				if mine, _ := longest(may, from); !slices.Equal(mine, allowed) || !under(from, name) {
					continue
				}
				used = used || slices.ContainsFunc(p.Imports, func(i string) bool { own, ok := strings.CutPrefix(i, module); return ok && under(own, arrow) })
			}
			if !used {
				t.Errorf("nothing in %s imports %s: take the arrow out of the table", name, arrow)
			}
		}
	}
}

// Doors between neighbours that must stay shut although their parents may pass.
func TestLayersKeepNeighboursApart(t *testing.T) {
	shut := map[string]string{
		"shared/app":                     "functions",
		"infra/local/partnercentersim":   "infra/local/dataversesim",
		"infra/local/dataversesim":       "infra/local/partnercentersim",
		"infra/local/demo":               "infra/local/partnercentersim",
		"functions/partnercentertocrm":   "functions/crmtopartnercenter",
		"functions/createcosellreferral": "shared/partnercenter",
		"functions/crmtopartnercenter":   "shared/dataverse",
		"infra/local/vaultsim":           "infra/local/partnercentersim",
		"infra/local/emulators":          "infra/local/world",
		"infra/local/control":            "infra/local/world",
		"shared/partnercenter":           "shared/cosell",
		"shared/dataverse":               "shared/cosell",
		"shared/opportunities":           "shared/referrals",
		"shared/referrals":               "shared/opportunities",
	}
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		for from, to := range shut {
			if name == from && slices.ContainsFunc(p.Imports, func(i string) bool { return under(strings.TrimPrefix(i, module), to) }) {
				t.Errorf("%s imports %s", from, to)
			}
		}
	}
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...")
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	var list []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	if len(list) < 15 {
		t.Fatalf("go list found only %d packages", len(list))
	}
	return list
}

func longest(table map[string][]string, name string) ([]string, bool) {
	best, found := "", false
	for prefix := range table {
		if under(name, prefix) && len(prefix) >= len(best) {
			best, found = prefix, true
		}
	}
	return table[best], found
}

// under says whether a package is the one named or below it; with /* only below it.
func under(name, prefix string) bool {
	parent, below := strings.CutSuffix(prefix, "/*")
	return name == prefix && !below || strings.HasPrefix(name, parent+"/")
}
