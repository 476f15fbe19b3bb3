package hostsim

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestLargeBodiesPassUnchanged(t *testing.T) {
	big := make([]byte, 30<<20)
	for i := range big {
		big[i] = byte(i * 7 >> 3)
	}
	small := big[:300_000]
	for name, c := range map[string]struct {
		flags, path string
		body        []byte
		chunked     bool
	}{
		"proxy, length":  {proxyFlag, "/api/web/c", big, false},
		"proxy, chunked": {proxyFlag, "/api/web/c", big, true},
		"forward":        {forwardFlag, "/api/web/c", big, false},
		"envelope":       {"", "/api/restextra/c", small, false},
	} {
		t.Run(name, func(t *testing.T) {
			rec := newRecorder(t)
			if c.flags == "" {
				rec.answerText(emptyAnswer)
			}
			_, addr := attach(t, rec, Options{}, recordedApp(c.flags))
			raw := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\n", c.path)
			if c.chunked {
				raw = append(raw, "Transfer-Encoding: chunked\r\n\r\n"...)
				for chunk := range slices.Chunk(c.body, 65536) {
					raw = append(append(fmt.Appendf(raw, "%x\r\n", len(chunk)), chunk...), "\r\n"...)
				}
				raw = append(raw, "0\r\n\r\n"...)
			} else {
				raw = append(fmt.Appendf(raw, "Content-Length: %d\r\n\r\n", len(c.body)), c.body...)
			}
			if g := exchangeRaw(t, addr, raw); g.status/100 != 2 {
				t.Fatalf("status %d", g.status)
			}
			body := rec.requests()[0].body
			if c.flags != "" && sha256.Sum256(body) != sha256.Sum256(c.body) {
				t.Errorf("%d bytes arrived, not the %d that were sent", len(body), len(c.body))
			}
			if c.flags == "" && len(body) < len(c.body)*4/3 {
				t.Errorf("the envelope has %d bytes", len(body))
			}
		})
	}
	rec := newRecorder(t)
	answer := "HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + strings.Repeat("y", 3_000_000)
	rec.answerText(answer)
	_, addr := attach(t, rec, Options{}, recordedApp(proxyFlag))
	if g := get(t, addr, "x"); len(g.body) != 3_000_000 || g.err != nil {
		t.Errorf("answer of %d bytes, %v", len(g.body), g.err)
	}
}

func TestLimitsOfTheHead(t *testing.T) {
	rec := newRecorder(t)
	_, addr := attach(t, rec, Options{}, recordedApp(proxyFlag))
	for size, want := range map[int]int{20_000: 200, 29_000: 200, 40_000: 431} {
		raw := "GET /api/web/n HTTP/1.1\r\nHost: a\r\nX-Long: " + strings.Repeat("l", size) + "\r\n\r\n"
		if g := exchangeRaw(t, addr, []byte(raw)); g.status != want {
			t.Errorf("%d bytes of header: %d, recorded %d", size, g.status, want)
		}
	}
	for size, want := range map[int]int{40_000: 200, 70_000: 500} {
		rec.answerText("HTTP/1.1 200 X\r\nX-Long: " + strings.Repeat("l", size) + "\r\nContent-Length: 1\r\n\r\nb")
		g := get(t, addr, "n")
		if g.status != want || want == 500 && len(rec.requests()) != 10 {
			t.Errorf("answer with %d bytes of header: %d after %d requests, recorded %d", size, g.status, len(rec.requests()), want)
		}
	}
}

func TestBodyOverTheLimitIsRefused(t *testing.T) {
	rec := newRecorder(t)
	_, addr := attach(t, rec, Options{}, recordedApp(proxyFlag))
	conn := dial(t, addr, "POST /api/web/x HTTP/1.1\r\nHost: a\r\nContent-Length: 110000000\r\n\r\nabc")
	if g := readAnswer(bufio.NewReader(conn), "POST"); g.status != 500 || g.header.get("Connection") != "close" || len(rec.requests()) > 0 {
		t.Errorf("%d %v, %d requests", g.status, g.header, len(rec.requests()))
	}
	c := &limitedBody{r: bytes.NewReader(make([]byte, 20)), left: 10}
	if _, err := io.ReadAll(c); err == nil {
		t.Error("a chunked body over the limit passes")
	}
}

func TestFurtherStatusesPassThrough(t *testing.T) {
	rec := newRecorder(t)
	_, addr := attach(t, rec, Options{}, recordedApp(proxyFlag))
	for _, status := range []int{203, 300, 305, 402, 406, 408, 411, 415, 418, 421, 425, 428, 431, 451, 499, 505, 511, 599} {
		body := fmt.Sprintf(`{"s":%d}`, status)
		rec.answerText(fmt.Sprintf("HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n%s", status, body))
		if g := get(t, addr, "x"); g.status != status || g.reason != "X" || string(g.body) != body || len(rec.requests()) != 1 {
			t.Errorf("%d: %d %s %s", status, g.status, g.reason, g.body)
		}
	}
	rec.answerText("HTTP/1.1 200 X\r\nDate: Mon, 01 Jan 2001 00:00:00 GMT\r\nServer: mine\r\nContent-Length: 1\r\n\r\nb")
	if g := get(t, addr, "x"); g.header.get("Date") != "Mon, 01 Jan 2001 00:00:00 GMT" || g.header.get("Server") != "mine" {
		t.Errorf("Date and Server of the handler: %v", g.header)
	}
}
