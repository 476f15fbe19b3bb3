package template

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/azure/bicep"
	"github.com/cosell-sync/cosell-sync/shared/health"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
)

// windows are those that the vendor allows for rules that run every quarter of an hour.
// https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-create-log-alert-rule
var windows = []string{"PT15M", "PT30M", "PT45M", "PT1H", "PT2H", "PT3H", "PT4H", "PT5H", "PT6H"}

// alerts: the seven of them, each asks for what there is, and tells somebody.
func alerts(t *testing.T, d deployed) (out []string) {
	teams := d.all("Microsoft.Insights/actionGroups")
	if len(teams) != 1 {
		return []string{fmt.Sprintf("%d action groups", len(teams))}
	}
	dead := d.the(t, "Microsoft.Insights/metricAlerts", "")
	for _, c := range list(at(dead.Body, "properties", "criteria", "allOf")) {
		if at(c, "metricName") != "DeadletteredMessages" || at(c, "operator") != "GreaterThan" || at(c, "threshold") != 0 || at(c, "timeAggregation") != "Maximum" {
			out = append(out, fmt.Sprintf("dead letters are Service Bus' metric DeadletteredMessages above 0, not %v", c))
		}
	}
	if actions := list(at(dead.Body, "properties", "actions")); len(actions) != 1 || at(actions[0], "actionGroupId") != teams[0].ID {
		out = append(out, dead.Name+" tells nobody")
	}
	var named []string
	for _, r := range d.all("Microsoft.Insights/scheduledQueryRules") {
		_, name, _ := strings.Cut(r.Name, "-")
		named = append(named, name)
		if groups := list(at(r.Body, "properties", "actions", "actionGroups")); len(groups) != 1 || groups[0] != teams[0].ID {
			out = append(out, name+" tells nobody")
		}
		if w := text(at(r.Body, "properties", "windowSize")); !slices.Contains(windows, w) {
			out = append(out, name+" looks at a window of "+w+", which is none that Azure knows")
		}
		out = append(out, asks(t, name, r)...)
	}
	for _, want := range []string{"parked", "held-ours", "brake-on", "registration-lost", "token-age", "no-reading"} {
		if !slices.Contains(named, want) {
			out = append(out, "there is no alert "+want)
		}
	}
	return out
}

// asks checks that a query asks for members that the line has, and that the only one that waits for an absence is the
// one about reading.
func asks(t *testing.T, name string, r bicep.Resource) (out []string) {
	criteria := list(at(r.Body, "properties", "criteria", "allOf"))
	if len(criteria) != 1 {
		return []string{name + " has no criterion"}
	}
	query := text(at(criteria[0], "query"))
	line := stateLine(t)
	if !strings.Contains(query, `"msg":"`+health.StateMessage+`"`) {
		out = append(out, name+" does not ask for the line "+health.StateMessage)
	}
	members := regexp.MustCompile(`\bstate\.(\w+)`).FindAllStringSubmatch(query, -1)
	if len(members) == 0 {
		out = append(out, name+" asks for nothing")
	}
	for _, m := range members {
		if _, has := line[m[1]]; !has {
			out = append(out, name+" asks for "+m[1]+", which the line does not have")
		}
	}
	operator, threshold := at(criteria[0], "operator"), at(criteria[0], "threshold")
	if absent := name == "no-reading"; absent && (operator != "LessThan" || threshold != 1) || !absent && (operator != "GreaterThan" || threshold != 0) {
		out = append(out, fmt.Sprintf("%s waits for a count %v %v", name, operator, threshold))
	}
	return out
}

// stateLine is the line of the log with all its members.
func stateLine(t *testing.T) map[string]any {
	t.Helper()
	noon := func() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }
	w := health.NewWatch("sync", "p-1", "v1", noon)
	w.GotToken("a", "digest")
	w.Answered(health.PartnerCenter)
	w.Answered(health.CRM)
	room := health.Room{Watch: w, Boards: []health.Board{ledger.InMemoryBoard(noon)}, Now: noon}
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).LogAttrs(t.Context(), slog.LevelInfo, health.StateMessage, room.Fresh(t.Context()).State()...)
	line := map[string]any{}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	return line
}
