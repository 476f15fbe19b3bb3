package dataversesim

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// solutionFile is a solution's zip, read.
type solutionFile struct {
	files          map[string][]byte
	holding        bool // it is to wait beside the version that is there
	manifest       xmlManifest
	customizations xmlCustomizations
}

// biggest is how much one file of a solution may hold, unpacked.
const biggest = 64 << 20

// readSolution reads a solution's zip and checks what can be checked without looking at the organisation.
// https://learn.microsoft.com/power-platform/alm/solution-concepts-alm
func readSolution(encoded string) (*solutionFile, error) {
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, fail(400, codePayload, "Cannot convert the literal of 'CustomizationFile' to the expected type 'Edm.Binary'.")
	}
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, fail(400, codeNoZip, "The solution file is no compressed (.zip) file: %v.", err)
	}
	f := &solutionFile{files: map[string][]byte{}}
	for _, entry := range z.File {
		if strings.HasSuffix(entry.Name, "/") {
			continue
		}
		if f.files[entry.Name], err = readEntry(entry); err != nil {
			return nil, fail(400, codeNoZip, "The file %s of the solution cannot be read: %v.", entry.Name, err)
		}
	}
	if err := f.checkParts(); err != nil {
		return nil, err
	}
	if err := readXML(string(f.files["solution.xml"]), "ImportExportXml", &f.manifest); err != nil {
		return nil, fail(400, codeBadManifest, "The import manifest file is invalid. XSD validation failed with the following error: '%v'", err)
	}
	if err := readXML(string(f.files["customizations.xml"]), "ImportExportXml", &f.customizations); err != nil {
		return nil, fail(400, codeBadCustomizations, "The import file is invalid. XSD validation failed with the following error: '%v'", err)
	}
	f.customizations.forgetUnmodified()
	return f, f.checkManifest()
}

func readEntry(entry *zip.File) ([]byte, error) {
	r, err := entry.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, biggest+1))
	if err == nil && len(b) > biggest {
		err = fmt.Errorf("it is larger than %d bytes", biggest)
	}
	return b, err
}

// checkParts demands the three files at the root, and a content type for each file, as packages have it.
func (f *solutionFile) checkParts() error {
	for _, name := range []string{"[Content_Types].xml", "solution.xml", "customizations.xml"} {
		if _, there := f.files[name]; !there {
			return fail(400, codeMissingFile, "The solution file is invalid. The compressed file must contain the following files at its root: solution.xml, customizations.xml, and [Content_Types].xml. Customization files exported from previous versions of Microsoft Dynamics 365 are not supported. (%s)", name)
		}
	}
	var types struct {
		Defaults []struct {
			Extension string `xml:"Extension,attr"`
		} `xml:"Default"`
		Overrides []struct {
			PartName string `xml:"PartName,attr"`
		} `xml:"Override"`
	}
	if err := readXML(string(f.files["[Content_Types].xml"]), "Types", &types); err != nil {
		return fail(400, codeMissingFile, "The file [Content_Types].xml of the solution is invalid: %v.", err)
	}
	for name := range f.files {
		known := name == "[Content_Types].xml"
		for _, d := range types.Defaults {
			known = known || strings.EqualFold("."+d.Extension, path.Ext(name))
		}
		for _, o := range types.Overrides {
			known = known || strings.EqualFold(strings.TrimPrefix(o.PartName, "/"), name)
		}
		if !known {
			return fail(400, codeMissingFile, "The file %s of the solution has no content type in [Content_Types].xml.", name)
		}
	}
	return nil
}

// checkManifest checks names, version and publisher of solution.xml, and the sections of customizations.xml.
func (f *solutionFile) checkManifest() error {
	m := &f.manifest
	bad := func(format string, args ...any) error {
		return fail(400, codeBadManifest, "The import manifest file is invalid. XSD validation failed with the following error: '"+format+"'", args...)
	}
	switch {
	case !uniqueName.MatchString(m.UniqueName):
		return bad("UniqueName %q", m.UniqueName)
	case !versionNumber.MatchString(m.Version):
		return bad("Version %q", m.Version)
	case m.Managed != "0" && m.Managed != "1":
		return bad("Managed %q: a zip is 0 or 1", m.Managed)
	case !uniqueName.MatchString(m.Publisher.UniqueName):
		return bad("UniqueName %q of the publisher", m.Publisher.UniqueName)
	case !prefixPattern.MatchString(m.Publisher.Prefix) || strings.HasPrefix(m.Publisher.Prefix, "mscrm"):
		return bad("CustomizationPrefix %q", m.Publisher.Prefix)
	case m.Publisher.OptionValuePrefix < 10000 || m.Publisher.OptionValuePrefix > 99999:
		return bad("CustomizationOptionValuePrefix %d", m.Publisher.OptionValuePrefix)
	}
	for _, section := range f.customizations.Sections {
		if !slices.Contains(sectionNames(), section.XMLName.Local) {
			return fail(400, codeBadCustomizations, "The import file is invalid. XSD validation failed with the following error: 'The element 'ImportExportXml' has invalid child element '%s'.'", section.XMLName.Local)
		}
		if slices.Contains([]string{"Workflows", "SdkMessageProcessingSteps", "ServiceEndpoints", "SolutionPluginAssemblies", "PluginAssemblies", "Dashboards", "AppModules", "CanvasApps", "CustomControls"}, section.XMLName.Local) && len(section.Children) > 0 {
			return missing("%s of a solution", section.XMLName.Local)
		}
	}
	return nil
}
