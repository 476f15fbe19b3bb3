package dataversesim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

func itoa(n int) string { return strconv.Itoa(n) }

// switchDef is one behaviour that can be chosen; the first allowed value, or the default, holds at start.
type switchDef struct {
	value    any // bool, string or int
	allowed  []any
	min, max int // of numbers
	meaning  string
}

// switches may be read while requests run, so they have their own lock.
type switches struct {
	mu   sync.Mutex
	defs map[string]*switchDef
}

func newSwitches() *switches {
	onOff := func(def bool, meaning string) *switchDef {
		return &switchDef{value: def, allowed: []any{def, !def}, meaning: meaning}
	}
	oneOf := func(meaning string, values ...any) *switchDef {
		return &switchDef{value: values[0], allowed: values, meaning: meaning}
	}
	upTo := func(def, low, high int, meaning string) *switchDef {
		return &switchDef{value: def, min: low, max: high, meaning: meaning}
	}
	return &switches{defs: map[string]*switchDef{
		"winRaisesUpdate":        onOff(true, "Win and Lose raise Update of the opportunity as well"),
		"closedWritable":         onOff(true, "closed opportunities and leads can be changed; false: 0x80040230 until they are reopened"),
		"setupExistsStatus":      oneOf("status of a definition or solution whose name is taken", 400, 409, 412),
		"setupImportSeconds":     upTo(2, 0, 3600, "how long the job of ImportSolutionAsync takes"),
		"setupKeySeconds":        upTo(2, 0, 3600, "how long the index of a new alternate key is Pending"),
		"setupLabels":            oneOf("what becomes of a label in a language that is not installed", "refused", "ignored"),
		"setupLocLabels":         oneOf("what SetLocLabels does with the languages that it does not name: they stay, or go", "merged", "replaced"),
		"setupUnpublished":       oneOf("what a plain read shows of a form, view or web resource that was written and not published: as it was published, which the function RetrieveUnpublishedMultiple shows as it was written; the same, and the function shows both; the same, and the function shows nothing but what is not published; or as it was written", "hidden", "both", "drafts", "shown"),
		"setupLag":               upTo(0, 0, 300, "what was defined so lately is not found by reads of definitions without Consistency: Strong, nor by rows that name it"),
		"setupLock":              upTo(0, 0, 1000, "every nth change of definitions is refused because another one is running (0x80071151); 0 is none"),
		"setupLockStatus":        oneOf("status of that refusal", 429, 400, 500),
		"setupFilterPrivilege":   oneOf("whether the filters of messages have a privilege of their own, prvReadSdkMessageFilter, or that of the messages; counts from the next reset", "own", "shared"),
		"setupFlowsWrite":        onOff(false, "the flows of Microsoft's connector that are on write to an opportunity's Audit column two seconds after each change of it"),
		"setupRoleInUse":         oneOf("what becomes of the deletion of a security role that users have: it goes with what was given, or is refused", "deleted", "refused"),
		"setupManagedRoles":      oneOf("what becomes of a privilege that is given to a role which a managed solution has brought and which may be customised", "taken", "refused"),
		"setupRules":             oneOf("what becomes of a business rule that is made through the Web API", "taken", "refused"),
		"setupTableJoins":        oneOf("how a table joins the solution in whose name its definition is replaced: as a shell, with single columns beside it, or with all that it has", "shell", "whole"),
		"setupTracking":          oneOf("which tables of a bare organisation have change tracking as Dataverse ships it", "sales", "customers", "none"),
		"tagLevel":               oneOf("where ?tag= appears: SharedVariables of the parent context or of the outer one", "parent", "outer"),
		"wrappedValues":          onOff(false, "ids and dates in events are objects with __type and __value"),
		"optimisticConcurrency":  onOff(true, "If-Match with an ETag is allowed; false: 0x8006088D"),
		"readOnlyColumns":        oneOf("what becomes of read-only columns in a body; calculated ones are always ignored", "ignored", "refused"),
		"unknownColumnCode":      oneOf("code of a column or navigation property that does not exist, in a query and in a body", "0x0", "0x80060888"),
		"unknownTableCode":       oneOf("code of a table, function or action that does not exist", "0x8006088a", ""),
		"controlCharacters":      oneOf("what becomes of characters below U+0020 but tab, CR and LF in a text", "refused", "taken"),
		"inactiveLookups":        oneOf("what becomes of a lookup that is set to an inactive row, a currency for instance", "refused", "taken"),
		"openQuotes":             oneOf("which closes draft and active quotes keep from happening", "won", "both", "none"),
		"openQuotesCode":         oneOf("code of that refusal", "0x80040516", "0x80040239"),
		"futureClose":            oneOf("what becomes of an actual close date after today", "taken", "refused"),
		"closeCurrency":          oneOf("what becomes of a close activity in another currency than the opportunity's", "refused", "taken"),
		"duplicateDetection":     oneOf("when rules against duplicates of accounts, contacts and leads are asked: if the caller sends MSCRM.SuppressDuplicateDetection: false, or at each write of the Web API", "onRequest", "always"),
		"duplicateKeyStatus":     oneOf("status of an alternate key that another row holds (0x80060892)", 412, 400, 409),
		"duplicateStatus":        oneOf("status of a duplicate that was detected (0x80040333)", 412, 500),
		"reciprocalRaisesEvents": onOff(true, "the second row that the system keeps of each connection, as seen from the other side (ismaster false), raises events too"),
		"bulkMessages":           onOff(true, "the tables have CreateMultiple, UpdateMultiple and UpsertMultiple; false: 404 as for any action that does not exist"),
		"variableTypes":          oneOf("values of environment variables are taken as they come, or refused where they do not fit the type: a number, yes or no, JSON", "free", "checked"),
		"variableValues":         oneOf("how many values an environment variable takes: one, or several rows, as imports of solutions have left them", "one", "several"),
		"mergeRaisesUpdate":      onOff(true, "rows that hang on a merged record raise Update when they move to the other one"),
		"qualifyRaisesUpdate":    onOff(true, "qualifying a lead raises Update of the lead as well, beside QualifyLead"),
		"plainQualify":           oneOf("what becomes of an update that sets the state of a lead to Qualified without QualifyLead", "taken", "refused"),
		"leadMapsOwnColumns":     onOff(false, "qualifying a lead copies the organisation's own columns to those of the same name on the opportunity"),
		"userTimeZone":           oneOf("time zone of people (POST user) who write a plain date into a user-local column", "UTC", "Europe/Paris", "America/Santiago", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Auckland"),
		"language":               oneOf("the caller's own language, which is the base language for an application user: refusals, formatted values and UserLocalizedLabel speak it, where there is a label in it", "en", "de", "fr", "ja"),
		"listOrder":              oneOf("order of a list without $orderby", "created", "scattered"),
		"listLagSeconds":         upTo(0, 0, 300, "lists, counts and change tracking show the world as it was so long ago"),
		"readLagSeconds":         upTo(0, 0, 300, "a read of one record shows it as it was so long ago"),
		"versionOrder":           oneOf("how versions follow each other: the documents promise no order", "rising", "scattered"),
		"bypassPrivilege":        onOff(false, "the caller may use MSCRM.BypassBusinessLogicExecution*; false: 403"),
		"retryOnNoAnswer":        onOff(false, "a webhook that does not answer gets the second attempt that 502, 503 and 504 get"),
		"retryDelaySeconds":      upTo(5, 0, 3600, "time between the two attempts of a webhook call"),
		"eventLimitBytes":        upTo(262144, 0, 1<<30, "larger events lose their parameters and images"),
		"pageSize":               upTo(5000, 1, 5000, "rows of a page without odata.maxpagesize"),
		"tokenSeconds":           upTo(3599, 1, 86400, "how long a token lives"),
		"limitRequests":          upTo(6000, 0, 1<<30, "requests per user in 300 s; 0 is no limit"),
		"limitExecutionSeconds":  upTo(1200, 0, 1<<30, "execution time per user in 300 s; 0 is no limit"),
		"limitConcurrent":        upTo(52, 0, 1<<30, "requests at the same time; 0 is no limit"),
		"executionMillis":        upTo(20, 0, 600000, "execution time booked for each operation, besides the time it really took"),
	}}
}

func (s *switches) get(name string) any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.defs[name].value
}

