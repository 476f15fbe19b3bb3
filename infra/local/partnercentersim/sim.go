// Package partnercentersim stands for Microsoft Partner Center on the laptop: the referrals API, the webhook
// registration, the token endpoint, the host of the signing certificate, and the signed events. It refuses
// what the real service refuses; what nobody has documented is a switch, listed in switches.go.
package partnercentersim

import (
	"crypto/rsa"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// The surfaces, each a host of its own in the real world.
const (
	SurfaceReferrals   = "referrals"   // api.partner.microsoft.com
	SurfaceWebhooks    = "webhooks"    // api.partnercenter.microsoft.com
	SurfaceLogin       = "login"       // login.microsoftonline.com
	SurfaceCertificate = "certificate" // Options.SigningHost
)

// The real names, and the audiences of the two APIs.
const (
	ReferralsHost     = "api.partner.microsoft.com"
	WebhooksHost      = "api.partnercenter.microsoft.com"
	LoginHost         = "login.microsoftonline.com"
	ReferralsAudience = "https://" + ReferralsHost
	WebhooksAudience  = "https://" + WebhooksHost
)

// Options say which partner the simulator knows. Now is the only one without a default.
type Options struct {
	Now      func() time.Time // the world's clock
	TokenNow func() time.Time // the clock that tokens age by; Now when nil
	Seed     int64            // of ids and of the delivery's dice
	Notify   func()           // called, outside of all locks, when Next may have become earlier

	Tenant       string // of Entra ID
	ClientID     string
	ClientSecret string
	RefreshToken string   // of the integration user, who signed in with MFA
	Redirects    []string // of the app registration; default http://localhost
	// Vouched checks the signature and the time of a token of another issuer, and says what it says; nil knows none.
	Vouched func(token string) (issuer, subject, audience string, err error)
	Apps    []App // further app registrations that may ask for app-only tokens

	OrganizationID   string // the partner
	OrganizationName string
	UserEmail        string   // the integration user
	People           []Person // who else can sign in; default everybody of staff
	Locations        []string // the partner ids (mpnId) of its locations

	Sibling      *Sim            // another tenant of the same Microsoft: certificate and signing host are its
	Like         *Sim            // catalogue and taxonomy are its, which are the same everywhere, and not read again
	Past         *Sim            // its referrals, as they are now, are there from the beginning, and so is its registration
	SigningHost  string          // default 3psostorageacct.blob.core.windows.net
	SigningKey   *rsa.PrivateKey // of the leaf; made when nil
	Intermediate bool            // an authority of its own stands between root and leaf
	// Sign makes the signature of an event's body for a receiver that knows it; nil signs with SigningKey.
	Sign       func(body []byte) (signature string, err error)
	WebhookURL string // of the old connector, registered in the seed; "-" for no registration

	Switches map[string]any // positions from the start, as POST switches takes them
}

// App is an app registration with a secret.
type App struct {
	Tenant, ClientID, Secret, ObjectID string
	Redirects                          []string // where people who sign in may be sent back to
	// Trusts is a federated credential: tokens of that issuer for that subject stand in for the secret. Options.Vouched
	// checks them.
	Trusts Trust
}

// Trust is what a federated credential of an app registration names.
// https://learn.microsoft.com/entra/workload-id/workload-identity-federation-create-trust
type Trust struct{ Issuer, Subject string }

// federatedAudience is what a token that stands in for a secret must be for.
const federatedAudience = "api://AzureADTokenExchange"

// Sim is the simulator; it implements control.Simulator. All methods may be called from several goroutines.
type Sim struct {
	opts      Options
	shape     *shape
	signs     *signer
	catalogue catalogue
	taxonomy  []taxonomyYear // the newest first
	wanted    string         // the id that a control call gives the next referral
	rules     *control.Rules // of POST rules

	mu        sync.Mutex
	wake      bool // something became due: tell the world after unlocking
	lastStamp time.Time
	ids       *rand.Rand // of names and ids
	dice      *rand.Rand // of delivery
	luck      *rand.Rand // of everything else that a switch leaves to chance
	switches  map[string]string
	calls     []time.Time // within the last minute, for the limit
	writes    []time.Time // those of them that write
	requests  int64

	tokens      map[string]grant
	refresh     map[string]*refreshToken
	revoked     int // sign-ins before this one are revoked while the switch says so
	signInsEver int
	codes       map[string]*code
	signIns     map[string]*signIn // that show a page now, by what stands in it
	caller      grant              // of the call that is being served

	referrals    map[string]*referral
	order        []*referral // by creation
	registration *registration
	validations  map[string]*validation
	asked        []time.Time // validation events asked for within the last minute
	post         post
}

// New makes a simulator with its seed data.
func New(o Options) (*Sim, error) {
	if o.Now == nil {
		return nil, fmt.Errorf("Options.Now is missing: give the world's clock")
	}
	withDefaults(&o)
	signs, err := o.signer()
	if err != nil {
		return nil, err
	}
	solutions, years, form, err := o.shared()
	if err != nil {
		return nil, err
	}
	seed := uint64(o.Seed)
	s := &Sim{
		opts: o, shape: form, signs: signs, catalogue: solutions, taxonomy: years, rules: newRules(),
		ids: rand.New(rand.NewPCG(seed, 1)), dice: rand.New(rand.NewPCG(seed, 2)), luck: rand.New(rand.NewPCG(seed, 3)),
		switches: map[string]string{}, tokens: map[string]grant{},
		codes: map[string]*code{}, signIns: map[string]*signIn{},
	}
	s.refresh = map[string]*refreshToken{o.RefreshToken: {clientID: o.ClientID, person: &s.opts.People[0], mfa: true}}
	for _, d := range switchList() {
		s.switches[d.name] = d.first
	}
	if err := s.setSwitches(o.Switches); err != nil {
		return nil, err
	}
	s.seed()
	return s, nil
}

// shared is what all simulators have in common.
func (o *Options) shared() (catalogue, []taxonomyYear, *shape, error) {
	if o.Like != nil {
		return o.Like.catalogue, o.Like.taxonomy, o.Like.shape, nil
	}
	solutions, err := readCatalogue()
	if err != nil {
		return nil, nil, nil, err
	}
	years, err := readTaxonomy()
	return solutions, years, referralShape(), err
}

func withDefaults(o *Options) {
	orElse := func(p *string, v string) {
		if *p == "" {
			*p = v
		}
	}
	orElse(&o.Tenant, "5f0c4a1e-9d63-4b1a-8a51-2f1d6c7e8b90")
	orElse(&o.ClientID, "c0a1b2c3-1111-4222-8333-944455556666")
	orElse(&o.ClientSecret, "partner-center-secret")
	orElse(&o.RefreshToken, "refresh-token-of-the-referrals-admin")
	orElse(&o.OrganizationID, "3c1e7d55-2b44-4c0a-9a70-1f2e3d4c5b6a")
	orElse(&o.OrganizationName, "Northwind Consulting")
	orElse(&o.UserEmail, "integration@northwind.example")
	orElse(&o.SigningHost, "3psostorageacct.blob.core.windows.net")
	orElse(&o.WebhookURL, "https://prod-12.westeurope.logic.azure.com/workflows/1f0e5c3a9b7d4e6f8a2b4c6d8e0f1a2b/triggers/manual/paths/invoke")
	if len(o.People) == 0 {
		o.People = staff(o.UserEmail)
	}
	o.People = append([]Person{{UPN: o.UserEmail, Name: "Integration", MFA: true}}, o.People...)
	if len(o.Redirects) == 0 {
		o.Redirects = []string{"http://localhost"}
	}
	if len(o.Locations) == 0 {
		o.Locations = []string{"1234567", "7654321"}
	}
	if o.Sibling != nil {
		o.SigningHost = o.Sibling.opts.SigningHost
	}
	if o.TokenNow == nil {
		o.TokenNow = o.Now
	}
	if o.Notify == nil {
		o.Notify = func() {}
	}
}

// seed lays down the state before anybody came: no referral, and the old connector's registration.
// The caller holds the lock, or is New.
func (s *Sim) seed() {
	s.referrals, s.order = map[string]*referral{}, nil
	s.validations, s.asked, s.calls, s.writes = map[string]*validation{}, nil, nil, nil
	s.registration = nil
	s.post.clear()
	if s.opts.Past != nil {
		s.goOn(s.opts.Past)
		return
	}
	if s.opts.WebhookURL != "-" {
		s.registration = &registration{
			SubscriberID: s.guid(), WebhookURL: s.opts.WebhookURL, Modified: serverTime(s.opts.Now()),
			WebhookEvents: []string{"referral-created", "referral-updated", "related-referral-created",
				"related-referral-updated", "subscription-updated"},
		}
	}
}

// goOn begins with what another simulator holds.
func (s *Sim) goOn(past *Sim) {
	past.mu.Lock()
	defer past.mu.Unlock()
	for _, r := range past.order {
		own := &referral{doc: r.doc.clone(), readable: r.readable, expires: r.expires}
		for _, v := range r.shown {
			own.shown = append(own.shown, shown{v.from, v.doc}) // what was shown is never changed
		}
		s.order = append(s.order, own)
		s.referrals[own.id()] = own
	}
	if past.registration != nil {
		own := *past.registration
		s.registration = &own
	}
	s.lastStamp = past.lastStamp
}

// lock takes the simulator and does what time alone has done meanwhile.
func (s *Sim) lock() {
	s.mu.Lock()
	s.expire(s.opts.Now())
}

// unlock lets go, and tells the world if there is new work.
func (s *Sim) unlock() {
	wake := s.wake
	s.wake = false
	s.mu.Unlock()
	if wake {
		s.opts.Notify()
	}
}

// ServeHTTP serves the surface whose real host name the request carries.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	surfaces := map[string]string{ReferralsHost: SurfaceReferrals, WebhooksHost: SurfaceWebhooks,
		LoginHost: SurfaceLogin, s.opts.SigningHost: SurfaceCertificate}
	s.Handler(surfaces[strings.ToLower(host)]).ServeHTTP(w, r)
}

// Handler serves one surface whatever the Host header says. An unknown name gives a handler that answers 421.
func (s *Sim) Handler(surface string) http.Handler {
	serve := map[string]http.HandlerFunc{SurfaceReferrals: s.serveReferrals, SurfaceWebhooks: s.serveWebhooks,
		SurfaceLogin: s.serveLogin, SurfaceCertificate: s.serveCertificate}[surface]
	if serve == nil {
		serve = func(w http.ResponseWriter, r *http.Request) {
			control.WriteError(w, http.StatusMisdirectedRequest, "no such host here: %s", r.Host)
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", s.opts.Now().UTC().Format(http.TimeFormat))
		serve(w, r)
	})
}

// guid makes an id from the seed.
func (s *Sim) guid() string {
	a, b := s.ids.Uint64(), s.ids.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, 0x8000|b>>48&0x3fff, b&0xffffffffffff)
}

// stamp is the time of a change: the world's, and never the same twice, so that changes keep their order.
func (s *Sim) stamp() time.Time {
	now := s.opts.Now().UTC().Truncate(100 * time.Nanosecond)
	if !now.After(s.lastStamp) {
		now = s.lastStamp.Add(100 * time.Nanosecond)
	}
	s.lastStamp = now
	return now
}
