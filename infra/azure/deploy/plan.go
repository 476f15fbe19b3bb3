package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// step is one part of the way from an empty subscription to a connector that works. What PLAN=1 prints and what is run
// are the same moves.
type step struct {
	name  string
	does  string // in words
	needs string // which rights
	moves []move
	// always says that it only looks: later steps need what it finds, so SKIP and ONLY do not touch it.
	always bool
	// before is done before the moves, without any tool. It may be nil.
	before func(*facts) error
	// mend is what to do when a move fails and none of the known causes fits.
	mend string
}

// move is one call of a tool.
type move struct {
	does string // in words
	when string // in words, where it is not always made
	// changes says that it changes something.
	changes bool
	// so says that there is nothing to do, and why. It may be nil.
	so   func(*facts) (why string, nothing bool)
	call func(*facts) command
	// took takes in what the tool answered. It may be nil.
	took func(f *facts, answer string) error
	// found says that exit code 1 is an answer, too: something was found.
	found bool
	// later says that a failure may pass, such as that of a right that was given a moment ago.
	later func(*facts, *toolError) bool
	// patience is how long such a failure may last, where that is longer than usual.
	patience time.Duration
}

// facts are what is known of one deployment: from the start, or because a tool has said so.
type facts struct {
	choice
	set     settings
	known   map[string]string
	given   map[string]string // secrets that somebody gave, by the name of the variable
	secrets map[string]string // all secrets that we know, by their name in the vault
	missing []string          // what a call wanted and nobody knows
	said    []string          // what a step found, for the screen and the report
	same    bool              // the call that was just made found everything as it should be, and changed nothing
	program string            // which publishes: az, func or azd
	apps    map[string]string // settings of the apps in the file of parameters
	private bool              // the parameters want a network of their own
	polls   bool              // the parameters say that nothing is registered
	shadow  bool              // the parameters say that the app only watches
	untold  bool              // the parameters still have the sample's address for alerts
	deploys bool              // this run deploys the templates, or asks what that would change
}

// get is a fact, or <its name> where it is not known yet.
func (f *facts) get(name string) string {
	if v := f.known[name]; v != "" {
		return v
	}
	if !slices.Contains(f.missing, name) {
		f.missing = append(f.missing, name)
	}
	return "<" + name + ">"
}

func (f *facts) is(name, value string) bool { return f.known[name] == value }

// say notes something for the screen and the report.
func (f *facts) say(format string, args ...any) {
	f.said = append(f.said, fmt.Sprintf(format, args...))
}

// choice is what somebody asked for.
type choice struct {
	env           string   // production, test or staging
	params        string   // the file of parameters, from the top folder
	skip, only    []string // names of steps
	last          string   // name of the last step
	pack          string   // a zip of an earlier version, from the top folder; empty packs this tree
	mapping       string   // the field sheet for package and setup: MAPPING's, else that of the settings
	overwrite     bool     // somebody else's registration with Partner Center, too
	local         string   // local.json of a world that stands for everything live; empty: the real systems
	top           string   // of the repository
	askedMapping  string   // the field sheet as MAPPING named it
	askedSettings string   // the file of settings as it was named, for messages
}

// wanted says why a step is not run, or nothing.
func (c choice) wanted(s step, after bool) string {
	switch {
	case s.always:
		return ""
	case slices.Contains(c.skip, s.name):
		return "SKIP names it"
	case len(c.only) > 0 && !slices.Contains(c.only, s.name):
		return "ONLY does not name it"
	case after:
		return "LAST=" + c.last
	}
	return ""
}

// anyWanted says whether any of the named steps is run.
func (c choice) anyWanted(all []step, names ...string) bool {
	after := false
	for _, s := range all {
		if slices.Contains(names, s.name) && c.wanted(s, after) == "" {
			return true
		}
		after = after || s.name == c.last
	}
	return false
}

// check holds the names of steps against the list.
func (c choice) check(all []step) error {
	var problems []error
	named := func(option string, names []string) {
		for _, n := range names {
			if !slices.ContainsFunc(all, func(s step) bool { return s.name == n }) {
				problems = append(problems, fmt.Errorf("%s=%s: there is no such step; the steps are %s", option, n, stepNames(all)))
			}
		}
	}
	named("SKIP", c.skip)
	named("ONLY", c.only)
	if c.last != "" {
		named("LAST", []string{c.last})
	}
	return errors.Join(problems...)
}

func stepNames(all []step) string {
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = s.name
	}
	return strings.Join(names, ", ")
}

// printPlan prints every move, without calling anything.
func printPlan(out io.Writer, all []step, f *facts) {
	fmt.Fprintf(out, "The plan for ENV=%s: settings %s, parameters %s, published by %s. Nothing is run.\n", f.env, f.askedSettings, f.params, f.program)
	fmt.Fprintln(out, "Lines with ! change something, the others look. <settings> are the lines of the settings as variables; <others> in pointed")
	fmt.Fprintln(out, "brackets are known once a step before has found them.")
	after := false
	for i, s := range all {
		fmt.Fprintf(out, "\n%2d  %-9s %s\n", i+1, s.name, s.does)
		if why := f.wanted(s, after); why != "" {
			fmt.Fprintf(out, "    skipped: %s\n", why)
			continue
		}
		fmt.Fprintf(out, "    rights: %s\n", s.needs)
		for _, m := range s.moves {
			mark := " "
			if m.changes {
				mark = "!"
			}
			when := ""
			if m.when != "" {
				when = "   # " + m.when
			}
			fmt.Fprintf(out, "  %s %s%s\n", mark, m.call(f).line(), when)
		}
		after = after || s.name == f.last
	}
}
