package app

import (
	"io"
	"testing"
	"time"
)

func TestPortComesFromTheHost(t *testing.T) {
	if got := portOf([]string{"A=b", "FUNCTIONS_CUSTOMHANDLER_PORT=7071"}); got != "7071" {
		t.Error(got)
	}
	if got := portOf(nil); got != "8080" {
		t.Error(got)
	}
}

func TestNothingIsCalledBeforeItIsNeeded(t *testing.T) {
	began := time.Now()
	a, err := New(environ(laptop(t)), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	// Nobody listens at any of the laptop's ports: a call would have failed, or taken its time.
	if took := time.Since(began); took > time.Second || a.WebhookURL != "https://localhost:7400/api/partnercenterwebhook/default" {
		t.Errorf("%s, %s", took, a.WebhookURL)
	}
}
