package dataverse

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// MaxEvent is the largest body that Open takes, in bytes. Dataverse empties contexts above 256 KB; their
// measure need not be ours, hence the margin.
const MaxEvent = 512 << 10

// VerifierOptions are what a Verifier needs; all but OpportunityColumn are required.
type VerifierOptions struct {
	Header            string   // that the service endpoint sends, e.g. x-cosell-secret
	Secrets           []string // one, or two while it is rotated
	OrganizationID    string   // of the environment
	Host              string   // of the environment, ORG.crm.dynamics.com or ORG.api.crm.dynamics.com
	OpportunityColumn string   // of solution rows, default cosell_opportunityid
}

// Verifier opens webhook requests. Dataverse signs nothing: a shared secret is the only proof of origin,
// so events are hints, and are compared with the one environment that we serve. It may be used by many
// goroutines.
type Verifier struct {
	header, organisation, host, column string
	secrets                            [][sha256.Size]byte
}

// NewVerifier makes a verifier; it fails without a secret, rather than open the door.
func NewVerifier(o VerifierOptions) (*Verifier, error) {
	v := &Verifier{header: http.CanonicalHeaderKey(o.Header), organisation: guid(o.OrganizationID), host: Host(o.Host), column: o.OpportunityColumn}
	if v.column == "" {
		v.column = "cosell_opportunityid"
	}
	var wrong []error
	if o.Header == "" {
		wrong = append(wrong, errors.New("the name of the CRM webhook's secret header is missing"))
	}
	if v.organisation == "" {
		wrong = append(wrong, errors.New("the CRM's organisation id is not a GUID"))
	}
	if v.host == "" {
		wrong = append(wrong, errors.New("the CRM's host is missing"))
	}
	for _, s := range o.Secrets {
		if s == "" {
			wrong = append(wrong, errors.New("a secret of the CRM webhook is empty"))
			continue
		}
		v.secrets = append(v.secrets, sha256.Sum256([]byte(s)))
	}
	if n := len(o.Secrets); n < 1 || n > 2 {
		wrong = append(wrong, fmt.Errorf("the CRM webhook has %d secrets, allowed are one, and two while rotating", n))
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	return v, nil
}

// Open checks and parses one request, whose body was read whole. Invalid (400): malformed. Denied with
// code "secret" or "organization" (401): not from our environment.
func (v *Verifier) Open(r *http.Request, body []byte) (Event, error) {
	if err := v.admit(r.Header); err != nil {
		return Event{}, err
	}
	if len(body) > MaxEvent {
		return Event{}, malformed("the body is larger than any event")
	}
	e, err := parseEvent(body, v.column)
	if err != nil {
		return Event{}, err
	}
	if e.OrganizationID != v.organisation {
		return Event{}, stranger("the event is of another organisation")
	}
	return e, nil
}

// admit compares hashes, so that neither content nor length of a secret shows in the time it takes, and
// all of them, so that neither does which one fits.
func (v *Verifier) admit(h http.Header) error {
	given := h.Values(v.header)
	if len(given) != 1 {
		return fault.New(fault.Denied, "the secret header is there %d times", len(given)).With("secret", "")
	}
	sum, fits := sha256.Sum256([]byte(given[0])), false
	for _, secret := range v.secrets {
		fits = hmac.Equal(sum[:], secret[:]) || fits
	}
	if !fits {
		return fault.New(fault.Denied, "the secret is wrong").With("secret", "")
	}
	// A header that is there must name our environment; the body's OrganizationId is compared in any case.
	hosts := h.Values("X-Ms-Dynamics-Organization")
	if len(hosts) > 1 || len(hosts) == 1 && Host(hosts[0]) != v.host {
		return stranger("x-ms-dynamics-organization is not our environment")
	}
	return nil
}

func stranger(what string) error {
	return fault.New(fault.Denied, "%s", what).With("organization", "compare the service endpoint's environment with the settings")
}
