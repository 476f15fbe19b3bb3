package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

func triggerRules() []rule {
	return []rule{
		{"http.raw", "an HTTP function has one httpTrigger in, one http out and nothing else: only such calls come raw", theHost + "WebJobs.Script/Extensions/FunctionMetadataExtensions.cs", each(rawBindings)},
		{"http.level", "authLevel is anonymous, function or admin", learn + "functions-bindings-http-webhook-trigger", eachBinding("httpTrigger", oneOf("authLevel", "anonymous", "function", "admin"))},
		{"http.reserved", "no route begins with admin or runtime, which are the host's", theHost + "WebJobs.Script/Host/ScriptHost.cs", eachBinding("httpTrigger", notReserved)},
		{"http.routes", "no two functions have one route", theHost + "WebJobs.Script/Host/ScriptHost.cs", routesDiffer},
		{"queue.name", "a queue function names a queue of the template", learn + "functions-bindings-service-bus-trigger", eachBinding("serviceBusTrigger", queueOfTheTemplate)},
		{"queue.sessions", "it asks for sessions, for its queue has them: a listener without is refused by the broker", learn + "functions-bindings-service-bus-trigger", eachBinding("serviceBusTrigger", sessions)},
		{"queue.binary", "it takes one message at a time, as bytes: of a text the host takes members over into the metadata", theHost + "WebJobs.Script/Utility.cs", eachBinding("serviceBusTrigger", asBytes)},
		{"timer.schedule", "a timer's schedule has six fields, or is a setting that has", learn + "functions-bindings-timer", eachBinding("timerTrigger", sixFields)},
		{"timer.startup", "a timer does not run at every start", learn + "functions-bindings-timer", eachBinding("timerTrigger", oneOf("runOnStartup", false, nil))},
		{"retry.kinds", "only a timer has a retry policy: of HTTP and Service Bus the host has none", learn + "functions-bindings-error-pages", each(retries)},
	}
}

func rawBindings(f function) error {
	var kinds []string
	for _, b := range f.bindings {
		kinds = append(kinds, text(b, "type")+" "+text(b, "direction"))
	}
	slices.Sort(kinds)
	if slices.ContainsFunc(kinds, func(k string) bool { return strings.HasPrefix(k, "http") }) && !slices.Equal(kinds, []string{"http out", "httpTrigger in"}) {
		return fmt.Errorf("%v", kinds)
	}
	return nil
}

func oneOf(member string, allowed ...any) func(*subject, object) error {
	return func(_ *subject, b object) error {
		if !slices.Contains(allowed, b[member]) {
			return fmt.Errorf("%s is %v", member, b[member])
		}
		return nil
	}
}

func notReserved(_ *subject, b object) error {
	route := strings.ToLower(strings.Trim(text(b, "route"), "/"))
	if strings.HasPrefix(route, "admin") || strings.HasPrefix(route, "runtime") {
		return fmt.Errorf("%s", route)
	}
	return nil
}

func routesDiffer(s *subject) error {
	seen := map[string]string{}
	for _, f := range s.functions {
		for _, b := range f.bindings {
			if text(b, "type") != "httpTrigger" {
				continue
			}
			route := strings.ToLower(strings.Trim(text(b, "route"), "/"))
			if route == "" {
				route = strings.ToLower(f.name) // the host's own default
			}
			if of := seen[route]; of != "" {
				return fmt.Errorf("%s: of %s and %s", route, of, f.name)
			}
			seen[route] = f.name
		}
	}
	return nil
}

func queueOfTheTemplate(s *subject, b object) error {
	var product struct {
		Queues []struct{ Name string }
	}
	if err := readJSON(s.infra()+"/product.json", &product); err != nil {
		return err
	}
	for _, q := range product.Queues {
		if q.Name == text(b, "queueName") {
			return nil
		}
	}
	return fmt.Errorf("%q is none", text(b, "queueName"))
}

func sessions(s *subject, b object) error {
	have := regexp.MustCompile(`requiresSession:\s*true`).MatchString(s.bicep["servicebus.bicep"])
	if asks, _ := b["isSessionsEnabled"].(bool); !have || asks != have {
		return fmt.Errorf("isSessionsEnabled is %v, of the template's queues %v", b["isSessionsEnabled"], have)
	}
	return nil
}

func asBytes(_ *subject, b object) error {
	if b["dataType"] != "binary" || b["cardinality"] != "one" {
		return fmt.Errorf("dataType %v, cardinality %v", b["dataType"], b["cardinality"])
	}
	return nil
}

func sixFields(s *subject, b object) error {
	schedule := text(b, "schedule")
	if name, is := strings.CutPrefix(schedule, "%"); is {
		schedule = s.settings.Values[strings.TrimSuffix(name, "%")]
	}
	if len(strings.Fields(schedule)) != 6 {
		return fmt.Errorf("%q", schedule)
	}
	return nil
}

func retries(f function) error {
	if f.doc["retry"] != nil && (len(f.bindings) == 0 || text(f.bindings[0], "type") != "timerTrigger") {
		return fmt.Errorf("it has one")
	}
	return nil
}
