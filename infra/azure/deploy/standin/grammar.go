package standin

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

//go:embed tools.json
var toolsFile []byte

// grammar is what one tool takes.
type grammar struct {
	Source   string             `json:"source"`
	Options  map[string]string  `json:"options"`
	Commands map[string]command `json:"commands"`
}

type command struct {
	Source      string            `json:"source"` // of tools that are not ours
	Required    map[string]string `json:"required"`
	Options     map[string]string `json:"options"`
	Arguments   int               `json:"arguments"`
	Assignments []string          `json:"assignments"`
}

// grammars are the tools' by their names.
var grammars = sync.OnceValues(func() (map[string]grammar, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(toolsFile, &raw); err != nil {
		return nil, fmt.Errorf("tools.json: %w", err)
	}
	out := map[string]grammar{}
	for name, text := range raw {
		if name == "about" {
			continue
		}
		var g grammar
		if err := json.Unmarshal(text, &g); err != nil {
			return nil, fmt.Errorf("tools.json: %s: %w", name, err)
		}
		out[name] = g
	}
	return out, nil
})

// call is one call of a tool, taken apart.
type call struct {
	verb      string
	options   map[string]string // the last of a list's values stands for the list
	arguments []string
}

// parse takes arguments apart, and refuses what the tool does not know.
func (g grammar) parse(args []string) (call, error) {
	c := call{options: map[string]string{}}
	var kinds map[string]string
	if g.Options["--local"] != "" && len(args) > 1 && args[0] == "--local" { // may stand before the verb
		c.options["--local"], args = args[1], args[2:]
	}
	for n := min(4, len(args)); n >= 0; n-- {
		verb := strings.Join(args[:n], " ")
		if known, ok := g.Commands[verb]; ok {
			c.verb, args = verb, args[n:]
			kinds = map[string]string{}
			for _, m := range []map[string]string{g.Options, known.Options, known.Required} {
				maps.Copy(kinds, m)
			}
			break
		}
	}
	if kinds == nil {
		return c, fmt.Errorf("'%s' is misspelled or not recognized by the system", strings.Join(args, " "))
	}
	if err := c.take(args, kinds, g.Commands[c.verb]); err != nil {
		return c, err
	}
	var lacks []string
	for name := range g.Commands[c.verb].Required {
		if _, ok := c.options[name]; !ok {
			lacks = append(lacks, name)
		}
	}
	if slices.Sort(lacks); len(lacks) > 0 {
		return c, fmt.Errorf("the following arguments are required: %s", strings.Join(lacks, ", "))
	}
	return c, nil
}

func (c *call) take(args []string, kinds map[string]string, known command) error {
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch kind := kinds[a]; {
		case kind == "flag":
			c.options[a] = "true"
		case kind == "value" || kind == "list":
			if i++; i >= len(args) || strings.HasPrefix(args[i], "--") {
				return fmt.Errorf("argument %s: expected one argument", a)
			}
			c.options[a] = args[i]
			for kind == "list" && i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") {
				i++
				c.options[a] = args[i]
			}
		case strings.HasPrefix(a, "-"):
			return fmt.Errorf("unrecognized arguments: %s", a)
		default:
			name, _, assigned := strings.Cut(a, "=")
			if len(c.arguments) >= known.Arguments && !(assigned && slices.Contains(known.Assignments, name)) {
				return fmt.Errorf("unrecognized arguments: %s", a)
			}
			c.arguments = append(c.arguments, a)
		}
	}
	if len(c.arguments) < known.Arguments {
		return fmt.Errorf("%d arguments are missing", known.Arguments-len(c.arguments))
	}
	return nil
}
