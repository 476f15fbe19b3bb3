package main

import (
	"archive/zip"
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// shortest is the least length of a secret that is ours to choose. With a shorter one the apps refuse to start, which
// would be found out minutes after they are published.
const shortest = 16

var (
	operatorKey = regexp.MustCompile(`^[A-Za-z0-9._-]{1,40}=.{16,}$`)
	tenantAlias = regexp.MustCompile(`^[a-z][a-z0-9-]{0,29}$`)
)

// wrongSecrets holds what was given against what the apps take, before anything is done. It names no value.
func wrongSecrets(given map[string]string, shadow bool) error {
	var problems []error
	for _, name := range []string{"COSELL_DATAVERSE_WEBHOOK_SECRET", "COSELL_DATAVERSE_WEBHOOK_SECRET_PREVIOUS"} {
		if v := given[name]; v != "" && len(v) < shortest {
			problems = append(problems, fmt.Errorf("%s is too short: at least %d characters, or leave it out, and one is made", name, shortest))
		}
	}
	if keys := given["COSELL_OPERATOR_KEYS"]; keys != "" {
		for i, entry := range strings.Split(keys, ",") {
			if !operatorKey.MatchString(strings.TrimSpace(entry)) {
				problems = append(problems, fmt.Errorf("COSELL_OPERATOR_KEYS must be name=key,name=key,… with keys of at least %d characters: entry %d is not", shortest, i+1))
			}
		}
	}
	if v := given["COSELL_TENANT_CLIENT_SECRETS"]; v != "" {
		all := ofTenants(v)
		for alias, s := range all {
			if !tenantAlias.MatchString(alias) || s == "" {
				all = nil
			}
		}
		if len(all) == 0 {
			problems = append(problems, errors.New(`COSELL_TENANT_CLIENT_SECRETS must be JSON, {"ALIAS": "SECRET", …}, with the aliases of the parameter tenants`))
		}
	}
	if v := given["COSELL_FORWARD_URL"]; v != "" {
		if u, err := url.Parse(v); err != nil || u.Scheme != "https" || u.Host == "" {
			problems = append(problems, errors.New("COSELL_FORWARD_URL is not an https address"))
		}
		if !shadow {
			problems = append(problems, errors.New("COSELL_FORWARD_URL is only taken in shadow mode: put SYNC_MODE: 'shadow' under settings of the file of parameters, or leave it out"))
		}
	}
	return errors.Join(problems...)
}

// secretOfApp is what a secret of the apps' settings is called here; empty: name is none.
func secretOfApp(name string) string {
	if name == "SYNC_FORWARD_URL" || name == "SYNC_OPERATOR_KEYS" {
		return "COSELL_" + strings.TrimPrefix(name, "SYNC_")
	}
	for _, k := range secrets() {
		if k.name == "COSELL_"+name {
			return k.name
		}
	}
	return ""
}

// wrongCatalogue says that the list of solutions is not there, which the last step but one would find out.
func (s settings) wrongCatalogue(top string) error {
	file := s["COSELL_CATALOGUE"]
	if file == "" {
		return nil
	}
	info, err := os.Stat(below(top, file))
	if err == nil && info.IsDir() {
		err = errors.New("it is a folder")
	}
	if err != nil {
		return fmt.Errorf("COSELL_CATALOGUE: %w: put the list there, or leave the line out (docs/coming-from-microsoft.md)", err)
	}
	return nil
}

// chooseSheet takes the field sheet that MAPPING names, else that of the settings.
func (f *facts) chooseSheet() error {
	f.mapping = cmp.Or(f.askedMapping, f.set["COSELL_MAPPING"])
	if f.askedMapping != "" {
		return wrongSheet("MAPPING", f.mapping, f.top)
	}
	return wrongSheet("COSELL_MAPPING", f.mapping, f.top)
}

// wrongSheet says that the field sheet that MAPPING or the settings name is not there. What stands in it the package's handler checks,
// before anything is changed.
func wrongSheet(by, file, top string) error {
	if file == "" {
		return nil
	}
	text, err := os.Open(below(top, file))
	if err != nil {
		return fmt.Errorf("%s=%s: %w: name a field sheet (docs/customise.md), or leave %s out", by, file, errors.Unwrap(err), by)
	}
	defer func() { _ = text.Close() }()
	if info, err := text.Stat(); err != nil || !info.Mode().IsRegular() {
		return fmt.Errorf("%s=%s: it is no file: name a field sheet (docs/customise.md), or leave %s out", by, file, by)
	}
	return nil
}

// below is a file that was named from the top folder.
func below(top, file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(top, file)
}

// wrongPackage says that the zip that PACKAGE names is none of ours: Azure would take any, and the apps would not start.
func wrongPackage(file, top string) error {
	if file == "" {
		return nil
	}
	zipped, err := zip.OpenReader(below(top, file))
	if err != nil {
		return fmt.Errorf("PACKAGE=%s: %w: name the .build/app.zip of a version that was published", file, err)
	}
	defer func() { _ = zipped.Close() }()
	for _, name := range []string{"host.json", "handler"} {
		if !slices.ContainsFunc(zipped.File, func(f *zip.File) bool { return f.Name == name }) {
			return fmt.Errorf("PACKAGE=%s: it has no %s, so it is no package for the apps: name the .build/app.zip of a version that was published", file, name)
		}
	}
	return nil
}

// anothers says that the group holds the deployment of another environment, which a run of this one would take for its
// own: its apps would get the package, its vault the secrets.
func (f *facts) anothers() error {
	app, own := f.known["syncName"], f.set["COSELL_NAME"]
	if strings.HasPrefix(app, own+"-sync-") {
		return nil
	}
	other, _, _ := strings.Cut(app, "-sync-")
	return fmt.Errorf("the resource group %s holds the deployment of another COSELL_NAME, %s: give each environment a group of its own (AZURE_RESOURCE_GROUP)", f.set["AZURE_RESOURCE_GROUP"], cmp.Or(other, app))
}
