package shared_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What the sellers' page calls a column, an option or a list is what they see on the form, in both languages.
func TestSellersReadTheLabelsOfTheForm(t *testing.T) {
	var schema any
	if err := json.Unmarshal([]byte(read(t, "../infra/dataverse/schema.json")), &schema); err != nil {
		t.Fatal(err)
	}
	for page, language := range map[string]string{"../docs/seller.md": "", "../docs/fr/vendeur.md": "1036"} {
		labels := labelsIn(schema, language)
		if len(labels) < 40 {
			t.Fatalf("only %d labels in %q", len(labels), language)
		}
		text := strings.ReplaceAll(read(t, page), "\n", " ")
		var used []string
		for _, m := range regexp.MustCompile(`[^*]\*([^*]+)\*[^*]`).FindAllStringSubmatch(text, -1) {
			used = append(used, m[1])
		}
		tables := regexp.MustCompile(`(?ms)^\| (?:Co-sell state|action|État de la covente) \|.*?\n\n`).FindAllString(read(t, page), -1)
		for _, row := range regexp.MustCompile(`(?m)^\| ([^|]+) \|`).FindAllStringSubmatch(strings.Join(tables, ""), -1) {
			if slices.Contains(labels, row[1]) {
				continue
			}
			for _, one := range strings.Split(row[1], ", ") {
				if one != "action" && one != "---" {
					used = append(used, one)
				}
			}
		}
		if len(used) < 20 {
			t.Errorf("%s: only %d names are seen", page, len(used))
		}
		for _, name := range used {
			if !slices.Contains(labels, name) && name != "lead" && name != "prospect" && !strings.HasPrefix(name, "Traduction") {
				t.Errorf("%s speaks of %q, which is no label of the form", page, name)
			}
		}
	}
}

// labelsIn are the labels of everything below v, in the language, the first one where it is empty.
func labelsIn(v any, language string) (out []string) {
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			out = append(out, labelsIn(one, language)...)
		}
	case map[string]any:
		if text, ok := v["label"].(string); ok && language == "" {
			out = append(out, text)
		}
		if others, ok := v["labels"].(map[string]any); ok && language != "" {
			out = append(out, others[language].(string))
		}
		for _, one := range v {
			out = append(out, labelsIn(one, language)...)
		}
	}
	return out
}
