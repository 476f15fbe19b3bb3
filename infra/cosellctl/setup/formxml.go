package setup

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/dataverse"
)

// The controls of a form by what they show.
// https://learn.microsoft.com/power-apps/developer/model-driven-apps/form-xml-schema
const (
	classText   = "{4273EDBD-AC1D-40D3-9FB2-095C621B552D}"
	classMemo   = "{E0DECE4B-6FC8-4A8F-A065-082708572369}"
	classChoice = "{3EF39988-22BB-4F0B-BBBE-64B5A3748AEE}"
	classFlag   = "{67FAC785-CD58-4F9F-ABB3-4B7DDC6ED5ED}"
	classDate   = "{5B773807-9FB2-42DB-97C3-7A91EFF8ADFF}"
	classLink   = "{71716B6C-711E-476C-8AB8-5D11542BFB47}"
	classGrid   = "{E7A81278-8635-4D9E-8D4D-59480B391C5B}"
)

func classOf(c dataverse.Column) string {
	switch {
	case c.Type == "Memo":
		return classMemo
	case c.Type == "Picklist":
		return classChoice
	case c.Type == "Boolean":
		return classFlag
	case c.Type == "DateTime":
		return classDate
	case c.Format == "Url":
		return classLink
	}
	return classText
}

type tabOptions struct {
	languages []int
	script    string
	view      string // id of the view that the sub-grid shows
	columns   func(name string) dataverse.Column
}

// lacking says what of our tab a form does not have: a field counts wherever it stands.
func lacking(f dataverse.Form, text string) (out []string) {
	if ourTab(f, text) == "" {
		out = append(out, "the tab "+f.Label)
	}
	for _, c := range f.Fields {
		if !strings.Contains(strings.ToLower(text), `datafieldname="`+c+`"`) {
			out = append(out, c)
		}
	}
	if f.Grid != nil && !strings.Contains(text, "<RelationshipName>"+f.Grid.Relationship+"</RelationshipName>") {
		out = append(out, "the sub-grid "+f.Grid.Label)
	}
	for _, rule := range f.Rules {
		if !strings.Contains(text, `functionName="`+rule.Function+`"`) {
			out = append(out, "the rule of "+rule.Column)
		}
	}
	return out
}

// withTab is the form with our tab. A tab of ours that is there already stays as people have made it, hidden fields
// included, and gets what it lacks.
func withTab(f dataverse.Form, text string, o tabOptions) (string, error) {
	text, err := filled(f, text, o)
	if err != nil {
		return "", err
	}
	if len(f.Rules) == 0 {
		return text, nil
	}
	if !strings.Contains(text, `name="`+dataverse.Escape(o.script)+`"`) {
		library := fmt.Sprintf(`<Library name="%s" libraryUniqueId="{%s}" />`, dataverse.Escape(o.script), dataverse.ID("library", f.Table))
		if text, err = inside(text, "formLibraries", library); err != nil {
			return "", err
		}
	}
	for _, rule := range f.Rules {
		if strings.Contains(text, `functionName="`+rule.Function+`"`) {
			continue
		}
		handler := fmt.Sprintf(`<Handler functionName="%s" libraryName="%s" handlerUniqueId="{%s}" enabled="true" parameters="" passExecutionContext="true" />`,
			rule.Function, dataverse.Escape(o.script), dataverse.ID("handler", f.Table+"/"+rule.Column))
		if text, err = withHandler(text, rule.Column, handler); err != nil {
			return "", err
		}
	}
	return text, nil
}

// withHandler adds a handler to the event of a column, which may have others.
func withHandler(text, column, handler string) (string, error) {
	for _, m := range changeEvent.FindAllStringSubmatchIndex(text, -1) {
		event := text[m[0]:m[1]]
		if !strings.Contains(event, `attribute="`+column+`"`) {
			continue
		}
		if at := strings.LastIndex(event, "</Handlers>"); at >= 0 {
			return text[:m[0]] + event[:at] + handler + event[at:] + text[m[1]:], nil
		}
	}
	return inside(text, "events", `<event name="onchange" application="false" active="false" attribute="`+column+`"><Handlers>`+handler+`</Handlers></event>`)
}

