package doctor

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/doctor"
	"github.com/cosell-sync/cosell-sync/shared/office"
)

var update = flag.Bool("update", false, "write docs/doctor.md anew")

func TestTheTableOfChecksIsFresh(t *testing.T) {
	const file, from, to = "../../../docs/doctor.md", "<!-- checks: generated from the code by `make generate` -->\n", "<!-- /checks -->"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), from)
	table, tail, closed := strings.Cut(rest, to)
	if !ok || !closed {
		t.Fatalf("%s has no place for the table: %q … %q", file, from, to)
	}
	if table == Markdown(All()) {
		return
	}
	if !*update {
		t.Fatal("the table in docs/doctor.md is stale: run `make generate`")
	}
	if err := os.WriteFile(file, []byte(head+from+Markdown(All())+to+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}

// host answers health as both apps do.
func host(t *testing.T, answer http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewTLSServer(answer)
	t.Cleanup(s.Close)
	return s
}

func well(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/api/health" {
		http.NotFound(w, r)
		return
	}
	fmt.Fprint(w, `{"status":"ok"}`)
}

func said(all []doctor.Finding) (out []string) {
	for _, f := range all {
		out = append(out, f.Check+" "+string(f.State))
	}
	return out
}

func TestTheCallersOwnChecks(t *testing.T) {
	up, down := host(t, well), host(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	away := host(t, well)
	away.Close()
	theirs := []doctor.Finding{{Check: "pc.consent", State: doctor.OK}}
	for name, c := range map[string]struct {
		base, intake string
		refused      error
		want         []string
		says         string
		reached      bool
	}{
		"all is well":                 {up.URL, up.URL, nil, []string{"app.settings ok", "app.sync ok", "app.key ok", "app.intake ok", "pc.consent ok"}, "it says ok", true},
		"nobody is there":             {away.URL, "", nil, []string{"app.settings ok", "app.sync failed", "app.key skipped", "app.intake skipped"}, "does not answer", false},
		"another app":                 {down.URL, "", nil, []string{"app.settings ok", "app.sync failed", "app.key skipped", "app.intake skipped"}, "answers 503", false},
		"a wrong key":                 {up.URL, "", ErrKey, []string{"app.settings ok", "app.sync ok", "app.key failed", "app.intake skipped"}, "does not know this operator key", false},
		"an older app":                {up.URL, "", errors.New("there is no such route"), []string{"app.settings ok", "app.sync ok", "app.key failed", "app.intake skipped"}, "no such route", false},
		"no intake":                   {up.URL, down.URL, nil, []string{"app.settings ok", "app.sync ok", "app.key ok", "app.intake failed", "pc.consent ok"}, "the intake: " + down.URL, true},
		"an intake that nobody names": {up.URL, "", nil, []string{"app.settings ok", "app.sync ok", "app.key ok", "app.intake unverified", "pc.consent ok"}, "SYNC_PUBLIC_URL", true},
	} {
		caller := Caller{Base: c.base, HTTP: up.Client(), Ask: func(context.Context, string, string) (office.Examination, error) {
			if c.refused != nil {
				return office.Examination{}, c.refused
			}
			return office.Examination{Intake: c.intake, Findings: theirs}, nil
		}}
		got := caller.Examine(t.Context(), "", "")
		if !slices.Equal(said(got.Findings), c.want) || got.Reached != c.reached || !strings.Contains(fmt.Sprint(got.Findings), c.says) {
			t.Errorf("%s: %q, reached %v\n%+v", name, said(got.Findings), got.Reached, got.Findings)
		}
	}
}

func TestOneCheckAsksForNoMore(t *testing.T) {
	up := host(t, well)
	for only, want := range map[string]struct{ asked, found string }{
		"crm.steps":    {"crm.steps", "app.sync app.key crm.steps"},
		"pc":           {"pc", "app.sync app.key pc"},
		"app.intake":   {cheap, "app.sync app.key app.intake"},
		"app.settings": {"", "app.settings"},
	} {
		asked := ""
		caller := Caller{Base: up.URL, HTTP: up.Client(), Ask: func(_ context.Context, only, _ string) (office.Examination, error) {
			asked = only
			return office.Examination{Intake: up.URL, Findings: []doctor.Finding{{Check: only, State: doctor.OK}}}, nil
		}}
		var names []string
		for _, f := range caller.Examine(t.Context(), only, "").Findings {
			names = append(names, f.Check)
		}
		if asked != want.asked || strings.Join(names, " ") != want.found {
			t.Errorf("%s: asked %q, found %q", only, asked, names)
		}
	}
}

func TestEveryWrongSettingOfAFileIsNamed(t *testing.T) {
	caller := Caller{Base: "https://nobody.invalid", HTTP: http.DefaultClient, Settings: []string{"SYNC_ROLE=sync", "PARTNER_CENTER_TENANT=x", "SYNC_MODE=sometimes",
		"PARTNER_CENTER_CLIENT_SECRET=@Microsoft.KeyVault(SecretUri=https://x.vault.azure.net/secrets/y)"}}
	got := caller.Examine(t.Context(), "app.settings", "").Findings
	text := fmt.Sprint(got)
	for _, says := range []string{"SYNC_MODE must be one of live, shadow", "PARTNER_CENTER_CLIENT_ID is missing", "DATAVERSE_URL is missing", "SYNC_PUBLIC_URL is missing"} {
		if !strings.Contains(text, says) {
			t.Errorf("it lacks %q:\n%s", says, text)
		}
	}
	if strings.Contains(text, "CLIENT_SECRET") || strings.Contains(text, "sometimes") || doctor.Sound(got) {
		t.Errorf("it names what is set, or a value:\n%s", text)
	}
}

// Every documented trouble of Microsoft's connector has a check, or a line that says why it needs none.
func TestEveryDocumentedTroubleHasAPlace(t *testing.T) {
	text, err := os.ReadFile("../../../docs/doctor.md")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`\bT[0-9]+\b`)
	_, without, _ := strings.Cut(string(text), "| trouble | why |")
	places := map[string]int{}
	for _, c := range All() {
		for _, trouble := range named.FindAllString(c.For, -1) {
			places[trouble] |= 1
		}
	}
	for _, trouble := range named.FindAllString(without, -1) {
		places[trouble] |= 2
	}
	for n := 1; n <= 41; n++ {
		switch trouble := fmt.Sprint("T", n); places[trouble] {
		case 0:
			t.Errorf("%s has no check, and docs/doctor.md does not say why", trouble)
		case 3:
			t.Errorf("%s has a check, and docs/doctor.md says that it needs none", trouble)
		}
		delete(places, fmt.Sprint("T", n))
	}
	if len(places) > 0 {
		t.Errorf("there are no such troubles: %v", places)
	}
}
