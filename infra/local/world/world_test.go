package world

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/emulators"
	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
)

// The handler of these tests is the test program itself, told by a setting to play that part.
const playHandler = "WORLD_TEST_HANDLER"

func TestMain(m *testing.M) {
	if part := os.Getenv(playHandler); part != "" {
		standIn(part)
		return
	}
	layout, err := FindLayout()
	if err == nil {
		err = emulators.Install(context.Background(), layout.Emulators(), os.Stderr)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// standIn answers every function; the timer function first calls Partner Center once.
func standIn(part string) {
	if part == "refuse" {
		fmt.Fprintln(os.Stderr, "DATAVERSE_URL is missing; SYNC_GUARD is not a duration")
		os.Exit(1)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "reconcile") {
			_, rest, _ := strings.Cut(os.Getenv("SYNC_SIMULATED"), partnercentersim.ReferralsHost+"=")
			address, _, _ := strings.Cut(rest, ",")
			if resp, err := client.Get("https://" + address + "/v1.0/engagements/referrals"); err == nil {
				resp.Body.Close()
			}
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{}")
	})
	fmt.Fprintln(os.Stderr, http.ListenAndServe("127.0.0.1:"+os.Getenv("FUNCTIONS_CUSTOMHANDLER_PORT"), nil))
}

// standInApp is a packaged folder with that handler and one timer function.
func standInApp(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	put := func(name string, v any) {
		text, err := json.Marshal(v)
		if err == nil {
			err = os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), text, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	put("host.json", map[string]any{"version": "2.0", "customHandler": map[string]any{
		"description": map[string]any{"defaultExecutablePath": self}, "enableForwardingHttpRequest": true}})
	put("reconcile/function.json", map[string]any{"bindings": []any{map[string]any{
		"type": "timerTrigger", "direction": "in", "name": "timer", "schedule": "0 */5 * * * *"}}})
	return dir
}

func started(t *testing.T, part string) (*World, error) {
	t.Helper()
	layout, err := FindLayout()
	if err != nil {
		t.Fatal(err)
	}
	w, err := Start(t.Context(), Options{Emulators: layout.Emulators(), App: standInApp(t), State: t.TempDir(),
		Settings: map[string]string{playHandler: part}})
	if err == nil {
		t.Cleanup(w.Close)
	}
	return w, err
}

func standing(t *testing.T) *World {
	t.Helper()
	w, err := started(t, "answer")
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// ask makes a control call and returns status and answer.
func ask(t *testing.T, method, url string, in any) (int, map[string]any) {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer map[string]any
	_ = json.NewDecoder(resp.Body).Decode(&answer) // histories are lists
	return resp.StatusCode, answer
}

func TestWorldStandsWhereLocalJSONSays(t *testing.T) {
	w := standing(t)
	l := w.Local()
	for _, base := range []string{l.Host.Control, l.ServiceBus.Control, l.PartnerCenter.Control, l.Dataverse.Control, l.Tables.Control, l.Vault.Control} {
		for _, path := range []string{"/history", "/idle?wait=5000", "/clock"} {
			if status, answer := ask(t, http.MethodGet, base+path, nil); status != http.StatusOK {
				t.Errorf("GET %s%s: %d %v", base, path, status, answer)
			}
		}
		if status, answer := ask(t, http.MethodGet, base+"/nonsense", nil); status != http.StatusNotFound || answer["error"] == nil {
			t.Errorf("GET %s/nonsense: %d %v", base, status, answer)
		}
	}
	for _, pair := range strings.Split(l.Simulated, ",") {
		host, address, _ := strings.Cut(pair, "=")
		for _, name := range []string{host, "localhost", "127.0.0.1"} {
			conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: w.authority.pool(), ServerName: name})
			if err != nil {
				t.Errorf("TLS to %s as %s: %v", host, name, err)
				continue
			}
			conn.Close()
		}
	}
}

// The table of parts in the document is what people go by.
func TestEveryPartHasTheCallsThatItsDocumentLists(t *testing.T) {
	w := standing(t)
	layout, err := FindLayout()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(layout.Top, "docs", "control-interface.md"))
	if err != nil {
		t.Fatal(err)
	}
	base := strings.TrimSuffix(w.Local().Host.Control, "/host")
	row := regexp.MustCompile(`(?m)^\| [^|]+ \| ` + "`(/[a-z]+)`" + `[^|]*\| ([^|;]+)`)
	rows := row.FindAllStringSubmatch(string(text), -1)
	if len(rows) != len(w.systems)+3 {
		t.Errorf("the table has %d parts", len(rows))
	}
	for _, found := range rows {
		for _, call := range append(strings.Split(strings.TrimSpace(found[2]), ", "), "history", "idle", "clock") {
			got, _ := ask(t, http.MethodGet, base+found[1]+"/"+call, nil)
			posted, _ := ask(t, http.MethodPost, base+found[1]+"/"+call, []string{"nonsense"})
			if got == http.StatusNotFound && posted == http.StatusNotFound {
				t.Errorf("%s has no call %s", found[1], call)
			}
		}
	}
}

