package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/health"
)

type registerCmd struct {
	Plan      bool `help:"Only show what is registered, and what would be done."`
	Overwrite bool `help:"Also where somebody else's address is registered: Partner Center knows one for a tenant."`
	Test      bool `help:"Ask for a test event also where nothing had to be registered. Two a minute are allowed."`
}

// registrationRoute is the function that knows the registration.
const registrationRoute = "/api/webhookregistration"

// registering is what it answers, with what the command has to say of it: Would, what register would do; Test, what
// became of a test event.
type registering struct {
	health.Registration
	Would string            `json:"would,omitempty"`
	Test  *health.TestEvent `json:"test,omitempty"`
}

// would says what registering comes to; "" where it would be refused without --overwrite.
func (r registering) would(overwrite bool) string {
	switch {
	case r.Ours && r.Complete:
		return "keep"
	case !r.Registered:
		return "register"
	case r.Ours:
		return "complete"
	case overwrite:
		return "replace"
	}
	return ""
}

// Run brings the registration to what the installation needs. A second run writes nothing. The app itself refuses what is
// another's, and, where SYNC_REGISTER is never, everything, before it asks Partner Center anything.
func (s *registerCmd) Run(ctx context.Context, c *client, p *printer) error {
	if s.Plan {
		return s.plan(ctx, c, p)
	}
	body, err := json.Marshal(map[string]bool{"overwrite": s.Overwrite})
	if err != nil {
		return fmt.Errorf("writing the request: %w", err)
	}
	var after registering
	if err := c.send(ctx, http.MethodPost, registrationRoute, body, &after); err != nil {
		return err
	}
	if after.Result != "kept" || s.Test {
		if after.Test, err = follow(ctx, c); err != nil {
			return errors.Join(p.show(after, func() { p.registration(after) }), fmt.Errorf("asking for a test event: %w", err))
		}
	}
	return foundUnless(after.Test == nil || after.Test.Delivered, p.show(after, func() { p.registration(after) }))
}

// plan shows what is registered, and what registering would come to.
func (s *registerCmd) plan(ctx context.Context, c *client, p *printer) error {
	var now registering
	if err := c.send(ctx, http.MethodGet, registrationRoute, nil, &now); err != nil {
		return err
	}
	now.Would = now.would(s.Overwrite)
	return foundUnless(now.Would == "keep" || now.Register == "never", p.show(now, func() { p.registration(now) }))
}

// follow asks for a test event, and waits for what becomes of it.
func follow(ctx context.Context, c *client) (*health.TestEvent, error) {
	var t health.TestEvent
	if err := c.send(ctx, http.MethodPost, registrationRoute+"/test", []byte("{}"), &t); err != nil {
		return nil, err
	}
	return &t, nil
}

func orNobody(url string) string {
	if url == "" {
		return "nobody"
	}
	return url
}

// registration shows what is registered, whose it is, what is missing, and what was or would be done.
func (p *printer) registration(r registering) {
	whose := "another's"
	if r.Ours {
		whose = "ours"
	}
	if r.Registered {
		p.line("registered  %s (%s)", r.URL, whose)
		p.line("events      %s", strings.Join(r.Events, ", "))
	} else {
		p.line("registered  nothing")
	}
	if r.Registered && len(r.Missing) > 0 {
		p.line("missing     %s", strings.Join(r.Missing, ", "))
	}
	if !r.Ours {
		p.line("ours is     %s", r.Wanted)
	}
	switch {
	case r.Result != "":
		p.line("done        %s", r.Result)
	case r.Register == "never":
		p.line("would       do nothing: SYNC_REGISTER is never")
	case r.Would == "":
		p.line("would       refuse, without --overwrite")
	default:
		p.line("would       %s it", r.Would)
	}
	if r.Test == nil {
		return
	}
	if r.Test.Delivered {
		p.line("test event  delivered")
		return
	}
	p.line("test event  %s, not delivered to %s", r.Test.Status, orNobody(r.Test.URL))
	for _, a := range r.Test.Attempts {
		p.line("            %s %s", a.Code, a.Message)
	}
}
