package hostsim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// app is a packaged folder, read and checked.
type app struct {
	dir       string
	host      hostJSON
	functions []*function
}

// hostJSON is the part of host.json that the simulator obeys; members it does not know are ignored, as
// the real host does.
type hostJSON struct {
	FunctionTimeout string `json:"functionTimeout"`
	TelemetryMode   string `json:"telemetryMode"`
	CustomHandler   struct {
		Description struct {
			DefaultExecutablePath string   `json:"defaultExecutablePath"`
			Arguments             []string `json:"arguments"`
			WorkingDirectory      string   `json:"workingDirectory"`
		} `json:"description"`
		EnableForwardingHTTPRequest bool   `json:"enableForwardingHttpRequest"`
		EnableProxyingHTTPRequest   bool   `json:"enableProxyingHttpRequest"`
		InitializationTimeout       string `json:"initializationTimeout"`
		HTTP                        struct {
			Routes []json.RawMessage `json:"routes"`
		} `json:"http"`
	} `json:"customHandler"`
	Extensions struct {
		HTTP struct {
			RoutePrefix *string `json:"routePrefix"`
		} `json:"http"`
		ServiceBus struct {
			PrefetchCount                int    `json:"prefetchCount"`
			AutoCompleteMessages         *bool  `json:"autoCompleteMessages"`
			MaxConcurrentCalls           int    `json:"maxConcurrentCalls"`
			MaxConcurrentSessions        int    `json:"maxConcurrentSessions"`
			MaxConcurrentCallsPerSession int    `json:"maxConcurrentCallsPerSession"`
			SessionIdleTimeout           string `json:"sessionIdleTimeout"`
			MaxAutoLockRenewalDuration   string `json:"maxAutoLockRenewalDuration"`
		} `json:"serviceBus"`
	} `json:"extensions"`

	functionTimeout, initTimeout, sessionIdle, lockRenewal time.Duration
	routePrefix                                            string
}

// function is one folder with its function.json.
type function struct {
	name     string
	disabled bool
	trigger  binding
	outputs  []binding
	retry    *retryPolicy
	segments []segment // route of an httpTrigger, prefix included
	schedule *schedule // of a timerTrigger
}

type binding struct {
	Type              string   `json:"type"`
	Direction         string   `json:"direction"`
	Name              string   `json:"name"`
	DataType          string   `json:"dataType"`
	Cardinality       string   `json:"cardinality"`
	AuthLevel         string   `json:"authLevel"`
	Methods           []string `json:"methods"`
	Route             *string  `json:"route"`
	QueueName         string   `json:"queueName"`
	TopicName         string   `json:"topicName"`
	Connection        string   `json:"connection"`
	IsSessionsEnabled bool     `json:"isSessionsEnabled"`
	Schedule          string   `json:"schedule"`
	RunOnStartup      bool     `json:"runOnStartup"`
	UseMonitor        *bool    `json:"useMonitor"`
}

type retryPolicy struct {
	Strategy        string `json:"strategy"`
	MaxRetryCount   int    `json:"maxRetryCount"`
	DelayInterval   string `json:"delayInterval"`
	MinimumInterval string `json:"minimumInterval"`
	MaximumInterval string `json:"maximumInterval"`

	delay, least, most time.Duration
}

// The binding types of the extension bundle that may stand beside a trigger. Outputs other than http are
// read but not simulated: an answer that fills one fails its invocation with a clear text.
var (
	triggerTypes = []string{"httpTrigger", "serviceBusTrigger", "timerTrigger"}
	outputTypes  = []string{"http", "queue", "serviceBus"}
)

var functionName = regexp.MustCompile(`(?i)^[a-z][a-z0-9_-]{0,127}$`)

// load reads and checks a packaged folder. The error names every wrong file at once.
func load(dir string, settings map[string]string) (*app, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("app folder %s: %w", dir, err)
	}
	a := &app{dir: abs}
	if err := readJSON(filepath.Join(abs, "host.json"), &a.host); err != nil {
		return nil, err
	}
	if err := a.host.check(); err != nil {
		return nil, fmt.Errorf("host.json: %w", err)
	}
	entries, err := os.ReadDir(abs)
	if err != nil {
		return nil, fmt.Errorf("app folder: %w", err)
	}
	var problems []error
	for _, e := range entries {
		file := filepath.Join(abs, e.Name(), "function.json")
		if _, err := os.Stat(file); !e.IsDir() || err != nil {
			continue
		}
		f, err := a.readFunction(e.Name(), file, settings)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s/function.json: %w", e.Name(), err))
			continue
		}
		a.functions = append(a.functions, f)
	}
	if len(a.host.CustomHandler.HTTP.Routes) > 0 && len(a.functions)+len(problems) > 0 {
		problems = append(problems, errors.New("host.json: customHandler.http.routes cannot be used together with function.json files: declare the HTTP functions in one of the two places"))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	if len(a.functions) == 0 {
		return nil, fmt.Errorf("app folder %s: no direct child folder holds a function.json", dir)
	}
	return a, nil
}

