package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func functionRules() []rule {
	return []rule{
		{"function.json", "function.json is a JSON object with a binding at least", theHost + "WebJobs.Script/Host/HostFunctionMetadataProvider.cs", each(hasBindings)},
		{"function.name", "a function is named with letters, digits, _ and -, a letter first, at most 128, and not host", theHost + "WebJobs.Script/Utility.cs", each(nameFits)},
		{"function.unique", "no two names differ in capitals only", theHost + "WebJobs.Script/Host/FunctionMetadataManager.cs", namesDiffer},
		{"function.script", "a function's folder holds function.json alone, and that names no scriptFile: another file would be taken for its code", theHost + "WebJobs.Script/Host/HostFunctionMetadataProvider.cs", holdsNothingElse},
		{"function.source", "configurationSource is left out: attributes are for compiled classes", theHost + "WebJobs.Script/Host/HostFunctionMetadataProvider.cs", each(noSource)},
		{"binding.name", "a binding is named with letters and digits, a letter first, at most 128", theHost + "WebJobs.Script/Utility.cs", eachBinding("", bindingName)},
		{"binding.unique", "no two bindings of a function have one name", theHost + "WebJobs.Script/Description/FunctionDescriptorProvider.cs", each(bindingsDiffer)},
		{"binding.type", "a binding has a type, and a direction of in or out", theHost + "WebJobs.Script/Description/FunctionDescriptorProvider.cs", eachBinding("", typeAndDirection)},
		{"binding.trigger", "a function has one trigger", theHost + "WebJobs.Script/Description/FunctionDescriptorProvider.cs", each(oneTrigger)},
		{"binding.settings", "each %NAME% in a binding is a setting: the host leaves the function out otherwise", coreTools + "Actions/HostActions/StartHostAction.cs", eachBinding("", namesAreSettings)},
		{"binding.connection", "each connection is a setting, or the first part of some: func warns otherwise", coreTools + "Actions/HostActions/StartHostAction.cs", eachBinding("", connectionIsThere)},
	}
}

func hasBindings(f function) error {
	if f.err != nil || len(f.bindings) == 0 {
		return fmt.Errorf("it has none (%v)", f.err)
	}
	return nil
}

func nameFits(f function) error {
	if !regexp.MustCompile(`^(?i)[a-z][a-z0-9_-]{0,127}$`).MatchString(f.name) || strings.EqualFold(f.name, "host") {
		return fmt.Errorf("it is no name")
	}
	return nil
}

func namesDiffer(s *subject) error {
	seen := map[string]bool{}
	for _, f := range s.functions {
		if low := strings.ToLower(f.name); seen[low] {
			return fmt.Errorf("%s", f.name)
		} else {
			seen[low] = true
		}
	}
	return nil
}

func holdsNothingElse(s *subject) error {
	return each(func(f function) error {
		files, err := os.ReadDir(filepath.Join(s.app, f.name))
		if err != nil || len(files) != 1 || f.doc["scriptFile"] != nil {
			return fmt.Errorf("%d files, scriptFile %v (%v)", len(files), f.doc["scriptFile"], err)
		}
		return nil
	})(s)
}

func noSource(f function) error {
	if f.doc["configurationSource"] != nil {
		return fmt.Errorf("it is there")
	}
	return nil
}

func bindingName(_ *subject, b object) error {
	if name := text(b, "name"); !regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9]{0,127}$`).MatchString(name) {
		return fmt.Errorf("%q", name)
	}
	return nil
}

func bindingsDiffer(f function) error {
	var seen []string
	for _, b := range f.bindings {
		name := strings.ToLower(text(b, "name"))
		if slices.Contains(seen, name) {
			return fmt.Errorf("%s is there twice", name)
		}
		seen = append(seen, name)
	}
	return nil
}

func typeAndDirection(_ *subject, b object) error {
	if d := text(b, "direction"); text(b, "type") == "" || d != "in" && d != "out" {
		return fmt.Errorf("%v", b)
	}
	return nil
}

func oneTrigger(f function) error {
	n := 0
	for _, b := range f.bindings {
		if strings.HasSuffix(strings.ToLower(text(b, "type")), "trigger") && text(b, "direction") == "in" {
			n++
		}
	}
	if n != 1 {
		return fmt.Errorf("it has %d", n)
	}
	return nil
}

func namesAreSettings(s *subject, b object) error {
	for member := range b {
		for _, m := range regexp.MustCompile(`%([^%]+)%`).FindAllStringSubmatch(text(b, member), -1) {
			if s.settings.Values[m[1]] == "" {
				return fmt.Errorf("%s: %s is no setting of local.settings.json", member, m[1])
			}
		}
	}
	return nil
}

func connectionIsThere(s *subject, b object) error {
	name, given := b["connection"]
	if !given {
		return nil
	}
	for setting := range s.settings.Values {
		if first, _, _ := strings.Cut(setting, "__"); name != "" && strings.EqualFold(first, fmt.Sprint(name)) {
			return nil
		}
	}
	return fmt.Errorf("%v is no setting of local.settings.json", name)
}