func (s *switches) flag(name string) bool   { return s.get(name).(bool) }
func (s *switches) text(name string) string { return s.get(name).(string) }
func (s *switches) number(name string) int  { return s.get(name).(int) }

// describe is the answer of GET /switches.
func (s *switches) describe() map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]any{}
	for name, d := range s.defs {
		var allowed any = d.allowed
		if d.allowed == nil {
			allowed = fmt.Sprintf("a whole number from %d to %d", d.min, d.max)
		}
		out[name] = map[string]any{"value": d.value, "allowed": allowed, "meaning": d.meaning}
	}
	return out
}

// plain takes "true" and "42" for true and 42, as the other system's switches do.
func plain(v any) any {
	if n, ok := v.(int); ok {
		return float64(n)
	}
	text, ok := v.(string)
	if !ok {
		return v
	}
	if text == "true" || text == "false" {
		return text == "true"
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil {
		return f
	}
	return v
}

// change sets switches, all or none of those given.
func (s *switches) change(body map[string]any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, v := range body {
		v = plain(v)
		body[name] = v
		d := s.defs[name]
		if d == nil {
			var names []string
			for n := range s.defs {
				names = append(names, n)
			}
			slices.Sort(names)
			return fmt.Errorf("there is no switch %q; there are %s", name, strings.Join(names, ", "))
		}
		f, isNumber := v.(float64)
		if d.allowed == nil && (!isNumber || f != float64(int(f)) || int(f) < d.min || int(f) > d.max) {
			return fmt.Errorf("switch %s: use a whole number from %d to %d", name, d.min, d.max)
		}
		if d.allowed != nil && !slices.Contains(d.allowed, v) && !(isNumber && slices.Contains(d.allowed, any(int(f)))) {
			allowed, _ := json.Marshal(d.allowed)
			return fmt.Errorf("switch %s: use one of %s", name, allowed)
		}
	}
	for name, v := range body {
		if f, ok := v.(float64); ok {
			v = int(f)
		}
		s.defs[name].value = v
	}
	return nil
}

func (s *Simulator) postSwitches(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	if err := control.ReadJSON(r, &body); err != nil {
		control.WriteError(w, http.StatusBadRequest, "%v", err)
		return
	}
	if err := s.sw.change(body); err != nil {
		control.WriteError(w, http.StatusBadRequest, "%v", err)
		return
	}
	control.WriteJSON(w, http.StatusOK, s.sw.describe())
}
