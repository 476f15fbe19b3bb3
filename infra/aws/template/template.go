// Package template reads the SAM template of the deployment on AWS. Its tests hold it, and the Bicep beside it, against the code, the
// vendor's resource types, the least rights, and what Lambda demands.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification.html
package template

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Template is a template with its intrinsic functions in their long form: {"Ref": NAME}, {"Fn::Sub": TEXT}.
type Template struct {
	Parameters map[string]Parameter `yaml:"Parameters"`
	Globals    map[string]any       `yaml:"Globals"`
	Resources  map[string]Resource  `yaml:"Resources"`
	Outputs    map[string]any       `yaml:"Outputs"`
}

// Parameter is a parameter of the template. It has no member that is not listed here.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
type Parameter struct {
	Type           string   `yaml:"Type"`
	Default        string   `yaml:"Default"`
	Description    string   `yaml:"Description"`
	AllowedValues  []string `yaml:"AllowedValues"`
	AllowedPattern string   `yaml:"AllowedPattern"`
}

// Resource is a resource of the template.
type Resource struct {
	Type       string         `yaml:"Type"`
	Properties map[string]any `yaml:"Properties"`
}

// Parse reads a template. CloudFormation knows less of YAML than YAML has: aliases, merges, members of the same name and
// members without a value are refused. The last are what YAML makes of a comma in a text without quotes, in braces.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
func Parse(text string) (*Template, error) {
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		return nil, err
	}
	if err := long(&document); err != nil {
		return nil, err
	}
	var t Template
	return &t, document.Decode(&t)
}

// UnmarshalYAML implements yaml.Unmarshaler: CloudFormation refuses members that it does not know.
func (p *Parameter) UnmarshalYAML(n *yaml.Node) error {
	known := []string{"Type", "Default", "Description", "AllowedValues", "AllowedPattern"}
	for i := 0; i < len(n.Content); i += 2 {
		if name := n.Content[i]; !slices.Contains(known, name.Value) {
			return fmt.Errorf("line %d: a parameter has no member %q", name.Line, name.Value)
		}
	}
	type plain Parameter
	return n.Decode((*plain)(p))
}

// long turns short forms into long ones.
func long(n *yaml.Node) error {
	if n.Kind == yaml.AliasNode || n.Anchor != "" || n.Tag == "!!merge" {
		return fmt.Errorf("line %d: CloudFormation knows neither aliases nor merges", n.Line)
	}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return fmt.Errorf("line %d: a member has no value: a comma in a text wants quotes around it", n.Line)
	}
	for _, child := range n.Content {
		if err := long(child); err != nil {
			return err
		}
	}
	name, short := strings.CutPrefix(n.Tag, "!")
	if !short || strings.HasPrefix(name, "!") {
		return nil
	}
	inner := *n
	inner.Tag = ""
	switch name {
	case "Ref":
	case "Sub":
		name = "Fn::Sub"
	case "GetAtt":
		name = "Fn::GetAtt"
		resource, attribute, _ := strings.Cut(n.Value, ".")
		inner = yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{text(resource), text(attribute)}}
	default:
		return fmt.Errorf("line %d: !%s is not used here so far: teach the reader", n.Line, name)
	}
	*n = yaml.Node{Kind: yaml.MappingNode, Line: n.Line, Content: []*yaml.Node{text(name), &inner}}
	return nil
}

func text(value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
}
