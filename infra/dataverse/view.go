package dataverse

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// conditions takes the filter apart: columns and values, as queries have them.
func (v View) conditions() (out [][2]string) {
	for _, part := range strings.Split(v.Filter, " or ") {
		column, value, ok := strings.Cut(part, " eq ")
		switch value {
		case "true":
			value = "1"
		case "false":
			value = "0"
		}
		if ok {
			out = append(out, [2]string{column, strings.Trim(value, "'")})
		}
	}
	return out
}

// FilterColumns are the columns that decide which rows the view lists.
func (v View) FilterColumns() (out []string) {
	for _, c := range v.conditions() {
		out = append(out, c[0])
	}
	return out
}

// FetchXML is the query of a view; id is the primary id of its table.
// https://learn.microsoft.com/power-apps/developer/data-platform/fetchxml/overview
func (v View) FetchXML(id string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<fetch version="1.0" mapping="logical"><entity name="%s"><attribute name="%s" />`, v.Table, id)
	for _, c := range v.Columns {
		fmt.Fprintf(&b, `<attribute name="%s" />`, c)
	}
	fmt.Fprintf(&b, `<order attribute="%s" descending="false" /><filter type="or">`, v.Columns[0])
	for _, c := range v.conditions() {
		fmt.Fprintf(&b, `<condition attribute="%s" operator="eq" value="%s" />`, c[0], Escape(c[1]))
	}
	b.WriteString(`</filter></entity></fetch>`)
	return b.String()
}

// LayoutXML says which columns the view shows.
// https://learn.microsoft.com/power-apps/developer/model-driven-apps/customize-entity-views
func (v View) LayoutXML(id string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<grid name="resultset" jump="%s" select="1" icon="1" preview="1"><row name="result" id="%s">`, v.Columns[0], id)
	for i, c := range v.Columns {
		width := 150
		if i == 0 {
			width = 250
		}
		fmt.Fprintf(&b, `<cell name="%s" width="%d" />`, c, width)
	}
	b.WriteString(`</row></grid>`)
	return b.String()
}

// Escape is a text in XML.
func Escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder does not fail
	return b.String()
}