func readJSON(file string, v any) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("reading %s: %w", filepath.Base(file), err)
	}
	if err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\ufeff")), v); err != nil {
		return fmt.Errorf("%s is not valid JSON: %w", filepath.Base(file), err)
	}
	return nil
}

func (h *hostJSON) check() error {
	if h.CustomHandler.Description.DefaultExecutablePath == "" {
		return errors.New("customHandler.description.defaultExecutablePath is missing: name the handler's executable")
	}
	sb := &h.Extensions.ServiceBus
	if sb.AutoCompleteMessages != nil && !*sb.AutoCompleteMessages {
		return errors.New("extensions.serviceBus.autoCompleteMessages is false: a custom handler cannot settle messages itself, leave it out")
	}
	if sb.MaxConcurrentCallsPerSession > 1 {
		return fmt.Errorf("extensions.serviceBus.maxConcurrentCallsPerSession is %d: only 1 is simulated", sb.MaxConcurrentCallsPerSession)
	}
	var err error
	for _, d := range []struct {
		name, text string
		into       *time.Duration
		otherwise  time.Duration
	}{
		{"functionTimeout", h.FunctionTimeout, &h.functionTimeout, 30 * time.Minute},
		{"customHandler.initializationTimeout", h.CustomHandler.InitializationTimeout, &h.initTimeout, 30 * time.Second},
		{"extensions.serviceBus.sessionIdleTimeout", sb.SessionIdleTimeout, &h.sessionIdle, time.Minute},
		{"extensions.serviceBus.maxAutoLockRenewalDuration", sb.MaxAutoLockRenewalDuration, &h.lockRenewal, 5 * time.Minute},
	} {
		if *d.into, err = timeSpan(d.text, d.otherwise); err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
	}
	h.routePrefix = "api"
	if p := h.Extensions.HTTP.RoutePrefix; p != nil {
		h.routePrefix = strings.Trim(*p, "/")
	}
	sb.MaxConcurrentCalls = orDefault(sb.MaxConcurrentCalls, 16)
	sb.MaxConcurrentSessions = orDefault(sb.MaxConcurrentSessions, 8)
	return nil
}

func orDefault(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}
	return n
}

var span = regexp.MustCompile(`^(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})(?:\.(\d{1,7}))?$`)

// timeSpan reads .NET's [d.]hh:mm:ss[.fffffff]; "-1" stands for no limit.
func timeSpan(text string, otherwise time.Duration) (time.Duration, error) {
	switch text {
	case "":
		return otherwise, nil
	case "-1":
		return 1<<63 - 1, nil
	}
	m := span.FindStringSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("%q is not a time span: write it as hh:mm:ss", text)
	}
	d, err := time.ParseDuration(m[2] + "h" + m[3] + "m" + m[4] + "." + m[5] + "0s")
	if err != nil {
		return 0, fmt.Errorf("%q is not a time span: %w", text, err)
	}
	var days int
	_, _ = fmt.Sscan(m[1], &days) // the pattern admits digits only
	return d + time.Duration(days)*24*time.Hour, nil
}

func (a *app) readFunction(name, file string, settings map[string]string) (*function, error) {
	if !functionName.MatchString(name) || strings.EqualFold(name, "host") {
		return nil, fmt.Errorf("folder name %q is not a function name: a letter, then letters, digits, _ or -, at most 128 in all, and not \"host\"", name)
	}
	var doc struct {
		Bindings []binding    `json:"bindings"`
		Retry    *retryPolicy `json:"retry"`
		Disabled bool         `json:"disabled"`
	}
	if err := readJSON(file, &doc); err != nil {
		return nil, err
	}
	f := &function{name: name, retry: doc.Retry, disabled: doc.Disabled || switchedOff(name, settings)}
	if err := f.bind(doc.Bindings); err != nil {
		return nil, err
	}
	if err := f.checkRetry(); err != nil {
		return nil, err
	}
	switch f.trigger.Type {
	case "httpTrigger":
		return f, f.checkHTTP(a.host.routePrefix)
	case "serviceBusTrigger":
		return f, f.checkServiceBus(settings)
	default:
		return f, f.checkTimer(settings)
	}
}

// switchedOff reads the setting that disables a function, in both spellings: on Linux the dot of the
// documented name becomes an underscore.
func switchedOff(name string, settings map[string]string) bool {
	for _, key := range []string{"AzureWebJobs." + name + ".Disabled", "AzureWebJobs_" + name + "_Disabled"} {
		if v := settings[key]; v == "1" || strings.EqualFold(v, "true") {
			return true
		}
	}
	return false
}

