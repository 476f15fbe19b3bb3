// Package stssim is AWS STS as far as outbound identity federation goes: GetWebIdentityToken of a regional endpoint,
// signed with Signature Version 4, and what the account's issuer says of the tokens.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html
package stssim

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Role is who may call: the keys that a function's environment has, and what the role's policy allows.
type Role struct {
	ARN                                string // arn:aws:iam::ACCOUNT:role/NAME
	AccessKey, SecretKey, SessionToken string
	Audiences                          []string // that sts:IdentityTokenAudience allows; none: the role may not ask at all
	MostSeconds                        int      // that sts:DurationSeconds allows; 0: 3600
}

// Options of a simulator.
type Options struct {
	Now      func() time.Time
	Region   string
	Issuer   string // of the account: https://ID.tokens.sts.global.api.aws
	Roles    []Role
	Disabled bool // outbound identity federation is off in the account
}

// Sim is an http.Handler with the endpoint sts.REGION.amazonaws.com.
type Sim struct {
	opt Options
	key *rsa.PrivateKey

	mu     sync.Mutex
	issued int
}

// New makes a simulator with a signing key of its own.
func New(opt Options) (*Sim, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("making the issuer's key: %w", err)
	}
	return &Sim{opt: opt, key: key}, nil
}

// Host is the name of the endpoint.
func (s *Sim) Host() string { return "sts." + s.opt.Region + ".amazonaws.com" }

// Issued counts the tokens so far.
func (s *Sim) Issued() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.issued
}

const mostBody = 64 << 10

// refusal is an error of the API.
type refusal struct {
	status     int
	code, text string
}

func refuse(status int, code, format string, args ...any) *refusal {
	return &refusal{status, code, fmt.Sprintf(format, args...)}
}

// ServeHTTP answers one call.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, mostBody))
	if err != nil {
		panic(http.ErrAbortHandler) // the caller has gone
	}
	token, until, no := s.call(r, body)
	w.Header().Set("Content-Type", "text/xml")
	if no != nil {
		w.WriteHeader(no.status)
		_, _ = fmt.Fprintf(w, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>%s</RequestId></ErrorResponse>`,
			no.code, escaped(no.text), requestID)
		return
	}
	_, _ = fmt.Fprintf(w, `<GetWebIdentityTokenResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetWebIdentityTokenResult><WebIdentityToken>%s</WebIdentityToken><Expiration>%s</Expiration></GetWebIdentityTokenResult><ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata></GetWebIdentityTokenResponse>`,
		token, until.UTC().Format(time.RFC3339), requestID)
}

const requestID = "00000000-0000-4000-8000-000000000000"

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder takes everything
	return b.String()
}

func (s *Sim) call(r *http.Request, body []byte) (string, time.Time, *refusal) {
	if r.Method != http.MethodPost || r.URL.Path != "/" {
		return "", time.Time{}, refuse(http.StatusNotFound, "UnknownOperationException", "POST / is the only call")
	}
	role, no := s.caller(r, body)
	if no != nil {
		return "", time.Time{}, no
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || form.Get("Version") != "2011-06-15" {
		return "", time.Time{}, refuse(http.StatusBadRequest, "InvalidAction", "Could not find operation %s for version %s", form.Get("Action"), form.Get("Version"))
	}
	if action := form.Get("Action"); action != "GetWebIdentityToken" {
		return "", time.Time{}, refuse(http.StatusBadRequest, "InvalidAction", "%s is not simulated", action)
	}
	return s.issue(role, form)
}

// issue makes a token, if the request, the account and the role's policy allow it.
func (s *Sim) issue(role Role, form url.Values) (string, time.Time, *refusal) {
	audiences := members(form, "Audience.member.")
	seconds, no := duration(form.Get("DurationSeconds"))
	switch algorithm := form.Get("SigningAlgorithm"); {
	case no != nil:
		return "", time.Time{}, no
	case len(audiences) == 0 || len(audiences) > 10:
		return "", time.Time{}, refuse(http.StatusBadRequest, "ValidationError", "audience: 1 to 10 members are needed")
	case algorithm == "ES384":
		return "", time.Time{}, refuse(http.StatusBadRequest, "ValidationError", "ES384 is not simulated")
	case algorithm != "RS256":
		return "", time.Time{}, refuse(http.StatusBadRequest, "ValidationError", "signingAlgorithm: RS256 or ES384 is needed")
	case s.opt.Disabled:
		return "", time.Time{}, refuse(http.StatusForbidden, "OutboundWebIdentityFederationDisabledException", "Outbound web identity federation is not enabled for this account")
	case role.MostSeconds > 0 && seconds > role.MostSeconds, slices.ContainsFunc(audiences, func(a string) bool { return !slices.Contains(role.Audiences, a) }):
		return "", time.Time{}, refuse(http.StatusForbidden, "AccessDenied",
			"User: %s is not authorized to perform: sts:GetWebIdentityToken because no identity-based policy allows the sts:GetWebIdentityToken action", role.ARN)
	}
	s.mu.Lock()
	s.issued++
	number := s.issued
	s.mu.Unlock()
	now := s.opt.Now()
	until := now.Add(time.Duration(seconds) * time.Second)
	var audience any = audiences
	if len(audiences) == 1 {
		audience = audiences[0]
	}
	return s.sign(map[string]any{"iss": s.opt.Issuer, "sub": role.ARN, "aud": audience, "iat": now.Unix(), "nbf": now.Unix(), "exp": until.Unix(),
		"jti": strconv.Itoa(number), "https://sts.amazonaws.com/": map[string]string{"aws_account": strings.Split(role.ARN, ":")[4]}}), until, nil
}

func members(form url.Values, prefix string) (out []string) {
	for i := 1; form.Has(prefix + strconv.Itoa(i)); i++ {
		out = append(out, form.Get(prefix+strconv.Itoa(i)))
	}
	return out
}

func duration(text string) (int, *refusal) {
	if text == "" {
		return 300, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 60 || n > 3600 {
		return 0, refuse(http.StatusBadRequest, "ValidationError", "durationSeconds: 60 to 3600 is needed")
	}
	return n, nil
}

func (s *Sim) sign(claims map[string]any) string {
	head, _ := json.Marshal(map[string]string{"alg": "RS256", "typ": "JWT", "kid": "1"}) // strings always can be written
	payload, _ := json.Marshal(claims)
	text := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(payload)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err) // the key is ours and long enough
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// Claims are what a token says.
type Claims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	Expires  int64  `json:"exp"`
}

// Check is what a directory finds out about a token with the account's published keys: whether it is genuine, for one
// audience, and still valid.
func (s *Sim) Check(token string) (Claims, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return Claims{}, errors.New("no JWT")
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return Claims{}, errors.New("the signature is not in base64url")
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(&s.key.PublicKey, crypto.SHA256, sum[:], signature); err != nil {
		return Claims{}, fmt.Errorf("the signature is not the issuer's: %w", err)
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return Claims{}, errors.New("the claims are not in base64url")
	}
	var c Claims
	if err := json.Unmarshal(text, &c); err != nil {
		return Claims{}, fmt.Errorf("the claims cannot be read: %w", err)
	}
	if now := s.opt.Now().Unix(); now >= c.Expires {
		return Claims{}, fmt.Errorf("the token has expired %d s ago", now-c.Expires)
	}
	return c, nil
}

func hexSum(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
