package main

import (
	"errors"
	"fmt"
	"slices"
)

// rule is a habit of the tools.
type rule struct {
	id     string
	says   string
	source string // repository and file, or the vendor's page
	kept   func(*subject) error
}

// Where the rules stand.
const (
	coreTools = "Azure/azure-functions-core-tools src/Cli/func/"
	theHost   = "Azure/azure-functions-host src/"
	azureDev  = "Azure/azure-dev "
	learn     = "https://learn.microsoft.com/azure/azure-functions/"
	ours      = "docs/decisions/0027-a-small-package-that-starts-quickly.md"
)

// rules lists all of them.
func rules() []rule {
	return slices.Concat(folderRules(), hostRules(), functionRules(), triggerRules(), handlerRules(), zipRules(), settingsRules(), azdRules(), templateRules())
}

// read is kept where a part could be read.
func read(part string) func(*subject) error {
	return func(s *subject) error { return s.unread[part] }
}

// each holds every function to a rule.
func each(kept func(function) error) func(*subject) error {
	return func(s *subject) error {
		var wrong []error
		for _, f := range s.functions {
			if err := kept(f); err != nil {
				wrong = append(wrong, fmt.Errorf("%s: %w", f.name, err))
			}
		}
		return errors.Join(wrong...)
	}
}

// eachBinding holds every binding of a type to a rule; "" is all types.
func eachBinding(kind string, kept func(s *subject, b object) error) func(*subject) error {
	return func(s *subject) error {
		return each(func(f function) error {
			for _, b := range f.bindings {
				if kind == "" || text(b, "type") == kind {
					if err := kept(s, b); err != nil {
						return err
					}
				}
			}
			return nil
		})(s)
	}
}
