package hostsim

import (
	"errors"
	"fmt"
	"mime"
	"strings"
)

// result is a handler's answer to an envelope call.
type result struct {
	outputs *object // nil: none
	logs    []string
	value   value // ReturnValue
}

// errNoResult stands for the recorded trap: a 2xx without an object never completes the invocation.
var errNoResult = errors.New("the answer's body is empty or null")

// interpret reads an answer as the host does. Field names are compared without case, names of outputs
// with case.
func interpret(in *incoming, body []byte) (*result, error) {
	if in.status < 200 || in.status > 299 {
		return nil, fmt.Errorf("response status code does not indicate success: %d (%s)", in.status, in.reason)
	}
	text := strings.TrimSpace(strings.TrimPrefix(string(body), "\ufeff"))
	if text == "" && len(body) == 0 {
		return nil, errNoResult
	}
	kind, _, err := mime.ParseMediaType(in.header.get("Content-Type"))
	if err != nil && kind == "" || kind != "application/json" && kind != "text/json" {
		return nil, fmt.Errorf("invalid HttpResponseMessage: Content-Type %q is not application/json", in.header.get("Content-Type"))
	}
	if text == "" || text == "null" {
		return nil, errNoResult
	}
	v, err := parseLoose(body)
	if err != nil {
		return nil, fmt.Errorf("invalid HttpResponseMessage: the body %w", err)
	}
	o, ok := v.(*object)
	if !ok {
		return nil, errors.New("invalid HttpResponseMessage: the body is not a JSON object")
	}
	return readResult(o)
}

func readResult(o *object) (*result, error) {
	r := &result{}
	if v, _ := o.find("Outputs"); v != nil {
		outputs, ok := v.(*object)
		if !ok {
			return nil, errors.New("invalid HttpResponseMessage: Outputs is not an object")
		}
		r.outputs = outputs
	}
	if v, _ := o.find("Logs"); v != nil {
		lines, ok := v.([]value)
		if !ok {
			return nil, errors.New("invalid HttpResponseMessage: Logs is not an array")
		}
		for _, line := range lines {
			switch line := line.(type) {
			case string:
				r.logs = append(r.logs, line)
			case number, bool:
				r.logs = append(r.logs, compact(line))
			case nil:
				r.logs = append(r.logs, "[null]")
			default:
				return nil, errors.New("invalid HttpResponseMessage: Logs holds something that is not a string")
			}
		}
	}
	r.value, _ = o.find("ReturnValue")
	return r, nil
}

// settle hands the outputs to the bindings other than http. None of them is simulated, so an answer that
// fills one fails, rather than losing the item silently.
func (r *result) settle(f *function) error {
	if r.outputs == nil {
		return nil
	}
	for _, b := range f.outputs {
		if v := r.outputs.values[b.Name]; v != nil && b.Type != "http" {
			return fmt.Errorf("output %q: bindings of type %s are not simulated", b.Name, b.Type)
		}
	}
	return nil
}
