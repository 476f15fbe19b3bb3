package bicep

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// builtin are the functions of Bicep that templates here use, with arguments worked out.
// https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-functions
var builtin = map[string]func(e *env, args []any) (any, error){
	"any":      func(_ *env, a []any) (any, error) { return a[0], nil },
	"base64":   func(_ *env, a []any) (any, error) { return base64.StdEncoding.EncodeToString([]byte(text(a[0]))), nil },
	"concat":   func(_ *env, a []any) (any, error) { return joined(a) },
	"contains": func(_ *env, a []any) (any, error) { return holds(a[0], a[1]), nil },
	"empty":    func(_ *env, a []any) (any, error) { return size(a[0]) == 0, nil },
	"length":   func(_ *env, a []any) (any, error) { return size(a[0]), nil },
	"filter":   func(_ *env, a []any) (any, error) { return filtered(a[0], a[1].(lambda)) },
	"map":      func(_ *env, a []any) (any, error) { return mapped(a[0], a[1].(lambda)) },
	"toObject": func(_ *env, a []any) (any, error) { return object(a) },
	"items":    func(_ *env, a []any) (any, error) { return items(a[0]), nil },
	"union":    func(_ *env, a []any) (any, error) { return union(a) },
	"json":     func(_ *env, a []any) (any, error) { return parsed([]byte(text(a[0]))) },
	"string":   func(_ *env, a []any) (any, error) { return text(a[0]), nil },
	"int":      func(_ *env, a []any) (any, error) { return strconv.Atoi(text(a[0])) },
	"toLower":  func(_ *env, a []any) (any, error) { return strings.ToLower(text(a[0])), nil },
	"toUpper":  func(_ *env, a []any) (any, error) { return strings.ToUpper(text(a[0])), nil },
	"replace":  func(_ *env, a []any) (any, error) { return strings.ReplaceAll(text(a[0]), text(a[1]), text(a[2])), nil },
	"join":     func(_ *env, a []any) (any, error) { return strings.Join(texts(a[0]), text(a[1])), nil },
	"take":     func(_ *env, a []any) (any, error) { s := text(a[0]); return s[:min(len(s), a[1].(int))], nil },
	"range":    func(_ *env, a []any) (any, error) { return counted(a[0].(int), a[1].(int)), nil },
	"guid":     func(_ *env, a []any) (any, error) { return guidOf(a), nil },
	"uniqueString": func(_ *env, a []any) (any, error) {
		return strings.ReplaceAll(guidOf(a), "-", "")[:13], nil
	},
	"cidrSubnet": func(_ *env, a []any) (any, error) { return subnet(text(a[0]), a[1].(int), a[2].(int)) },
	"subscriptionResourceId": func(_ *env, a []any) (any, error) {
		return idOf(subscription, text(a[0]), strings.Join(rest(a), "/")), nil
	},
	"resourceGroup": func(*env, []any) (any, error) {
		return map[string]any{"id": resourceGroup, "name": "rg", "location": location}, nil
	},
	"subscription": func(*env, []any) (any, error) {
		return map[string]any{"id": subscription, "tenantId": "00000000-0000-0000-0000-000000000002", "subscriptionId": strings.TrimPrefix(subscription, "/subscriptions/")}, nil
	},
	"environment": func(*env, []any) (any, error) {
		return map[string]any{"suffixes": map[string]any{"storage": "core.windows.net", "keyvaultDns": ".vault.azure.net"}}, nil
	},
	"loadJsonContent":         func(e *env, a []any) (any, error) { return e.loadJSON(text(a[0])) },
	"loadTextContent":         func(e *env, a []any) (any, error) { b, err := os.ReadFile(e.beside(text(a[0]))); return string(b), err },
	"readEnvironmentVariable": func(e *env, a []any) (any, error) { return e.variable(a) },
	"getSecret":               func(_ *env, a []any) (any, error) { return later("{secret/" + text(a[len(a)-1]) + ":value}"), nil },
}

func (e *env) call(n *node) (any, error) {
	name := called(n)
	f := builtin[name]
	if f == nil {
		return nil, e.wrong(n, "the function %s is not known here", name)
	}
	var args []any
	for _, a := range argumentsOf(n) {
		v, err := e.eval(a)
		if err != nil {
			return nil, err
		}
		args = append(args, v)
	}
	v, err := f(e, args)
	if err != nil {
		return nil, e.wrong(n, "%s: %v", name, err)
	}
	return v, nil
}

func (e *env) beside(name string) string { return filepath.Join(filepath.Dir(e.run.file.path), name) }

