package hostsim

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// folder writes a packaged folder; files are name -> content.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func httpFunction(route, authLevel string, outputs ...string) string {
	b := fmt.Sprintf(`{"bindings":[{"type":"httpTrigger","direction":"in","name":"req","authLevel":%q,"route":%q}`, authLevel, route)
	if route == "" {
		b = fmt.Sprintf(`{"bindings":[{"type":"httpTrigger","direction":"in","name":"req","authLevel":%q}`, authLevel)
	}
	for _, o := range outputs {
		kind, name, _ := strings.Cut(o, " ")
		b += fmt.Sprintf(`,{"type":%q,"direction":"out","name":%q}`, kind, name)
	}
	return b + "]}"
}

func withMethods(doc string, methods ...string) string {
	list, _ := json.Marshal(methods)
	return strings.Replace(doc, `"name":"req"`, `"name":"req","methods":`+string(list), 1)
}

// recordedApp is the app of the recordings, as far as its functions are replayed.
func recordedApp(flags string) map[string]string {
	return map[string]string{
		"host.json":                 `{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"handler"}` + flags + `}}`,
		"web/function.json":         httpFunction("web/{*rest}", "anonymous", "http res"),
		"httpRest/function.json":    httpFunction("rest/{*rest}", "anonymous", "http res"),
		"httpOnly/function.json":    httpFunction("only/{id?}/{n:int?}", "anonymous", "http res"),
		"httpItem/function.json":    httpFunction("items/{id}", "anonymous", "http res"),
		"MixedName/function.json":   httpFunction("", "anonymous", "http res"),
		"httpPost/function.json":    withMethods(httpFunction("post", "anonymous", "http res"), "post"),
		"httpGetPost/function.json": withMethods(httpFunction("getpost", "anonymous", "http res"), "get", "post"),
		"httpAll/function.json": withMethods(httpFunction("all/{id}", "anonymous", "http res"),
			"get", "post", "put", "delete", "head", "options", "patch"),
		"httpKey/function.json":       httpFunction("key", "function", "http res"),
		"httpExtra/function.json":     httpFunction("extra/{id?}", "anonymous", "http res", "queue out"),
		"webExtra/function.json":      httpFunction("webextra/{id?}", "anonymous", "http res", "queue out"),
		"httpReturn/function.json":    httpFunction("ret", "anonymous", "http $return"),
		"httpNoOut/function.json":     httpFunction("noout", "anonymous"),
		"httpRestExtra/function.json": httpFunction("restextra/{*rest}", "anonymous", "http res", "queue out"),
		"keyedExtra/function.json":    httpFunction("keyedextra/{id?}", "function", "http res", "queue out"),
		"httpBin/function.json": strings.Replace(httpFunction("bin", "anonymous", "http res", "queue out"),
			`"name":"req"`, `"name":"req","dataType":"binary"`, 1),
		"My-Func_1/function.json": httpFunction("mf", "anonymous", "http res", "queue out"),
		"keyed/function.json":     httpFunction("keyed", "function", "http res"),
		"manage/function.json":    httpFunction("manage", "admin", "http res"),
		"tickDaily/function.json": `{"bindings":[{"type":"timerTrigger","direction":"in","name":"t","schedule":"0 30 4 * * *"}]}`,
		"tickRetry/function.json": `{"bindings":[{"type":"timerTrigger","direction":"in","name":"tick","schedule":"0 0 3 1 1 *"}],
			"retry":{"strategy":"fixedDelay","maxRetryCount":2,"delayInterval":"00:00:02"}}`,
	}
}

const (
	proxyFlag   = `,"enableProxyingHttpRequest":true`
	forwardFlag = `,"enableForwardingHttpRequest":true`
)

var recordedKeys = Keys{Default: "the-function-key", Master: "the-master-key"}

// recording reads a recording.
func recording(t *testing.T, name string) []map[string]any {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var doc struct{ Cases []map[string]any }
	if err := d.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	return doc.Cases
}

func textAt(v any, path ...string) string {
	for _, p := range path {
		m, _ := v.(map[string]any)
		v = m[p]
	}
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// rawRequest is the recorded request of the caller; nil when the recording holds only a part of it.
func rawRequest(given any) []byte {
	g, _ := given.(map[string]any)
	if g["truncated"] == true {
		return nil
	}
	raw := []byte(textAt(given, "raw_request_to_host"))
	if b64 := textAt(given, "raw_request_to_host_base64"); b64 != "" {
		raw, _ = base64.StdEncoding.DecodeString(b64)
	}
	s := strings.ReplaceAll(string(raw), "<key>", recordedKeys.Default)
	return []byte(strings.ReplaceAll(s, "<masterkey>", recordedKeys.Master))
}

func headerList(v any) fields {
	list, _ := v.([]any)
	var h fields
	for _, l := range list {
		pair, _ := l.([]any)
		name, _ := pair[0].(string)
		value, _ := pair[1].(string)
		h = append(h, field{name, value})
	}
	return h
}

func bodyAt(v any) ([]byte, bool) {
	m, _ := v.(map[string]any)
	if b64, ok := m["body_base64"].(string); ok {
		data, err := base64.StdEncoding.DecodeString(b64)
		return data, err == nil
	}
	s, _ := m["body_utf8"].(string)
	return []byte(s), m["body_truncated"] != true
}
