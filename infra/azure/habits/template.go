package main

import (
	"fmt"
	"regexp"
	"strings"
)

func templateRules() []rule {
	return []rule{
		{"template.files", "the templates can be read", azdBicep, read("templates")},
		{"template.scope", "they are deployed to a resource group or a subscription", azureDev + "cli/azd/pkg/azure/arm_template.go", scope},
		{"template.tags", "each service of azure.yaml is one function app of the templates, by its tag azd-service-name", azdProject + "resource_manager.go", serviceTags},
		{"template.runtime", "the apps have the runtime custom, as the settings beside the package: func refuses to publish otherwise", coreTools + "Actions/AzureActions/PublishFunctionAppAction.cs", runtime},
		{"template.storage", "they say where the host's storage is: func refuses to publish otherwise", coreTools + "Actions/AzureActions/PublishFunctionAppAction.cs", hostStorage},
		{"template.flex", "they set nothing that Flex Consumption refuses", learn + "functions-app-settings", nothingRefused},
	}
}

func scope(s *subject) error {
	if !regexp.MustCompile(`(?m)^targetScope = '(resourceGroup|subscription)'$`).MatchString(s.bicep[s.module()+".bicep"]) {
		return fmt.Errorf("they are not")
	}
	return nil
}

func serviceTags(s *subject) error {
	all := regexp.MustCompile(`'azd-service-name': '([^']*)'`).FindAllStringSubmatch(strings.Join(texts(s.bicep), "\n"), -1)
	found := map[string]int{}
	for _, m := range all {
		found[m[1]]++
	}
	for name := range s.azd.Services {
		if found[name] != 1 {
			return fmt.Errorf("%s is there %d times", name, found[name])
		}
	}
	if len(found) != len(s.azd.Services) {
		return fmt.Errorf("%v of %d services", found, len(s.azd.Services))
	}
	return nil
}

func texts(files map[string]string) (out []string) {
	for _, text := range files {
		out = append(out, text)
	}
	return out
}

func runtime(s *subject) error {
	want := s.settings.Values["FUNCTIONS_WORKER_RUNTIME"]
	if want == "" || !strings.Contains(s.bicep["functionapp.bicep"], "runtime: { name: '"+want+"', version: '1.0' }") {
		return fmt.Errorf("not with %q", want)
	}
	return nil
}

func hostStorage(s *subject) error {
	if !strings.Contains(s.bicep["functionapp.bicep"], "AzureWebJobsStorage") {
		return fmt.Errorf("they do not")
	}
	return nil
}

func nothingRefused(s *subject) error {
	for file, text := range s.bicep {
		for _, name := range []string{"FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_EXTENSION_VERSION", "WEBSITE_RUN_FROM_PACKAGE", "WEBSITE_CONTENT", "linuxFxVersion", "alwaysOn"} {
			if strings.Contains(text, name) {
				return fmt.Errorf("%s sets %s", file, name)
			}
		}
	}
	return nil
}