func (e *env) loadJSON(name string) (any, error) {
	b, err := os.ReadFile(e.beside(name))
	if err != nil {
		return nil, err
	}
	return parsed(b)
}

func parsed(b []byte) (any, error) {
	var v any
	err := json.Unmarshal(b, &v)
	return whole(v), err
}

// whole makes ints of the numbers of JSON.
func whole(v any) any {
	switch v := v.(type) {
	case float64:
		return int(v)
	case []any:
		for i := range v {
			v[i] = whole(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = whole(v[name])
		}
	}
	return v
}

func (e *env) variable(a []any) (any, error) {
	set, _ := e.run.memo["environment"].(map[string]string)
	if v, ok := set[text(a[0])]; ok {
		return v, nil
	}
	if len(a) > 1 {
		return a[1], nil
	}
	return nil, fmt.Errorf("%v is not set, and has no default", a[0])
}

func text(v any) string { return fmt.Sprint(v) }

func texts(v any) (out []string) {
	for _, one := range asList(v) {
		out = append(out, text(one))
	}
	return out
}

func rest(a []any) []string { return texts(a[1:]) }

func size(v any) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case []any:
		return len(v)
	case map[string]any:
		return len(v)
	case later:
		return len(v)
	}
	return 0
}

func holds(in, what any) bool {
	switch in := in.(type) {
	case []any:
		return slices.ContainsFunc(in, func(v any) bool { return same(v, what) })
	case map[string]any:
		_, ok := in[text(what)]
		return ok
	case string:
		return strings.Contains(in, text(what))
	}
	return false
}

// same compares values of any kind.
func same(a, b any) bool { return fmt.Sprintf("%T %v", a, a) == fmt.Sprintf("%T %v", b, b) }

func joined(a []any) (any, error) {
	if _, list := a[0].([]any); !list {
		return strings.Join(texts(a), ""), nil
	}
	out := []any{}
	for _, v := range a {
		out = append(out, asList(v)...)
	}
	return out, nil
}

func filtered(list any, keep lambda) (any, error) {
	out := []any{}
	for _, v := range asList(list) {
		yes, err := keep(v)
		if err != nil {
			return nil, err
		}
		if yes == true {
			out = append(out, v)
		}
	}
	return out, nil
}

func mapped(list any, make lambda) (any, error) {
	out := []any{}
	for _, v := range asList(list) {
		made, err := make(v)
		if err != nil {
			return nil, err
		}
		out = append(out, made)
	}
	return out, nil
}

func object(a []any) (any, error) {
	out := map[string]any{}
	for _, v := range asList(a[0]) {
		key, err := a[1].(lambda)(v)
		if err != nil {
			return nil, err
		}
		made := v
		if len(a) > 2 {
			if made, err = a[2].(lambda)(v); err != nil {
				return nil, err
			}
		}
		out[text(key)] = made
	}
	return out, nil
}

func counted(first, n int) any {
	out := []any{}
	for i := range n {
		out = append(out, first+i)
	}
	return out
}

func items(v any) any {
	of, _ := v.(map[string]any)
	out := []any{}
	for _, name := range slices.Sorted(maps.Keys(of)) {
		out = append(out, map[string]any{"key": name, "value": of[name]})
	}
	return out
}

func union(a []any) (any, error) {
	if _, list := a[0].([]any); list {
		out := []any{}
		for _, v := range a {
			for _, one := range asList(v) {
				if !holds(out, one) {
					out = append(out, one)
				}
			}
		}
		return out, nil
	}
	out := map[string]any{}
	for _, v := range a {
		of, ok := v.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%v is no object", v)
		}
		maps.Copy(out, of)
	}
	return out, nil
}

// guidOf is some GUID, the same for the same arguments.
func guidOf(a []any) string {
	sum := sha256.Sum256([]byte(strings.Join(texts(a), "\n")))
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

func subnet(network string, bits, index int) (any, error) {
	p, err := netip.ParsePrefix(network)
	if err != nil || !p.Addr().Is4() || bits < p.Bits() || bits > 30 {
		return nil, fmt.Errorf("%s has no subnets of %d bits", network, bits)
	}
	a := p.Masked().Addr().As4()
	n := uint32(a[0])<<24 | uint32(a[1])<<16 | uint32(a[2])<<8 | uint32(a[3])
	n += uint32(index) << (32 - bits)
	return fmt.Sprintf("%d.%d.%d.%d/%d", n>>24, n>>16&255, n>>8&255, n&255, bits), nil
}
