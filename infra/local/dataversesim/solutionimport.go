package dataversesim

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

// importing is one import under way. What it makes can be taken back, last first: an import that fails leaves nothing.
type importing struct {
	s        *Simulator
	t        *tx
	f        *solutionFile
	solution *row
	undo     []func()
	managed  bool
}

// install imports a solution. It runs as the caller, whose privileges it needs.
func (s *Simulator) install(t *tx, f *solutionFile) error {
	i := &importing{s: s, t: t, f: f, managed: f.manifest.Managed == "1"}
	for _, step := range []func() error{i.checkNames, i.openSolution, i.optionSets, i.tables, i.relationships, i.columnsOfAll, i.keysOfAll, i.resources, i.viewsOfAll, i.formsOfAll, i.roles, i.roots} {
		if err := step(); err != nil {
			for _, back := range slices.Backward(i.undo) {
				back()
			}
			return err
		}
	}
	return nil
}

// checkNames checks the names of what the solution brings: what is new has the prefix of its publisher; and that what
// it needs from elsewhere is there.
func (i *importing) checkNames() error {
	for _, d := range i.f.manifest.Dependencies {
		if !i.there(d.Required.Type, d.Required.SchemaName, d.Required.Parent) {
			return fail(400, codeMissingDependency, "The following solution cannot be imported: %s. Some dependencies are missing. The missing dependencies are : <MissingDependencies><MissingDependency><Required type=%q schemaName=%q id=%q /></MissingDependency></MissingDependencies>",
				i.f.manifest.UniqueName, d.Required.Type, d.Required.SchemaName, d.Required.ID)
		}
	}
	for _, e := range i.f.customizations.Entities {
		logical := strings.ToLower(e.Info.Name)
		if e.Info.Name == "" || !strings.EqualFold(e.Name, e.Info.Name) {
			return i.invalid("the entity %q has the name %q in its EntityInfo", e.Name, e.Info.Name)
		}
		if i.s.schema.tables[logical] == nil {
			if !strings.Contains(logical, "_") {
				return fail(400, codeMissingDependency, "The following solution cannot be imported: %s. Some dependencies are missing: the entity %s does not exist.", i.f.manifest.UniqueName, logical)
			}
			if err := i.ours(e.Info.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

// there says whether a component that the solution needs exists.
func (i *importing) there(kindOf, name, parent string) bool {
	name = strings.ToLower(name)
	switch kindOf {
	case "1", "entity":
		return i.s.schema.tables[name] != nil
	case "2", "attribute":
		tab := i.s.schema.tables[strings.ToLower(parent)]
		return tab != nil && tab.columns[name] != nil
	case "9", "optionset":
		return i.s.choiceCalled(name) != nil
	case "10":
		return i.s.lookupOf(name) != nil
	}
	return false
}

func (i *importing) invalid(format string, args ...any) error {
	return fail(400, codeBadCustomizations, "The import file is invalid: "+format+".", args...)
}

// ours demands the prefix of the solution's publisher of a name.
func (i *importing) ours(name string) error {
	parts := schemaNamePattern.FindStringSubmatch(name)
	if parts == nil || strings.ToLower(parts[1]) != i.f.manifest.Publisher.Prefix {
		return fail(400, codeInvalidName, "The name '%s' does not begin with the customization prefix '%s' of the publisher of the solution %s.", clip(name, 100), i.f.manifest.Publisher.Prefix, i.f.manifest.UniqueName)
	}
	return nil
}

// openSolution makes publisher and solution, or finds those of an earlier import in the same mode.
func (i *importing) openSolution() error {
	m := i.f.manifest
	publisher := i.s.rowWhere("publisher", "uniquename", m.Publisher.UniqueName)
	if publisher != nil && publisher.text("customizationprefix") != m.Publisher.Prefix {
		return i.invalid("the publisher %s has the prefix %s here, not %s", m.Publisher.UniqueName, publisher.text("customizationprefix"), m.Publisher.Prefix)
	}
	if publisher == nil {
		name, _ := i.s.labelled(m.Publisher.Names)
		id := i.s.newID()
		i.t.plant("publisher", id, map[string]any{"uniquename": m.Publisher.UniqueName, "friendlyname": orName(name, m.Publisher.UniqueName), "customizationprefix": m.Publisher.Prefix,
			"customizationoptionvalueprefix": m.Publisher.OptionValuePrefix})
		publisher = i.s.db.get("publisher", id)
	}
	have := i.s.rowWhere("solution", "uniquename", m.UniqueName)
	name, _ := i.s.labelled(m.Names)
	v := map[string]any{"uniquename": m.UniqueName, "friendlyname": orName(name, m.UniqueName), "version": m.Version, "publisherid": ref{"publisher", publisher.id}, "ismanaged": i.managed, "installedon": i.t.now()}
	if have != nil {
		if isManaged := have.v["ismanaged"] == true; isManaged != i.managed {
			return fail(400, codeModesDiffer, "The solution is already installed on this system as %s solution and the package supplied is attempting to install it in %s mode. Import can only update solutions when the modes match. Uninstall the current solution and try again.",
				map[bool]string{true: "a managed", false: "an unmanaged"}[isManaged], map[bool]string{true: "managed", false: "unmanaged"}[i.managed])
		}
		if i.managed && older(m.Version, have.text("version")) {
			return fail(400, codeOlderVersion, "The solution %s has the version %s: a package of the version %s cannot be installed over it.", m.UniqueName, have.text("version"), m.Version)
		}
		i.t.plant("solution", have.id, v)
		i.solution = i.s.db.get("solution", have.id)
		return nil
	}
	id := i.s.newID()
	i.t.plant("solution", id, v)
	i.solution = i.s.db.get("solution", id)
	return nil
}

func orName(name, other string) string {
	if name == "" {
		return other
	}
	return name
}

// older compares versions part by part.
func older(a, b string) bool {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(x), len(y)) {
		p, q := 0, 0
		if i < len(x) {
			_, _ = fmt.Sscan(x[i], &p) // versionNumber has checked it
		}
		if i < len(y) {
			_, _ = fmt.Sscan(y[i], &q)
		}
		if p != q {
			return p < q
		}
	}
	return false
}

// rowWhere finds a row by a text, without regard to case.
func (s *Simulator) rowWhere(table, column, text string) *row {
	for _, sl := range s.db.tables[table].order {
		if sl.row != nil && strings.EqualFold(sl.row.text(column), text) {
			return sl.row
		}
	}
	return nil
}

// optionSets makes the global choices, or gives those that are there the options of the file.
func (i *importing) optionSets() error {
	for _, o := range i.f.customizations.OptionSets {
		if err := i.ours(o.Name); err != nil {
			return err
		}
		if o.Type != "picklist" || o.IsGlobal != "1" {
			return i.invalid("the optionset %s is no global picklist", o.Name)
		}
		options, err := i.options(&o)
		if err != nil {
			return err
		}
		name := strings.ToLower(o.Name)
		label, others := i.s.labelled(o.Names)
		if label == "" {
			return i.invalid("the optionset %s has no display name in the base language", o.Name)
		}
		about, abouts := i.s.labelled(o.About)
		if ch := i.s.schema.choices[name]; ch != nil {
			before := *ch
			i.undo = append(i.undo, func() { *ch = before; i.s.setChoice(ch, before.options) })
			ch.label, ch.labels, ch.description, ch.descriptions = label, others, about, abouts
			i.s.setChoice(ch, options)
		} else {
			i.s.schema.choices[name] = &choice{name: name, label: label, labels: others, description: about, descriptions: abouts, options: options, created: i.s.now(), managed: i.managed}
			i.undo = append(i.undo, func() { delete(i.s.schema.choices, name) })
		}
		i.t.addComponent(i.solution, 9, fixedID("choice/"+name), 0, "")
	}
	return nil
}

// options are the values of a choice as the file has them.
func (i *importing) options(o *xmlOptionSet) ([]option, error) {
	var c column
	seen := map[int64]bool{}
	for _, one := range o.Options {
		label, others := i.s.labelled(one.Labels)
		if label == "" || seen[one.Value] {
			return nil, i.invalid("the option %d of %s stands there twice or has no label in the base language", one.Value, o.Name)
		}
		seen[one.Value] = true
		if err := c.putOption(schemaOption{Value: one.Value, Label: label, Labels: labelCodes(others)}); err != nil {
			return nil, i.invalid("%v", err)
		}
	}
	return c.options, nil
}

// resources makes or replaces files that forms load.
func (i *importing) resources() error {
	for _, r := range i.f.customizations.Resources {
		body, there := i.f.files[strings.TrimPrefix(r.FileName, "/")]
		if !there {
			return fail(400, codeMissingFile, "The file %s of the web resource %s is not in the solution file.", r.FileName, r.Name)
		}
		id := strings.ToLower(strings.Trim(r.ID, "{}"))
		if have := i.s.rowWhere("webresource", "name", r.Name); have != nil {
			id = have.id
		}
		if !guidPattern.MatchString(id) {
			return i.invalid("the id %q of the web resource %s", r.ID, r.Name)
		}
		v := map[string]any{"name": r.Name, "displayname": r.Display, "webresourcetype": r.Type, "content": base64.StdEncoding.EncodeToString(body), "ismanaged": i.managed}
		if err := i.s.checkWebResource(id, v); err != nil {
			return err
		}
		i.t.plant("webresource", id, v)
		i.t.addComponent(i.solution, 61, id, 0, "")
	}
	return nil
}

// roles makes or replaces security roles. Importing one needs the privilege to create roles.
func (i *importing) roles() error {
	byName := map[string]right{}
	for _, r := range i.s.allRights() {
		byName[r.name] = r
	}
	for _, r := range i.f.customizations.Roles {
		if err := i.s.allows(i.s.calling, "create", i.s.schema.tables["role"], ""); err != nil {
			return err
		}
		id := strings.ToLower(strings.Trim(r.ID, "{}"))
		if !guidPattern.MatchString(id) || r.Name == "" {
			return i.invalid("the role %q has the id %q", r.Name, r.ID)
		}
		depths := map[string]int64{}
		for _, p := range r.Privileges {
			n := slices.Index(depthNames(), p.Level)
			if _, known := byName[p.Name]; !known || n < 0 {
				return fail(400, codeNoPrivilege, "The privilege %s of the role %s does not exist here, or its level %q is none.", p.Name, r.Name, p.Level)
			}
			depths[p.Name] = 1 << n
		}
		before := i.s.granted[id]
		i.undo = append(i.undo, func() { i.s.granted[id] = before })
		i.t.plant("role", id, map[string]any{"name": r.Name, "businessunitid": ref{"businessunit", BusinessUnitID}, "parentrootroleid": ref{"role", id}, "ismanaged": i.managed})
		i.s.granted[id] = depths
		i.t.addComponent(i.solution, 20, id, 0, "")
	}
	return nil
}

// roots checks that each root component of the manifest came.
func (i *importing) roots() error {
	names := map[string]bool{}
	for id, name := range i.s.componentNames() {
		names[strings.ToLower(name)], names[id] = true, true
	}
	for _, r := range i.f.manifest.Roots {
		if !names[strings.ToLower(r.SchemaName)] && !names[strings.ToLower(strings.Trim(r.ID, "{}"))] {
			return fail(400, codeRootMissing, "The root component of type %d with the name '%s' and the id '%s' is in the solution.xml and not in the customizations.xml.", r.Type, r.SchemaName, r.ID)
		}
		if tab := i.s.schema.tables[strings.ToLower(r.SchemaName)]; r.Type == 1 && tab != nil {
			i.t.addComponent(i.solution, 1, fixedID("table/"+tab.name), r.Behavior, "")
		}
	}
	return nil
}
