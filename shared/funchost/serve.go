package funchost

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// ErrOrphan says that the process that started us has gone. A host that is killed takes nobody with it:
// without this check the handler would stay behind for ever.
var ErrOrphan = errors.New("the Functions host is gone")

// Limits of the listener.
const (
	headerTime  = 10 * time.Second
	headerBytes = 32 << 10
	idleTime    = 3 * time.Minute // longer than the host keeps idle connections
	stopTime    = 5 * time.Second // the host's own grace
	orphanCheck = time.Second
)

// Serve listens on loopback until ctx ends (nil), the parent process is gone (ErrOrphan) or the port
// cannot be used. Calls that run get five seconds to end. Once the first call is answered, by which the host sees that we
// are ready, then is called beside it: for work that would have delayed that.
func Serve(ctx context.Context, handler http.Handler, port string, then func()) error {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		return fmt.Errorf("listening for the Functions host on port %q (FUNCTIONS_CUSTOMHANDLER_PORT): %w", port, err)
	}
	return serve(ctx, afterTheFirst(handler, then), listener, os.Getppid)
}

// afterTheFirst calls then, once, when the first call has been answered.
func afterTheFirst(handler http.Handler, then func()) http.Handler {
	var once sync.Once
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer once.Do(func() { go then() })
		handler.ServeHTTP(w, r)
	})
}

func serve(ctx context.Context, handler http.Handler, listener net.Listener, parent func() int) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    headerBytes,
		// Broken clients are not news, and a line on stderr counts as an error at the host.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	handed(server)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	reason := wait(ctx, failed, parent)
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	if err := server.Shutdown(stop); err != nil {
		_ = server.Close() // what did not end in time is cut
	}
	return reason
}

func wait(ctx context.Context, failed <-chan error, parent func() int) error {
	first := parent()
	check := time.NewTicker(orphanCheck)
	defer check.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-failed:
			return fmt.Errorf("serving the Functions host: %w", err)
		case <-check.C:
			if parent() != first {
				return ErrOrphan
			}
		}
	}
}
