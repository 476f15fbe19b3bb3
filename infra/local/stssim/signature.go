package stssim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// caller finds the role whose keys have signed the call.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
func (s *Sim) caller(r *http.Request, body []byte) (Role, *refusal) {
	scheme, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if scheme != "AWS4-HMAC-SHA256" {
		return Role{}, refuse(http.StatusForbidden, "MissingAuthenticationToken", "Request is missing Authentication Token")
	}
	parts := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		parts[name] = value
	}
	scope := strings.Split(parts["Credential"], "/")
	if len(scope) != 5 || scope[4] != "aws4_request" || scope[3] != "sts" || scope[2] != s.opt.Region {
		return Role{}, refuse(http.StatusForbidden, "SignatureDoesNotMatch", "Credential should be scoped to the region %s and the service sts", s.opt.Region)
	}
	at := slices.IndexFunc(s.opt.Roles, func(role Role) bool { return role.AccessKey == scope[0] })
	if at < 0 || r.Header.Get("X-Amz-Security-Token") != s.opt.Roles[at].SessionToken {
		return Role{}, refuse(http.StatusForbidden, "InvalidClientTokenId", "The security token included in the request is invalid")
	}
	role := s.opt.Roles[at]
	when, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil || !strings.HasPrefix(r.Header.Get("X-Amz-Date"), scope[1]) || s.opt.Now().Sub(when).Abs() > 5*time.Minute {
		return Role{}, refuse(http.StatusForbidden, "SignatureDoesNotMatch", "Signature expired: %s is not within 5 min of now", r.Header.Get("X-Amz-Date"))
	}
	canonical, ok := canonicalOf(r, strings.Split(parts["SignedHeaders"], ";"), body)
	toSign := strings.Join([]string{"AWS4-HMAC-SHA256", r.Header.Get("X-Amz-Date"), strings.Join(scope[1:], "/"), hexSum([]byte(canonical))}, "\n")
	key := []byte("AWS4" + role.SecretKey)
	for _, part := range scope[1:] {
		key = sign(key, part)
	}
	if want := hex.EncodeToString(sign(key, toSign)); !ok || !hmac.Equal([]byte(want), []byte(parts["Signature"])) {
		return Role{}, refuse(http.StatusForbidden, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided")
	}
	return role, nil
}

func sign(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// canonicalOf is the request as both sides have to see it; ok is false where what must be signed is not.
func canonicalOf(r *http.Request, signed []string, body []byte) (text string, ok bool) {
	var b strings.Builder
	b.WriteString(r.Method + "\n" + r.URL.EscapedPath() + "\n" + r.URL.RawQuery + "\n")
	for _, name := range signed {
		value := strings.Join(r.Header.Values(name), ",")
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = r.Header.Get("Content-Length")
			if value == "" {
				value = strconv.FormatInt(r.ContentLength, 10)
			}
		}
		b.WriteString(name + ":" + strings.Join(strings.Fields(value), " ") + "\n")
	}
	b.WriteString("\n" + strings.Join(signed, ";") + "\n" + hexSum(body))
	return b.String(), slices.IsSorted(signed) && slices.Contains(signed, "host") && slices.Contains(signed, "x-amz-date") &&
		(r.Header.Get("X-Amz-Security-Token") == "" || slices.Contains(signed, "x-amz-security-token"))
}
