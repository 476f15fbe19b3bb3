package funchost

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
)

// handIn is a context of a connection with a hand, which ends with the test.
func handIn(t *testing.T) context.Context {
	t.Helper()
	return Connected(t.Context())
}

func done(ctx context.Context, work func() error) error {
	out := make(chan error, 1)
	perform(ctx, task{work, out})
	return <-out
}

func TestAHandWorksCallAfterCall(t *testing.T) {
	ctx := handIn(t)
	h := ctx.Value(handKey{}).(*hand)
	for range 100 {
		if err := done(ctx, func() error {
			if !h.busy.Load() {
				t.Error("somebody else works while the hand is free")
			}
			return io.EOF
		}); !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
	}
}

// A call that was given up may go on for ever: whoever comes after it on the same connection must not wait for that.
func TestWhoComesAfterACallThatHangsIsServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which sees at once that nobody goes on
		ctx := handIn(t)
		leave, hung := make(chan struct{}), make(chan error, 1)
		perform(ctx, task{func() error { <-leave; return nil }, hung})
		if err := done(ctx, func() error { return io.EOF }); !errors.Is(err, io.EOF) {
			t.Error(err)
		}
		close(leave)
		if err := <-hung; err != nil {
			t.Error(err)
		}
	})
}

func TestAHandThatPanickedWorksOn(t *testing.T) {
	ctx := handIn(t)
	var p *panicked
	if err := done(ctx, func() error { panic("oops") }); !errors.As(err, &p) || p.value != "oops" || len(p.stack) == 0 {
		t.Error(err)
	}
	if err := done(ctx, func() error { return nil }); err != nil {
		t.Error(err)
	}
}

func TestABodyThatIsHeldIsGivenAsItIs(t *testing.T) {
	for _, read := range []int{0, 2} {
		s := NewServer(nil, nil, Options{})
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader("12345"))
		if err != nil {
			t.Fatal(err)
		}
		if _, status := s.readBody(&answerless{}, r, 10); status != 0 {
			t.Fatal(status)
		}
		if _, err := io.ReadFull(r.Body, make([]byte, read)); err != nil {
			t.Fatal(err)
		}
		if body, err := bodyOf(r); err != nil || string(body) != "12345"[read:] {
			t.Errorf("after %d bytes: %q, %v", read, body, err)
		}
	}
}

// answerless is a ResponseWriter that offers nothing.
type answerless struct{ http.ResponseWriter }
