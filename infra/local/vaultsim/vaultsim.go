// Package vaultsim stands for one Azure Key Vault on the laptop: its secrets, versions included, behind the
// bearer challenge by which clients find the token endpoint.
// https://learn.microsoft.com/rest/api/keyvault/secrets
package vaultsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// Audience is what a token for a vault has to be issued for.
const Audience = "https://vault.azure.net"

const bodyLimit = 1 << 16 // a secret holds 25 kB at most

// Options describe the vault. Now and CheckToken have no default.
type Options struct {
	Now    func() time.Time // the world's clock
	Seed   int64            // of version names
	Name   string           // the vault is NAME.vault.azure.net; default cosell-vault
	Tenant string           // named in the challenge; a credential of another tenant refuses to sign in
	// CheckToken says who bears a token and whether it is good for the audience.
	CheckToken func(token, audience string) (identity string, ok bool)
	Secrets    map[string]string // the first versions
}

// Sim is the vault; it implements control.Simulator. All methods may be called from several goroutines.
type Sim struct {
	opts Options

	mu      sync.Mutex
	ids     *rand.Rand
	secrets map[string][]*version // by lower-case name, oldest first
	denied  map[right]bool
	deleted map[string]bool // by lower-case name: they can be recovered, and their names are taken until then
}

// right is what an identity, as the token endpoint calls it, may do with secrets: get or set.
type right struct{ identity, operation string }

// version is one version of a secret as the API tells it.
type version struct {
	Value       string            `json:"value"`
	ID          string            `json:"id"`
	ContentType *string           `json:"contentType,omitempty"`
	Attributes  attributes        `json:"attributes"`
	Tags        map[string]string `json:"tags,omitempty"`
	name        string            // of the version
}

type attributes struct {
	Enabled       *bool  `json:"enabled,omitempty"`
	Created       int64  `json:"created"` // Unix seconds
	Updated       int64  `json:"updated"`
	NotBefore     *int64 `json:"nbf,omitempty"`
	Expires       *int64 `json:"exp,omitempty"`
	RecoveryLevel string `json:"recoveryLevel"`
}

// New makes a vault with its seed secrets.
func New(o Options) (*Sim, error) {
	if o.Now == nil || o.CheckToken == nil {
		return nil, errors.New("Options.Now and Options.CheckToken are needed: give the world's clock and the check of the token endpoint")
	}
	if o.Tenant == "" {
		o.Tenant = "5f0c4a1e-9d63-4b1a-8a51-2f1d6c7e8b90" // partnercentersim's default
	}
	if o.Name == "" {
		o.Name = "cosell-vault"
	}
	s := &Sim{opts: o, denied: map[right]bool{}, deleted: map[string]bool{}, ids: rand.New(rand.NewPCG(uint64(o.Seed), 3))}
	for name := range o.Secrets {
		if !validName(name) {
			return nil, fmt.Errorf("Options.Secrets: %q is not a name: use 1 to 127 letters, digits and hyphens", name)
		}
	}
	s.seed()
	return s, nil
}

func (s *Sim) seed() {
	s.secrets, s.deleted = map[string][]*version{}, map[string]bool{}
	names := make([]string, 0, len(s.opts.Secrets))
	for name := range s.opts.Secrets {
		names = append(names, name)
	}
	slices.Sort(names) // ids follow the seed, not the order of a map
	for _, name := range names {
		s.add(name, &version{Value: s.opts.Secrets[name]})
	}
}

func validName(name string) bool {
	return regexp.MustCompile(`^[0-9a-zA-Z-]{1,127}$`).MatchString(name)
}

// add makes v the newest version of a secret.
func (s *Sim) add(name string, v *version) {
	v.name = fmt.Sprintf("%016x%016x", s.ids.Uint64(), s.ids.Uint64())
	v.ID = "https://" + s.opts.Name + ".vault.azure.net/secrets/" + name + "/" + v.name
	now := s.opts.Now().Unix()
	v.Attributes.Created, v.Attributes.Updated, v.Attributes.RecoveryLevel = now, now, "Recoverable+Purgeable"
	if v.Attributes.Enabled == nil {
		enabled := true
		v.Attributes.Enabled = &enabled
	}
	key := strings.ToLower(name)
	s.secrets[key] = append(s.secrets[key], v)
}

// find gives one version, the newest for an empty name.
func (s *Sim) find(name, wanted string) *version {
	all := s.secrets[strings.ToLower(name)]
	if wanted == "" && len(all) > 0 {
		return all[len(all)-1]
	}
	for _, v := range all {
		if strings.EqualFold(v.name, wanted) {
			return v
		}
	}
	return nil
}

