package standin

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
)

var (
	formAction = regexp.MustCompile(`<form method="post" action="([^"]+)"`)
	formCtx    = regexp.MustCompile(`name="ctx" value="([^"]+)"`)
	asksWho    = regexp.MustCompile(`<button name="user"`)
	asksLeave  = regexp.MustCompile(`<button name="do" value="accept"`)
)

// browse is a person with a browser: he opens the address of a sign-in at a world on this machine, signs in as the
// first of its users, and accepts what he is asked for, until the browser is back where it came from.
func (s *state) browse(address string) error {
	var local struct {
		CAFile        string
		PartnerCenter struct{ Users []struct{ UPN string } }
	}
	text, err := os.ReadFile(s.asked.env("STANDIN_WORLD"))
	if err == nil {
		err = json.Unmarshal(text, &local)
	}
	if err == nil && len(local.PartnerCenter.Users) == 0 {
		err = errors.New("nobody can sign in there")
	}
	if err != nil {
		return fmt.Errorf("a browser is for a world only: %w", err)
	}
	ca, err := os.ReadFile(local.CAFile)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	client := &http.Client{Jar: jar, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	page, at, err := read(client.Get(address))
	for range 3 {
		action, ctx := formAction.FindStringSubmatch(page), formCtx.FindStringSubmatch(page)
		if err != nil || action == nil || ctx == nil {
			break
		}
		fields := url.Values{"ctx": {ctx[1]}}
		switch {
		case asksWho.MatchString(page):
			fields.Set("user", local.PartnerCenter.Users[0].UPN)
		case asksLeave.MatchString(page):
			fields.Set("do", "accept")
		}
		var to *url.URL
		if to, err = at.Parse(action[1]); err == nil {
			page, at, err = read(client.PostForm(to.String(), fields))
		}
	}
	if err == nil {
		s.Secrets["partner-center-refresh-token"] = "signed in"
	}
	return err
}

// read gives a page and where it is.
func read(resp *http.Response, err error) (string, *url.URL, error) {
	if err != nil {
		return "", nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return string(text), resp.Request.URL, err
}