func TestHistoryShowsTheRealHost(t *testing.T) {
	w := standing(t)
	resp, err := w.client.Get(w.Local().Dataverse.URL + "/api/data/v9.2/WhoAmI")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	entries := historyOf(t, w.Local().Dataverse.Control)
	if len(entries) != 1 || entries[0].URL != "https://"+dataverseHost+"/api/data/v9.2/WhoAmI" || entries[0].Status != http.StatusUnauthorized {
		t.Errorf("%+v", entries)
	}
}

// A client that knows nothing but the addresses of local.json gets a token for one of them and pages through
// a list: no link may lead it to the real system.
func TestLinksLeadBackTheWayTheCallerCame(t *testing.T) {
	w := standing(t)
	l := w.Local().Dataverse
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {l.ClientID}, "client_secret": {l.ClientSecret},
		"scope": {l.URL + "/.default"}}
	var token struct {
		Access string `json:"access_token"`
	}
	call(t, w, http.MethodPost, l.TokenURL, form.Encode(), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, &token)
	headers := http.Header{"Authorization": {"Bearer " + token.Access}, "Prefer": {"odata.maxpagesize=1"}}
	names, next := []string{}, l.URL+"/api/data/v9.2/accounts?$select=name"
	for next != "" {
		var page struct {
			Value []struct{ Name string }
			Next  string `json:"@odata.nextLink"`
		}
		call(t, w, http.MethodGet, next, "", headers, &page)
		if page.Next != "" && !strings.HasPrefix(page.Next, l.URL+"/") {
			t.Fatalf("the next page is at %s", page.Next)
		}
		for _, row := range page.Value {
			names = append(names, row.Name)
		}
		next = page.Next
	}
	if len(names) != 2 {
		t.Errorf("accounts: %q", names)
	}
}

// call asks a system and decodes the answer, which must be 200.
func call(t *testing.T, w *World, method, url, body string, headers http.Header, out any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = headers
	resp, err := w.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s, %v", method, url, resp.Status, err)
	}
}