func (f *function) bind(bindings []binding) error {
	triggers := 0
	names := map[string]bool{}
	for _, b := range bindings {
		if b.Name == "" {
			return fmt.Errorf("a binding of type %q has no name", b.Type)
		}
		if names[strings.ToLower(b.Name)] {
			return fmt.Errorf("two bindings are named %q", b.Name)
		}
		names[strings.ToLower(b.Name)] = true
		switch {
		case slices.Contains(triggerTypes, b.Type):
			if b.Direction != "" && b.Direction != "in" {
				return fmt.Errorf("binding %q: a trigger's direction is \"in\", not %q", b.Name, b.Direction)
			}
			triggers++
			f.trigger = b
		case slices.Contains(outputTypes, b.Type) && b.Direction == "out":
			f.outputs = append(f.outputs, b)
		default:
			return fmt.Errorf("binding %q: type %q with direction %q is unknown: triggers are %s, outputs %s",
				b.Name, b.Type, b.Direction, strings.Join(triggerTypes, ", "), strings.Join(outputTypes, ", "))
		}
	}
	if triggers != 1 {
		return fmt.Errorf("%d trigger bindings: a function has exactly one", triggers)
	}
	return nil
}

func (f *function) checkRetry() error {
	r := f.retry
	if r == nil {
		return nil
	}
	if f.trigger.Type != "timerTrigger" {
		return fmt.Errorf("retry: a policy is simulated for timers only, not for %s", f.trigger.Type)
	}
	var err error
	if r.delay, err = timeSpan(r.DelayInterval, 0); err != nil {
		return fmt.Errorf("retry.delayInterval: %w", err)
	}
	if r.least, err = timeSpan(r.MinimumInterval, 0); err != nil {
		return fmt.Errorf("retry.minimumInterval: %w", err)
	}
	if r.most, err = timeSpan(r.MaximumInterval, 0); err != nil {
		return fmt.Errorf("retry.maximumInterval: %w", err)
	}
	switch {
	case r.Strategy == "fixedDelay" && r.delay > 0, r.Strategy == "exponentialBackoff" && r.least > 0 && r.most >= r.least:
		return nil
	}
	return fmt.Errorf("retry: strategy %q needs fixedDelay with delayInterval, or exponentialBackoff with minimumInterval and maximumInterval", r.Strategy)
}

func (f *function) checkHTTP(prefix string) error {
	switch f.trigger.AuthLevel {
	case "":
		f.trigger.AuthLevel = "function"
	case "anonymous", "function", "admin":
	default:
		return fmt.Errorf("authLevel %q: use anonymous, function or admin", f.trigger.AuthLevel)
	}
	route := f.name
	if f.trigger.Route != nil {
		route = *f.trigger.Route
	}
	var err error
	f.segments, err = parseRoute(strings.Trim(prefix+"/"+strings.Trim(route, "/"), "/"))
	return err
}

func (f *function) checkServiceBus(settings map[string]string) error {
	b := &f.trigger
	if b.TopicName != "" || b.QueueName == "" {
		return errors.New("queueName is missing: only queues are simulated, no topics")
	}
	if b.Cardinality != "" && b.Cardinality != "one" {
		return fmt.Errorf("cardinality %q: only \"one\" is simulated", b.Cardinality)
	}
	if b.DataType != "" && b.DataType != "string" && b.DataType != "binary" {
		return fmt.Errorf("dataType %q: use binary or string", b.DataType)
	}
	var err error
	if b.QueueName, err = resolve(b.QueueName, settings); err != nil {
		return fmt.Errorf("queueName: %w", err)
	}
	if b.Connection == "" {
		b.Connection = "AzureWebJobsServiceBus"
	}
	if f.disabled || settings[b.Connection] != "" || settings[b.Connection+"__fullyQualifiedNamespace"] != "" {
		return nil
	}
	return fmt.Errorf("connection %q: neither the app setting %s nor %s__fullyQualifiedNamespace is set", b.Connection, b.Connection, b.Connection)
}

func (f *function) checkTimer(settings map[string]string) error {
	text, err := resolve(f.trigger.Schedule, settings)
	if err != nil {
		return fmt.Errorf("schedule: %w", err)
	}
	if f.schedule, err = parseSchedule(text); err != nil {
		return fmt.Errorf("schedule: %w", err)
	}
	return nil
}

var placeholder = regexp.MustCompile(`%([^%]+)%`)

// resolve replaces %NAME% by the app setting NAME.
func resolve(text string, settings map[string]string) (string, error) {
	var missing []string
	out := placeholder.ReplaceAllStringFunc(text, func(m string) string {
		v := settings[strings.Trim(m, "%")]
		if v == "" {
			missing = append(missing, m)
		}
		return v
	})
	if missing != nil {
		return "", fmt.Errorf("%s is not an app setting that is set", strings.Join(missing, ", "))
	}
	return out, nil
}

// raw says whether the function's HTTP calls reach the handler as they are: one trigger, one http output.
func (f *function) raw() bool {
	return f.trigger.Type == "httpTrigger" && len(f.outputs) == 1 && f.outputs[0].Type == "http"
}
