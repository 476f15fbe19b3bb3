package main

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const (
	azdProject = azureDev + "cli/azd/pkg/project/"
	azdSchema  = azureDev + "schemas/v1.0/azure.yaml.json"
	azdBicep   = azureDev + "cli/azd/pkg/infra/provisioning/bicep/bicep_provider.go"
)

func azdRules() []rule {
	return []rule{
		{"azd.file", "azure.yaml can be read", azdProject + "project.go", read("azure.yaml")},
		{"azd.name", "its name is made of small letters, digits and dashes, two at least", azdSchema, azdName},
		{"azd.version", "it asks for azd 1.20.0 at least, the first that knows the language custom", azureDev + "cli/azd/CHANGELOG.md", azdVersion},
		{"azd.services", "its services are the two apps, each with the host function and the language custom", azdProject + "framework_service_custom.go", twoServices},
		{"azd.dist", "dist of a service is the package's folder, relative to the top: custom needs it, and azd has no build for it", azdProject + "framework_service_custom.go", eachService(dist)},
		{"azd.project", "a service names its project, which the host function asks for, and nothing that is for containers", azdSchema, eachService(project)},
		{"azd.remote", "nothing is built in Azure", azdProject + "service_target_functionapp.go", eachService(notRemote)},
		{"azd.hook", "make package runs before a service is packed, with a shell named, as an inline script needs", azdSchema, eachService(packageHook)},
		{"azd.hooks", "there are no hooks but those that azd knows", azdSchema, eachService(knownHooks)},
		{"azd.infra", "the provider is bicep, and its module is in its folder", azdBicep, moduleIsThere},
		{"azd.no-bicepparam", "no file of parameters has the module's name and the ending bicepparam: azd would prefer it", azdBicep, noBicepparam},
		{"azd.parameters", "the module's parameters.json can be read, and gives the template's parameters and no other", azdBicep, sameParameters},
		{"azd.variables", "each of its values is a variable of azd's environment, so that none is a secret, and azd asks for what is missing", azdBicep, variables},
		{"azd.location", "the location is AZURE_LOCATION, and the environment's name is in the tags", azdBicep, locationAndTag},
	}
}

func azdName(s *subject) error {
	if !regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])$`).MatchString(s.azd.Name) {
		return fmt.Errorf("it is %q", s.azd.Name)
	}
	return nil
}

func azdVersion(s *subject) error {
	var major, minor, patch int
	if _, err := fmt.Sscanf(s.azd.RequiredVersions["azd"], ">= %d.%d.%d", &major, &minor, &patch); err != nil || major == 1 && minor < 20 || major < 1 {
		return fmt.Errorf("it asks for %q (%v)", s.azd.RequiredVersions["azd"], err)
	}
	return nil
}

func twoServices(s *subject) error {
	if names := slices.Sorted(maps.Keys(s.azd.Services)); !slices.Equal(names, []string{"intake", "sync"}) {
		return fmt.Errorf("they are %v", names)
	}
	return eachService(func(_ *subject, v service) error {
		if v.Host != "function" || v.Language != "custom" {
			return fmt.Errorf("host %q, language %q", v.Host, v.Language)
		}
		return nil
	})(s)
}

func eachService(kept func(*subject, service) error) func(*subject) error {
	return func(s *subject) error {
		var wrong []error
		for name, v := range s.azd.Services {
			if err := kept(s, v); err != nil {
				wrong = append(wrong, fmt.Errorf("%s: %w", name, err))
			}
		}
		if len(s.azd.Services) == 0 {
			return fmt.Errorf("there is no service")
		}
		return errors.Join(wrong...)
	}
}

func dist(s *subject, v service) error {
	if filepath.IsAbs(v.Dist) || strings.Contains(v.Dist, `\`) || !same(filepath.Join(s.top, v.Dist), s.app) {
		return fmt.Errorf("it is %q", v.Dist)
	}
	return nil
}

func same(a, b string) bool {
	x, errX := filepath.Abs(a)
	y, errY := filepath.Abs(b)
	return errX == nil && errY == nil && x == y
}

func project(_ *subject, v service) error {
	for _, name := range []string{"image", "docker", "k8s", "apiVersion", "env"} {
		if _, is := v.Others[name]; is {
			return fmt.Errorf("%s is there", name)
		}
	}
	if v.Project == "" {
		return fmt.Errorf("project is not there")
	}
	return nil
}

func notRemote(_ *subject, v service) error {
	if v.Remote != nil && *v.Remote {
		return fmt.Errorf("remoteBuild is on")
	}
	return nil
}

func packageHook(_ *subject, v service) error {
	h := v.Hooks["prepackage"]
	if h.Run != "make package" || h.Shell != "sh" || len(h.Others) > 0 {
		return fmt.Errorf("prepackage is %+v", h)
	}
	return nil
}

func knownHooks(_ *subject, v service) error {
	for name := range v.Hooks {
		of, _ := strings.CutPrefix(strings.TrimPrefix(name, "post"), "pre")
		if of == name || !slices.Contains([]string{"restore", "build", "package", "publish", "deploy"}, of) {
			return fmt.Errorf("%s", name)
		}
	}
	return nil
}

func moduleIsThere(s *subject) error {
	if s.azd.Infra.Provider != "bicep" || s.bicep[s.module()+".bicep"] == "" {
		return fmt.Errorf("%+v", s.azd.Infra)
	}
	return nil
}

func noBicepparam(s *subject) error {
	found, err := filepath.Glob(filepath.Join(s.infra(), s.module()+".bicepparam"))
	if err == nil && len(found) > 0 {
		err = fmt.Errorf("%s", found[0])
	}
	return err
}

// parametersOf are the template's parameters.
func (s *subject) parametersOf() (out []string) {
	for _, m := range regexp.MustCompile(`(?m)^param (\w+) `).FindAllStringSubmatch(s.bicep[s.module()+".bicep"], -1) {
		out = append(out, m[1])
	}
	slices.Sort(out)
	return out
}

func sameParameters(s *subject) error {
	have, want := slices.Sorted(maps.Keys(s.params.Parameters)), s.parametersOf()
	if err := s.unread["main.parameters.json"]; err != nil || !slices.Equal(have, want) {
		return fmt.Errorf("it gives %v, the template takes %v (%v)", have, want, err)
	}
	return nil
}

// variable is how a parameter is called in azd's environment: what names the two systems as in the settings of the
// product, so that one file does for both, and the rest with a beginning of its own.
func variable(parameter string) string {
	name := strings.ToUpper(regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(parameter, "${1}_${2}"))
	if regexp.MustCompile(`^(PARTNER_CENTER|DATAVERSE)_(TENANT|CLIENT_ID|URL|ORGANIZATION_ID)$`).MatchString(name) {
		return "${" + name + "}"
	}
	return "${COSELL_" + name + "}"
}

func variables(s *subject) error {
	for name, p := range s.params.Parameters {
		if name != "location" && name != "tags" && p.Value != variable(name) {
			return fmt.Errorf("%s is %v instead of %s", name, p.Value, variable(name))
		}
	}
	return nil
}

func locationAndTag(s *subject) error {
	tags, _ := s.params.Parameters["tags"].Value.(object)
	if s.params.Parameters["location"].Value != "${AZURE_LOCATION}" || tags["azd-env-name"] != "${AZURE_ENV_NAME}" {
		return fmt.Errorf("%v, %v", s.params.Parameters["location"].Value, tags)
	}
	return nil
}
