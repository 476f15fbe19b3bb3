package lambdasim

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// URL serves the Function URL of a function, as `https://ID.lambda-url.REGION.on.aws`.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
func (p *Platform) URL(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := p.named(name)
		if f == nil || !f.URL {
			message(w, http.StatusForbidden, "Forbidden")
			return
		}
		p.serveURL(w, r, f)
	})
}

func (p *Platform) named(name string) *function {
	for _, f := range p.functions {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// message is an answer of the platform itself.
func message(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"Message": text}) // the caller has gone: nothing to tell
}

func (p *Platform) serveURL(w http.ResponseWriter, r *http.Request, f *function) {
	body, err := io.ReadAll(io.LimitReader(r.Body, mostPayload+1))
	if err != nil {
		panic(http.ErrAbortHandler) // the caller has gone
	}
	event, err := json.Marshal(p.event(r, f, body))
	if err != nil || len(body) > mostPayload || len(event) > mostPayload {
		message(w, http.StatusRequestEntityTooLarge, "Request must be smaller than 6291456 bytes for the InvokeFunction operation")
		return
	}
	out := &reply{w: w, head: r.Method == http.MethodHead}
	taken, over := make(chan error, 1), make(chan error, 1)
	p.count(&f.busy, 1)
	p.all.Go(func() {
		defer p.count(&f.busy, -1)
		over <- p.invoke(f, event, func(a answer) error {
			err := out.take(a)
			taken <- err
			return err
		})
	})
	select {
	case err = <-taken: // the answer is complete; the function may still be at work
	case err = <-over:
	}
	p.record("url", f.Name, r.URL.RequestURI(), string(body), "", out.status)
	switch {
	case err == nil:
	case out.status != 0:
		panic(http.ErrAbortHandler) // it has begun: all that can be done is to break off
	case errors.Is(err, errThrottled):
		message(w, http.StatusTooManyRequests, "Rate Exceeded.")
	default:
		p.logf(f.Name, "%v", err)
		message(w, http.StatusBadGateway, "Internal Server Error")
	}
}

// dropped are headers that belong to a connection: Lambda has its own.
var dropped = []string{"Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Upgrade", "Te", "Trailer"}

// event is the payload, format 2.0.
func (p *Platform) event(r *http.Request, f *function, body []byte) map[string]any {
	headers := map[string]string{}
	for name, values := range r.Header {
		if !slices.Contains(dropped, name) {
			headers[strings.ToLower(name)] = strings.Join(values, ",")
		}
	}
	id := f.Name + "00000000000000000000000000"
	domain := strings.ToLower(id[:26]) + ".lambda-url." + p.opt.Region + ".on.aws"
	source, _, _ := net.SplitHostPort(r.RemoteAddr)
	headers["host"], headers["x-forwarded-for"], headers["x-forwarded-proto"], headers["x-forwarded-port"] = domain, source, "https", "443"
	headers["x-amzn-trace-id"] = "Root=1-00000000-000000000000000000000000"
	path := r.URL.EscapedPath()
	if p.is("path", "decoded") {
		path = r.URL.Path
	}
	now := p.opt.Now().UTC()
	out := map[string]any{
		"version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": r.URL.RawQuery, "headers": headers,
		"requestContext": map[string]any{"accountId": "anonymous", "apiId": id[:26], "domainName": domain, "domainPrefix": id[:26],
			"http":      map[string]string{"method": r.Method, "path": path, "protocol": r.Proto, "sourceIp": source, "userAgent": r.UserAgent()},
			"requestId": fmt.Sprintf("%016x", now.UnixNano()), "routeKey": "$default", "stage": "$default",
			"time": now.Format("02/Jan/2006:15:04:05 -0700"), "timeEpoch": now.UnixMilli()},
		"isBase64Encoded": false,
	}
	if query := joined(r.URL.Query()); query != nil {
		out["queryStringParameters"] = query
	}
	if cookies := r.Header.Values("Cookie"); len(cookies) > 0 {
		out["cookies"] = strings.Split(strings.Join(cookies, "; "), "; ")
	}
	if len(body) > 0 {
		out["body"] = string(body)
		if p.binary(r.Header.Get("Content-Type"), body) {
			out["body"], out["isBase64Encoded"] = base64.StdEncoding.EncodeToString(body), true
		}
	}
	return out
}

