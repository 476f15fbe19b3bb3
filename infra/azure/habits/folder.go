package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

func folderRules() []rule {
	return []rule{
		{"folder.host-json", "host.json lies at the top of the folder, and is a JSON object", coreTools + "Helpers/ScriptHostHelpers.cs", read("host.json")},
		{"folder.functions", "each function is a folder directly below, with a function.json", theHost + "WebJobs.Script/Host/HostFunctionMetadataProvider.cs", read("functions")},
		{"folder.no-deeper", "no function.json lies deeper, where the host does not look", theHost + "WebJobs.Script/Host/HostFunctionMetadataProvider.cs", noDeeper},
		{"folder.no-proxies", "there is no proxies.json: it is not supported any more", coreTools + "Actions/HostActions/StartHostAction.cs", absent("proxies.json")},
		{"folder.ignore", ".funcignore leaves nothing out that the host needs", coreTools + "Common/GitIgnoreParser.cs", nothingNeededIsIgnored},
		{"folder.ignore-settings", ".funcignore leaves local.settings.json out", coreTools + "StaticResources/funcignore", settingsAreIgnored},
		{"folder.git", "git keeps out local.settings.json and the environments of azd, which may hold secrets", azureDev + "cli/azd/pkg/environment/azdcontext/azdcontext.go", gitIgnores("local.settings.json", ".azure/", ".build/")},
	}
}

func noDeeper(s *subject) error {
	return filepath.WalkDir(s.app, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(s.app, path)
		if err == nil && d.Name() == "function.json" && strings.Count(filepath.ToSlash(rel), "/") != 1 {
			return fmt.Errorf("%s", rel)
		}
		return err
	})
}

func absent(forms ...string) func(*subject) error {
	return func(s *subject) error {
		for _, form := range forms {
			if found, err := filepath.Glob(filepath.Join(s.app, form)); err != nil || len(found) > 0 {
				return fmt.Errorf("%v is there (%v)", found, err)
			}
		}
		return nil
	}
}

func gitIgnores(names ...string) func(*subject) error {
	return func(s *subject) error {
		list, err := os.ReadFile(filepath.Join(s.top, ".gitignore"))
		for _, name := range names {
			if !strings.Contains("\n"+string(list), "\n"+name+"\n") {
				return fmt.Errorf(".gitignore lacks %s (%v)", name, err)
			}
		}
		return nil
	}
}

// ignore is .funcignore as func reads it.
type ignore struct{ denies, accepts []*regexp.Regexp }

// readIgnore makes regular expressions of the patterns as func does: a pattern counts from the top of the folder and
// up to the end of a word.
func readIgnore(text string) (out ignore, err error) {
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		pattern, negative := strings.CutPrefix(line, "!")
		pattern = regexp.QuoteMeta(strings.TrimPrefix(pattern, "/"))
		pattern = strings.NewReplacer(`\*\*`, `(.+)`, `\*`, `([^/]+)`).Replace(pattern)
		compiled, err := regexp.Compile(`^(` + pattern + `)\b`)
		if err != nil {
			return out, fmt.Errorf("%s: %w", line, err)
		}
		if negative {
			out.accepts = append(out.accepts, compiled)
		} else {
			out.denies = append(out.denies, compiled)
		}
	}
	return out, nil
}

// takes says whether func takes a file into its zip.
func (i ignore) takes(name string) bool {
	is := func(list []*regexp.Regexp) bool {
		for _, r := range list {
			if r.MatchString(name) {
				return true
			}
		}
		return false
	}
	return is(i.accepts) || !is(i.denies)
}

func (s *subject) ignore() (ignore, error) {
	text, err := os.ReadFile(filepath.Join(s.app, ".funcignore"))
	if err != nil {
		return ignore{}, err
	}
	return readIgnore(string(text))
}

func nothingNeededIsIgnored(s *subject) error {
	i, err := s.ignore()
	if err != nil {
		return err
	}
	needed := []string{"host.json", text(s.host, "customHandler.description.defaultExecutablePath")}
	for _, f := range s.functions {
		needed = append(needed, f.name+"/function.json")
	}
	for _, name := range needed {
		if !i.takes(name) {
			return fmt.Errorf("it leaves out %s", name)
		}
	}
	return nil
}

func settingsAreIgnored(s *subject) error {
	if i, err := s.ignore(); err != nil || i.takes("local.settings.json") {
		return fmt.Errorf("it does not (%v)", err)
	}
	return nil
}
