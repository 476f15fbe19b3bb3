package requirements

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// signer is somebody who signs events, with a certificate of an authority's.
type signer struct {
	key  *rsa.PrivateKey
	root string // the file of the authority's certificate
	leaf []byte
}

// signedBy makes a signer: an organisation's authority certifies a name.
func signedBy(t *testing.T, organisation, name string) signer {
	t.Helper()
	key, err := signingKey()
	must(t, err)
	made := func(serial int64, name string, ca bool) *x509.Certificate {
		return &x509.Certificate{SerialNumber: big.NewInt(serial), NotBefore: firstDay.AddDate(0, 0, -1), NotAfter: firstDay.AddDate(1, 0, 0), DNSNames: []string{name},
			Subject: pkix.Name{CommonName: name, Organization: []string{organisation}}, BasicConstraintsValid: true, IsCA: ca,
			KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	}
	authority := made(1, "An authority", true)
	root, err := x509.CreateCertificate(rand.Reader, authority, authority, key.Public(), key)
	must(t, err)
	leaf, err := x509.CreateCertificate(rand.Reader, made(2, name, false), authority, key.Public(), key)
	must(t, err)
	file := filepath.Join(t.TempDir(), "authority.pem")
	must(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root}), 0o600))
	return signer{key: key, root: file, leaf: leaf}
}

// signs gives the headers that bring a body as the signer's, whose certificate then lies on Microsoft's host.
func (r *rig) signs(s signer, body []byte) http.Header {
	r.t.Helper()
	const address = "https://" + certificateHost + "/cert/another.cer"
	if r.uploaded == nil {
		r.uploaded = map[string][]byte{}
	}
	r.uploaded[address] = s.leaf
	sum := sha256.Sum256(body)
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, sum[:])
	must(r.t, err)
	return http.Header{"Content-Type": {"application/json"}, "X-Ms-Certificate-Url": {address}, "X-Ms-Signature-Algorithm": {"rsa-sha256"},
		"X-Ms-Signature": {"Signature " + base64.StdEncoding.EncodeToString(signature)}}
}

// certificate reads the certificate of an event's signature.
func (r *rig) certificate(ctx context.Context, address string) ([]byte, error) {
	if leaf, ok := r.uploaded[address]; ok {
		return leaf, nil
	}
	return r.download(ctx, address)
}

// Everything about a certificate counts: whose authority made it, for whom, and that this authority is trusted.
func TestR8_ACertificateOfOthersIsRejected(t *testing.T) {
	const microsoft, dispatcher = "Microsoft Corporation", "pcnotifications-dispatch.microsoft.com"
	for what, c := range map[string]struct {
		organisation, name string
		trusted            bool
		status             int
	}{
		"as Microsoft's is":        {microsoft, dispatcher, true, http.StatusAccepted},
		"another organisation":     {"Contoso Ltd", dispatcher, true, http.StatusUnauthorized},
		"one that resembles it":    {"Not Microsoft Corporation", dispatcher, true, http.StatusUnauthorized},
		"another name":             {microsoft, "another.microsoft.com", true, http.StatusUnauthorized},
		"an authority of nobody's": {microsoft, dispatcher, false, http.StatusUnauthorized},
	} {
		t.Run(what, func(t *testing.T) {
			by := signedBy(t, c.organisation, c.name)
			settings := []string{"PARTNER_CENTER_EXTRA_ROOTS_FILE=" + by.root}
			if !c.trusted {
				settings = nil
			}
			play(t, func(r *rig) {
				body, wait := eventBody("referral-updated", someReferral), 0
				if c.status == http.StatusAccepted {
					wait = 1
				}
				if status := r.sends(r.signs(by, body), body); status != c.status || r.queued() != wait {
					t.Errorf("answered %d, %d messages wait", status, r.queued())
				}
			}, settings...)
		})
	}
}
