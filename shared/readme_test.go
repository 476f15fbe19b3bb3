package shared_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestReadmeShowsEveryRoomOfTheHouse(t *testing.T) {
	text := readme(t)
	rooms, err := filepath.Glob("../[si]*/*") // shared and infra
	if err != nil {
		t.Fatal(err)
	}
	for _, room := range rooms {
		name := filepath.ToSlash(strings.TrimPrefix(room, ".."+string(filepath.Separator)))
		if info, err := os.Stat(room); err == nil && info.IsDir() && !strings.Contains(text, "[`"+name+"`]("+name+")") {
			t.Errorf("the table of the house in README.md lacks %s", name)
		}
	}
}

func TestReadmeNamesTargetsThatThereAre(t *testing.T) {
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^([a-z]+):.*## \S`).FindAllStringSubmatch(string(makefile), -1) {
		listed[m[1]] = true
	}
	phony := regexp.MustCompile(`(?m)^\.PHONY: (.*)$`).FindStringSubmatch(string(makefile))
	for _, target := range strings.Fields(phony[1]) {
		if !listed[target] && target != "ready" && target != "inputs" {
			t.Errorf("make alone does not list %s: it lacks a line of its own after ##", target)
		}
	}
	for _, file := range documents(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile("`make ([a-z]+)").FindAllStringSubmatch(string(text), -1) {
			if !listed[m[1]] {
				t.Errorf("%s speaks of make %s, which make does not list", file, m[1])
			}
		}
		for _, m := range regexp.MustCompile("make [a-z]+ ([A-Z]+)=").FindAllStringSubmatch(string(text), -1) {
			if !strings.Contains(string(makefile), "$("+m[1]+")") && !regexp.MustCompile(`(?m)^export .*\b`+m[1]+`\b`).Match(makefile) {
				t.Errorf("%s gives make %s=, which it does not take", file, m[1])
			}
		}
	}
}
