package partnercenter

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter/partnercentertest"
)

const updated = `{"EventName":"referral-updated","ResourceUri":"https://api.partnercenter.microsoft.com/engagements/v1/referrals/` + oneID +
	`","ResourceName":"referral","AuditUri":null,"ResourceChangeUtcDate":"2026-03-02T09:14:05.3520276+00:00"}`

// desk is a verifier whose certificate file and clock the test holds.
type desk struct {
	*Verifier
	signer  *partnercentertest.Signer
	mu      sync.Mutex
	file    []byte
	down    error
	fetches atomic.Int32
	ahead   time.Duration
}

func newSigner(t *testing.T, c partnercentertest.Certificate) *partnercentertest.Signer {
	t.Helper()
	s, err := partnercentertest.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newDesk(t *testing.T, s *partnercentertest.Signer) *desk {
	t.Helper()
	d := &desk{signer: s, file: s.DER}
	d.Verifier = NewVerifier(VerifierOptions{Roots: s.Roots,
		Now: func() time.Time { return time.Now().Add(d.ahead) },
		Fetch: func(context.Context, string) ([]byte, error) {
			d.fetches.Add(1)
			d.mu.Lock()
			defer d.mu.Unlock()
			return d.file, d.down
		}})
	return d
}

func (d *desk) headers(t *testing.T, body string) http.Header {
	t.Helper()
	h, err := d.signer.Headers([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (d *desk) open(h http.Header, body string) (Event, error) {
	return d.Open(&http.Request{Header: h}, []byte(body))
}

func TestGenuineEventIsOpened(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newSigner(t, partnercentertest.Certificate{}))
	e, err := d.open(d.headers(t, updated), updated)
	want := Event{Name: "referral-updated", ReferralID: oneID, Referral: true, ChangedAt: time.Date(2026, 3, 2, 9, 14, 5, 352027600, time.UTC)}
	if err != nil || e != want {
		t.Fatalf("got %+v, %v", e, err)
	}
	replay := d.headers(t, updated)
	for range 1000 { // A13
		if again, err := d.open(replay, updated); err != nil || again != want {
			t.Fatal(err)
		}
	}
	moved := d.headers(t, updated)
	moved.Set("Authorization", moved.Get("X-Ms-Signature"))
	moved.Del("X-Ms-Signature")
	moved.Set("X-Ms-Signature-Algorithm", "RSA-SHA256")
	bare := d.headers(t, updated)
	bare.Set("X-Ms-Signature", strings.TrimPrefix(bare.Get("X-Ms-Signature"), "Signature "))
	bare.Set("Authorization", "Bearer x")
	for _, h := range []http.Header{moved, bare} {
		if _, err := d.open(h, updated); err != nil {
			t.Errorf("%v: %v", h, err)
		}
	}
	if n := d.fetches.Load(); n != 1 {
		t.Errorf("%d fetches", n)
	}
}

func TestForgedSignaturesAreDenied(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newSigner(t, partnercentertest.Certificate{}))
	flip := func(text string) string {
		raw, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(text, "Signature "))
		raw[7] ^= 1
		return "Signature " + base64.StdEncoding.EncodeToString(raw)
	}
	for name, c := range map[string]struct {
		change func(h http.Header)
		body   string
		kind   fault.Kind
	}{
		"A1 none":            {func(h http.Header) { h.Del("X-Ms-Signature") }, updated, fault.Denied},
		"A2 flipped":         {func(h http.Header) { h.Set("X-Ms-Signature", flip(h.Get("X-Ms-Signature"))) }, updated, fault.Denied},
		"A3 body":            {func(http.Header) {}, updated + " ", fault.Denied},
		"A4 other event":     {func(http.Header) {}, strings.Replace(updated, "updated", "created", 1), fault.Denied},
		"A5 sha1":            {func(h http.Header) { h.Set("X-Ms-Signature-Algorithm", "rsa-sha1") }, updated, fault.Denied},
		"A5 md5":             {func(h http.Header) { h.Set("X-Ms-Signature-Algorithm", "rsa-md5") }, updated, fault.Denied},
		"A5 none":            {func(h http.Header) { h.Set("X-Ms-Signature-Algorithm", "none") }, updated, fault.Denied},
		"A5 hmac":            {func(h http.Header) { h.Set("X-Ms-Signature-Algorithm", "hmac-sha256") }, updated, fault.Denied},
		"A5 other hash":      {func(h http.Header) { h.Set("X-Ms-Signature-Algorithm", "rsa-sha512") }, updated, fault.Denied},
		"A5 empty":           {func(h http.Header) { h.Set("X-Ms-Signature-Algorithm", "") }, updated, fault.Denied},
		"A10 bearer":         {func(h http.Header) { h.Del("X-Ms-Signature"); h.Set("Authorization", "Bearer x") }, updated, fault.Denied},
		"scheme":             {func(h http.Header) { h.Set("X-Ms-Signature", "Bearer eA==") }, updated, fault.Denied},
		"empty signature":    {func(h http.Header) { h.Set("X-Ms-Signature", "Signature ") }, updated, fault.Denied},
		"not base64":         {func(h http.Header) { h.Set("X-Ms-Signature", "Signature !!") }, updated, fault.Denied},
		"repeated":           {func(h http.Header) { h.Add("X-Ms-Signature", "Signature eA==") }, updated, fault.Invalid},
		"repeated algorithm": {func(h http.Header) { h.Add("X-Ms-Signature-Algorithm", "none") }, updated, fault.Invalid},
		"no address":         {func(h http.Header) { h.Del("X-Ms-Certificate-Url") }, updated, fault.Denied},
		"repeated address":   {func(h http.Header) { h.Add("X-Ms-Certificate-Url", h.Get("X-Ms-Certificate-Url")) }, updated, fault.Invalid},
	} {
		h := d.headers(t, updated)
		c.change(h)
		_, err := d.open(h, c.body)
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != c.kind {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if n := d.fetches.Load(); n > 1+renewals {
		t.Errorf("forged signatures caused %d fetches", n)
	}
}

func TestUntrustedCertificatesAreDenied(t *testing.T) {
	t.Parallel()
	good := newSigner(t, partnercentertest.Certificate{})
	for name, c := range map[string]partnercentertest.Certificate{
		"A6 self-signed":     {SelfSigned: true},
		"A7 foreign root":    {},
		"A8 substring":       {Issuer: "Not Microsoft Corporation"},
		"A8 longer":          {Issuer: "Microsoft Corporation Ltd"},
		"A9 expired":         {NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(-time.Hour)},
		"A9 not yet valid":   {NotBefore: time.Now().Add(time.Hour), NotAfter: time.Now().Add(2 * time.Hour)},
		"another subject":    {Subject: "evil.microsoft.com"},
		"subject as a part ": {Subject: CertificateSubject + ".example"},
	} {
		s := newSigner(t, c)
		d := newDesk(t, s)
		if name[:2] == "A7" {
			d.o.Roots = good.Roots
		}
		_, err := d.open(d.headers(t, updated), updated)
		wantKind(t, err, fault.Denied, "signature")
		if err == nil {
			t.Error(name)
		}
	}
}

func TestForeignCertificateAddressesCauseNoFetch(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newSigner(t, partnercentertest.Certificate{}))
	const host = CertificateHost
	for _, address := range []string{
		"http://" + host + "/cert/a.cer", "https://169.254.169.254/cert/a.cer", "https://[fd00:ec2::254]/a.cer",
		"https://localhost/a.cer", "https://127.0.0.1/a.cer", "https://[::1]/a.cer", "https://0.0.0.0/a.cer",
		"https://2130706433/a.cer", "https://0177.0.0.1/a.cer", "https://0x7f000001/a.cer",
		"https://other.blob.core.windows.net/a.cer", "https://" + host + ".evil.example/a.cer", "https://evil-" + host + "/a.cer",
		"https://" + host + ":8443/a.cer", "https://" + host + ":80/a.cer", "https://" + host + ":443/a.cer", "https://" + host + ":/a.cer",
		"file:///etc/passwd", "ftp://" + host + "/a.cer", "gopher://" + host + "/a", "data:text/plain,x",
		"https://" + host + "/cert/../a.cer", "https://" + host + "/cert/%2e%2e/a.cer", "https://" + host + "/a.cer?x=1", "https://" + host + "/a.cer?",
		"https://" + host + "/a.cer#x", "https://" + host + "/", "https://" + host, "https://" + host + "//a.cer", "https://" + host + "/./a.cer",
		"https://" + strings.ToUpper(host) + "/a.cer", "HTTPS://" + host + "/a.cer", "https://" + host + "./a.cer", "https://３psostorageacct.blob.core.windows.net/a.cer",
		"https://user@" + host + "/a.cer", "https://user:p@" + host + "/a.cer", "https://" + host + "@evil.example/a.cer", "https://" + host + "\\@evil.example/a.cer",
		"//" + host + "/a.cer", host + "/a.cer", "https://" + host + "/" + strings.Repeat("a", 100_000), "https://" + host + "/a b.cer", "https://" + host + "/a\r\nb",
	} {
		h := d.headers(t, updated)
		h.Set("X-Ms-Certificate-Url", address)
		_, err := d.open(h, updated)
		if !fault.Is(err, fault.Denied) {
			t.Errorf("%.100s: got %v", address, err)
		}
	}
	if n := d.fetches.Load(); n != 0 {
		t.Errorf("%d fetches", n)
	}
}

func TestCertificateFileForms(t *testing.T) {
	t.Parallel()
	s := newSigner(t, partnercentertest.Certificate{})
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.DER})
	wrapped := pem.EncodeToMemory(&pem.Block{Type: "X", Bytes: s.DER})
	bare := bytes.Join(bytes.Split(wrapped, []byte("\n"))[1:], []byte("\r\n"))
	bare = bare[:bytes.Index(bare, []byte("-----"))]
	for name, c := range map[string]struct {
		file []byte
		kind fault.Kind
		good bool
	}{
		"DER": {s.DER, 0, true}, "PEM": {block, 0, true}, "base64": {bare, 0, true}, "PEM twice": {append(block[:len(block):len(block)], block...), 0, true},
		"html": {[]byte("<html>"), fault.Denied, false}, "empty": {nil, fault.Denied, false}, "a key": {wrapped, fault.Denied, false},
		"50 blocks": {bytes.Repeat(block, 50), fault.Denied, false}, "cut": {s.DER[:100], fault.Denied, false},
	} {
		d := newDesk(t, s)
		d.file = c.file
		_, err := d.open(d.headers(t, updated), updated)
		if c.good != (err == nil) || !c.good && !fault.Is(err, c.kind) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestUnreachableCertificateIsOurTrouble(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newSigner(t, partnercentertest.Certificate{}))
	d.down = errors.New("no route")
	for range 100 {
		_, err := d.open(d.headers(t, updated), updated)
		wantKind(t, err, fault.Broken, "")
	}
	if n := d.fetches.Load(); n != fetchesPerMinute {
		t.Errorf("%d fetches in a moment", n)
	}
}

func TestCertificateIsKeptForAnHourAndRenewedWhenItWasRotated(t *testing.T) {
	t.Parallel()
	s := newSigner(t, partnercentertest.Certificate{NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(48 * time.Hour)})
	d := newDesk(t, s)
	pass := func(fetches int32) {
		t.Helper()
		if _, err := d.open(d.headers(t, updated), updated); err != nil || d.fetches.Load() != fetches {
			t.Errorf("got %v after %d fetches, want %d", err, d.fetches.Load(), fetches)
		}
	}
	pass(1)
	d.ahead = 59 * time.Minute
	pass(1)
	d.ahead = 61 * time.Minute
	pass(2)

	rotated := newSigner(t, partnercentertest.Certificate{NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(48 * time.Hour)})
	d.signer, d.file, d.o.Roots = rotated, rotated.DER, rotated.Roots
	pass(3)
	forged := d.headers(t, "other")
	for range 1000 {
		if _, err := d.open(forged, updated); !fault.Is(err, fault.Denied) {
			t.Fatal(err)
		}
	}
	if n := d.fetches.Load(); n > 3+renewals {
		t.Errorf("%d fetches", n)
	}
	d.down = errors.New("away") // a forger must not lock genuine events out
	d.ahead += 10 * time.Minute
	_, _ = d.open(forged, updated)
	if _, err := d.open(d.headers(t, updated), updated); err != nil {
		t.Errorf("genuine after a failed renewal: %v", err)
	}
}

func TestCertificateIsNeverKeptPastItsEnd(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newSigner(t, partnercentertest.Certificate{NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(10 * time.Minute)}))
	if _, err := d.open(d.headers(t, updated), updated); err != nil {
		t.Fatal(err)
	}
	d.ahead = 11 * time.Minute
	_, err := d.open(d.headers(t, updated), updated)
	wantKind(t, err, fault.Denied, "signature")
}

func TestConcurrentEventsShareOneFetch(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newSigner(t, partnercentertest.Certificate{}))
	h := d.headers(t, updated)
	asked, release := make(chan struct{}), make(chan struct{})
	d.o.Fetch = func(context.Context, string) ([]byte, error) {
		if d.fetches.Add(1) == 1 {
			close(asked)
		}
		<-release
		return d.file, nil
	}
	var group sync.WaitGroup
	for range 200 {
		group.Go(func() {
			if _, err := d.open(h, updated); err != nil {
				t.Error(err)
			}
		})
	}
	<-asked
	close(release)
	group.Wait()
	if n := d.fetches.Load(); n != 1 {
		t.Errorf("%d fetches", n)
	}
}
