package httpclient

import (
	"context"
	"log/slog"
	"net/url"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/pattern"
)

// logged writes one line per try. Queries are left out because filters hold names and addresses of
// people, headers because they hold tokens.
func logged(o Options, next step) step {
	return func(ctx context.Context, c *call) (*Response, error) {
		started := o.Now()
		resp, err := next(ctx, c)
		level := slog.LevelDebug
		if err != nil || resp.Status >= 500 || resp.Status == 429 {
			level = slog.LevelWarn
		}
		if !o.Log.Enabled(ctx, level) {
			return resp, err
		}
		attrs := []slog.Attr{
			slog.String("method", c.Method), slog.String("host", hostOf(c.at)), slog.String("path", pathOf(c.at)),
			slog.Int("try", c.try), slog.Int64("ms", o.Now().Sub(started).Milliseconds()), slog.String("trace", Trace(ctx)),
		}
		if err != nil {
			attrs = append(attrs, fault.Attr(err))
		} else {
			attrs = append(attrs, slog.Int("status", resp.Status), slog.String("request_id", requestID(resp)))
		}
		o.Log.LogAttrs(ctx, level, "call", attrs...)
		return resp, err
	}
}

// anID is the form of an id that says nothing: a header is text from outside, and may hold anything.
var anID = pattern.New(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// requestID is what the vendor's support asks for.
func requestID(r *Response) string {
	for _, name := range []string{"Request-Id", "X-Ms-Service-Request-Id", "Req_id", "Ms-Requestid"} {
		if v := r.Header.Get(name); anID.MatchString(v) {
			return v
		}
	}
	return ""
}

func hostOf(u *url.URL) string {
	if u == nil {
		return ""
	}
	return u.Host
}

func pathOf(u *url.URL) string {
	if u == nil {
		return ""
	}
	return u.EscapedPath()
}
