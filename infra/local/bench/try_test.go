package bench

import (
	"os"
	"testing"
)

func TestTry(t *testing.T) {
	var r Report
	if err := r.Receive(t.Context(), os.Getenv("TOP"), os.Stdout); err != nil {
		t.Fatal(err)
	}
}
