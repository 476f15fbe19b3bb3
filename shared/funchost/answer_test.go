package funchost

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

func TestOtherMethodsGet405WithAllowAndNoBody(t *testing.T) {
	for _, method := range []string{"GET", "PUT", "DELETE", "OPTIONS", "TRACE", "HEAD", "PURGE"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(method, "/api/x", nil)
		r.Header.Set("X-HTTP-Method-Override", "POST")
		if Allowed(w, r, http.MethodPost) || w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "POST" || w.Body.Len() != 0 {
			t.Errorf("%s: %d %q", method, w.Code, w.Header())
		}
	}
}

func TestOnlyPlainJSONIsRead(t *testing.T) {
	cases := []struct {
		contentType, encoding, body string
		status                      int
	}{
		{"application/json", "", "{}", 200},
		{"application/json; charset=UTF-8", "identity", "{}", 200},
		{"application/json; charset=utf-16", "", "{}", 415},
		{"text/plain", "", "{}", 415},
		{"application/problem+json", "", "{}", 415},
		{"", "", "{}", 415},
		{"application/json", "gzip", "{}", 415},
		{"application/json", "", "", 400},
	}
	for _, c := range cases {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(c.body))
		if c.contentType != "" {
			r.Header.Set("Content-Type", c.contentType)
		}
		if c.encoding != "" {
			r.Header.Set("Content-Encoding", c.encoding)
		}
		if _, ok := JSONBody(w, r); ok != (c.status == 200) || w.Code != c.status {
			t.Errorf("%+v: %d", c, w.Code)
		}
	}
}

func TestStrictRefusesWhatIsNotDocumented(t *testing.T) {
	var v struct{ Overwrite *bool }
	if err := Strict([]byte(` {"overwrite":true}`), &v); err != nil || v.Overwrite == nil {
		t.Fatal(err)
	}
	deep := strings.Repeat("[", 100_000)
	for _, body := range []string{"", "null", "[]", `"x"`, "1", `{"overwrite":true}{}`, `{"overwrite":true} x`, `{"other":1}`, `{"overwrite":"yes"}`, `{"overwrite":` + deep} {
		if err := Strict([]byte(body), &v); !fault.Is(err, fault.Invalid) {
			t.Errorf("%.40q: %v", body, err)
		}
	}
}

func TestAnswerThatIsNoObjectIsReplaced(t *testing.T) {
	for _, v := range []any{nil, []int{1}, "x", make(chan int)} {
		w := httptest.NewRecorder()
		if Answer(w, http.StatusOK, v); w.Code != http.StatusInternalServerError || !strings.HasPrefix(w.Body.String(), "{") {
			t.Errorf("%v: %d %s", v, w.Code, w.Body)
		}
	}
}
