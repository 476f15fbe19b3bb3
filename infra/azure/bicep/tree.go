// Package bicep reads Bicep templates where the real compiler is not installed: it checks them against what the
// compiler knows of Azure's resource types, and works out what they would deploy.
// https://learn.microsoft.com/azure/azure-resource-manager/bicep/file
package bicep

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// node is a part of a file as the grammar sees it.
type node struct {
	Type     string  `json:"t"`
	Field    string  `json:"f"` // which part of its parent it is, where the grammar names it
	Text     string  `json:"s"` // of a leaf, or of a string as it stands there
	Bad      bool    `json:"x"`
	Line     int     `json:"l"`
	Column   int     `json:"c"`
	Children []*node `json:"n"`
}

// parseLimit is how long the parser may take for all files.
const parseLimit = time.Minute

// parse has the grammar read files; tools is the folder of this package, where it is installed from npm. Files that
// are the same share a tree, which nobody changes any more.
func parse(ctx context.Context, tools string, files []string) (map[string]*node, error) {
	first := map[string]string{} // a file with the same content, by content
	like := map[string]string{}
	var distinct []string
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading the templates: %w", err)
		}
		key := filepath.Ext(file) + string(content)
		if first[key] == "" {
			first[key] = file
			distinct = append(distinct, file)
		}
		like[file] = first[key]
	}
	trees, err := parseAll(ctx, tools, distinct)
	if err != nil {
		return nil, err
	}
	for file, same := range like {
		trees[file] = trees[same]
	}
	return trees, nil
}

func parseAll(ctx context.Context, tools string, files []string) (map[string]*node, error) {
	ctx, cancel := context.WithTimeout(ctx, parseLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", append([]string{filepath.Join(tools, "parse.mjs")}, files...)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("parsing the templates: %w: %s", err, strings.TrimSpace(said.String()))
	}
	trees := map[string]*node{}
	if err := json.Unmarshal(out, &trees); err != nil {
		return nil, fmt.Errorf("parsing the templates: %w", err)
	}
	for _, file := range files {
		if trees[file] == nil {
			return nil, errors.New("parsing the templates: nothing came back for " + file)
		}
		trees[file] = rightwards(trees[file])
	}
	return trees, nil
}

// rightwards puts right what the grammar has the wrong way round: it reads `x => x.name` as `(x => x).name`, and
// `a ? b : c.d` as `(a ? b : c).d`.
func rightwards(n *node) *node {
	for i, c := range n.Children {
		n.Children[i] = rightwards(c)
	}
	var loose []string // what cannot stand first in n without parentheses
	switch n.Type {
	case "member_expression", "subscript_expression", "call_expression", "resource_expression":
		loose = []string{"lambda_expression", "ternary_expression", "binary_expression", "unary_expression"}
	case "binary_expression", "ternary_expression":
		loose = []string{"lambda_expression", "ternary_expression"}
	}
	first := n
	if len(n.Children) > 0 {
		first = n.Children[0]
	}
	if !slices.Contains(loose, first.Type) {
		return n.grouped()
	}
	end := len(first.Children) - 1
	rest := *n
	rest.Children = slices.Clone(n.Children)
	rest.Children[0] = first.Children[end]
	rest.Field, rest.Children[0].Field = rest.Children[0].Field, first.Field
	first.Field = n.Field
	first.Children[end] = rightwards(&rest)
	return first
}

// binds says how tightly a sign holds its sides together.
var binds = map[string]int{"??": 1, "||": 2, "&&": 3, "==": 4, "!=": 4, "=~": 4, "!~": 4, "<": 5, ">": 5, "<=": 5, ">=": 5, "+": 6, "-": 6, "*": 7, "/": 7, "%": 7}

// grouped makes a chain of signs bind as the language has it: the grammar reads all of them from left to right.
func (n *node) grouped() *node {
	if n.Type != "binary_expression" {
		return n
	}
	var operands, chain []*node
	var flat func(*node)
	flat = func(at *node) {
		if at.Type != "binary_expression" {
			operands = append(operands, at)
			return
		}
		flat(at.child("left"))
		chain = append(chain, at.child("operator"))
		flat(at.child("right"))
	}
	flat(n)
	var group func(least int) *node
	group = func(least int) *node {
		left := operands[0]
		operands = operands[1:]
		for len(chain) > 0 && binds[chain[0].Type] >= least {
			sign := chain[0]
			chain = chain[1:]
			right := group(binds[sign.Type] + 1)
			joint := &node{Type: "binary_expression", Line: left.Line, Column: left.Column}
			joint.Children = []*node{left.as("left"), sign, right.as("right")}
			left = joint
		}
		return left
	}
	return group(0).as(n.Field)
}

// as is the same node as another part of its parent.
func (n *node) as(field string) *node {
	out := *n
	out.Field = field
	return &out
}

// child is the part of that name, nil if there is none.
func (n *node) child(field string) *node {
	for _, c := range n.Children {
		if c.Field == field {
			return c
		}
	}
	return nil
}

// of gives the children of a type.
func (n *node) of(types ...string) (out []*node) {
	for _, c := range n.Children {
		if slices.Contains(types, c.Type) {
			out = append(out, c)
		}
	}
	return out
}

// has says whether a word or sign stands among the children.
func (n *node) has(sign string) bool { return len(n.of(sign)) > 0 }

// signs are leaves that only hold the others together.
var signs = []string{"{", "}", "[", "]", "(", ")", ":", "=", ",", "=>", "for", "in", "if", "::", ".", ".?", "!", "?", "comment", "diagnostic_comment", "'", "'''", "${"}

// parts are the children that mean something.
func (n *node) parts() (out []*node) {
	for _, c := range n.Children {
		if !slices.Contains(signs, c.Type) {
			out = append(out, c)
		}
	}
	return out
}

// walk visits a node and everything in it, parents first, until visit says not to go deeper.
func (n *node) walk(visit func(*node) (deeper bool)) {
	if !visit(n) {
		return
	}
	for _, c := range n.Children {
		c.walk(visit)
	}
}

// text is what a plain string says; ok is false where something has to be worked out first.
func (n *node) text() (s string, ok bool) {
	if n.Type != "string" || len(n.of("interpolation")) > 0 {
		return "", false
	}
	var out strings.Builder
	for _, c := range n.of("string_content", "escape_sequence") {
		out.WriteString(unescaped(c))
	}
	if strings.HasPrefix(n.Text, "'''") { // of several lines: the first line's end does not count
		return strings.TrimPrefix(out.String(), "\n"), true
	}
	return out.String(), true
}

func unescaped(n *node) string {
	if n.Type != "escape_sequence" {
		return n.Text
	}
	switch n.Text {
	case `\n`:
		return "\n"
	case `\r`:
		return "\r"
	case `\t`:
		return "\t"
	}
	return strings.TrimPrefix(n.Text, `\`)
}