func joined(query url.Values) map[string]string {
	if len(query) == 0 {
		return nil
	}
	out := map[string]string{}
	for name, values := range query {
		out[name] = strings.Join(values, ",")
	}
	return out
}

// binary says whether a body is put into base64. What is no UTF-8 cannot stand in JSON.
func (p *Platform) binary(contentType string, body []byte) bool {
	if p.is("base64", "always") || !utf8.Valid(body) {
		return true
	}
	media, _, err := mime.ParseMediaType(contentType)
	text := err == nil && (strings.HasPrefix(media, "text/") || strings.HasSuffix(media, "+json") || strings.HasSuffix(media, "+xml") ||
		slices.Contains([]string{"application/json", "application/javascript", "application/xml"}, media))
	return !text && p.is("base64", "type")
}

// reply is the way back to the caller.
type reply struct {
	w      http.ResponseWriter
	head   bool
	status int
}

// take passes an answer on as it comes. One of the type httpIntegration begins with a head in JSON and eight zero
// bytes; any other is a body alone.
func (o *reply) take(a answer) error {
	in := bufio.NewReader(a.body)
	if a.contentType != httpIntegration {
		o.w.Header().Set("Content-Type", "application/octet-stream")
		o.status = http.StatusOK
		o.w.WriteHeader(o.status)
		return o.copy(in)
	}
	head, err := readHead(in)
	if err != nil {
		return err
	}
	for name, value := range head.Headers {
		if slices.Contains(dropped, http.CanonicalHeaderKey(name)) {
			name = "X-Amzn-Remapped-" + name
		}
		o.w.Header().Set(name, value)
	}
	for _, c := range head.Cookies {
		o.w.Header().Add("Set-Cookie", c)
	}
	if o.w.Header().Get("Content-Type") == "" {
		o.w.Header().Set("Content-Type", "application/octet-stream")
	}
	o.status = head.StatusCode
	o.w.WriteHeader(o.status)
	return o.copy(in)
}

// head is how an answer begins.
type head struct {
	StatusCode int               `json:"statusCode"`
	Headers    map[string]string `json:"headers"`
	Cookies    []string          `json:"cookies"`
}

// mostHead bounds the head of an answer, in bytes.
const mostHead = 64 << 10

// readHead reads up to the eight zero bytes, and takes nothing but the three members.
func readHead(in *bufio.Reader) (head, error) {
	var text []byte
	for {
		part, err := in.ReadSlice(0)
		text = append(text, part...)
		if err != nil {
			return head{}, fmt.Errorf("the answer's head does not end in eight zero bytes: %w", err)
		}
		if len(text) > mostHead {
			return head{}, errors.New("the answer's head is too large")
		}
		if bytes.HasSuffix(text, make([]byte, 8)) {
			break
		}
	}
	h := head{StatusCode: http.StatusOK}
	d := json.NewDecoder(bytes.NewReader(text[:len(text)-8]))
	d.DisallowUnknownFields()
	if err := d.Decode(&h); err != nil {
		return head{}, fmt.Errorf("the answer's head is not as documented: %w", err)
	}
	if h.StatusCode < 100 || h.StatusCode > 599 {
		return head{}, fmt.Errorf("the answer's status is %d", h.StatusCode)
	}
	return h, nil
}

// copy passes the body on piece by piece.
func (o *reply) copy(in io.Reader) error {
	flusher := http.NewResponseController(o.w)
	piece := make([]byte, 16<<10)
	var lost error
	for {
		n, err := in.Read(piece)
		if n > 0 && lost == nil && !o.head {
			if _, lost = o.w.Write(piece[:n]); lost == nil {
				_ = flusher.Flush() // not offered by a recorder in a test
			}
		}
		if errors.Is(err, io.EOF) {
			return lost
		}
		if err != nil {
			return err
		}
	}
}

// answerIn is for who invokes a function for what it returns.
func answerIn(into *bytes.Buffer) func(answer) error {
	return func(a answer) error {
		_, err := into.ReadFrom(a.body)
		return err
	}
}
