package partnercentersim

import (
	"bytes"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// contextInPage finds what the page sends back with each answer; texts are what stands on it for people.
var (
	contextInPage = regexp.MustCompile(`name="ctx" value="([^"]+)"`)
	markup        = regexp.MustCompile(`(<[^>]*>\s*)+`)
)

// Browse is a person with a browser at the authorization endpoint: it opens an address, answers one page after the
// other, and gives the address to which the browser is sent back. Where it stays on a page the error holds its text.
func (s *Sim) Browse(address string, answers ...url.Values) (back *url.URL, err error) {
	method, body := http.MethodGet, ""
	for {
		r, err := http.NewRequest(method, address, strings.NewReader(body))
		if err != nil {
			return nil, fmt.Errorf("opening %q: %w", address, err)
		}
		if method == http.MethodPost {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		w := &screen{header: http.Header{}}
		s.serveLogin(w, r)
		if to := w.header.Get("Location"); to != "" {
			return url.Parse(to)
		}
		found := contextInPage.FindStringSubmatch(w.text.String())
		if found == nil || len(answers) == 0 {
			return nil, fmt.Errorf("the browser stays on a page: %s", strings.TrimSpace(html.UnescapeString(markup.ReplaceAllString(w.text.String(), " "))))
		}
		form := url.Values{"ctx": {html.UnescapeString(found[1])}}
		for name, values := range answers[0] {
			form[name] = values
		}
		method, body, answers = http.MethodPost, form.Encode(), answers[1:]
		address = "https://" + r.URL.Host + "/" + strings.Split(r.URL.Path, "/")[1] + "/login"
	}
}

// screen is what the browser shows.
type screen struct {
	header http.Header
	text   bytes.Buffer
}

func (s *screen) Header() http.Header         { return s.header }
func (s *screen) Write(p []byte) (int, error) { return s.text.Write(p) }
func (s *screen) WriteHeader(int)             {}

// askSignIn is POST signin: somebody signs in at an address of the authorization endpoint.
func (s *Sim) askSignIn(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		URL  string `json:"url"`
		User string `json:"user"`
		Do   string `json:"do"`
	}
	if err := control.ReadJSON(r, &asked); err != nil {
		control.WriteError(w, http.StatusBadRequest, "%v", err)
		return
	}
	var answers []url.Values
	if asked.User != "" {
		answers = append(answers, url.Values{"user": {asked.User}})
	}
	if asked.Do != "" {
		answers = append(answers, url.Values{"do": {asked.Do}})
	}
	back, err := s.Browse(asked.URL, answers...)
	if err != nil {
		control.WriteError(w, http.StatusConflict, "%v", err)
		return
	}
	control.WriteJSON(w, http.StatusOK, map[string]string{"location": back.String()})
}