// ServeHTTP serves the vault's API whatever the Host header says.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Date", s.opts.Now().UTC().Format(http.TimeFormat))
	if !s.admit(w, r) {
		return
	}
	if r.URL.Query().Get("api-version") == "" {
		fail(w, http.StatusBadRequest, "BadParameter", "The request URI must hold the query parameter api-version.")
		return
	}
	rest, found := strings.CutPrefix(strings.TrimRight(r.URL.Path, "/"), "/secrets/")
	name, wanted, _ := strings.Cut(rest, "/")
	switch {
	case !found || strings.Contains(wanted, "/"):
		fail(w, http.StatusNotFound, "NotFound", "There is nothing at "+r.URL.Path+": this vault has secrets only.")
	case !validName(name):
		fail(w, http.StatusBadRequest, "BadParameter", "The request URI contains an invalid name: "+name)
	case r.Method == http.MethodGet && s.may(w, "get", name):
		s.get(w, name, wanted)
	case r.Method == http.MethodPut && wanted == "" && s.may(w, "set", name):
		s.set(w, r, name)
	case r.Method == http.MethodGet, r.Method == http.MethodPut && wanted == "": // refused
	default:
		w.Header().Set("Allow", "GET, PUT")
		fail(w, http.StatusMethodNotAllowed, "MethodNotAllowed", r.Method+" is not offered here.")
	}
}

// admit checks the token. The refusal carries the challenge from which a client learns where to get one.
func (s *Sim) admit(w http.ResponseWriter, r *http.Request) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	identity, ok := "", false
	text := "AKV10000: Request is missing a Bearer or PoP token."
	if strings.EqualFold(scheme, "Bearer") {
		identity, ok = s.opts.CheckToken(token, Audience)
		text = "AKV10022: The token is unknown, expired or for another audience than " + Audience + "."
	}
	if !ok {
		w.Header().Set("WWW-Authenticate", `Bearer authorization="https://login.microsoftonline.com/`+s.opts.Tenant+`", resource="`+Audience+`"`)
		fail(w, http.StatusUnauthorized, "Unauthorized", text)
		return false
	}
	w.Header().Set(control.HeaderIdentity, identity)
	return true
}

// may says whether the caller has a right, and tells one that has none.
func (s *Sim) may(w http.ResponseWriter, operation, name string) bool {
	identity := w.Header().Get(control.HeaderIdentity)
	if !s.denied[right{identity, operation}] {
		return true
	}
	failInner(w, http.StatusForbidden, "Forbidden", "Caller is not authorized to perform action on resource. Caller: "+identity+". Action: 'Microsoft.KeyVault/vaults/secrets/"+
		map[string]string{"get": "getSecret", "set": "setSecret"}[operation]+"/action'. Resource: '"+name+"'.", "ForbiddenByRbac")
	return false
}

func (s *Sim) get(w http.ResponseWriter, name, wanted string) {
	v := s.find(name, wanted)
	switch {
	case v == nil || s.deleted[strings.ToLower(name)]:
		fail(w, http.StatusNotFound, "SecretNotFound", "A secret with (name/id) "+strings.TrimRight(name+"/"+wanted, "/")+" was not found in this key vault.")
	case !*v.Attributes.Enabled:
		failInner(w, http.StatusForbidden, "Forbidden", "Operation get is not allowed on a disabled secret.", "SecretDisabled")
	default:
		answer(w, http.StatusOK, v)
	}
}

// set adds a version. Nothing is ever overwritten.
func (s *Sim) set(w http.ResponseWriter, r *http.Request, name string) {
	data, err := io.ReadAll(io.LimitReader(r.Body, bodyLimit))
	if err != nil {
		fail(w, http.StatusBadRequest, "BadParameter", "The body cannot be read.")
		return
	}
	var asked struct {
		Value       *string           `json:"value"`
		ContentType *string           `json:"contentType"`
		Attributes  attributes        `json:"attributes"`
		Tags        map[string]string `json:"tags"`
	}
	if err := json.Unmarshal(data, &asked); err != nil || asked.Value == nil {
		fail(w, http.StatusBadRequest, "BadParameter", "The body must be a JSON object with the member value.")
		return
	}
	if len(*asked.Value) > 25600 {
		fail(w, http.StatusBadRequest, "BadParameter", "The value is longer than 25600 bytes.")
		return
	}
	if s.deleted[strings.ToLower(name)] {
		failInner(w, http.StatusConflict, "Conflict", "Secret "+name+" is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged.", "ObjectIsDeletedButRecoverable")
		return
	}
	if before := s.find(name, ""); before != nil {
		w.Header().Set(control.HeaderBefore, before.name)
	}
	v := &version{Value: *asked.Value, ContentType: asked.ContentType, Attributes: asked.Attributes, Tags: asked.Tags}
	s.add(name, v)
	w.Header().Set(control.HeaderAfter, v.name)
	answer(w, http.StatusOK, v)
}

// failInner is a refusal whose cause stands inside.
func failInner(w http.ResponseWriter, status int, code, text, inner string) {
	answer(w, status, map[string]any{"error": map[string]any{"code": code, "message": text, "innererror": map[string]string{"code": inner}}})
}

func fail(w http.ResponseWriter, status int, code, text string) {
	answer(w, status, map[string]any{"error": map[string]string{"code": code, "message": text}})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the caller has gone: nothing to tell
}
