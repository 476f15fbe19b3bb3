// Package dataversesim simulates a Dataverse environment with Dynamics 365 Sales: the Web API, the token
// endpoint of its tenant, and the delivery of events to webhooks. It is as strict as the real system where
// the product depends on it; what is not simulated answers 501 and says so.
//
// The simulator has no goroutine, timer or wall clock: it is driven by ServeHTTP, Advance and Delivered.
package dataversesim

import (
	"encoding/hex"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// Options are what the world decides about the environment. All are needed but Notify and Seed.
type Options struct {
	// Now is the world's clock; it may not go back.
	Now func() time.Time
	// Seed makes ids and shuffling repeatable.
	Seed int64
	// Notify is called, outside of any lock and never to block, when new deliveries are due.
	Notify func()
	// Host is the environment's name, such as cosell.crm4.dynamics.com; its first label names the organisation.
	Host string
	// Tenant, ClientID and ClientSecret are the one Entra application that has an application user.
	Tenant, ClientID, ClientSecret string
	// Administrator and Customizer are applications whose users have the roles System Administrator and System
	// Customizer; without them there are some under well-known names.
	Administrator, Customizer Application
	// OrganizationID is in every event and in WhoAmI.
	OrganizationID string
	// WebhookURL, SecretHeader and Secret go into the seeded serviceendpoint.
	WebhookURL, SecretHeader, Secret string
	// Organisation is Plain (default) or another of Organisations.
	Organisation string
	// Switches are positions from the start, as POST switches takes them.
	Switches map[string]any
	// Like is another simulator with the same options, of which nothing but Now, Seed, Notify and Switches may differ and
	// whose clock shows the same time at the start: its definitions and seed data are taken over, not made again.
	Like *Simulator
}

// Simulator is the environment. It implements control.Simulator.
type Simulator struct {
	o      Options
	schema *schema
	sw     *switches

	mu         sync.Mutex
	db         *database
	rand       *rand.Rand
	steps      []*step // compiled, nil when to be read again
	agenda     agenda
	seq        int64
	news       bool
	inFlight   map[int64]*item
	flights    int64
	sent       []*sent
	delivery   control.Delivery
	delay      time.Duration
	limits     *limits
	rules      *control.Rules
	role       *role
	holding    map[string]*solutionFile    // solutions that wait to take the place of others, by id
	imports    []*importJob                // not done yet
	calling    string                      // user of the call under way; empty outside of the API
	assigned   map[string][]string         // roles by user, nil when to be read again
	customized int64                       // changes of definitions that were asked for
	granted    map[string]map[string]int64 // depth by privilege, of roles that are not shipped
	plugins    []*plugin
	house      organisation
	tokenKey   []byte
	vouched    map[string]claims       // of tokens whose signature was right
	looked     map[*row]map[string]any // versions of rows, as somebody has looked at them
	like       *likeness               // with others that have the same definitions
	own        *likeness               // with itself, since the definitions were changed by POST schema
	customised bool                    // by the Web API or an import
	seeded     *database               // as it was at the start, for those that are made like this one
}

var _ control.Simulator = (*Simulator)(nil)

// New makes an environment with its seed data. It fails on a missing option, or on a mistake in
// infra/dataverse/schema.json.
func New(o Options) (*Simulator, error) {
	for name, value := range map[string]string{"Host": o.Host, "Tenant": o.Tenant, "ClientID": o.ClientID,
		"ClientSecret": o.ClientSecret, "OrganizationID": o.OrganizationID, "WebhookURL": o.WebhookURL, "SecretHeader": o.SecretHeader} {
		if value == "" {
			return nil, fmt.Errorf("dataversesim: option %s is empty", name)
		}
	}
	if o.Now == nil {
		return nil, fmt.Errorf("dataversesim: option Now is empty")
	}
	if o.Organisation != "" && !slices.Contains(Organisations(), o.Organisation) {
		return nil, fmt.Errorf("dataversesim: option Organisation is %q: use %s", o.Organisation, strings.Join(Organisations(), ", "))
	}
	o.administrators()
	s := &Simulator{o: o, sw: newSwitches(), rules: newRules(), tokenKey: []byte("dataversesim " + o.Tenant)}
	if err := s.sw.change(maps.Clone(o.Switches)); err != nil {
		return nil, err
	}
	if err := s.reset(); err != nil {
		return nil, err
	}
	return s, nil
}

// Original makes the simulator one that others can be made like (Options.Like): it keeps its seed data, and nothing may
// be done with it itself.
func (s *Simulator) Original() *Simulator {
	if s.seeded = s.db; s.like == nil {
		s.like = &likeness{schema: s.schema, answers: map[string]*answer{}}
	}
	return s
}

// reset goes back to the seed data; switches, rules, plug-ins and ways of delivery stay. It fails only on a
// mistake in what is built in.
func (s *Simulator) reset() error {
	s.rand = rand.New(rand.NewPCG(uint64(s.o.Seed), 1))
	s.steps, s.agenda, s.sent, s.assigned, s.imports, s.holding = nil, nil, nil, nil, nil, nil
	s.inFlight = map[int64]*item{}
	s.limits = newLimits()
	s.role = newRole()
	s.news = false
	if s.o.Like != nil {
		s.takeOver(s.o.Like)
		return nil
	}
	sc, err := loadSchema(s.o.Organisation, s.sw.text("setupTracking"), s.sw.text("setupFilterPrivilege"))
	if err != nil {
		return err
	}
	s.schema = sc
	version := int64(0)
	if s.db != nil {
		version = s.db.version // versions never go back, also not by a reset
	}
	s.db = newDatabase(s.schema)
	s.db.version = max(s.db.version, version)
	s.seed()
	if err := s.settle(s.o.Organisation); err != nil {
		return err
	}
	s.db.forgetPast()
	s.news = false
	return nil
}

func (s *Simulator) now() time.Time { return s.o.Now() }

// newID makes the next id; ids look random and are the same for the same seed and the same calls.
func (s *Simulator) newID() string {
	var b [16]byte
	for i := 0; i < 16; i += 8 {
		n := s.rand.Uint64()
		for j := range 8 {
			b[i+j] = byte(n >> (8 * j))
		}
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	x := hex.EncodeToString(b[:])
	return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:]
}

// notifyUnlock ends a piece of work: whoever drives the simulator hears of new deliveries after the lock.
func (s *Simulator) notifyUnlock() {
	news := s.news
	s.news = false
	s.mu.Unlock()
	if news && s.o.Notify != nil {
		s.o.Notify()
	}
}

// Handler serves one surface alone: "api", the environment's Web API, or "login", the token endpoint.
// It panics on any other name, which is a mistake of the program.
func (s *Simulator) Handler(surface string) http.Handler {
	switch surface {
	case "api":
		return http.HandlerFunc(s.serveAPI)
	case "login":
		return http.HandlerFunc(s.serveLogin)
	}
	panic("dataversesim: no surface " + surface)
}

// ServeHTTP serves both surfaces, told apart by the path.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, apiPrefix) || r.Host == s.o.Host {
		s.serveAPI(w, r)
		return
	}
	s.serveLogin(w, r)
}

// baseURL is the address by which the caller reached us, so that links lead back the same way.
func (s *Simulator) baseURL(r *http.Request) string {
	name := r.Host
	if i := strings.LastIndexByte(name, ':'); i > 0 {
		name = name[:i]
	}
	if loopback := name == "localhost" || name == "127.0.0.1" || name == "[::1]"; loopback && r.TLS == nil {
		return "http://" + r.Host
	}
	return "https://" + r.Host
}
