package standin

import (
	"fmt"
	"strings"
)

func (s *state) function(c call) (string, error) {
	if c.verb == "--version" {
		return "4.15.1\n", nil
	}
	out, err := s.publish(c.arguments[0], ".")
	if err != nil || out == "" {
		return out, err
	}
	return "Getting site publishing info...\nUploading package...\nUpload completed successfully.\nDeployment completed successfully.\n", nil
}

func (s *state) azd(c call) (string, error) {
	switch c.verb {
	case "version":
		return asJSON(map[string]any{"azd": map[string]string{"version": "1.31.0", "commit": "ae35809f"}})
	case "auth status":
		status := "authenticated"
		if !s.AzdSignedIn {
			status = "unauthenticated"
		}
		return asJSON(map[string]string{"status": status})
	case "env list":
		all := []any{}
		for _, e := range s.Azd {
			all = append(all, map[string]any{"Name": e, "IsDefault": true, "HasLocal": true, "HasRemote": false})
		}
		return asJSON(all)
	case "env new":
		s.Azd = append(s.Azd, c.arguments[0])
		return "", nil
	case "env set":
		for _, a := range c.arguments {
			if group, ok := strings.CutPrefix(a, "AZURE_RESOURCE_GROUP="); ok {
				s.AzdGroups[c.options["--environment"]] = group
			}
		}
		return "", nil
	}
	if group := s.AzdGroups[c.options["--environment"]]; !s.Groups[group] {
		return "", &refusal{code: 1, text: fmt.Sprintf("ERROR: getting target resource: resource group '%s' was not found", group)}
	}
	return s.publish(c.arguments[0], c.options["--from-package"])
}

func (s *state) make(c call) (string, error) {
	if c.verb == "cosellctl" {
		return "", nil
	}
	return "building …\n" + strings.Repeat("5a", 32) + "  .build/app.zip\n", nil
}

func (s *state) cosellctl(c call) (string, error) {
	switch c.verb {
	case "consent":
		s.Secrets["partner-center-refresh-token"] = "0.AX-refresh-token"
	case "setup dataverse":
		return s.setup(c)
	case "mapping pull":
		return asJSON(map[string]any{"mapping": map[string]any{"version": map[string]any{"number": s.Sheet, "file": "mapping.yaml"}}})
	case "doctor":
		findings := []any{map[string]string{"check": "app.sync", "state": "ok", "say": "it says ok"}, map[string]string{"check": "pc.visible", "state": "warning", "say": "no referral", "mend": "look in the portal"}}
		ill := s.Ill > 0 || s.Sick != ""
		if s.Ill > 0 {
			s.Ill--
			findings = append(findings, map[string]string{"check": "work.problems", "state": "failed", "say": "the application user lacks a right", "mend": "compare the role"})
		}
		if s.Sick != "" {
			findings = append(findings, map[string]string{"check": s.Sick, "state": "failed", "say": "it is not well", "mend": "take two"})
		}
		out, err := asJSON(map[string]any{"examined": map[string]any{"findings": findings}})
		if err == nil && ill {
			return out, &refusal{code: 1, out: out, done: true}
		}
		return out, err
	case "register":
		result := map[bool]string{true: "kept", false: "registered"}[s.Registered]
		s.Registered = true
		return asJSON(map[string]any{"registered": true, "ours": true, "result": result, "url": s.asked.env("SYNC_PUBLIC_URL") + "/api/partnercenterwebhook"})
	case "catalogue import":
		made := map[bool]int{true: 0, false: 3}[s.Imported]
		s.Imported = true
		return asJSON(map[string]any{"done": true, "catalogue": map[string]int{"created": made, "changed": 0, "same": 3 - made}})
	}
	return "ok\n", nil
}

// setup answers as cosellctl setup dataverse --json does: exit code 1 where something differs or stays open.
func (s *state) setup(c call) (string, error) {
	type item struct {
		Kind   string `json:"kind"`
		Name   string `json:"name"`
		Do     string `json:"do"`
		Why    string `json:"why,omitempty"`
		Mend   string `json:"mend,omitempty"`
		Result string `json:"result,omitempty"`
	}
	column := item{Kind: "column", Name: "opportunity/cosell_sync", Do: "create"}
	if s.SetUp {
		column.Do = "leave"
	}
	items, open := []item{column}, false
	for _, o := range s.SetupOpen {
		items, open = append(items, item{Kind: "key", Name: o, Do: "open", Why: "two rows have the same value", Mend: "make them differ"}), true
	}
	differs := !s.SetUp || open
	if c.options["--plan"] == "" {
		s.SetUp = true
		if items[0].Do == "create" || c.options["--secret"] != "" {
			items[0].Result = "done"
		}
		if s.SetupDenied {
			items[0].Result, items[0].Why, items[0].Mend, s.SetUp, differs = "denied", "the caller has no right to create columns", "ask a System Customizer", false, true
		} else {
			differs = open
		}
	}
	out, err := asJSON(map[string]any{"items": items, "summary": fmt.Sprintf("%d parts", len(items)), "differs": differs, "unfinished": differs})
	if err == nil && differs {
		return out, &refusal{code: 1, out: out, done: true}
	}
	return out, err
}
