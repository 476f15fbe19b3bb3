package partnercenter

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/pattern"
)

// MaxEvent is the largest body that Open takes, in bytes; the real ones have a few hundred.
const MaxEvent = 64 << 10

// Where Microsoft's signing certificate is, and whom it names.
const (
	CertificateHost    = "3psostorageacct.blob.core.windows.net"
	CertificateSubject = "pcnotifications-dispatch.microsoft.com"
)

// issuer is the organisation that must have issued the certificate, as one whole attribute.
const issuer = "Microsoft Corporation"

// VerifierOptions are what a Verifier needs. Fetch is required.
type VerifierOptions struct {
	Fetch         func(ctx context.Context, url string) ([]byte, error) // NewFetcher
	Hosts         []string                                              // exact certificate hosts, default CertificateHost
	Subjects      []string                                              // common or alternative names, default CertificateSubject
	Roots         *x509.CertPool                                        // nil: the system's
	Intermediates *x509.CertPool                                        // Go does not fetch missing ones
	MaxAge        time.Duration                                         // older events are Invalid; 0 takes all, since a replay is harmless
	Now           func() time.Time
	Log           *slog.Logger
}

// Verifier opens webhook requests: it checks Microsoft's signature over the raw bytes, then parses. The
// certificate's address comes with the request, so everything about it is pinned here. It may be used by
// many goroutines.
// https://learn.microsoft.com/partner-center/developer/partner-center-webhooks
type Verifier struct {
	o       VerifierOptions
	flights singleflight.Group
	cache   *certificates
	last    atomic.Pointer[string] // address that was trusted last: nearly all requests have the same
}

// NewVerifier makes a verifier.
func NewVerifier(o VerifierOptions) *Verifier {
	if len(o.Hosts) == 0 {
		o.Hosts = []string{CertificateHost}
	}
	if len(o.Subjects) == 0 {
		o.Subjects = []string{CertificateSubject}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Verifier{o: o, cache: newCertificates()}
}

// Open verifies and parses one request, whose body was read raw and whole (decompressed, if it came so).
// Invalid (400): malformed, or too old. Denied with code "signature" (401): not from Microsoft, or a header of the
// signature is missing. Broken (503): we cannot decide, because the certificate cannot be fetched.
func (v *Verifier) Open(r *http.Request, body []byte) (Event, error) {
	if len(body) > MaxEvent {
		return Event{}, malformed("the body is larger than 64 KiB")
	}
	signature, err := signatureOf(r.Header)
	if err != nil {
		return Event{}, err
	}
	hash, err := hashOf(r.Header)
	if err != nil {
		return Event{}, err
	}
	address, err := v.certificateURL(r.Header)
	if err != nil {
		return Event{}, err
	}
	if err := v.verify(r.Context(), address, hash, body, signature); err != nil {
		return Event{}, err
	}
	e, err := parseEvent(body)
	if err != nil {
		return Event{}, err
	}
	if v.o.MaxAge > 0 && v.o.Now().Sub(e.ChangedAt) > v.o.MaxAge {
		return Event{}, fault.New(fault.Invalid, "the event is older than %s", v.o.MaxAge).With("event.old", "")
	}
	return e, nil
}

// verify checks the signature with the cached certificate, and once more with a fresh one: Microsoft may
// renew the certificate under the same address.
func (v *Verifier) verify(ctx context.Context, address string, hash crypto.Hash, body, signature []byte) error {
	key, fetched, err := v.certificate(ctx, address)
	if err != nil {
		return err
	}
	digest := hash.New()
	digest.Write(body)
	sum := digest.Sum(nil)
	if rsa.VerifyPKCS1v15(key, hash, sum, signature) == nil {
		return nil
	}
	if !fetched {
		fresh := v.renewed(ctx, address)
		if fresh != nil && !fresh.Equal(key) && rsa.VerifyPKCS1v15(fresh, hash, sum, signature) == nil {
			return nil
		}
	}
	return forged("the signature does not fit the body")
}

// signatureOf reads x-ms-signature, "Signature <base64>" or bare, else Authorization with the scheme
// Signature. A Bearer token is no signature.
func signatureOf(h http.Header) ([]byte, error) {
	text, err := single(h, "X-Ms-Signature")
	if err != nil {
		return nil, err
	}
	if text == "" {
		if text, err = single(h, "Authorization"); err != nil {
			return nil, err
		}
		if scheme, _, _ := strings.Cut(text, " "); !strings.EqualFold(scheme, "Signature") {
			return nil, forged("there is no signature")
		}
	}
	if scheme, rest, ok := strings.Cut(text, " "); ok {
		if !strings.EqualFold(scheme, "Signature") {
			return nil, forged("the signature has an unknown scheme")
		}
		text = strings.TrimSpace(rest)
	}
	signature, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(signature) == 0 {
		return nil, forged("the signature is not base64")
	}
	return signature, nil
}

func hashOf(h http.Header) (crypto.Hash, error) {
	name, err := single(h, "X-Ms-Signature-Algorithm")
	switch {
	case err != nil:
		return 0, err
	case name == "":
		return 0, forged("x-ms-signature-algorithm is missing")
	}
	switch strings.ToLower(name) {
	case "rsa-sha256":
		return crypto.SHA256, nil
	case "rsa-sha384":
		return crypto.SHA384, nil
	case "rsa-sha512":
		return crypto.SHA512, nil
	}
	return 0, forged("the signature algorithm is not allowed")
}

// certificatePath is plain on purpose: no escapes, no query, no empty or dot segments.
var certificatePath = pattern.New(`^(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$`)

// certificateURL takes the address only if it is, letter by letter, https and a host of our list.
func (v *Verifier) certificateURL(h http.Header) (string, error) {
	raw, err := single(h, "X-Ms-Certificate-Url")
	if err != nil {
		return "", err
	}
	if raw == "" {
		return "", forged("x-ms-certificate-url is missing")
	}
	if last := v.last.Load(); last != nil && *last == raw {
		return raw, nil
	}
	u, err := url.Parse(raw)
	if len(raw) > 1024 || err != nil {
		return "", forged("the certificate address cannot be read")
	}
	if !slices.Contains(v.o.Hosts, u.Host) || !certificatePath.MatchString(u.Path) || raw != "https://"+u.Host+u.Path {
		return "", forged("the certificate address is not one that we trust")
	}
	v.last.Store(&raw)
	return raw, nil
}

// single gives the one value of a header; a repeated one is refused, since readers would differ.
func single(h http.Header, name string) (string, error) {
	values := h[name] // names are written here as net/http keeps them
	switch len(values) {
	case 0:
		return "", nil
	case 1:
		return strings.TrimSpace(values[0]), nil
	}
	return "", malformed("header " + strings.ToLower(name) + " is repeated")
}

func forged(what string) error { return fault.New(fault.Denied, "%s", what).With("signature", "") }
