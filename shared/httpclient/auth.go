package httpclient

import (
	"bytes"
	"context"
	"slices"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// authorised sets the bearer token, for the client's own hosts only: a link in an answer must never
// carry a token elsewhere. An answer that echoes the token is masked, because error texts are shown.
func authorised(o Options, next step) step {
	return func(ctx context.Context, c *call) (*Response, error) {
		if u := c.at; u == nil || u.Scheme != "https" || u.User != nil || !slices.Contains(o.Hosts, u.Host) {
			return nil, fault.New(fault.Broken, "host %q is not one that may be called, allowed are %q", hostOf(u), o.Hosts).
				With("host.foreign", "compare the configured addresses with those that the system answers with")
		}
		if o.Token == nil {
			return next(ctx, c)
		}
		token, err := o.Token(ctx, o.Audience, c.refused)
		if err != nil {
			return nil, err
		}
		c.token = token
		c.Header.Set("Authorization", "Bearer "+token)
		resp, err := next(ctx, c)
		if err == nil && echoes(resp.Body, token) {
			resp.Body = bytes.ReplaceAll(resp.Body, []byte(token), []byte("[redacted]"))
		}
		return resp, err
	}
}

// echoes says whether the token stands in an answer. Its end is looked for first: processors find a short text many times
// faster than one of a thousand bytes.
func echoes(body []byte, token string) bool {
	const short = 32
	end := token[max(len(token)-short, 0):]
	return token != "" && bytes.Contains(body, []byte(end)) && bytes.Contains(body, []byte(token))
}
