package consent

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net"
	"net/http"
	"strconv"
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

// wait takes the first answer that belongs to the sign-in. Everything else that calls here is told so, and is ignored.
func (d *desk) wait(ctx context.Context, signIn *partnercenter.SignIn, within time.Duration) (string, error) {
	got := make(chan answered, 1)
	d.server = &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" || r.Method != http.MethodGet || r.URL.RawQuery == "" {
			page(w, http.StatusNotFound, "There is nothing here.")
			return
		}
		code, err := signIn.Code(r.URL.Query())
		switch {
		case fault.Is(err, fault.Invalid):
			page(w, http.StatusBadRequest, "This answer belongs to another sign-in. Start it again from the command.")
			return
		case err != nil:
			page(w, http.StatusOK, "The sign-in was not accepted. The command says why; this window can be closed.")
		default:
			page(w, http.StatusOK, "Signed in. The command goes on; this window can be closed.")
		}
		select {
		case got <- answered{code, err}:
		default: // the first one counts
		}
	})}
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

func page(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer") // the address holds a code
	w.Header().Set("Connection", "close")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<!doctype html><title>cosellctl consent</title><p>%s</p>", html.EscapeString(text))
}
