package app

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// safe is a vault in memory.
type safe struct {
	secrets map[string]string
	denied  bool
	asked   int
}

func (s *safe) Get(_ context.Context, name string) (string, error) {
	s.asked++
	v, ok := s.secrets[name]
	switch {
	case s.denied:
		return "", fault.New(fault.Denied, "no").With("vault.denied", "")
	case !ok:
		return "", fault.New(fault.Denied, "none").With(secretMissing, "")
	}
	return v, nil
}

func (s *safe) Set(_ context.Context, name, value string) error {
	if s.denied {
		return fault.New(fault.Denied, "no").With("vault.denied", "")
	}
	s.secrets[name] = value
	return nil
}

// What stands in the tables is not to be read without the vault; every process that has the key reads it.
func TestR117_TheCopyIsSealed(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	v := &safe{secrets: map[string]string{}}
	var told []error
	process := func(v *safe) *seal {
		return newSeal(v, func() time.Time { return now }, func(err error) { told = append(told, err) })
	}
	const text = "2026-03-02 09:00 - Ada Example wrote a note"
	one, two := process(v), process(v)
	sealed, ok := one.Seal(t.Context(), text)
	again, _ := one.Seal(t.Context(), text)
	if !ok || sealed == again || strings.Contains(sealed, "Ada Example") || len(v.secrets) != 1 || v.asked != 2 {
		t.Errorf("%v, %q, %d secrets, asked %d times", ok, sealed, len(v.secrets), v.asked)
	}
	if got, ok := two.Open(t.Context(), sealed); !ok || got != text {
		t.Errorf("another process reads %q", got)
	}
	for what, bad := range map[string]string{"no text": "", "no base64": "?", "short": "QUJD", "changed": sealed[:20] + "AAAA" + sealed[24:]} {
		if got, ok := two.Open(t.Context(), bad); ok {
			t.Errorf("%s is read as %q", what, got)
		}
	}
	if _, ok := process(&safe{secrets: map[string]string{}}).Open(t.Context(), sealed); ok {
		t.Error("another key opens it")
	}
	told = nil
	barred := &safe{secrets: v.secrets, denied: true}
	three := process(barred)
	for range 3 {
		if _, ok := three.Seal(t.Context(), text); ok {
			t.Error("sealed without a key")
		}
	}
	if barred.asked != 1 || len(told) != 1 || told[0] == nil {
		t.Errorf("asked %d times, told %v", barred.asked, told)
	}
	now, barred.denied = now.Add(2*time.Minute), false
	if got, ok := three.Open(t.Context(), sealed); !ok || got != text || len(told) != 2 || told[1] != nil {
		t.Errorf("the key came back: %q, told %v", got, told)
	}
}

// hangs is a vault that answers once it is let.
type hangs struct {
	safe
	asked, let chan struct{}
}

func (h *hangs) Get(ctx context.Context, name string) (string, error) {
	close(h.asked)
	<-h.let
	return h.safe.Get(ctx, name)
}

// Whoever waits for the key while the vault hangs is ended by his own time.
func TestNobodyWaitsBeyondHisTimeForTheVault(t *testing.T) {
	v := &hangs{safe{secrets: map[string]string{}, denied: true}, make(chan struct{}), make(chan struct{})}
	s := newSeal(v, time.Now, func(error) {})
	first := make(chan struct{})
	go func() {
		defer close(first)
		s.Seal(context.Background(), "x")
	}()
	<-v.asked
	over, cancel := context.WithCancel(context.Background())
	cancel()
	if _, ok := s.Seal(over, "x"); ok {
		t.Error("sealed without a key")
	}
	close(v.let)
	<-first
}
