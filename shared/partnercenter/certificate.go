package partnercenter

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// How certificates are kept and fetched. Requests choose the address, so nothing that a forger sends may
// cost more than these.
const (
	keepCertificate  = time.Hour
	maxCertificates  = 16
	fetchesPerMinute = 30 // over all addresses that have no good certificate
	renewals         = 3  // at once per address, one more each minute, after a signature did not fit
	maxBlocks        = 10
	fetchTime        = 5 * time.Second
	minimumKeyLength = 2048 / 8
)

// certificates are the verified keys by address.
type certificates struct {
	mu      sync.Mutex
	known   map[string]certificate
	fetches *rate.Limiter
}

type certificate struct {
	key                 *rsa.PublicKey
	notBefore, notAfter time.Time
	fetched             time.Time
	renew               *rate.Limiter
}

func newCertificates() *certificates {
	return &certificates{
		known:   map[string]certificate{},
		fetches: rate.NewLimiter(rate.Every(time.Minute/fetchesPerMinute), fetchesPerMinute),
	}
}

// kept gives the key of an address if it is young enough and valid now.
func (c *certificates) kept(address string, now time.Time) (certificate, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	have, known := c.known[address]
	return have, known && now.Sub(have.fetched) < keepCertificate && !now.Before(have.notBefore) && now.Before(have.notAfter)
}

func (c *certificates) keep(address string, fresh certificate) {
	c.mu.Lock()
	defer c.mu.Unlock()
	have, known := c.known[address]
	if fresh.renew = have.renew; !known {
		fresh.renew = rate.NewLimiter(rate.Every(time.Minute), renewals)
	}
	if !known && len(c.known) >= maxCertificates {
		oldest := ""
		for a, have := range c.known {
			if oldest == "" || have.fetched.Before(c.known[oldest].fetched) {
				oldest = a
			}
		}
		delete(c.known, oldest)
	}
	c.known[address] = fresh
}

// certificate gives the key of an address, the kept one if it can; fetched says that it is new.
func (v *Verifier) certificate(ctx context.Context, address string) (key *rsa.PublicKey, fetched bool, err error) {
	if have, ok := v.cache.kept(address, v.o.Now()); ok {
		return have.key, false, nil
	}
	key, err = v.once(ctx, address, func(ctx context.Context) (*rsa.PublicKey, error) {
		now := v.o.Now()
		if have, ok := v.cache.kept(address, now); ok { // an earlier flight brought it
			return have.key, nil
		}
		if !v.cache.fetches.AllowN(now, 1) {
			return nil, fault.New(fault.Broken, "certificates were fetched too often, try again in a minute").With("certificate.rest", "")
		}
		return v.download(ctx, address)
	})
	return key, true, err
}

// renewed fetches the certificate of an address once more, if that is allowed; nil if it is not, or if
// there is no better one.
func (v *Verifier) renewed(ctx context.Context, address string) *rsa.PublicKey {
	key, err := v.once(ctx, address, func(ctx context.Context) (*rsa.PublicKey, error) {
		now := v.o.Now()
		have, ok := v.cache.kept(address, now)
		if !ok || !have.renew.AllowN(now, 1) {
			return have.key, nil
		}
		return v.download(ctx, address)
	})
	if err != nil {
		return nil
	}
	return key
}

// once lets concurrent questions for one address share a download. One caller that goes away must not
// end it for the others.
func (v *Verifier) once(ctx context.Context, address string, do func(context.Context) (*rsa.PublicKey, error)) (*rsa.PublicKey, error) {
	key, err, _ := v.flights.Do(address, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTime)
		defer cancel()
		return do(ctx)
	})
	if err != nil {
		return nil, err
	}
	return key.(*rsa.PublicKey), nil
}

func (v *Verifier) download(ctx context.Context, address string) (*rsa.PublicKey, error) {
	text, err := v.o.Fetch(ctx, address)
	if err != nil {
		return nil, fault.New(fault.Broken, "fetching the signing certificate: %w", err).With("certificate.unreachable", "")
	}
	now := v.o.Now()
	leaf, others, err := parseCertificates(text)
	if err != nil {
		return nil, forged("the signing certificate cannot be read: " + err.Error())
	}
	key, err := v.trust(leaf, others, now)
	if err != nil {
		return nil, forged("the signing certificate is not trusted: " + err.Error())
	}
	v.cache.keep(address, certificate{key: key, notBefore: leaf.NotBefore, notAfter: leaf.NotAfter, fetched: now})
	return key, nil
}

// parseCertificates reads DER, PEM (the leaf first) or bare base64.
func parseCertificates(text []byte) (leaf *x509.Certificate, others []*x509.Certificate, err error) {
	var all []*x509.Certificate
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil || block.Type != "CERTIFICATE" || len(all) == maxBlocks {
			return nil, nil, errors.New("its PEM holds other things, or too much")
		}
		all = append(all, c)
	}
	if len(all) > 0 {
		return all[0], all[1:], nil
	}
	if c, err := x509.ParseCertificate(text); err == nil {
		return c, nil, nil
	}
	der := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Decode(der, text) // line ends are skipped
	if err == nil {
		leaf, err = x509.ParseCertificate(der[:n])
	}
	if err != nil {
		return nil, nil, errors.New("it is not DER, PEM or base64")
	}
	return leaf, nil, nil
}

// trust checks chain, validity, issuer and subject. The issuer's organisation alone would be weak:
// Microsoft's authorities certify many names.
func (v *Verifier) trust(leaf *x509.Certificate, others []*x509.Certificate, now time.Time) (*rsa.PublicKey, error) {
	key, ok := leaf.PublicKey.(*rsa.PublicKey)
	if !ok || key.Size() < minimumKeyLength || leaf.IsCA {
		return nil, errors.New("it is not an RSA end certificate of 2048 bits or more")
	}
	if organisation := leaf.Issuer.Organization; len(organisation) != 1 || organisation[0] != issuer {
		return nil, errors.New("it was not issued by " + issuer)
	}
	names := append([]string{leaf.Subject.CommonName}, leaf.DNSNames...)
	if !slices.ContainsFunc(names, func(name string) bool { return slices.Contains(v.o.Subjects, name) }) {
		return nil, errors.New("its subject is not the one of Partner Center's notifications")
	}
	pool := x509.NewCertPool()
	if v.o.Intermediates != nil {
		pool = v.o.Intermediates.Clone()
	}
	for _, c := range others {
		pool.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots: v.o.Roots, Intermediates: pool, CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return nil, errors.New("its chain does not lead to a root that we trust, or it is not valid now")
	}
	return key, nil
}
