package consent

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
)

// desk is the address on this machine to which the browser comes back.
// https://learn.microsoft.com/entra/identity-platform/reply-url#localhost-exceptions
type desk struct {
	listener net.Listener
	server   *http.Server
}

// open takes a port of this machine, for nobody else's calls.
func open(port int) (*desk, error) {
	l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, fault.New(fault.Denied, "listening on port %d: %w", port, err).With("port.taken", "").
			Saying(fmt.Sprintf("port %d of this machine cannot be used: another program has it, or you may not", port), "name another with --port, or leave it out for a free one")
	}
	return &desk{listener: l}, nil
}

// address is the redirect URI: registered without a port, and without a path.
func (d *desk) address() string {
	return fmt.Sprintf("http://localhost:%d", d.listener.Addr().(*net.TCPAddr).Port)
}

func (d *desk) close() {
	if d.server == nil {
		_ = d.listener.Close()
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if d.server.Shutdown(ctx) != nil { // the browser still reads its page
		_ = d.server.Close()
	}
}

// answered is what the browser brought.
type answered struct {
	code string
	err  error
}

// What a browser that comes back may send, and how long it may take: an address with a code, and no body.
const (
	mostHeader = 32 << 10
	longest    = 10 * time.Second
)

// wait takes the first answer that belongs to the sign-in. Everything else that calls here is told so, and is ignored.
func (d *desk) wait(ctx context.Context, signIn *partnercenter.SignIn, within time.Duration) (string, error) {
	got := make(chan answered, 1)
	d.server = &http.Server{Handler: d.receiving(signIn, got), ReadHeaderTimeout: longest, ReadTimeout: longest, WriteTimeout: longest, MaxHeaderBytes: mostHeader,
		ErrorLog: log.New(io.Discard, "", 0)} // who knocks without a request is nobody's business
	go func() { _ = d.server.Serve(d.listener) }() // ends with close
	select {
	case a := <-got:
		return a.code, a.err
	case <-ctx.Done():
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return "", ctx.Err()
	}
	return "", fault.New(fault.Denied, "nobody signed in").With("signin.timeout", "").
		Saying(fmt.Sprintf("no answer came back from the browser within %s", within),
			"run it again; if the page there shows an AADSTS number: 50020 and 50034 are another tenant's account, 90094 needs an administrator's consent first, 50079 an MFA method, 50011 the redirect URI http://localhost")
}

// receiving hands on one answer, the first that belongs to the sign-in. A page of the web that has this machine called
// under a name of its own (DNS rebinding) is turned away by that name.
func (d *desk) receiving(signIn *partnercenter.SignIn, got chan<- answered) http.Handler {
	var mu sync.Mutex
	over := false
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !d.named(r.Host):
			page(w, http.StatusMisdirectedRequest, "This address is for the browser of the command alone.")
			return
		case r.Method != http.MethodGet:
			w.Header().Set("Allow", http.MethodGet)
			page(w, http.StatusMethodNotAllowed, "There is nothing here.")
			return
		case r.URL.EscapedPath() != "/" || r.URL.RawQuery == "" || r.ContentLength != 0:
			page(w, http.StatusNotFound, "There is nothing here.")
			return
		}
		q, bad := url.ParseQuery(r.URL.RawQuery)
		for _, values := range q {
			if len(values) > 1 {
				bad = errors.New("it says a thing twice")
			}
		}
		mu.Lock()
		defer mu.Unlock()
		code, err := signIn.Code(q)
		switch {
		case bad != nil || fault.Is(err, fault.Invalid):
			page(w, http.StatusBadRequest, "This answer belongs to another sign-in. Start it again from the command.")
			return
		case over:
			page(w, http.StatusConflict, "This sign-in has been answered. The command says what came of it.")
			return
		case err != nil:
			page(w, http.StatusOK, "The sign-in was not accepted. The command says why; this window can be closed.")
		default:
			page(w, http.StatusOK, "Signed in. The command goes on; this window can be closed.")
		}
		over = true
		got <- answered{code, err}
	})
}

// named says whether a call was meant for this address: by one of the two names that are this machine's alone.
func (d *desk) named(host string) bool {
	port := ":" + strconv.Itoa(d.listener.Addr().(*net.TCPAddr).Port)
	if port == ":80" { // which browsers leave out
		host = strings.TrimSuffix(host, port) + port
	}
	return strings.EqualFold(host, "localhost"+port) || host == "127.0.0.1"+port
}

func page(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer") // the address holds a code
	w.Header().Set("Connection", "close")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<!doctype html><title>cosellctl consent</title><p>%s</p>", html.EscapeString(text))
}
