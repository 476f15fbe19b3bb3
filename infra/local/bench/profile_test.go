package bench

import (
	"io"
	"net/http"
	"os"
	"testing"
	"time"
	"fmt"
)

func TestProfile(t *testing.T) {
	dir := t.TempDir()
	e, err := newEvents(dir)
	if err != nil {
		t.Fatal(err)
	}
	reqs := e.signed
	if os.Getenv("KIND") == "dv" {
		reqs = e.secret
	}
	path := dir + "/receiver"
	if err := compile(t.Context(), os.Getenv("TOP"), "./infra/bench/receiver", path); err != nil {
		t.Fatal(err)
	}
	s := starter{path: path, dir: dir, args: []string{e.certificate}, env: append(e.settings(), "BENCH_PPROF=127.0.0.1:7951"), errors: os.Stderr}
	where, undo, err := split()
	if err != nil { t.Fatal(err) }
	defer undo()
	var p *program
	if err := on(where, func() (err error) { p, err = s.start(t.Context()); return err }); err != nil {
		t.Fatal(err)
	}
	defer p.end()
	got := make(chan error, 1)
	time.AfterFunc(300*time.Millisecond, func() {
		for _, name := range []string{"profile?seconds=5", "allocs"} {
			r, err := http.Get("http://127.0.0.1:7951/debug/pprof/" + name)
			if err != nil { got <- err; return }
			b, _ := io.ReadAll(r.Body)
			os.WriteFile("/tmp/bench-"+name[:5]+".pprof", b, 0o600)
		}
		got <- nil
	})
	l, err := drive(t.Context(), p.address, reqs, connections, 6*time.Second)
	fmt.Println(l.answered, err, <-got)
}
