package lambdasim

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

var (
	functionName = regexp.MustCompile(`^[a-zA-Z0-9-_]{1,64}$`)
	variableName = regexp.MustCompile(`^[a-zA-Z]([a-zA-Z0-9_])+$`)
)

// reserved are names that a function's configuration may not set.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
var reserved = []string{"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME",
	"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME",
	"AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_RUNTIME_API",
	"LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"}

// mostEnvironment is what all variables of a function may have together, in bytes.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const mostEnvironment = 4 << 10

// Check says everything that is wrong with a function's configuration.
func (f Function) Check() error {
	var wrong []error
	say := func(format string, args ...any) {
		wrong = append(wrong, fmt.Errorf("function "+f.Name+": "+format, args...))
	}
	if !functionName.MatchString(f.Name) {
		say("the name may have letters, digits, - and _, 64 at most")
	}
	if f.Memory < 128 || f.Memory > 10240 {
		say("memory of %d MB: 128 to 10240", f.Memory)
	}
	if f.Timeout < time.Second || f.Timeout > 15*time.Minute || f.Timeout%time.Second != 0 {
		say("timeout %s: whole seconds from 1 to 900", f.Timeout)
	}
	if f.Retries < 0 || f.Retries > 2 || f.MaxAge != 0 && (f.MaxAge < time.Minute || f.MaxAge > 6*time.Hour) {
		say("an event is tried again up to twice, and kept for 60 s to 6 h")
	}
	size := 0
	for name, value := range f.Environment {
		size += len(name) + len(value)
		switch {
		case !variableName.MatchString(name):
			say("variable %q: a letter, then letters, digits and _", name)
		case slices.Contains(reserved, name):
			say("variable %s is reserved: Lambda sets it", name)
		}
	}
	if size > mostEnvironment {
		say("the variables have %d bytes together, more than %d", size, mostEnvironment)
	}
	for _, s := range f.Schedules {
		if s.Input != "" && !json.Valid([]byte(s.Input)) {
			say("schedule %s: its input is no JSON", s.Name)
		}
	}
	return errors.Join(wrong...)
}

// Switch is what the documents leave open.
type Switch struct {
	Name      string
	Positions []string // the first is the default
	Meaning   string
}

// Switches are all there are.
func Switches() []Switch {
	return []Switch{
		{"base64", []string{"type", "always", "utf8"}, "which bodies a Function URL puts into base64: those whose type is no text, all, or those that are no UTF-8"},
		{"path", []string{"sent", "decoded"}, "whether rawPath is the path as it was sent, or with its escapes resolved"},
		{"stream", []string{"streamed", "buffered"}, "whether an answer whose runtime does not say Lambda-Runtime-Function-Response-Mode reaches the caller as it is written, or at its end"},
	}
}

// CheckSwitches says which switch, or which position of one, there is not.
func CheckSwitches(given map[string]string) error {
	for name, value := range given {
		at := slices.IndexFunc(Switches(), func(s Switch) bool { return s.Name == name })
		if at < 0 {
			return fmt.Errorf("there is no switch %q of Lambda", name)
		}
		if s := Switches()[at]; !slices.Contains(s.Positions, value) {
			return fmt.Errorf("switch %s: %q is none of its positions %s", name, value, strings.Join(s.Positions, ", "))
		}
	}
	return nil
}

// is says in which position a switch is.
func (p *Platform) is(name, position string) bool {
	if given, ok := p.opt.Switches[name]; ok {
		return given == position
	}
	for _, s := range Switches() {
		if s.Name == name {
			return s.Positions[0] == position
		}
	}
	return false
}
