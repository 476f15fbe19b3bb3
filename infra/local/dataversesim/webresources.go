package dataversesim

import (
	"encoding/base64"
	"regexp"
	"strings"
)

var resourceName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{1,7}_[A-Za-z0-9_./]+$`)

// checkWebResource checks a file that forms load: its name has a publisher's prefix and is there once, its content is
// base64.
// https://learn.microsoft.com/power-apps/developer/model-driven-apps/web-resources
func (s *Simulator) checkWebResource(id string, v map[string]any) error {
	name, _ := v["name"].(string)
	prefix, _, _ := strings.Cut(name, "_")
	if !resourceName.MatchString(name) || strings.Contains(name, "//") || !s.taken("publisher", "customizationprefix", prefix, "") {
		return fail(400, codeResourceName, "Web resource names may only include letters, numbers, periods, and nonconsecutive forward slash characters, and begin with the customization prefix of a publisher: '%s'.", clip(name, 100))
	}
	if s.taken("webresource", "name", name, id) {
		return fail(412, codeDuplicate, "A record with matching key values already exists: a web resource is called '%s'.", name)
	}
	content, _ := v["content"].(string)
	if _, err := base64.StdEncoding.DecodeString(content); err != nil {
		return fail(400, codeResourceContent, "The content of the web resource '%s' is not base64: %v.", name, err)
	}
	return nil
}

// libraryUsers are the forms that load a file.
func (s *Simulator) libraryUsers(name string) []string {
	var out []string
	for _, sl := range s.db.tables["systemform"].order {
		if sl.row != nil && strings.Contains(sl.row.text("formxml"), `"`+name+`"`) {
			out = append(out, "SystemForm "+sl.row.text("name"))
		}
	}
	return out
}

// library checks a Library or a Handler of a form: the file is there, and a handler's file is loaded.
func (r *formReading) library(n *fetchNode) error {
	name := n.attr("name")
	if n.XMLName.Local == "Handler" {
		if name = n.attr("libraryName"); !r.libraries[name] {
			return fail(400, codeBadXML, "The handler '%s' in the formxml names the library '%s', which the form does not load.", clip(n.attr("functionName"), 60), clip(name, 100))
		}
		name = n.attr("handlerUniqueId")
		if !braced.MatchString(name) || n.attr("functionName") == "" {
			return fail(400, codeBadXML, "A handler in the formxml needs a functionName and a handlerUniqueId that is a GUID in braces.")
		}
		return nil
	}
	if !r.s.taken("webresource", "name", name, "") {
		return fail(400, codeNoResource, "The web resource '%s' that the formxml loads does not exist.", clip(name, 100))
	}
	if r.libraries[name] {
		return fail(400, codeBadXML, "The formxml loads the library '%s' twice.", name)
	}
	r.libraries[name] = true
	return nil
}
