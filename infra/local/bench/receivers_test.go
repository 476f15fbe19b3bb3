package bench

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// figuresOf are receivers as a run leaves them: calls per second of a processor, and p99 in ms.
func figuresOf(product, bare, same, node, productP99, nodeP99 float64) []*receiver {
	rounds := func(f float64) []float64 { return slices.Repeat([]float64{f}, 5) }
	return []*receiver{
		{name: theProduct, cpu: rounds(product), p99: rounds(productP99)}, {name: theBare, cpu: rounds(bare)}, {name: theSame, cpu: rounds(same)},
		{name: theNode, cpu: rounds(node), p99: rounds(nodeP99)},
	}
}

func TestASlowReceiverDoesNotMeetItsBounds(t *testing.T) {
	for name, c := range map[string]struct {
		all    []*receiver
		missed []string
	}{
		"quick":                  {figuresOf(25_000, 100_000, 30_000, 30_000, 1, 1), nil},
		"a slow handler":         {figuresOf(23_900, 100_000, 30_000, 30_000, 1, 1), []string{"signed"}},
		"one that stumbles":      {figuresOf(25_000, 100_000, 30_000, 30_000, 1.1, 1), []string{"signed.p99"}},
		"a handler that is both": {figuresOf(1000, 100_000, 30_000, 30_000, 9, 1), []string{"signed", "signed.p99"}},
	} {
		var r Report
		r.webhook(webhooks[0], c.all)
		if !slices.Equal(r.Missed(), c.missed) {
			t.Errorf("%s: missed %v, want %v", name, r.Missed(), c.missed)
		}
	}
	var r Report
	if r.webhook(webhooks[1], figuresOf(29_900, 100_000, 1, 1, 1, 1)); !slices.Equal(r.Missed(), []string{"dataverse"}) {
		t.Errorf("missed %v", r.Missed())
	}
}

func TestARatioIsThatOfTheRoundInTheMiddle(t *testing.T) {
	if got := ratio([]float64{1, 50, 6, 1, 3}, []float64{2, 1, 12, 100, 6}); got != 0.5 {
		t.Errorf("%g", got)
	}
	if got := calm([]float64{9, 8, 7, 1, 2, 100, 100, 100, 100, 100}); got != 7 {
		t.Errorf("%g", got)
	}
}

// Every caller calls again as soon as it is answered, with the next request, and another answer than 202 ends the run.
func TestCallersAreCounted(t *testing.T) {
	var calls, wrong atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	defer func() { cancel() }()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := calls.Add(1)
		if n >= 500 {
			cancel() // this run, or one that goes on although it was refused
		}
		if wrong.Load() > 0 && n%7 == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusAccepted)
		if n%2 == 0 {
			_ = http.NewResponseController(w).Flush() // in chunks
		}
		_, _ = w.Write([]byte("{}"))
	}))
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "http://")
	requests := [][]byte{request("/a", []byte("{}")), request("/b", nil)}
	l, err := drive(ctx, address, requests, 4, time.Hour)
	if ctx.Err() == nil || err == nil || l.answered != len(l.waits) || int64(l.answered) > calls.Load() || l.answered < 490 {
		t.Errorf("%d of %d answered: %v", l.answered, calls.Load(), err)
	}
	wrong.Store(1)
	calls.Store(0)
	again, stop := context.WithCancel(t.Context())
	defer stop()
	cancel = stop // nobody of the run before is left
	if _, err := drive(again, address, requests, 4, time.Hour); err == nil || !strings.Contains(err.Error(), "answered 503") {
		t.Errorf("a refusal: %v", err)
	}
}

func TestAnAnswerIsReadToItsEnd(t *testing.T) {
	from := bufio.NewReader(strings.NewReader("HTTP/1.1 202 Accepted\r\nContent-Length: 3\r\n\r\n{}\nHTTP/1.1 401 Unauthorized\r\ntransfer-encoding: chunked\r\n\r\n3\r\n{}\n\r\n0\r\n\r\nHTTP/1.1 x\r\n"))
	for _, want := range []int{202, 401} {
		if got, err := answered(from); got != want || err != nil {
			t.Errorf("%d, %v", got, err)
		}
	}
	if _, err := answered(from); err == nil {
		t.Error("no status, and it was taken")
	}
}