var changeEvent = regexp.MustCompile(`(?s)<event\b[^>]*\bname="onchange"[^>]*>.*?</event>`)

// inside puts XML at the end of an element of the form, and makes the element where there is none. An element that was
// empty gets a blank at the end of its start tag: so withoutTab knows that it was there before us.
func inside(text, element, xml string) (string, error) {
	if at := strings.LastIndex(text, "</"+element+">"); at >= 0 {
		return text[:at] + xml + text[at:], nil
	}
	empty := regexp.MustCompile(`<` + element + `(\s*)/>`)
	if m := empty.FindStringSubmatchIndex(text); m != nil {
		return text[:m[0]] + "<" + element + text[m[2]:m[3]] + " >" + xml + "</" + element + ">" + text[m[1]:], nil
	}
	at := strings.LastIndex(text, "</form>")
	if events := strings.Index(text, "<events"); element == "formLibraries" && events >= 0 {
		at = events // a handler names a library that was loaded before it
	}
	if at < 0 {
		return "", errors.New("it is no form")
	}
	return text[:at] + "<" + element + ">" + xml + "</" + element + ">" + text[at:], nil
}

// ourTab is our tab as it stands in a form; "" where there is none.
func ourTab(f dataverse.Form, text string) string {
	for _, m := range tabElement.FindAllString(text, -1) {
		if open, _, _ := strings.Cut(m, ">"); strings.Contains(open, ` name="`+f.Tab+`"`) {
			return m
		}
	}
	return ""
}

var tabElement = regexp.MustCompile(`(?s)<tab\b[^>]*>.*?</tab>`)

// withoutTab is the form without anything of ours; elements that only we had filled go too.
func withoutTab(f dataverse.Form, text, script string) string {
	if tab := ourTab(f, text); tab != "" {
		text = strings.Replace(text, tab, "", 1)
	}
	if script == "" {
		return text
	}
	name := regexp.QuoteMeta(dataverse.Escape(script))
	text = regexp.MustCompile(`<Handler\b[^>]*\blibraryName="`+name+`"[^>]*?(/>|></Handler>)`).ReplaceAllString(text, "")
	text = regexp.MustCompile(`<Library\b[^>]*\bname="`+name+`"[^>]*?(/>|></Library>)`).ReplaceAllString(text, "")
	text = regexp.MustCompile(`<event\b[^>]*>\s*<Handlers></Handlers>\s*</event>`).ReplaceAllString(text, "")
	for _, element := range []string{"formLibraries", "events"} {
		text = strings.Replace(text, "<"+element+"></"+element+">", "", 1)
		text = regexp.MustCompile(`<`+element+`(\s*) ></`+element+`>`).ReplaceAllString(text, "<"+element+"$1/>")
	}
	return text
}

// filled puts the fields and the sub-grid that the form does not show anywhere into our tab.
func filled(f dataverse.Form, text string, o tabOptions) (string, error) {
	id := func(what string) string { return "{" + dataverse.ID("form", f.Table+"/"+what) + "}" }
	rows, grid := fieldRows(f, text, id, o), ""
	if f.Grid != nil && !strings.Contains(text, "<RelationshipName>"+f.Grid.Relationship+"</RelationshipName>") {
		grid = sectionXML(f.Tab+"_solutions", id("solutions"), f.Grid.Text, gridXML(f, id, o), 1, o.languages)
	}
	tab := ourTab(f, text)
	if tab == "" {
		at := strings.LastIndex(text, "</tabs>")
		if at < 0 {
			return "", errors.New("it has no tabs")
		}
		tab = fmt.Sprintf(`<tab name="%s" id="%s" IsUserDefined="0" showlabel="true" expanded="true">%s<columns><column width="100%%"><sections>%s%s</sections></column></columns></tab>`,
			f.Tab, id("tab"), labelsXML(f.Text, o.languages), sectionXML(f.Tab+"_fields", id("fields"), f.Text, rows, 2, o.languages), grid)
		return text[:at] + tab + text[at:], nil
	}
	end, more := strings.LastIndex(tab, "</sections>"), grid
	if end < 0 {
		return "", errors.New("our tab has no sections any more")
	}
	if rows != "" { // a section of their own, below what people have arranged
		more += sectionXML(f.Tab+"_more", id("more/"+rows), f.Text, rows, 2, o.languages)
	}
	return strings.Replace(text, tab, tab[:end]+more+tab[end:], 1), nil
}

