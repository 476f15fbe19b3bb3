// Package pattern holds regular expressions that are compiled when they are first asked. Most are about messages of
// refusal and are never asked, and compiling them all took half of the handler's start.
package pattern

import (
	"regexp"
	"sync"
)

// Pattern is a regular expression; it may be asked from several goroutines.
type Pattern struct {
	compiled func() *regexp.Regexp
	most     int // bytes; 0 is any number
}

// New notes an expression in the syntax of https://pkg.go.dev/regexp/syntax. One that is none panics at its first use.
func New(text string) Pattern {
	return Pattern{compiled: sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })}
}

// UpTo is the pattern that matches texts of so many bytes at most. A limit in the expression, {1,1000}, is compiled into as many
// copies, which takes a millisecond.
func (p Pattern) UpTo(bytes int) Pattern {
	p.most = bytes
	return p
}

// MatchString is as of regexp.Regexp, and so are all the others.
func (p Pattern) MatchString(s string) bool {
	return (p.most == 0 || len(s) <= p.most) && p.compiled().MatchString(s)
}

func (p Pattern) FindString(s string) string { return p.compiled().FindString(s) }

func (p Pattern) FindStringIndex(s string) []int { return p.compiled().FindStringIndex(s) }

func (p Pattern) FindStringSubmatch(s string) []string { return p.compiled().FindStringSubmatch(s) }

func (p Pattern) FindAllString(s string, n int) []string { return p.compiled().FindAllString(s, n) }

func (p Pattern) FindAllStringSubmatch(s string, n int) [][]string {
	return p.compiled().FindAllStringSubmatch(s, n)
}

func (p Pattern) ReplaceAllString(s, by string) string { return p.compiled().ReplaceAllString(s, by) }

// String is the expression.
func (p Pattern) String() string { return p.compiled().String() }
