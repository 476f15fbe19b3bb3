// Package partnercentertest signs events as Partner Center does, for tests.
package partnercentertest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"time"
)

// Certificate says what the signing certificate looks like. The zero value is a good one.
type Certificate struct {
	Issuer              string    // organisation, default Microsoft Corporation
	Subject             string    // default pcnotifications-dispatch.microsoft.com
	NotBefore, NotAfter time.Time // default an hour around now
	SelfSigned          bool
}

// Signer holds a root, a leaf and its key.
type Signer struct {
	URL   string // that X-MS-Certificate-Url gets
	Roots *x509.CertPool
	DER   []byte // of the leaf
	key   *rsa.PrivateKey
}

// New makes a signer whose root nobody else has.
func New(c Certificate) (*Signer, error) {
	if c.Issuer == "" {
		c.Issuer = "Microsoft Corporation"
	}
	if c.Subject == "" {
		c.Subject = "pcnotifications-dispatch.microsoft.com"
	}
	if c.NotBefore.IsZero() {
		c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("making the signing key: %w", err)
	}
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the root key: %w", err)
	}
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test Root", Organization: []string{c.Issuer}},
		NotBefore: c.NotBefore.AddDate(-1, 0, 0), NotAfter: c.NotAfter.AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: c.Subject},
		NotBefore: c.NotBefore, NotAfter: c.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	s := &Signer{URL: "https://3psostorageacct.blob.core.windows.net/cert/pcnotifications-dispatch.microsoft.com.cer", key: key, Roots: x509.NewCertPool()}
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, rootKey.Public(), rootKey)
	if err != nil {
		return nil, fmt.Errorf("signing the root: %w", err)
	}
	s.Roots.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDER}))
	if c.SelfSigned {
		leaf.Subject.Organization = []string{c.Issuer}
		s.DER, err = x509.CreateCertificate(rand.Reader, leaf, leaf, key.Public(), key)
	} else {
		s.DER, err = x509.CreateCertificate(rand.Reader, leaf, root, key.Public(), rootKey)
	}
	if err != nil {
		return nil, fmt.Errorf("signing the leaf: %w", err)
	}
	return s, nil
}

// Headers are those that come with the body.
func (s *Signer) Headers(body []byte) (http.Header, error) {
	hash := crypto.SHA256.New()
	hash.Write(body)
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, hash.Sum(nil))
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	return http.Header{
		"Content-Type":             {"application/json"},
		"X-Ms-Signature":           {"Signature " + base64.StdEncoding.EncodeToString(signature)},
		"X-Ms-Signature-Algorithm": {"rsa-sha256"},
		"X-Ms-Certificate-Url":     {s.URL},
	}, nil
}