// fieldRows are the rows of the fields that stand nowhere on the form yet, two in a row and long texts alone.
func fieldRows(f dataverse.Form, text string, id func(string) string, o tabOptions) string {
	var rows strings.Builder
	var pending []string
	for _, name := range f.Fields {
		if strings.Contains(strings.ToLower(text), `datafieldname="`+name+`"`) {
			continue
		}
		c := o.columns(name)
		wide := c.Type == "Memo"
		cell := fmt.Sprintf(`<cell id="%s" showlabel="true"%s>%s<control id="%s" classid="%s" datafieldname="%s" disabled="%t" /></cell>`,
			id("cell/"+name), span(wide), labelsXML(c.Text, o.languages), name, classOf(c), name, c.Locked)
		if wide {
			rows.WriteString(rowXML(pending...) + rowXML(cell) + strings.Repeat("<row />", 3))
			pending = nil
		} else if pending = append(pending, cell); len(pending) == 2 {
			rows.WriteString(rowXML(pending...))
			pending = nil
		}
	}
	return rows.String() + rowXML(pending...)
}

func span(wide bool) string {
	if wide {
		return ` colspan="2" rowspan="4"`
	}
	return ""
}

func rowXML(cells ...string) string {
	if len(cells) == 0 {
		return ""
	}
	return "<row>" + strings.Join(cells, "") + "</row>"
}

func sectionXML(name, id string, t dataverse.Text, rows string, columns int, languages []int) string {
	return fmt.Sprintf(`<section name="%s" id="%s" IsUserDefined="0" showlabel="true" showbar="false" layout="varwidth" columns="%s" labelwidth="115" celllabelalignment="Left" celllabelposition="Left">%s<rows>%s</rows></section>`,
		name, id, strings.Repeat("1", columns), labelsXML(t, languages), rows)
}

// gridXML is the sub-grid of related rows: without a label, related records only, with a fixed view.
func gridXML(f dataverse.Form, id func(string) string, o tabOptions) string {
	g := f.Grid
	cell := fmt.Sprintf(`<cell id="%s" showlabel="false" rowspan="8" auto="false">%s<control id="%s_grid" classid="%s" indicationOfSubgrid="true"><parameters>`+
		`<ViewId>{%s}</ViewId><IsUserView>false</IsUserView><RelationshipName>%s</RelationshipName><TargetEntityType>%s</TargetEntityType><AutoExpand>Fixed</AutoExpand>`+
		`<EnableQuickFind>false</EnableQuickFind><EnableViewPicker>false</EnableViewPicker><EnableJumpBar>false</EnableJumpBar><ChartGridMode>Grid</ChartGridMode>`+
		`<RecordsPerPage>6</RecordsPerPage></parameters></control></cell>`, id("cell/grid"), labelsXML(g.Text, o.languages), f.Tab, classGrid, o.view, g.Relationship, g.Table)
	return rowXML(cell) + strings.Repeat("<row />", 7)
}

func labelsXML(t dataverse.Text, languages []int) string {
	var b strings.Builder
	b.WriteString("<labels>")
	for _, l := range languages {
		fmt.Fprintf(&b, `<label description="%s" languagecode="%d" />`, dataverse.Escape(t.In(l)), l)
	}
	b.WriteString("</labels>")
	return b.String()
}

func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }
