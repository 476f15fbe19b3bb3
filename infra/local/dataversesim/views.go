package dataversesim

import (
	"encoding/xml"
	"slices"
	"strings"
)

// fetchNode is an element of FetchXML with what the check looks at.
type fetchNode struct {
	XMLName  xml.Name
	Attrs    []xml.Attr  `xml:",any,attr"`
	Children []fetchNode `xml:",any"`
	Text     string      `xml:",chardata"`
}

func (n *fetchNode) attr(name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// checkView checks a view: both of its texts against the columns of its table.
// https://learn.microsoft.com/power-apps/developer/model-driven-apps/customize-entity-views
func (s *Simulator) checkView(v map[string]any) error {
	name, _ := v["returnedtypecode"].(string)
	tab := s.schema.tables[name]
	if tab == nil {
		return fail(400, codeNoFetchTable, "The entity with a name = '%s' was not found in the MetadataCache.", clip(name, 100))
	}
	fetch, _ := v["fetchxml"].(string)
	layout, _ := v["layoutxml"].(string)
	if fetch == "" {
		return fail(400, codeInvalidArgument, "A view needs fetchxml.")
	}
	root := &fetchNode{}
	if err := readXML(fetch, "fetch", root); err != nil {
		return fail(400, codeBadXML, "The fetchxml is not valid: %v", err)
	}
	entities := slices.DeleteFunc(slices.Clone(root.Children), func(n fetchNode) bool { return n.XMLName.Local != "entity" })
	if len(entities) != 1 || entities[0].attr("name") != tab.name {
		return fail(400, codeBadXML, "The fetchxml must have one entity, '%s'.", tab.name)
	}
	aliases := map[string]*table{}
	if err := s.checkFetch(&entities[0], tab, aliases); err != nil {
		return err
	}
	if layout == "" {
		return nil
	}
	return s.checkLayout(layout, tab, aliases)
}

// operators are those of conditions that have no value of their own kind to check.
// https://learn.microsoft.com/power-apps/developer/data-platform/fetchxml/reference/operators
const fetchOperators = ` eq ne neq gt ge lt le like not-like in not-in between not-between null not-null begins-with not-begin-with ends-with not-end-with contain-values not-contain-values
	eq-userid ne-userid eq-businessid ne-businessid eq-userteams eq-useroruserteams eq-useroruserhierarchy under eq-or-under not-under above eq-or-above on on-or-before on-or-after today
	yesterday tomorrow last-week this-week next-week last-month this-month next-month last-year this-year next-year last-seven-days next-seven-days last-x-days next-x-days
	last-x-hours next-x-hours last-x-weeks next-x-weeks last-x-months next-x-months olderthan-x-days olderthan-x-months olderthan-x-hours olderthan-x-minutes `

// checkFetch checks one entity or link-entity of a query and what is below it.
func (s *Simulator) checkFetch(n *fetchNode, tab *table, aliases map[string]*table) error {
	for i := range n.Children {
		one := &n.Children[i]
		var err error
		switch one.XMLName.Local {
		case "attribute":
			err = hasFetchColumn(tab, one.attr("name"))
		case "order":
			err = hasFetchColumn(tab, one.attr("attribute"))
		case "all-attributes":
		case "filter":
			err = s.checkFilter(one, tab)
		case "link-entity":
			err = s.checkLink(one, tab, aliases)
		default:
			err = fail(400, codeBadXML, "The element '%s' is not allowed in '%s' of the fetchxml.", one.XMLName.Local, n.XMLName.Local)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func hasFetchColumn(tab *table, name string) error {
	if c := tab.columns[name]; c != nil && c.kind != kindSecret {
		return nil
	}
	return fail(400, codeNoFetchColumn, "'%s' entity doesn't contain attribute with Name = '%s' and NameMapping = 'Logical'.", tab.name, clip(name, 100))
}

func (s *Simulator) checkFilter(n *fetchNode, tab *table) error {
	if kindOf := n.attr("type"); kindOf != "" && kindOf != "and" && kindOf != "or" {
		return fail(400, codeBadXML, "The type '%s' of a filter is not valid: use and or or.", kindOf)
	}
	for i := range n.Children {
		one := &n.Children[i]
		switch one.XMLName.Local {
		case "filter":
			if err := s.checkFilter(one, tab); err != nil {
				return err
			}
		case "condition":
			if one.attr("entityname") == "" {
				if err := hasFetchColumn(tab, one.attr("attribute")); err != nil {
					return err
				}
			}
			if !slices.Contains(strings.Fields(fetchOperators), one.attr("operator")) {
				return fail(400, codeBadXML, "The operator '%s' of a condition is not valid.", clip(one.attr("operator"), 40))
			}
		default:
			return fail(400, codeBadXML, "The element '%s' is not allowed in a filter.", one.XMLName.Local)
		}
	}
	return nil
}

func (s *Simulator) checkLink(n *fetchNode, tab *table, aliases map[string]*table) error {
	other := s.schema.tables[n.attr("name")]
	if other == nil {
		return fail(400, codeNoFetchTable, "The entity with a name = '%s' was not found in the MetadataCache.", clip(n.attr("name"), 100))
	}
	if err := hasFetchColumn(other, n.attr("from")); err != nil {
		return err
	}
	if err := hasFetchColumn(tab, n.attr("to")); err != nil {
		return err
	}
	if alias := n.attr("alias"); alias != "" {
		aliases[alias] = other
	}
	return s.checkFetch(n, other, aliases)
}

// checkLayout checks the columns that a view shows: of its table, or of a linked one under its alias.
func (s *Simulator) checkLayout(layout string, tab *table, aliases map[string]*table) error {
	var grid struct {
		Object string `xml:"object,attr"`
		Rows   []struct {
			ID    string `xml:"id,attr"`
			Cells []struct {
				Name  string `xml:"name,attr"`
				Width string `xml:"width,attr"`
			} `xml:"cell"`
		} `xml:"row"`
	}
	if err := readXML(layout, "grid", &grid); err != nil {
		return fail(400, codeBadXML, "The layoutxml is not valid: %v", err)
	}
	if len(grid.Rows) != 1 || grid.Rows[0].ID != tab.primaryID || len(grid.Rows[0].Cells) == 0 {
		return fail(400, codeBadXML, "The layoutxml needs one row with the id '%s' and a cell at least.", tab.primaryID)
	}
	if grid.Object != "" && grid.Object != itoa(objectType(tab.name)) {
		return fail(400, codeBadXML, "The object '%s' of the layoutxml is not the type code %d of entity %s.", grid.Object, objectType(tab.name), tab.name)
	}
	seen := map[string]bool{}
	for _, cell := range grid.Rows[0].Cells {
		of, name := tab, cell.Name
		if alias, rest, linked := strings.Cut(name, "."); linked {
			if of = aliases[alias]; of == nil {
				return fail(400, codeNoFetchColumn, "The cell '%s' of the layoutxml names an alias that the fetchxml does not have.", clip(cell.Name, 100))
			}
			name = rest
		}
		if err := hasFetchColumn(of, name); err != nil {
			return err
		}
		if seen[cell.Name] {
			return fail(400, codeBadXML, "The cell '%s' stands twice in the layoutxml.", cell.Name)
		}
		seen[cell.Name] = true
	}
	return nil
}

// fetchOf is a plain view's query over some columns, and layoutOf what it shows.
func fetchOf(t *table, columns []string, state string) string {
	b := `<fetch version="1.0" output-format="xml-platform" mapping="logical"><entity name="` + t.name + `"><attribute name="` + t.primaryID + `" />`
	for _, name := range columns {
		b += `<attribute name="` + name + `" />`
	}
	b += `<order attribute="` + columns[0] + `" descending="false" />`
	if state != "" {
		b += `<filter type="and"><condition attribute="statecode" operator="eq" value="` + state + `" /></filter>`
	}
	return b + `</entity></fetch>`
}

func layoutOf(t *table, columns []string) string {
	b := `<grid name="resultset" object="` + itoa(objectType(t.name)) + `" jump="` + t.primaryName + `" select="1" preview="1" icon="1"><row name="result" id="` + t.primaryID + `">`
	for _, name := range columns {
		b += `<cell name="` + name + `" width="150" />`
	}
	return b + `</row></grid>`
}

// plantView makes a shipped view.
func (t *tx) plantView(tab *table, id, name, state string, columns []string, isDefault, managed bool) {
	t.plant("savedquery", id, map[string]any{"name": name, "returnedtypecode": tab.name, "querytype": int64(0), "fetchxml": fetchOf(tab, columns, state),
		"layoutxml": layoutOf(tab, columns), "isdefault": isDefault, "ismanaged": managed, "canbedeleted": managedFlag(!managed)})
}
