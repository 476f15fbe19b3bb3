// Package control is the loopback control interface that every part of the laptop world offers:
// the JSON that people and tests send to it, and .build/local.json that tells where to find it.
// The document for readers is docs/control-interface.md; both describe the same names.
package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Local is the content of .build/local.json, written by `make run` and by nothing else. Every URL in it
// can be called from the same machine; TLS certificates are signed by CAFile.
type Local struct {
	CAFile        string        `json:"caFile"`
	Product       Product       `json:"product"`
	Host          Part          `json:"host"`
	ServiceBus    ServiceBus    `json:"serviceBus"`
	Tables        Tables        `json:"tables"`
	Vault         Vault         `json:"vault"`
	PartnerCenter PartnerCenter `json:"partnerCenter"`
	// Tenants are further partners, by the alias that ends the path of their webhook.
	Tenants   map[string]Tenant `json:"tenants,omitempty"`
	Dataverse Dataverse         `json:"dataverse"`
	// Simulated is the value of SYNC_SIMULATED: "host=127.0.0.1:port,…".
	Simulated string `json:"simulated"`
	// Layout says in how many processes the functions run: "one", "flex" or "flex2".
	Layout string `json:"layout"`
}

// Product is where the packaged handler answers, through the Functions host.
type Product struct {
	URL             string   `json:"url"` // base URL of the host's public side, no trailing slash
	OperatorKey     string   `json:"operatorKey"`
	CRMSecretHeader string   `json:"crmSecretHeader"`
	CRMSecret       string   `json:"crmSecret"`
	Webhooks        Webhooks `json:"webhooks"`
}

// Webhooks are the two public receivers.
type Webhooks struct {
	PartnerCenter string `json:"partnerCenter"`
	CRM           string `json:"crm"`
}

// Part is a part of the world that only has a control URL.
type Part struct {
	Control string `json:"control"`
	// Kind says which host it is, where there are several: "" is Azure's, "lambda" the other.
	Kind string `json:"kind,omitempty"`
}

// Vault is the Key Vault simulator, and an identity of a person who may write secrets there.
type Vault struct {
	Control            string `json:"control"`
	URL                string `json:"url"`  // stands for https://Host
	Host               string `json:"host"` // the real name, which is what the product calls
	Tenant             string `json:"tenant"`
	ClientID           string `json:"clientId"`
	ClientSecret       string `json:"clientSecret"`
	RefreshTokenSecret string `json:"refreshTokenSecret"` // name of the secret that holds the refresh token
}

// ServiceBus is the broker.
type ServiceBus struct {
	ConnectionString string `json:"connectionString"`
	Control          string `json:"control"`
}

// Tables is the table store (Azurite).
type Tables struct {
	ConnectionString string `json:"connectionString"`
	Control          string `json:"control"`
}

// PartnerCenter is the Partner Center simulator.
type PartnerCenter struct {
	URL          string `json:"url"`         // stands for https://api.partner.microsoft.com
	WebhooksURL  string `json:"webhooksUrl"` // stands for https://api.partnercenter.microsoft.com
	TokenURL     string `json:"tokenUrl"`    // OAuth 2.0 v2 token endpoint of the tenant
	Tenant       string `json:"tenant"`
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
	RefreshToken string `json:"refreshToken"`
	Users        []User `json:"users"` // who can sign in on the page of the authorization endpoint
	Control      string `json:"control"`
}

// User is somebody who can try to sign in at a partner's directory.
type User struct {
	UPN     string `json:"upn"`
	Name    string `json:"name"`
	MFA     bool   `json:"mfa"`               // signs in with a second factor
	Role    string `json:"role"`              // in Partner Center: admin, user, reader or none
	Admin   bool   `json:"admin,omitempty"`   // may consent for the organisation
	Foreign bool   `json:"foreign,omitempty"` // of another tenant
}

// Tenant is a further partner, with a Partner Center of its own under the same hosts.
type Tenant struct {
	PartnerCenter
	Webhook            string `json:"webhook"`
	OrganizationID     string `json:"organizationId"`
	RefreshTokenSecret string `json:"refreshTokenSecret"` // name of its refresh token in the vault
}

// Dataverse is the Dataverse simulator.
type Dataverse struct {
	URL            string `json:"url"` // stands for https://ORG.crm4.dynamics.com
	TokenURL       string `json:"tokenUrl"`
	Tenant         string `json:"tenant"`
	ClientID       string `json:"clientId"`
	ClientSecret   string `json:"clientSecret"`
	OrganizationID string `json:"organizationId"`
	Control        string `json:"control"`
	// Administrator and Customizer are applications of people who set the environment up: their users have the
	// security roles System Administrator and System Customizer.
	Administrator Application `json:"administrator"`
	Customizer    Application `json:"customizer"`
}

// Application is an Entra application with its secret.
type Application struct {
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
}

// Entry is one request in `GET history`: what came in, what went out, and for writes the versions
// (ETags) of the record before and after. At is the world's time, N rises from 1.
type Entry struct {
	N              int64             `json:"n"`
	At             time.Time         `json:"at"`
	Identity       string            `json:"identity"`
	Method         string            `json:"method"`
	URL            string            `json:"url"` // absolute, with the real host name that the caller used
	Status         int               `json:"status"`
	RequestHeaders map[string]string `json:"requestHeaders"`
	RequestBody    string            `json:"requestBody"`
	ResponseBody   string            `json:"responseBody"`
	Before         string            `json:"before,omitempty"`
	After          string            `json:"after,omitempty"`
}

// Fault is the body of `POST faults`. Times 0 means until `DELETE faults`.
type Fault struct {
	Match   Match             `json:"match"`
	Do      string            `json:"do"` // status, delay, cut, loseAnswer, stale or conflict
	Status  int               `json:"status,omitempty"`
	Delay   string            `json:"delay,omitempty"` // Go duration, for "delay"
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"` // for "status"
	Times   int               `json:"times,omitempty"`
}

// Match selects calls: Method is empty for any, URL a regular expression over the absolute URL, Body one
// over the request's body.
type Match struct {
	Method string `json:"method,omitempty"`
	URL    string `json:"url,omitempty"`
	Body   string `json:"body,omitempty"`
}

// Freeze is the body of `POST freeze`: a part accepts calls and answers none for a while.
type Freeze struct {
	Part string `json:"part"`
	For  string `json:"for"` // Go duration, "20s"
}

// Restart is the body of `POST restart`: an emulator ends, and another one begins in its place, now or at a call.
type Restart struct {
	Part  string     `json:"part"`            // servicebus or tables
	Empty bool       `json:"empty,omitempty"` // without what it held; the broker holds nothing
	After *KillAfter `json:"after,omitempty"`
}

// Delivery is the body of `POST delivery`: how events are delivered from now on. Left out means off.
type Delivery struct {
	Duplicate int    `json:"duplicate,omitempty"` // extra copies of each event
	Shuffle   bool   `json:"shuffle,omitempty"`   // deliver what is due in random order
	Delay     string `json:"delay,omitempty"`     // Go duration added before the first attempt
	Lose      Rate   `json:"lose,omitempty"`      // share of events never delivered, 0 to 1
	Pause     bool   `json:"pause,omitempty"`     // keep events until pause is off
}

// Rate is a share between 0 and 1; JSON true means 1 and false 0.
type Rate float64

// UnmarshalJSON accepts true, false or a number from 0 to 1.
func (r *Rate) UnmarshalJSON(data []byte) error {
	switch string(data) {
	case "true":
		*r = 1
		return nil
	case "false", "null":
		*r = 0
		return nil
	}
	var f float64
	if err := json.Unmarshal(data, &f); err != nil || f < 0 || f > 1 {
		return fmt.Errorf("%s is not a share: use true, false or a number from 0 to 1", data)
	}
	*r = Rate(f)
	return nil
}

// Link is the body of `POST link`: what the network does to the connections of a part, for so long or for so many of them.
type Link struct {
	Part  string     `json:"part"`
	Fault string     `json:"fault"`
	Delay string     `json:"delay,omitempty"` // Go duration, for "latency" and "slowClose"
	For   string     `json:"for,omitempty"`   // Go duration; empty until DELETE link
	Times int        `json:"times,omitempty"` // connections; 0 is all
	After *KillAfter `json:"after,omitempty"` // it begins at a call, as a kill does
}

// Publish is the body of `POST publish`: the whole path of a packaged folder, and how running processes are replaced,
// "recreate" (the default), "rolling" or "beside".
type Publish struct {
	App      string `json:"app"`
	Strategy string `json:"strategy,omitempty"`
}

// Kill is the body of `POST kill`. Process is a name as `GET status` lists them, empty for the first that
// matches. After nil kills at once.
type Kill struct {
	Process string     `json:"process,omitempty"`
	After   *KillAfter `json:"after,omitempty"`
}

// KillAfter picks the n-th matching call that the handler makes to another system (or, with Host
// "tables", to the table store). Point says when the process dies: "before" the call reaches the
// system, "committed" when the system has done the work and no answer has left (the default), or
// "answered" once the answer was written.
type KillAfter struct {
	Host   string `json:"host"`   // exact host name, empty for any
	Method string `json:"method"` // empty for any
	Path   string `json:"path"`   // regular expression over the path, empty for any
	N      int    `json:"n"`      // 1 is the next matching call; 0 counts as 1
	Point  string `json:"point,omitempty"`
	Since  *Call  `json:"since,omitempty"` // counting begins once such a call was done, before its answer leaves
}

// Call picks calls to other systems as KillAfter does.
type Call struct {
	Host   string `json:"host"`
	Method string `json:"method"`
	Path   string `json:"path"`
}

// Clock is the body of `POST clock`: how far the world's clock moves forward.
type Clock struct {
	Advance string `json:"advance"` // Go duration, "73h"
}

// Outgoing is one event on its way from a simulator to a receiver.
type Outgoing struct {
	ID     int64
	URL    string
	Header http.Header
	Body   []byte
}

// Simulator is what the world needs from each simulated system. A simulator has no goroutine, timer or
// wall clock of its own: it is driven by ServeHTTP, Advance and Delivered, and tells by Next when it
// wants to be driven again. All methods may be called from several goroutines.
type Simulator interface {
	http.Handler
	// MountControl adds the system's own control routes (GET /records, POST /reset, GET|POST /switches,
	// POST /delivery, POST /redeliver, POST /user, …). History, faults, idle and clock are the world's.
	MountControl(mux *http.ServeMux)
	// Advance does what time alone does up to now and hands over the events that are due. Each stays in
	// flight until Delivered is called for its ID.
	Advance(now time.Time) []Outgoing
	// Delivered reports the answer to an event; status 0 means that no answer came.
	Delivered(id int64, status int)
	// Next says when Advance has something to do; false when nothing is waiting.
	Next() (time.Time, bool)
	// Pending counts events in flight plus work due at or before the given time.
	Pending(until time.Time) int
}

// Response headers by which a simulator tells the wire in front of it what to record. The wire takes
// them off before the answer leaves.
const (
	HeaderIdentity = "Sim-Identity"
	HeaderBefore   = "Sim-Before"
	HeaderAfter    = "Sim-After"
)

// WriteJSON answers a control call.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the caller has gone: nothing to tell
}

// WriteError answers a control call that cannot be done; the text says what is wrong and what is allowed.
func WriteError(w http.ResponseWriter, status int, format string, args ...any) {
	WriteJSON(w, status, map[string]string{"error": fmt.Sprintf(format, args...)})
}

// ReadJSON decodes the body of a control call strictly: an unknown member is an error, so that a
// misspelt switch is never silently ignored.
func ReadJSON(r *http.Request, v any) error {
	return read(r, r.Body, v, false)
}

// ReadExact is ReadJSON with numbers as they are written, for what goes into documents of at most limit bytes.
func ReadExact(r *http.Request, limit int64, v any) error {
	text, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err == nil && int64(len(text)) > limit {
		return fmt.Errorf("body of %s %s: it is longer than %d bytes", r.Method, r.URL.Path, limit)
	}
	if err != nil {
		return fmt.Errorf("body of %s %s: %w", r.Method, r.URL.Path, err)
	}
	return read(r, bytes.NewReader(text), v, true)
}

func read(r *http.Request, body io.Reader, v any, numbers bool) error {
	text, err := io.ReadAll(body)
	if err == nil && string(bytes.TrimSpace(text)) == "null" {
		err = errors.New("null says nothing: write a JSON object")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if numbers {
		d.UseNumber()
	}
	if err == nil {
		err = d.Decode(v)
	}
	if err != nil {
		return fmt.Errorf("body of %s %s: %w", r.Method, r.URL.Path, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("body of %s %s: something follows the JSON object", r.Method, r.URL.Path)
	}
	return nil
}

// OnlyQuery names a query parameter that the call does not have.
func OnlyQuery(r *http.Request, allowed ...string) error {
	for name := range r.URL.Query() {
		if !slices.Contains(allowed, name) {
			return fmt.Errorf("%s %s has no parameter %q: use %s", r.Method, r.URL.Path, name, strings.Join(allowed, ", "))
		}
	}
	return nil
}

// KnownMethod refuses what is no HTTP method, in any case; empty stands for all.
func KnownMethod(member, method string) error {
	known := []string{"", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "MERGE"}
	if !slices.Contains(known, strings.ToUpper(method)) {
		return fmt.Errorf("%s %q: use %s", member, method, strings.Join(known[1:], ", "))
	}
	return nil
}
