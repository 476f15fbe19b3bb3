package partnercentersim

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

const ruleMessage = "The request is not valid."

// newRules are the rules of POST rules: they refuse writes of the APIs by content, never people in the portal.
func newRules() *control.Rules {
	return control.NewRules(control.Refusal{Status: http.StatusBadRequest, Code: "invalidRequest", Message: ruleMessage}, "method", "url", "path", "value")
}

// ruled asks the rules about a write to the referrals API.
func (s *Sim) ruled(r *http.Request, isNew bool, set map[string]any) *refusal {
	no, refused := s.rules.Refuses(control.Write{Method: r.Method, URL: absoluteURL(r), New: isNew, Set: set})
	if !refused {
		return nil
	}
	text := no.Message
	if no.Name != "" && text == ruleMessage {
		text = fmt.Sprintf("%s is not valid.", no.Name)
	}
	return &refusal{status: no.Status, code: no.Code, message: text, path: no.Name, ruled: true}
}

// absoluteURL is the address of a call, with the real host.
func absoluteURL(r *http.Request) string {
	u := url.URL{Scheme: "https", Host: r.Host, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
	return u.String()
}

// setBy is what operations set: their paths, and each path below.
func (s *Sim) setBy(operations []operation) map[string]any {
	out := map[string]any{}
	for _, op := range operations {
		names, at := s.spell(pointer(op.path))
		if at == nil {
			names = pointer(op.path)
			out[strings.Join(names, "/")] = op.value
			continue
		}
		path := strings.Join(names, "/")
		spread(out, path, s.reading().canonical(at, op.value, "/"+path))
	}
	return out
}

// spread puts in a value and, with their paths, all values within it.
func spread(out map[string]any, path string, v any) {
	if path != "" {
		out[path] = v
	}
	switch v := v.(type) {
	case map[string]any:
		for name, e := range v {
			spread(out, strings.TrimPrefix(path+"/"+name, "/"), e)
		}
	case []any:
		for i, e := range v {
			spread(out, fmt.Sprintf("%s/%d", path, i), e)
		}
	}
}
