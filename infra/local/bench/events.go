package bench

import (
	"bytes"
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
	"os"
	"path/filepath"
	"time"
)

// What receiver and caller know of each other.
const (
	signerName   = "pcnotifications-dispatch.microsoft.com"
	organization = "50000000-0000-4000-8000-000000000005"
	crmHeader    = "x-cosell-crm-key"
	crmSecret    = "the-secret-of-the-event-steps"
	// differing is how many events there are of each kind: more than any cache of a processor would learn by heart.
	differing = 200
	// contextSize is how many bytes an event of Dataverse has.
	contextSize = 6 << 10
)

// events are requests as they come over the wire, and the files that a receiver needs to judge them.
type events struct {
	certificate, roots string // files
	signed, secret     [][]byte
}

// newEvents makes a signing certificate and events that it signs, into a folder.
func newEvents(dir string) (e events, err error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return e, fmt.Errorf("making the signing key: %w", err)
	}
	if err := e.certify(dir, key); err != nil {
		return e, err
	}
	for i := range differing {
		body := fmt.Appendf(nil, `{"EventName":"referral-updated","ResourceUri":"https://api.partnercenter.microsoft.com/engagements/v1/referrals/%08x-1111-4222-8333-444455556666",`+
			`"ResourceName":"referral","AuditUri":null,"ResourceChangeUtcDate":"2026-11-22T12:00:00.1234567Z"}`, i)
		sum := sha256.Sum256(body)
		signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
		if err != nil {
			return e, fmt.Errorf("signing an event: %w", err)
		}
		e.signed = append(e.signed, request("/api/partnercenterwebhook/acme", body, "Authorization: Signature "+base64.StdEncoding.EncodeToString(signature),
			"X-MS-Signature-Algorithm: rsa-sha256", "X-MS-Certificate-Url: https://3psostorageacct.blob.core.windows.net/cert/"+signerName+".cer"))
		e.secret = append(e.secret, request("/api/crmwebhook", dataverseContext(i), crmHeader+": "+crmSecret, "x-ms-dynamics-organization: cosell.crm4.dynamics.com",
			"x-ms-dynamics-entity-name: opportunity", "x-ms-dynamics-request-name: Update"))
	}
	return e, nil
}

// request is one call as the Functions host passes it on.
func request(path string, body []byte, header ...string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: host\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n", path, len(body))
	fmt.Fprintf(&b, "X-Forwarded-For: 20.50.60.70\r\nX-Azure-Functions-InvocationId: 8d1f6a52-3a7e-4d0c-9c5b-1f2e3d4c5b6a\r\n")
	for _, line := range header {
		b.WriteString(line + "\r\n")
	}
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}

// dataverseContext is the context of an update of an opportunity, filled up with columns to its size.
func dataverseContext(i int) []byte {
	id := fmt.Sprintf("%08x-1111-4b6f-9a10-0a5c3d2e0001", i)
	b := fmt.Appendf(nil, `{"BusinessUnitId":"10000000-0000-4000-8000-000000000001","CorrelationId":"20000000-0000-4000-8000-000000000002","Depth":1,`+
		`"InitiatingUserId":"30000000-0000-4000-8000-000000000003","InputParameters":[{"key":"Target","value":{"__type":"Entity:http:\/\/schemas.microsoft.com\/xrm\/2011\/Contracts",`+
		`"Attributes":[{"key":"opportunityid","value":"%s"}`, id)
	for n := 0; len(b) < contextSize-600; n++ {
		b = fmt.Appendf(b, `,{"key":"new_column%d","value":"Some words of a seller, \"quoted\" and long enough, %d"},{"key":"estimatedvalue","value":{"__type":"Money:http:\/\/schemas.microsoft.com\/xrm\/2011\/Contracts","Value":%d.5000}}`, n, i, n)
	}
	b = fmt.Appendf(b, `],"EntityState":null,"FormattedValues":[],"Id":"%s","KeyAttributes":[],"LogicalName":"opportunity","RelatedEntities":[],"RowVersion":null}}],`, id)
	return fmt.Appendf(b, `"IsExecutingOffline":false,"MessageName":"Update","Mode":1,"OperationCreatedOn":"\/Date(1795003200000+0000)\/","OrganizationId":"%s","OrganizationName":"org","OutputParameters":[],`+
		`"PostEntityImages":[],"PreEntityImages":[],"PrimaryEntityId":"%s","PrimaryEntityName":"opportunity","SharedVariables":[],"Stage":40,"UserId":"30000000-0000-4000-8000-000000000003"}`, organization, id)
}

// certify writes the certificate of a key, and the root that issued it.
func (e *events) certify(dir string, key *rsa.PrivateKey) error {
	now := time.Now()
	root := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour), BasicConstraintsValid: true, IsCA: true,
		Subject: pkix.Name{CommonName: "Root of the bench", Organization: []string{"Microsoft Corporation"}}, KeyUsage: x509.KeyUsageCertSign}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: root.NotBefore, NotAfter: root.NotAfter, BasicConstraintsValid: true, DNSNames: []string{signerName},
		Subject: pkix.Name{CommonName: signerName, Organization: []string{"Microsoft Corporation"}}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}}
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("making the root key: %w", err)
	}
	for _, one := range []struct {
		file string
		of   *x509.Certificate
		key  any
		into *string
	}{{"root.pem", root, rootKey.Public(), &e.roots}, {"leaf.pem", leaf, key.Public(), &e.certificate}} {
		der, err := x509.CreateCertificate(rand.Reader, one.of, root, one.key, rootKey)
		if err != nil {
			return fmt.Errorf("making a certificate: %w", err)
		}
		*one.into = filepath.Join(dir, one.file)
		if err := os.WriteFile(*one.into, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
			return fmt.Errorf("writing a certificate: %w", err)
		}
	}
	return nil
}

// settings are those of an intake that takes these events.
func (e *events) settings() []string {
	return []string{
		"SYNC_ROLE=intake", "SYNC_SIMULATED=cosell.crm4.dynamics.com=127.0.0.1:1,3psostorageacct.blob.core.windows.net=127.0.0.1:1", "SYNC_PUBLIC_URL=https://cosell-sync.example", "SYNC_TENANT_ALIAS=acme",
		"PARTNER_CENTER_EXTRA_ROOTS_FILE=" + e.roots,
		"DATAVERSE_URL=https://cosell.crm4.dynamics.com", "DATAVERSE_ORGANIZATION_ID=" + organization, "DATAVERSE_WEBHOOK_HEADER=" + crmHeader, "DATAVERSE_WEBHOOK_SECRET=" + crmSecret,
		"ServiceBus=Endpoint=sb://127.0.0.1:5672;SharedAccessKeyName=k;SharedAccessKey=eA==;UseDevelopmentEmulator=true",
	}
}
