package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"
)

// Where `make package` leaves what it packs, from the top folder.
const (
	packedZip    = ".build/app.zip"
	packedFolder = ".build/app"
	cosellctl    = ".build/cosellctl"
)

func packageStep(f *facts) step {
	s := step{name: "package", does: "builds the package and the operator's command", needs: "none", mend: "make package says more"}
	if f.pack != "" {
		s.does = "takes the package that PACKAGE names, and builds the operator's command"
		s.before = func(f *facts) error {
			sum, err := sumOf(below(f.top, f.pack))
			if err != nil {
				return fmt.Errorf("PACKAGE=%s: %w", f.pack, err)
			}
			f.known["packageSum"] = sum
			f.say("%s  %s", sum, f.pack)
			return nil
		}
	} else {
		s.moves = append(s.moves, move{
			does: "packing",
			call: func(f *facts) command {
				c := command{tool: "make", args: []string{"package"}}
				if f.mapping != "" {
					c.args = append(c.args, "MAPPING="+f.mapping)
				}
				return c
			},
			took: tookPackage,
		})
	}
	s.moves = append(s.moves, move{
		does: "building cosellctl",
		call: func(*facts) command { return command{tool: "make", args: []string{"cosellctl"}} },
	})
	return s
}

// tookPackage reads the last line of make package: the sum and the zip.
func tookPackage(f *facts, answer string) error {
	lines := strings.Split(strings.TrimSpace(answer), "\n")
	sum, _, _ := strings.Cut(lines[len(lines)-1], " ")
	if len(sum) != 2*sha256.Size {
		return fmt.Errorf("make package did not end with a SHA-256 sum, but with %q", lines[len(lines)-1])
	}
	f.known["packageSum"] = sum
	f.say("%s  %s", sum, packedZip)
	return nil
}

func sumOf(file string) (string, error) {
	in, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer func() { _ = in.Close() }()
	digest := sha256.New()
	if _, err := io.Copy(digest, in); err != nil {
		return "", err
	}
	return hex.EncodeToString(digest.Sum(nil)), nil
}

// publishStep publishes the sync app first: it has to understand what the intake of the same version sends.
func publishStep(f *facts) step {
	s := step{name: "publish", does: "publishes the package to both apps", needs: "Website Contributor on both apps; the tag needs Tag Contributor on the group",
		mend: "docs/deploy.md has the ways of az, func and azd; another one may get through: WITH=az, WITH=func, WITH=azd"}
	s.before = func(f *facts) (err error) { // the step package may have been left out
		if f.known["packageSum"] != "" {
			return nil
		}
		zip := below(f.top, cmp.Or(f.pack, packedZip))
		if f.known["packageSum"], err = sumOf(zip); err != nil {
			return fmt.Errorf("there is no package; the step package makes it: %w", err)
		}
		return nil
	}
	if f.program == "azd" {
		s.moves = append(s.moves, azdEnvironment(f)...)
	}
	for _, app := range []string{"sync", "intake"} {
		done := func(f *facts) (string, bool) {
			is := f.known["packageSum"] != "" && f.is("published-"+app, f.known["packageSum"])
			return "the app " + app + " has this package", is && f.pack == "" && len(f.only) == 0
		}
		s.moves = append(s.moves, move{
			does: "publishing " + app, when: "unless it has this package; always where ONLY or PACKAGE is given", changes: true, so: done,
			call: func(f *facts) command { return publication(f, app) },
		}, move{
			does: "noting which package " + app + " has", when: "where it was published", changes: true,
			so: func(f *facts) (string, bool) { _, is := done(f); return "", is },
			call: func(f *facts) command {
				return az(f, "tag", "update", "--resource-id", groupID(f), "--operation", "Merge", "--tags", packageTag(app)+"="+f.get("packageSum"), "--output", "none")
			},
		})
	}
	return s
}

// publication is how the chosen tool publishes to one app.
func publication(f *facts, app string) command {
	zip := packedZip
	if f.pack != "" {
		zip = f.pack
	}
	switch f.program {
	case "func":
		return command{tool: "func", dir: packedFolder,
			args: []string{"azure", "functionapp", "publish", f.get(app + "Name"), "--custom", "--subscription", f.set["AZURE_SUBSCRIPTION_ID"]}}
	case "azd":
		return command{tool: "azd", args: []string{"deploy", app, "--from-package", zip, "--environment", azdName(f), "--no-prompt"}}
	}
	return az(f, "functionapp", "deployment", "source", "config-zip", "--resource-group", f.set["AZURE_RESOURCE_GROUP"], "--name", f.get(app+"Name"),
		"--src", zip, "--timeout", "600")
}

// azdName is the environment of azd that stands for ENV.
func azdName(f *facts) string { return f.set["COSELL_NAME"] + "-" + f.env }

// azdEnvironment makes it, and tells azd in which group to look for the apps, by their tag azd-service-name. It is told
// each time: a run may have ended between the two, and the settings may name another group since.
func azdEnvironment(f *facts) []move {
	return []move{
		{
			does: "asking which environments azd has",
			call: func(*facts) command {
				return command{tool: "azd", args: []string{"env", "list", "--output", "json", "--no-prompt"}}
			},
			took: func(f *facts, answer string) error {
				var all []struct{ Name string }
				if err := into(answer, &all); err != nil {
					return err
				}
				for _, e := range all {
					if e.Name == azdName(f) {
						f.known["azdEnvironment"] = e.Name
					}
				}
				return nil
			},
		},
		{
			does: "making azd's environment", when: "unless it is there", changes: true,
			so: func(f *facts) (string, bool) { return "azd has the environment", f.is("azdEnvironment", azdName(f)) },
			call: func(f *facts) command {
				return command{tool: "azd", args: []string{"env", "new", azdName(f), "--subscription", f.set["AZURE_SUBSCRIPTION_ID"], "--location", f.set["AZURE_LOCATION"], "--no-prompt"}}
			},
		},
		{
			does: "telling azd the subscription and the resource group",
			call: func(f *facts) command {
				args := []string{"env", "set"}
				for _, name := range []string{"AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP", "AZURE_LOCATION"} {
					args = append(args, name+"="+f.set[name])
				}
				return command{tool: "azd", args: append(args, "--environment", azdName(f), "--no-prompt")}
			},
		},
	}
}
