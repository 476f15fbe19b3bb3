package partnercentersim

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"time"
)

const (
	certificateName = "pcnotifications-dispatch.microsoft.com"
	certificatePath = "/cert/" + certificateName + ".cer"
)

// signer holds the certificate that events are signed with: a test root, perhaps an intermediate, and a
// leaf, all with O=Microsoft Corporation, as the documented check of the issuer demands.
type signer struct {
	key                      *rsa.PrivateKey
	root, intermediate, leaf []byte // DER; intermediate may be empty
	own                      func(body []byte) (string, error)
}

// signer is the sibling's, or a new one.
func (o *Options) signer() (*signer, error) {
	if o.Sibling != nil {
		return o.Sibling.signs, nil
	}
	if o.Sign != nil {
		return &signer{own: o.Sign}, nil
	}
	return newSigner(o.SigningKey, o.Intermediate, o.Now())
}

func newSigner(key *rsa.PrivateKey, withIntermediate bool, now time.Time) (*signer, error) {
	var err error
	if key == nil {
		if key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			return nil, fmt.Errorf("making the signing key: %w", err)
		}
	}
	s := &signer{key: key}
	issuer := template(1, "Laptop World Root (not Microsoft)", now, true)
	issuerKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the root key: %w", err)
	}
	if s.root, err = x509.CreateCertificate(rand.Reader, issuer, issuer, issuerKey.Public(), issuerKey); err != nil {
		return nil, fmt.Errorf("making the root certificate: %w", err)
	}
	if withIntermediate {
		middle := template(2, "Laptop World Intermediate (not Microsoft)", now, true)
		middleKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, fmt.Errorf("making the intermediate key: %w", err)
		}
		if s.intermediate, err = x509.CreateCertificate(rand.Reader, middle, issuer, middleKey.Public(), issuerKey); err != nil {
			return nil, fmt.Errorf("making the intermediate certificate: %w", err)
		}
		issuer, issuerKey = middle, middleKey
	}
	leaf := template(3, certificateName, now, false)
	if s.leaf, err = x509.CreateCertificate(rand.Reader, leaf, issuer, key.Public(), issuerKey); err != nil {
		return nil, fmt.Errorf("making the signing certificate: %w", err)
	}
	return s, nil
}

func template(serial int64, name string, now time.Time, ca bool) *x509.Certificate {
	t := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotBefore: now.Add(-24 * time.Hour), NotAfter: now.AddDate(2, 0, 0),
		Subject:               pkix.Name{CommonName: name, Organization: []string{"Microsoft Corporation"}, Country: []string{"US"}},
		BasicConstraintsValid: true, IsCA: ca, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if ca {
		t.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	} else {
		t.DNSNames = []string{name}
		t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}
	}
	return t
}

func certificatePEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// RootPEM is the root that the receiver of the events has to trust.
func (s *Sim) RootPEM() []byte { return certificatePEM(s.signs.root) }

// IntermediatesPEM is what stands between the root and the signing certificate, empty without
// Options.Intermediate. The certificate's URL gives the leaf alone.
func (s *Sim) IntermediatesPEM() []byte {
	if len(s.signs.intermediate) == 0 {
		return nil
	}
	return certificatePEM(s.signs.intermediate)
}

// sign is RSASSA-PKCS1-v1_5 with SHA-256 over the body, in base64.
func (s *signer) sign(body []byte) (string, error) {
	if s.own != nil {
		return s.own(body)
	}
	sum := sha256.Sum256(body)
	sig, err := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("signing an event: %w", err)
	}
	return base64.StdEncoding.EncodeToString(sig), nil
}

// signedHeaders are the headers of a notification with this body; the registration says where the signature goes.
func (s *Sim) signedHeaders(body []byte) (http.Header, error) {
	signature, err := s.signs.sign(body)
	if err != nil {
		return nil, err
	}
	h := http.Header{}
	h.Set("Content-Type", "application/json")
	h.Set("X-MS-Certificate-Url", "https://"+s.opts.SigningHost+certificatePath)
	h.Set("X-MS-Signature-Algorithm", "rsa-sha256")
	if s.registration != nil && s.registration.MsHeader {
		scheme := "Signature "
		if s.is("signatureForm", "bare") {
			scheme = ""
		}
		h.Set("x-ms-signature", scheme+signature)
	} else {
		h.Set("Authorization", "Signature "+signature)
	}
	return h, nil
}

// serveCertificate is the public host of the signing certificate.
func (s *Sim) serveCertificate(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != certificatePath {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	s.mu.Lock()
	asPEM := s.is("certificateFormat", "pem")
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/octet-stream")
	body := s.signs.leaf
	if asPEM {
		body = certificatePEM(body)
	}
	_, _ = w.Write(body) // the caller has gone: nothing to tell
}
