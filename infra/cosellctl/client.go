package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/office"
)

// client speaks to the sync app.
type client struct {
	base, key string
	tenant    string   // alias; "" is the first
	settings  []string // the lines of --settings
	http      *http.Client
}

// awayError: the app, or this key's way to it, is not there.
type awayError struct{ text string }

func (e *awayError) Error() string { return e.text }

// keyError: it is there, and does not know the key.
type keyError struct{ awayError }

// Unwrap gives what it is for the exit code.
func (e *keyError) Unwrap() error { return &e.awayError }

// wrongError: the app does not understand what was asked.
type wrongError struct{ text string }

func (e *wrongError) Error() string { return e.text }

// limits of a call: the host ends it after 230 s.
const (
	callTime  = 240 * time.Second
	maxAnswer = 64 << 20
)

// connect finds out whom to speak to: --local, else the environment under the lines of --settings.
//
//	SYNC_OPERATOR_URL   the sync app's address; SYNC_PUBLIC_URL where there is one app only
//	SYNC_OPERATOR_KEY   the key, or the first of SYNC_OPERATOR_KEYS
//	SYNC_CA_FILE        a PEM file with further authorities, of a world on this machine
func connect(g commands, environ []string) (*client, error) {
	values, err := settings(g, environ)
	if err != nil {
		return nil, err
	}
	base, key, ca := values["SYNC_OPERATOR_URL"], values["SYNC_OPERATOR_KEY"], values["SYNC_CA_FILE"]
	if base == "" {
		base = values["SYNC_PUBLIC_URL"]
	}
	if first, _, _ := strings.Cut(values["SYNC_OPERATOR_KEYS"], ","); key == "" && first != "" {
		_, key, _ = strings.Cut(strings.TrimSpace(first), "=")
	}
	u, err := url.Parse(base)
	switch {
	case base == "" || key == "":
		return nil, errors.New("set SYNC_OPERATOR_URL and SYNC_OPERATOR_KEY, or use --settings FILE, or --local for a world on this machine")
	case err != nil || u.Scheme != "https" || u.Host == "":
		return nil, fmt.Errorf("the app's address must be https://HOST, it is %q", base)
	}
	c := &client{base: strings.TrimRight(base, "/"), key: key, tenant: g.Tenant, http: &http.Client{Timeout: callTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	lines, err := ofFile(g)
	for name, value := range lines {
		c.settings = append(c.settings, name+"="+value)
	}
	if ca != "" && err == nil {
		err = c.trust(ca)
	}
	return c, err
}

// pairs reads NAME=value, as make's SETTINGS does: empty lines and those that begin with # say nothing, quotes
// around a value are taken off.
func pairs(lines []string) map[string]string {
	out := map[string]string{}
	for _, line := range lines {
		name, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(strings.TrimPrefix(line, "\ufeff")), "export "), "=")
		value = strings.TrimSpace(value)
		if n := len(value); n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
			value = value[1 : n-1]
		}
		if ok && !strings.HasPrefix(name, "#") {
			out[strings.TrimSpace(name)] = value
		}
	}
	return out
}

func (c *client) trust(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("the authorities: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(text) {
		return fmt.Errorf("%s holds no PEM certificate", file)
	}
	c.http.Transport = &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	return nil
}

// ask gets an answer to a question.
func (c *client) ask(ctx context.Context, route string, query url.Values) (office.Answer, error) {
	if len(query) > 0 {
		route += "?" + query.Encode()
	}
	return c.call(ctx, http.MethodGet, route, nil)
}

// do has the app do something with what is handed to it: an office.Deed, a field sheet, rows of a catalogue.
func (c *client) do(ctx context.Context, route string, with any) (office.Answer, error) {
	body, err := json.Marshal(with)
	if err != nil {
		return office.Answer{}, fmt.Errorf("writing the request: %w", err)
	}
	return c.call(ctx, http.MethodPost, route, body)
}

// longestRoute is more than any id or name needs; servers refuse longer ones without a word.
const longestRoute = 4000

func (c *client) call(ctx context.Context, method, route string, body []byte) (a office.Answer, err error) {
	err = c.send(ctx, method, office.Route+route, body, &a)
	return a, err
}

// send calls a function of the app and reads its answer into a.
func (c *client) send(ctx context.Context, method, route string, body []byte, a any) error {
	if c.tenant != "" {
		separator := "?"
		if strings.Contains(route, "?") {
			separator = "&"
		}
		route += separator + "tenant=" + url.QueryEscape(c.tenant)
	}
	if len(route) > longestRoute {
		return &wrongError{"that is longer than any id or name"}
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+route, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("making the request: %w", err)
	}
	req.Header.Set("X-Cosell-Key", c.key)
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return &awayError{fmt.Sprintf("cannot reach %s: %v", c.base, errors.Unwrap(err))}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return &awayError{fmt.Sprintf("the answer of %s was cut: %v", c.base, err)}
	}
	if resp.StatusCode == http.StatusOK {
		if err := json.Unmarshal(text, a); err != nil {
			return &awayError{fmt.Sprintf("%s answers something else than JSON: is it the sync app?", c.base)}
		}
		return nil
	}
	return refused(c.base, resp.StatusCode, text)
}

// refused makes an error of an answer that is no 200.
func refused(base string, status int, text []byte) error {
	var r office.Refusal
	said := json.Unmarshal(text, &r) == nil && r.Error != ""
	switch {
	case status == http.StatusUnauthorized:
		return &keyError{awayError{base + " does not know this operator key"}}
	case !said:
		return &awayError{fmt.Sprintf("%s answers %d without a reason: is it the sync app?", base, status)}
	case status >= http.StatusInternalServerError && status != http.StatusBadGateway, status == http.StatusTooManyRequests:
		return &awayError{r.Error}
	case status == http.StatusBadRequest:
		return &wrongError{r.Error}
	}
	return errors.New(r.Error)
}
