// Command hello is the least that the Functions host takes for a handler: it listens, and answers. What the real one
// takes longer to be ready is its own work.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
)

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("FUNCTIONS_CUSTOMHANDLER_PORT"))
	if err == nil {
		err = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) }))
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
