package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// tool is a program that the steps call.
type tool struct {
	name, from string
	least      []int // its oldest version that has what is called here; empty: any
	steps      []string
}

// needed are the tools that the chosen steps call.
func needed(program string) []tool {
	all := []tool{
		{name: "az", least: []int{2, 60, 0}, from: "the Azure CLI: https://learn.microsoft.com/cli/azure/install-azure-cli"},
		{name: "make", from: "GNU make: your system's packages have it", steps: []string{"package"}},
		{name: "go", from: "Go 1.26: https://go.dev/dl/", steps: []string{"package"}},
	}
	switch program {
	case "func":
		all = append(all, tool{name: "func", least: []int{4}, from: "Azure Functions Core Tools: npm install --global azure-functions-core-tools@4", steps: []string{"publish"}})
	case "azd":
		all = append(all, tool{name: "azd", least: []int{1, 20, 0}, from: "the Azure Developer CLI: https://aka.ms/azd-install", steps: []string{"publish"}})
	}
	return all
}

// missingTools names every tool that is not there, and how to get it, before anything is done.
func missingTools(sh *shell, f *facts, all []step) error {
	wanted := map[string]bool{}
	after := false
	for _, s := range all {
		wanted[s.name] = f.wanted(s, after) == ""
		after = after || s.name == f.last
	}
	var problems []error
	for _, t := range needed(f.program) {
		if len(t.steps) > 0 && !slices.ContainsFunc(t.steps, func(s string) bool { return wanted[s] }) {
			continue
		}
		if _, err := sh.find(t.name); err != nil {
			problems = append(problems, fmt.Errorf("%w; it is %s", err, t.from))
		}
	}
	return errors.Join(problems...)
}

// tookVersion holds what a tool says of its version against the oldest that will do.
func tookVersion(f *facts, name, answer string) error {
	version := strings.TrimSpace(answer)
	switch name {
	case "az":
		var v map[string]any
		if err := into(answer, &v); err != nil {
			return err
		}
		version, _ = v["azure-cli"].(string)
	case "azd":
		var v struct {
			Azd struct{ Version string }
		}
		if err := json.Unmarshal([]byte(answer), &v); err != nil {
			return fmt.Errorf("the answer is not what this tool usually says: %w", err)
		}
		version = v.Azd.Version
	}
	for _, t := range needed(f.program) {
		if t.name == name && older(version, t.least) {
			return fmt.Errorf("%s %s is too old, %s or newer is needed: %s", name, version, dotted(t.least), t.from)
		}
	}
	f.say("%s %s", name, version)
	return nil
}

// older compares a version with the least, number by number; one that cannot be read is taken.
func older(version string, least []int) bool {
	parts := strings.Split(version, ".")
	for i, want := range least {
		if i >= len(parts) {
			return false
		}
		digits, _, _ := strings.Cut(parts[i], "-")
		has, err := strconv.Atoi(digits)
		if err != nil || has > want {
			return false
		}
		if has < want {
			return true
		}
	}
	return false
}

func dotted(v []int) string {
	words := make([]string, len(v))
	for i, n := range v {
		words[i] = strconv.Itoa(n)
	}
	return strings.Join(words, ".")
}
