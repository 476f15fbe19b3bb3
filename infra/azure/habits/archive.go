package main

import (
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

func zipRules() []rule {
	return []rule{
		{"zip.file", "the zip can be read", learn + "deployment-zip-push", read("app.zip")},
		{"zip.top", "host.json lies at its top, not in a folder", learn + "deployment-zip-push", hostAtTheTop},
		{"zip.same", "it holds what func would pack of the folder: no more and no less", coreTools + "Common/FileSystemHelpers.cs", asFuncPacks},
		{"zip.settings", "it holds no local.settings.json", coreTools + "Common/FileSystemHelpers.cs", noSettings},
		{"zip.mode", "the handler in it may be executed, made on Unix as it says, and nothing else may", coreTools + "Helpers/ZipHelper.cs", modes},
		{"zip.names", "its names are relative, clean and different", learn + "deployment-zip-push", cleanNames},
		{"zip.size", "it is smaller than 15 MB", ours, smaller(func(s *subject) string { return s.zip }, 15)},
	}
}

func (s *subject) names() (out []string) {
	for _, e := range s.entries {
		out = append(out, e.Name)
	}
	slices.Sort(out)
	return out
}

func hostAtTheTop(s *subject) error {
	if !slices.Contains(s.names(), "host.json") {
		return fmt.Errorf("it holds %v", s.names())
	}
	return nil
}

// asFuncPacks lists the folder as func does: without hidden folders, settings and what .funcignore leaves out.
func asFuncPacks(s *subject) error {
	i, err := s.ignore()
	if err != nil {
		return err
	}
	var want []string
	err = filepath.WalkDir(s.app, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == ".vscode") {
			return filepath.SkipDir
		}
		rel, err := filepath.Rel(s.app, file)
		rel = filepath.ToSlash(rel)
		never := []string{".funcignore", ".gitignore", "local.settings.json", "project.lock.json"}
		if !d.IsDir() && !slices.Contains(never, strings.ToLower(d.Name())) && i.takes(rel) {
			want = append(want, rel)
		}
		return err
	})
	slices.Sort(want)
	if have := s.names(); err == nil && !slices.Equal(have, want) {
		err = fmt.Errorf("it holds %v, func would pack %v", have, want)
	}
	return err
}

func noSettings(s *subject) error {
	for _, name := range s.names() {
		if strings.EqualFold(path.Base(name), "local.settings.json") {
			return fmt.Errorf("%s", name)
		}
	}
	return nil
}

// unix is how a zip says in which world its modes mean something. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.4.2
const unix = 3

func modes(s *subject) error {
	for _, e := range s.entries {
		want := fs.FileMode(0o644)
		if e.Name == text(s.host, "customHandler.description.defaultExecutablePath") {
			want = 0o755
		}
		if e.Mode() != want || e.CreatorVersion>>8 != unix {
			return fmt.Errorf("%s has mode %s, made by %d", e.Name, e.Mode(), e.CreatorVersion>>8)
		}
	}
	return nil
}

func cleanNames(s *subject) error {
	var seen []string
	for _, e := range s.entries {
		if e.Name != path.Clean(e.Name) || path.IsAbs(e.Name) || strings.HasPrefix(e.Name, "..") || strings.Contains(e.Name, `\`) || slices.Contains(seen, strings.ToLower(e.Name)) {
			return fmt.Errorf("%s", e.Name)
		}
		seen = append(seen, strings.ToLower(e.Name))
	}
	return nil
}
