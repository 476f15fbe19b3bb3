package main

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// place is where the parts are that are looked at.
type place struct{ top, app, zip string }

type object = map[string]any

// subject is what was found there. A part that cannot be read is empty, and unread says why: one rule is about each.
type subject struct {
	place
	host      object
	functions []function
	settings  settings
	sample    settings
	azd       azd
	params    parameters
	entries   []*zip.File
	bicep     map[string]string // main.bicep and its modules, by their names
	unread    map[string]error  // by the name of the part
}

// function is a folder with a function.json.
type function struct {
	name     string
	bindings []object
	doc      object
	err      error
}

type settings struct {
	IsEncrypted *bool             `json:"IsEncrypted"`
	Values      map[string]string `json:"Values"`
}

// azd is azure.yaml, as far as the rules speak of it.
type azd struct {
	Name             string            `yaml:"name"`
	RequiredVersions map[string]string `yaml:"requiredVersions"`
	Infra            struct {
		Provider string `yaml:"provider"`
		Path     string `yaml:"path"`
		Module   string `yaml:"module"`
	} `yaml:"infra"`
	Services map[string]service `yaml:"services"`
}

type service struct {
	Project  string          `yaml:"project"`
	Host     string          `yaml:"host"`
	Language string          `yaml:"language"`
	Dist     string          `yaml:"dist"`
	Remote   *bool           `yaml:"remoteBuild"`
	Hooks    map[string]hook `yaml:"hooks"`
	Others   object          `yaml:",inline"`
}

type hook struct {
	Shell  string `yaml:"shell"`
	Run    string `yaml:"run"`
	Others object `yaml:",inline"`
}

// parameters is main.parameters.json.
type parameters struct {
	Parameters map[string]struct {
		Value any `json:"value"`
	} `json:"parameters"`
}

func look(p place) *subject {
	if app, err := filepath.Abs(p.app); err == nil { // what is started there is started in there
		p.app = app
	}
	s := &subject{place: p, bicep: map[string]string{}, unread: map[string]error{}}
	s.unread["host.json"] = readJSON(filepath.Join(p.app, "host.json"), &s.host)
	s.unread["local.settings.json"] = readJSON(filepath.Join(p.app, "local.settings.json"), &s.settings)
	s.unread["local.settings.sample.json"] = readJSON(filepath.Join(p.top, "local.settings.sample.json"), &s.sample)
	s.unread["azure.yaml"] = readYAML(filepath.Join(p.top, "azure.yaml"), &s.azd)
	s.unread["main.parameters.json"] = readJSON(filepath.Join(s.infra(), s.module()+".parameters.json"), &s.params)
	s.unread["functions"] = s.lookForFunctions()
	s.unread["app.zip"] = s.lookIntoZip()
	s.unread["templates"] = s.lookForTemplates()
	return s
}

// infra is the folder of the templates, as azure.yaml names it.
func (s *subject) infra() string { return filepath.Join(s.top, filepath.FromSlash(s.azd.Infra.Path)) }

// module is the template's name without its ending; main is azd's default.
func (s *subject) module() string {
	if s.azd.Infra.Module == "" {
		return "main"
	}
	return s.azd.Infra.Module
}

func readJSON(file string, into any) error {
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	return err
}

func readYAML(file string, into any) error {
	text, err := os.ReadFile(file)
	if err == nil {
		err = yaml.Unmarshal(text, into)
	}
	return err
}

// lookForFunctions reads the function.json of each direct child of the folder, as the host does.
func (s *subject) lookForFunctions() error {
	entries, err := os.ReadDir(s.app)
	if err != nil {
		return err
	}
	for _, e := range entries {
		f := function{name: e.Name()}
		if !e.IsDir() {
			continue
		}
		if f.err = readJSON(filepath.Join(s.app, e.Name(), "function.json"), &f.doc); errors.Is(f.err, fs.ErrNotExist) {
			continue
		}
		list, _ := f.doc["bindings"].([]any)
		for _, b := range list {
			if o, is := b.(object); is {
				f.bindings = append(f.bindings, o)
			}
		}
		s.functions = append(s.functions, f)
	}
	if len(s.functions) == 0 {
		return fmt.Errorf("%s holds no function", s.app)
	}
	return nil
}

func (s *subject) lookIntoZip() error {
	r, err := zip.OpenReader(s.zip)
	if err != nil {
		return err
	}
	defer r.Close()
	s.entries = r.File // names and modes stay readable
	return nil
}

func (s *subject) lookForTemplates() error {
	var files []string
	for _, form := range []string{s.module() + ".bicep", "modules/*.bicep"} {
		found, err := filepath.Glob(filepath.Join(s.infra(), form))
		if err != nil {
			return err
		}
		files = append(files, found...)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		s.bicep[filepath.Base(file)] = string(text)
	}
	return nil
}

// at is a member of a document by its path; nil where there is none.
func at(doc object, path string) any {
	var v any = doc
	for _, name := range strings.Split(path, ".") {
		o, is := v.(object)
		if !is {
			return nil
		}
		v = o[name]
	}
	return v
}

// text is a member that is a text, else "".
func text(doc object, path string) string {
	t, _ := at(doc, path).(string)
	return t
}
