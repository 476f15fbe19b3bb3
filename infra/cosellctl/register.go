package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

type registerCmd struct {
	Plan      bool `help:"Only show what is registered, and what would be done."`
	Overwrite bool `help:"Also where somebody else's address is registered: Partner Center knows one for a tenant."`
	Test      bool `help:"Ask for a test event also where nothing had to be registered. Two a minute are allowed."`
}

// registrationRoute is the function that knows the registration.
const registrationRoute = "/api/webhookregistration"

// registration is what it answers.
type registration struct {
	Registered bool     `json:"registered"`
	Ours       bool     `json:"ours"`
	Complete   bool     `json:"complete"`
	URL        string   `json:"url,omitempty"`
	Events     []string `json:"events,omitempty"`
	Missing    []string `json:"missing,omitempty"`
	Wanted     string   `json:"wanted"`
	Register   string   `json:"register"`         // what the installation does about it by itself
	Result     string   `json:"result,omitempty"` // registered, kept, completed or replaced
	// Would is what register would do; Test, what became of a test event.
	Would string     `json:"would,omitempty"`
	Test  *testEvent `json:"test,omitempty"`
}

type testEvent struct {
	Status    string `json:"status"`
	Delivered bool   `json:"delivered"`
	URL       string `json:"url,omitempty"`
	Attempts  []struct {
		Code    string `json:"code"`
		Message string `json:"message,omitempty"`
	} `json:"attempts"`
}

// would says what registering comes to; "" where it would be refused without --overwrite.
func (r registration) would(overwrite bool) string {
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

// Run brings the registration to what the installation needs. A second run writes nothing.
func (s *registerCmd) Run(ctx context.Context, c *client, p *printer) error {
	var now registration
	if err := c.send(ctx, http.MethodGet, registrationRoute, nil, &now); err != nil {
		return err
	}
	now.Would = now.would(s.Overwrite)
	switch {
	case s.Plan:
		return foundUnless(now.Would == "keep" || now.Register == "never", p.show(now, func() { p.registration(now) }))
	case now.Register == "never":
		return fmt.Errorf("SYNC_REGISTER is never here: the registration is left to %s; where this environment shall take events, set it to report or restore, and deploy", orNobody(now.URL))
	case now.Would == "":
		return fmt.Errorf("the events of this tenant go to %s, and Partner Center knows one address only: register --overwrite replaces it by %s, and whatever works there hears nothing any more", now.URL, now.Wanted)
	}
	var after registration
	body, err := json.Marshal(map[string]bool{"overwrite": s.Overwrite})
	if err != nil {
		return fmt.Errorf("writing the request: %w", err)
	}
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

// follow asks for a test event, and waits for what becomes of it.
func follow(ctx context.Context, c *client) (*testEvent, error) {
	var t testEvent
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
func (p *printer) registration(r registration) {
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
