package solution

import (
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/dataverse"
)

// node is an element: a text, or others below it.
type node struct {
	name  string
	attrs []string // name, value, …
	text  string   // as it is written, escaped already
	below []node
}

// el is an element with others below it.
func el(name string, below ...node) node { return node{name: name, below: below} }

// text is an element with a text.
func text(name, value string) node { return node{name: name, text: dataverse.Escape(value)} }

// raw is an element whose text is XML.
func raw(name, xml string) node { return node{name: name, text: xml} }

// with adds attributes: name, value, …
func (n node) with(attrs ...string) node {
	n.attrs = append(n.attrs, attrs...)
	return n
}

// document writes the element as a file.
func (n node) document() []byte {
	var b strings.Builder
	b.WriteString("\ufeff<?xml version=\"1.0\" encoding=\"utf-8\"?>\n")
	n.write(&b, "")
	return []byte(b.String())
}

func (n node) write(b *strings.Builder, indent string) {
	b.WriteString(indent + "<" + n.name)
	for i := 0; i+1 < len(n.attrs); i += 2 {
		b.WriteString(" " + n.attrs[i] + `="` + dataverse.Escape(n.attrs[i+1]) + `"`)
	}
	switch {
	case n.text == "" && len(n.below) == 0:
		b.WriteString(" />\n")
		return
	case len(n.below) == 0:
		b.WriteString(">" + n.text + "</" + n.name + ">\n")
		return
	}
	b.WriteString(">\n")
	for _, c := range n.below {
		c.write(b, indent+"  ")
	}
	b.WriteString(indent + "</" + n.name + ">\n")
}
