package dataversesim

import (
	"net/url"
	"strconv"
	"strings"
	"sync"
)

// segment is one part of a path: name, or name(args).
type segment struct {
	name, args string
	hasArgs    bool
}

// options are the system query options of a request or of one $expand.
type options struct {
	sel         []string
	filter      string
	order       string
	top         int // -1: none
	count       bool
	expand      []expandOption
	skipToken   string
	deltaToken  string
	tag         string
	unpublished bool              // RetrieveUnpublishedMultiple
	aliases     map[string]string // parameters of a function, by their names with the @
}

type expandOption struct {
	nav  string
	opts options
}

func syntax(format string, args ...any) *apiError {
	return fail(400, codeBadRequest, format, args...)
}

// parsePath splits an escaped path below the service root.
func parsePath(escaped string) ([]segment, error) {
	path, err := url.PathUnescape(escaped)
	if err != nil {
		return nil, syntax("Bad Request - Error in query syntax: %s", escaped)
	}
	var out []segment
	for _, part := range splitOutside(path, '/') {
		if part == "" {
			continue
		}
		seg := segment{name: part}
		if open := strings.IndexByte(part, '('); open >= 0 {
			if !strings.HasSuffix(part, ")") {
				return nil, syntax("Bad Request - Error in query syntax: %s", part)
			}
			seg = segment{name: part[:open], args: part[open+1 : len(part)-1], hasArgs: true}
		}
		out = append(out, seg)
	}
	return out, nil
}

// splitOutside splits at sep where it stands outside quotes and parentheses.
func splitOutside(s string, sep byte) []string {
	var out []string
	depth, quoted, start := 0, false, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == sep && depth == 0:
			out = append(out, s[start:i])
			start = i + 1
		}
	}
	return append(out, s[start:])
}

func unquote(s string) (string, bool) {
	if len(s) < 2 || s[0] != '\'' || s[len(s)-1] != '\'' {
		return "", false
	}
	return strings.ReplaceAll(s[1:len(s)-1], "''", "'"), true
}

// parsed keeps the options of URLs that were read: the same are asked for again and again. Nobody changes what is kept.
var parsed struct {
	sync.Mutex
	options map[string]options
}

// mostParsed is how many are kept, and longestParsed how long each may be.
const mostParsed, longestParsed = 2048, 8192

// parseQuery reads the options of a URL.
func parseQuery(raw string) (options, error) {
	parsed.Lock()
	o, known := parsed.options[raw]
	parsed.Unlock()
	if known {
		return o, nil
	}
	o, err := readQuery(raw)
	if err == nil && len(raw) <= longestParsed {
		parsed.Lock()
		if parsed.options == nil || len(parsed.options) >= mostParsed {
			parsed.options = map[string]options{}
		}
		parsed.options[raw] = o
		parsed.Unlock()
	}
	return o, err
}

func readQuery(raw string) (options, error) {
	o := options{top: -1}
	for _, pair := range strings.Split(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return o, syntax("Bad Request - Error in query syntax: %s", pair)
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return o, syntax("Bad Request - Error in query syntax: %s", pair)
		}
		if err := o.set(name, value, false); err != nil {
			return o, err
		}
	}
	return o, nil
}

func (o *options) set(name, value string, nested bool) error {
	var err error
	switch name {
	case "$select":
		for _, s := range strings.Split(value, ",") {
			if s = strings.TrimSpace(s); s != "" {
				o.sel = append(o.sel, s)
			}
		}
	case "$filter":
		o.filter = value
	case "$orderby":
		o.order = value
	case "$top":
		if o.top, err = strconv.Atoi(value); err != nil || o.top < 0 {
			return syntax("Invalid value '%s' for $top query option found. The $top query option requires a non-negative integer value.", value)
		}
	case "$count":
		if value != "true" && value != "false" {
			return syntax("Invalid value '%s' for $count query option found. Valid values are 'true' and 'false'.", value)
		}
		o.count = value == "true"
	case "$expand":
		return o.parseExpand(value)
	case "$skiptoken":
		o.skipToken = value
	case "$deltatoken":
		o.deltaToken = value
	case "tag":
		o.tag = value
	case "$skip":
		return syntax("Skip Clause is not supported in CRM")
	case "$apply", "fetchXml", "savedQuery", "userQuery", "$search":
		return missing("the query option %s", name)
	default:
		if strings.HasPrefix(name, "@") && !nested {
			if o.aliases == nil {
				o.aliases = map[string]string{}
			}
			o.aliases[name] = value
			return nil
		}
		if strings.HasPrefix(name, "$") || nested {
			return syntax("The query parameter '%s' is not supported.", name)
		}
	}
	return nil
}

// parseExpand reads "nav,nav($select=a,b;$filter=c)".
func (o *options) parseExpand(value string) error {
	for _, item := range splitOutside(value, ',') {
		item = strings.TrimSpace(item)
		e := expandOption{nav: item, opts: options{top: -1}}
		if open := strings.IndexByte(item, '('); open >= 0 {
			if !strings.HasSuffix(item, ")") {
				return syntax("Term '%s' is not valid in a $select or $expand expression.", item)
			}
			e.nav = item[:open]
			for _, opt := range splitOutside(item[open+1:len(item)-1], ';') {
				name, v, ok := strings.Cut(opt, "=")
				if !ok {
					return syntax("Term '%s' is not valid in a $select or $expand expression.", opt)
				}
				if err := e.opts.set(strings.TrimSpace(name), v, true); err != nil {
					return err
				}
			}
		}
		if e.nav == "" {
			return syntax("Term '%s' is not valid in a $select or $expand expression.", value)
		}
		o.expand = append(o.expand, e)
	}
	return nil
}

// prefer holds what a Prefer header asks for.
type prefer struct {
	representation, track, continueOnError bool
	pageSize                               int
	annotations                            []string
	applied                                []string
}

func parsePrefer(headers []string) prefer {
	var p prefer
	for _, item := range splitQuoted(strings.Join(headers, ",")) {
		item = strings.TrimSpace(item)
		name, value, _ := strings.Cut(item, "=")
		value = strings.Trim(strings.TrimSpace(value), `"`)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "return":
			p.representation = value == "representation"
		case "odata.maxpagesize":
			n, err := strconv.Atoi(value)
			if err != nil || n < 1 {
				continue
			}
			p.pageSize = n
		case "odata.track-changes":
			p.track = true
		case "odata.continue-on-error":
			p.continueOnError = value != "false"
		case "odata.include-annotations":
			p.annotations = strings.Split(value, ",")
		default:
			continue
		}
		p.applied = append(p.applied, item)
	}
	return p
}

func splitQuoted(s string) []string {
	var out []string
	quoted, start := false, 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ',' && !quoted:
			out = append(out, s[start:i])
			start = i + 1
		}
	}
	return append(out, s[start:])
}

// wants tells whether an annotation was asked for; patterns end in * and a leading minus excludes.
func (p *prefer) wants(name string) bool {
	found := false
	for _, pattern := range p.annotations {
		pattern = strings.TrimSpace(pattern)
		rest, excluded := strings.CutPrefix(pattern, "-")
		prefix, wild := strings.CutSuffix(rest, "*")
		if rest == name || wild && strings.HasPrefix(name, prefix) {
			if excluded {
				return false
			}
			found = true
		}
	}
	return found
}
