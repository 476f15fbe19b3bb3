package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func settingsRules() []rule {
	return []rule{
		{"settings.file", "local.settings.json lies in the folder, a JSON object with texts for values", coreTools + "Common/AppSettingsFile.cs", read("local.settings.json")},
		{"settings.plain", "IsEncrypted is false: left out it counts as true", coreTools + "Common/AppSettingsFile.cs", notEncrypted},
		{"settings.runtime", "FUNCTIONS_WORKER_RUNTIME is custom: else func does not know what to start, nor what to publish", coreTools + "Actions/AzureActions/PublishFunctionAppAction.cs", setting("FUNCTIONS_WORKER_RUNTIME", "custom")},
		{"settings.storage", "AzureWebJobsStorage is set: all triggers but HTTP need it", coreTools + "Actions/HostActions/StartHostAction.cs", hasStorage},
		{"settings.reserved", "no setting is one that the host, or func, sets itself", coreTools + "Actions/HostActions/StartHostAction.cs", noneReserved},
		{"settings.all", "every setting of the sample is there, so that func start hands it to the handler", coreTools + "Actions/HostActions/StartHostAction.cs", hasAll},
		{"settings.private", "only its owner may read it: whoever tries the package writes secrets into it", coreTools + "Common/SecretsManager.cs", ownersOnly},
		{"sample.secrets", "the sample, of which it is made, holds no secret", learn + "functions-develop-local", noSecrets},
		{"ports.apart", "the laptop world keeps away from 7071, func's port, and from Azurite's, 10000 to 10002", coreTools + "Actions/HostActions/StartHostAction.cs", portsApart},
	}
}

func notEncrypted(s *subject) error {
	if s.settings.IsEncrypted == nil || *s.settings.IsEncrypted {
		return fmt.Errorf("it is not")
	}
	return nil
}

func setting(name, want string) func(*subject) error {
	return func(s *subject) error {
		if got := s.settings.Values[name]; got != want {
			return fmt.Errorf("it is %q", got)
		}
		return nil
	}
}

func hasStorage(s *subject) error {
	for name, value := range s.settings.Values {
		if first, _, _ := strings.Cut(name, "__"); first == "AzureWebJobsStorage" && value != "" {
			return nil
		}
	}
	return fmt.Errorf("it is not")
}

func noneReserved(s *subject) error {
	for _, name := range []string{"CONTAINER_NAME", "AZURE_FUNCTIONS_ENVIRONMENT", "WEBSITE_HOSTNAME", "AzureWebJobsScriptRoot", "FUNCTIONS_CUSTOMHANDLER_PORT",
		"FUNCTIONS_HTTPWORKER_PORT", "FUNCTIONS_CUSTOMHANDLER_WORKER_ID", "FUNCTIONS_HTTPWORKER_ID", "FUNCTIONS_APP_ROOT_PATH"} {
		if _, is := s.settings.Values[name]; is {
			return fmt.Errorf("%s", name)
		}
	}
	return nil
}

func hasAll(s *subject) error {
	if len(s.sample.Values) == 0 {
		return fmt.Errorf("local.settings.sample.json has none: %v", s.unread["local.settings.sample.json"])
	}
	for name := range s.sample.Values {
		if _, is := s.settings.Values[name]; !is {
			return fmt.Errorf("%s is not: add it, or delete the file, and make package makes it anew", name)
		}
	}
	return nil
}

func ownersOnly(s *subject) error {
	info, err := os.Stat(filepath.Join(s.app, "local.settings.json"))
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = fmt.Errorf("its mode is %s", info.Mode())
	}
	return err
}

func noSecrets(s *subject) error {
	secret := regexp.MustCompile(`_(SECRET|KEY|KEYS|CONNECTION_STRING)(_PREVIOUS)?$|^ServiceBus$`)
	for name, value := range s.sample.Values {
		if secret.MatchString(name) && !strings.HasSuffix(name, "_TOKEN_SECRET") && value != "" && !strings.HasPrefix(value, "changeme") {
			return fmt.Errorf("%s", name)
		}
	}
	return nil
}

// portsApart reads the first port of `make run` from the Makefile; a world has a dozen.
func portsApart(s *subject) error {
	makefile, err := os.ReadFile(filepath.Join(s.top, "Makefile"))
	if err != nil {
		return err
	}
	m := regexp.MustCompile(`-port \$\(or \$\(PORT\),(\d+)\)`).FindSubmatch(makefile)
	if m == nil {
		return fmt.Errorf("the Makefile does not say from which port on")
	}
	first, err := strconv.Atoi(string(m[1]))
	for port := first; port < first+12; port++ {
		if slices.Contains([]int{7071, 10000, 10001, 10002}, port) {
			return fmt.Errorf("%d", port)
		}
	}
	return err
}
