package httpclient

import (
	"context"
	"log/slog"
	"net/url"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// logged writes one line per try. Queries are left out because filters hold names and addresses of
// people, headers because they hold tokens.
func logged(o Options, next step) step {
	return func(ctx context.Context, c *call) (*Response, error) {
		started := o.Now()
		resp, err := next(ctx, c)
		attrs := []slog.Attr{
			slog.String("method", c.Method), slog.String("host", hostOf(c.URL)), slog.String("path", pathOf(c.URL)),
			slog.Int("try", c.try), slog.Int64("ms", o.Now().Sub(started).Milliseconds()), slog.String("trace", Trace(ctx)),
		}
		level := slog.LevelDebug
		if err != nil {
			level = slog.LevelWarn
			attrs = append(attrs, fault.Attr(err))
		} else {
			attrs = append(attrs, slog.Int("status", resp.Status), slog.String("request_id", requestID(resp)))
			if resp.Status >= 500 || resp.Status == 429 {
				level = slog.LevelWarn
			}
		}
		o.Log.LogAttrs(ctx, level, "call", attrs...)
		return resp, err
	}
}

// requestID is what the vendor's support asks for. It is cut, because it is text from outside.
func requestID(r *Response) string {
	for _, name := range []string{"Request-Id", "X-Ms-Service-Request-Id", "Req_id", "Ms-Requestid"} {
		if v := r.Header.Get(name); v != "" {
			return v[:min(len(v), 64)]
		}
	}
	return ""
}

func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Host
}

func pathOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.EscapedPath()
}
