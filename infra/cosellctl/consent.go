package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/cosellctl/consent"
)

type consentCmd struct {
	User      string        `placeholder:"E-MAIL" help:"Who is expected to sign in; nobody else's consent is stored then."`
	Port      int           `help:"Of this machine, for the browser to come back to; a free one if left out."`
	NoBrowser bool          `name:"no-browser" help:"Only show the address."`
	Within    time.Duration `default:"5m" help:"How long the sign-in may take."`
}

// caller is who runs the command: his own settings, for verbs that do not go through the app.
type caller struct {
	tenant   string
	settings map[string]string
}

func (c *caller) environ() (out []string) {
	for name, value := range c.settings {
		out = append(out, name+"="+value)
	}
	return out
}

// Validate implements kong's check of the arguments.
func (s *consentCmd) Validate() error {
	switch {
	case s.Port < 0 || s.Port > 65535:
		return fmt.Errorf("--port must be a port of this machine, 1 to 65535, or left out for a free one; it is %d", s.Port)
	case s.Within <= 0:
		return fmt.Errorf("--within must be a time to sign in, as 5m; it is %s", s.Within)
	case s.User != "" && !strings.Contains(s.User, "@"):
		return fmt.Errorf("--user must be the address that the integration user signs in with, as integration@contoso.com; it is %q", s.User)
	}
	return nil
}

// Run has the integration user consent. Nothing is stored unless all of it holds.
func (s *consentCmd) Run(ctx context.Context, c *caller, p *printer) error {
	needs, err := consent.From(c.environ(), c.tenant)
	if err != nil {
		return &wrongError{err.Error()}
	}
	o := consent.Options{User: s.User, Port: s.Port, Within: s.Within, Open: consent.Browser(c.settings["BROWSER"]), Say: told(p.beside)}
	if s.NoBrowser {
		o.Open = nil
	}
	r, err := consent.Run(ctx, needs, o)
	if consent.Away(err) {
		return &awayError{err.Error()}
	}
	if err != nil {
		return err
	}
	return p.show(r, func() {
		p.line("%s (%s) has consented, in the tenant %s", r.Name, r.User, r.Tenant)
		p.line("%s", map[string]string{consent.ByClaim: "with MFA, as the tokens say", consent.ByPartnerCenter: "with MFA, as Partner Center says",
			consent.Unseen: "whether with MFA, neither tokens nor Partner Center say"}[r.MFA])
		p.line("stored as %s in %s; the sync app takes it up by itself", r.Secret, r.Vault)
	})
}

// told writes lines for a person beside the answer.
func told(to io.Writer) func(string, ...any) {
	return func(format string, args ...any) { fmt.Fprintf(to, format+"\n", args...) }
}