func historyOf(t *testing.T, base string) (out []control.Entry) {
	t.Helper()
	resp, err := http.Get(base + "/history")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestClockMovesForAllPartsAndTimers(t *testing.T) {
	w := standing(t)
	l := w.Local()
	before := w.Now()
	if status, answer := ask(t, http.MethodPost, l.Dataverse.Control+"/clock", control.Clock{Advance: "73h"}); status != http.StatusOK {
		t.Fatalf("%d %v", status, answer)
	}
	var broker struct{ Now time.Time }
	if err := w.askBroker(t.Context(), http.MethodGet, "/clock", nil, &broker); err != nil {
		t.Fatal(err)
	}
	for part, now := range map[string]time.Time{"world": w.Now(), "broker": broker.Now} {
		if moved := now.Sub(before); moved < 73*time.Hour || moved > 73*time.Hour+time.Minute {
			t.Errorf("%s moved by %s", part, moved)
		}
	}
	if offset, err := os.ReadFile(w.settings()["SYNC_SIMULATED_CLOCK"]); err != nil || string(offset) != "73h0m0s\n" {
		t.Errorf("the handler's clock: %q, %v", offset, err)
	}
	await(t, "the timer that became due", func() bool { return len(historyOf(t, l.Host.Control)) > 0 })
	for _, wrong := range []string{"", "-1h", "tomorrow"} {
		if status, _ := ask(t, http.MethodPost, l.Host.Control+"/clock", control.Clock{Advance: wrong}); status != http.StatusBadRequest {
			t.Errorf("advance %q: %d instead of 400", wrong, status)
		}
	}
}

func TestHandlerKilledAtACallComesBack(t *testing.T) {
	w := standing(t)
	after := control.Kill{After: &control.KillAfter{Host: partnercentersim.ReferralsHost, Method: "GET", N: 1}}
	if status, answer := ask(t, http.MethodPost, w.Local().Host.Control+"/kill", after); status != http.StatusOK {
		t.Fatalf("%d %v", status, answer)
	}
	if err := w.host.Trigger(t.Context(), "reconcile"); err == nil {
		t.Error("the invocation of a killed handler succeeded")
	}
	if err := w.AwaitRestart(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	entries := historyOf(t, w.Local().PartnerCenter.Control)
	if len(entries) != 1 || entries[0].Status != http.StatusUnauthorized {
		t.Errorf("committed means that the system has done its work: %+v", entries)
	}
}

func TestIdleNamesWhatIsStillWaiting(t *testing.T) {
	w := standing(t)
	l := w.Local()
	slow := control.Fault{Do: "delay", Delay: "1s", Times: 1}
	if status, answer := ask(t, http.MethodPost, l.PartnerCenter.Control+"/faults", slow); status != http.StatusOK {
		t.Fatalf("%d %v", status, answer)
	}
	done := make(chan error, 1)
	go func() {
		resp, err := w.client.Get(l.PartnerCenter.URL + "/v1.0/engagements/referrals")
		if err == nil {
			resp.Body.Close()
		}
		done <- err
	}()
	await(t, "the call", func() bool { return w.systems[0].wire.InFlight() > 0 })
	status, answer := ask(t, http.MethodGet, l.Host.Control+"/idle?wait=50", nil)
	waiting, _ := answer["waiting"].(map[string]any)
	if status != http.StatusRequestTimeout || waiting["partnercenter"] == nil {
		t.Errorf("%d %v", status, answer)
	}
	if status, answer := ask(t, http.MethodGet, l.Host.Control+"/idle?wait=10000", nil); status != http.StatusOK {
		t.Errorf("%d %v", status, answer)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestHandlerThatRefusesToStartIsQuoted(t *testing.T) {
	_, err := started(t, "refuse")
	const words = "DATAVERSE_URL is missing; SYNC_GUARD is not a duration"
	if err == nil || strings.Count(err.Error(), words) != 1 || strings.Contains(err.Error(), "[Host]") {
		t.Errorf("%v does not hold the handler's words, once and alone", err)
	}
}

func TestNothingOutlivesTheWorld(t *testing.T) {
	w := standing(t)
	pids := []int{w.broker.PID(), w.azurite.PID(), w.host.Status().HandlerPID}
	w.Close()
	for _, pid := range pids {
		if err := syscall.Kill(pid, 0); err == nil {
			t.Errorf("process %d is still there", pid)
		}
	}
}

func TestSigningCertificateStandsBelowAnIntermediateThatItsAddressDoesNotBring(t *testing.T) {
	w := standing(t)
	_, headers := ask(t, http.MethodPost, w.Local().PartnerCenter.Control+"/sign", map[string]string{"body": "e30="})
	address, ok := headers["headers"].(map[string]any)["X-Ms-Certificate-Url"].(string)
	if !ok {
		t.Fatalf("no address of a certificate in %v", headers)
	}
	here := strings.Replace(address, certificateHost, fmt.Sprintf("localhost:%d", w.ports.number[portCertificate]), 1)
	resp, err := w.client.Get(here)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	der, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der) // one and no more
	if err != nil {
		t.Fatal(err)
	}
	pool := func(setting string) *x509.CertPool {
		text, err := os.ReadFile(w.settings()[setting])
		if err != nil {
			t.Fatal(err)
		}
		p := x509.NewCertPool()
		p.AppendCertsFromPEM(text)
		return p
	}
	o := x509.VerifyOptions{Roots: pool("PARTNER_CENTER_EXTRA_ROOTS_FILE")}
	if _, err := leaf.Verify(o); err == nil {
		t.Error("the root alone is enough")
	}
	o.Intermediates = pool("PARTNER_CENTER_INTERMEDIATES_FILE")
	if _, err := leaf.Verify(o); err != nil {
		t.Error(err)
	}
}
