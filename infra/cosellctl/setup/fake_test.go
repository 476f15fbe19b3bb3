package setup_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/cosellctl/setup"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
)

// crm is an organisation without anything of ours, as far as setup sees it. Definitions and rows are documents; what it
// does not know it answers with 404.
type crm struct {
	t       *testing.T
	tables  map[string]*ftable
	choices map[string]row
	rows    map[string][]row // by entity set
	serial  int
	writes  []string
	calls   []string

	refuse func(method, path string, body row) (status int, code, text string)
	slow   int // how often an index is still being built when it is asked for
}

type row = map[string]any

type ftable struct {
	def     row
	columns map[string]row
	keys    []row
}

const rootUnit = "b0000000-0000-4000-8000-000000000001"

func newCRM(t *testing.T) *crm {
	c := &crm{t: t, tables: map[string]*ftable{}, choices: map[string]row{}, rows: map[string][]row{}}
	for _, one := range []string{"opportunity opportunities", "lead leads", "account accounts", "contact contacts", "connection connections", "systemuser systemusers"} {
		name, set, _ := strings.Cut(one, " ")
		c.table(row{"SchemaName": name, "EntitySetName": set, "OwnershipType": "UserOwned", "ChangeTrackingEnabled": name != "connection"}, name+"id")
	}
	c.rows["organizations"] = []row{{"languagecode": 1033}}
	c.rows["businessunits"] = []row{{"businessunitid": rootUnit, "_parentbusinessunitid_value": nil}}
	for i, m := range []string{"Create", "Update", "Delete", "Win", "Lose", "QualifyLead"} {
		c.rows["sdkmessages"] = append(c.rows["sdkmessages"], row{"sdkmessageid": fmt.Sprintf("10000000-0000-4000-8000-%012d", i), "name": m})
	}
	for _, name := range slices.Sorted(maps.Keys(c.tables)) {
		c.filters(name)
	}
	for _, name := range []string{"opportunity", "lead"} {
		c.rows["systemforms"] = append(c.rows["systemforms"], row{"formid": c.id(), "name": "Main of " + name, "objecttypecode": name, "type": 2, "formactivationstate": 1, "formxml": plainForm})
	}
	for _, of := range []string{"Opportunity", "Lead", "Account", "Contact", "Activity", "Connection", "ConnectionRole", "TransactionCurrency", "User", "Team", "BusinessUnit", "Organization",
		"Quote", "AsyncOperation", "EnvironmentVariableDefinition", "ServiceEndpoint", "SdkMessage", "SdkMessageFilter", "SdkMessageProcessingStep",
		"SdkMessageProcessingStepImage", "Entity", "Attribute", "Relationship", "OptionSet"} {
		c.rights(of)
	}
	return c
}

const plainForm = `<form><tabs><tab name="general" id="{11111111-1111-4111-8111-111111111111}"><labels><label description="General" languagecode="1033" /></labels></tab></tabs><events><event name="onload" application="false" active="false"><Handlers><Handler functionName="Own.load" libraryName="own_form.js" handlerUniqueId="{22222222-2222-4222-8222-222222222222}" enabled="true" parameters="" passExecutionContext="true" /></Handlers></event></events></form>`

func (c *crm) id() string { c.serial++; return fmt.Sprintf("20000000-0000-4000-8000-%012d", c.serial) }

func (c *crm) table(def row, primary string) string {
	name := strings.ToLower(def["SchemaName"].(string))
	id := c.id()
	def["MetadataId"], def["LogicalName"], def["PrimaryIdAttribute"], def["CanChangeTrackingBeEnabled"] = id, name, primary, row{"Value": true}
	if def["DisplayName"] == nil {
		def["DisplayName"] = words(name)
	}
	c.tables[name] = &ftable{def: def, columns: map[string]row{}}
	return id
}

func words(text string) row {
	return row{"LocalizedLabels": []any{row{"Label": text, "LanguageCode": 1033.0}, row{"Label": text, "LanguageCode": 1036.0}}}
}

func (c *crm) filters(table string) {
	for _, m := range c.rows["sdkmessages"] {
		if n := m["name"]; (n == "Win" || n == "Lose") && table != "opportunity" || n == "QualifyLead" && table != "lead" {
			continue
		}
		c.rows["sdkmessagefilters"] = append(c.rows["sdkmessagefilters"], row{"sdkmessagefilterid": c.id(), "primaryobjecttypecode": table, "_sdkmessageid_value": m["sdkmessageid"]})
	}
}

func (c *crm) rights(of string) {
	for _, may := range []string{"Create", "Read", "Write", "Delete", "Append", "AppendTo", "Assign"} {
		c.rows["privileges"] = append(c.rows["privileges"], row{"privilegeid": c.id(), "name": "prv" + may + of})
	}
}

// web is somebody's way into it, with a clock that does not wait.
func (c *crm) web() (*setup.Web, *[]time.Duration) {
	var slept []time.Duration
	pause := func(_ context.Context, d time.Duration) error { slept = append(slept, d); return nil }
	return &setup.Web{Base: "https://" + host + "/api/data/v9.2", Sleep: pause,
		HTTP: httpclient.New(httpclient.Options{Base: c, Hosts: []string{host}, Sleep: pause})}, &slept
}

const host = "org.crm4.dynamics.com"

// RoundTrip implements http.RoundTripper without a wire.
func (c *crm) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	return w.Result(), nil
}

func (c *crm) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/api/data/v9.2/")
	var body row
	_ = json.NewDecoder(r.Body).Decode(&body) // GET has none
	if r.Header.Get("Consistency") != "Strong" {
		c.t.Errorf("%s %s may read an old copy", r.Method, path)
	}
	c.calls = append(c.calls, r.Method+" "+path)
	if c.refuse != nil {
		if status, code, text := c.refuse(r.Method, path, body); status != 0 {
			answer(w, status, row{"error": row{"code": code, "message": text}})
			return
		}
	}
	if r.Method != http.MethodGet {
		c.writes = append(c.writes, r.Method+" "+path)
	}
	status, out, made := c.serve(r.Method, path, r.URL.Query(), body, r.Header.Get("MSCRM.SolutionUniqueName"))
	if made != "" {
		w.Header().Set("OData-EntityId", "https://"+r.Host+"/api/data/v9.2/x("+made+")")
	}
	answer(w, status, out)
}

func answer(w http.ResponseWriter, status int, out any) {
	w.WriteHeader(status)
	if out != nil {
		_ = json.NewEncoder(w).Encode(out) // the client is ours
	}
}

var (
	tableURL  = regexp.MustCompile(`^EntityDefinitions\(LogicalName='(\w+)'\)(?:/(\w+)(?:\(LogicalName='(\w+)'\))?(?:/Microsoft\.Dynamics\.CRM\.(\w+)AttributeMetadata)?)?$`)
	choiceURL = regexp.MustCompile(`^GlobalOptionSetDefinitions\(Name='(\w+)'\)$`)
	rowURL    = regexp.MustCompile(`^(\w+)\(([0-9a-f-]{36})\)(?:/(\S+))?$`)
	notFound  = row{"error": row{"code": "0x80040217", "message": "it is not there"}}
)

func (c *crm) serve(method, path string, q url.Values, body row, solution string) (int, any, string) {
	switch m := tableURL.FindStringSubmatch(path); {
	case m != nil:
		return c.definition(method, m, body, solution)
	case path == "RetrieveProvisionedLanguages()":
		return 200, row{"RetrieveProvisionedLanguages": []int{1033, 1036}}, ""
	case path == "EntityDefinitions" && method == "POST":
		id := c.table(body, strings.ToLower(body["SchemaName"].(string))+"id")
		name := strings.ToLower(body["SchemaName"].(string))
		body["EntitySetName"] = name + "s"
		for _, a := range body["Attributes"].([]any) {
			c.column(name, a.(row))
		}
		c.filters(name)
		c.rights(body["SchemaName"].(string))
		c.joins(solution, 1, id)
		return 204, nil, id
	case path == "RelationshipDefinitions" && method == "POST":
		lookup := body["Lookup"].(row)
		lookup["AttributeType"], lookup["Targets"] = "Lookup", []any{body["ReferencedEntity"]}
		id := c.column(body["ReferencingEntity"].(string), lookup)
		c.joins(solution, 10, id)
		return 204, nil, id
	case path == "GlobalOptionSetDefinitions" && method == "POST":
		body["MetadataId"] = c.id()
		c.choices[body["Name"].(string)] = body
		c.joins(solution, 9, body["MetadataId"].(string))
		return 204, nil, body["MetadataId"].(string)
	case path == "InsertOptionValue", path == "UpdateOptionValue":
		set := c.choices[body["OptionSetName"].(string)]
		set["Options"] = append(slices.DeleteFunc(set["Options"].([]any), func(o any) bool { return o.(row)["Value"] == body["Value"] }), row{"Value": body["Value"], "Label": body["Label"]})
		return 200, row{"NewOptionValue": body["Value"]}, ""
	case strings.HasPrefix(path, "RetrieveLocLabels("):
		_, id, _ := strings.Cut(q.Get("@p1"), "savedqueries(")
		view := c.at("savedqueries", strings.TrimSuffix(id, ")'}"))
		labels, _ := view["labels"].([]any)
		return 200, row{"Label": row{"LocalizedLabels": append([]any{row{"Label": view["name"], "LanguageCode": 1033}}, labels...)}}, ""
	case path == "SetLocLabels":
		view := c.at("savedqueries", body["EntityMoniker"].(row)["savedqueryid"].(string))
		view["labels"] = slices.DeleteFunc(body["Labels"].([]any), func(l any) bool { return l.(row)["LanguageCode"] == 1033.0 })
		return 204, nil, ""
	case path == "PublishXml":
		return 204, nil, ""
	case path == "ReactivateEntityKey":
		for _, k := range c.tables[body["EntityLogicalName"].(string)].keys {
			k["EntityKeyIndexStatus"] = "Pending"
		}
		return 204, nil, ""
	case strings.HasPrefix(path, "EntityDefinitions(") && method == "PUT":
		for _, t := range c.tables {
			if strings.Contains(path, t.def["MetadataId"].(string)) {
				t.def["ChangeTrackingEnabled"] = body["ChangeTrackingEnabled"]
				t.def["DisplayName"] = body["DisplayName"]
			}
		}
		return 204, nil, ""
	}
	if m := choiceURL.FindStringSubmatch(path); m != nil {
		if c.choices[m[1]] == nil {
			return 404, notFound, ""
		}
		if method == "DELETE" {
			delete(c.choices, m[1])
			return 204, nil, ""
		}
		return 200, c.choices[m[1]], ""
	}
	return c.rowsOf(method, path, q, body, solution)
}

func (c *crm) column(table string, def row) string {
	name := strings.ToLower(def["SchemaName"].(string))
	id := c.id()
	def["MetadataId"], def["LogicalName"] = id, name
	if bind, ok := def["GlobalOptionSet@odata.bind"].(string); ok {
		for choice, set := range c.choices {
			if strings.Contains(bind, set["MetadataId"].(string)) {
				def["GlobalOptionSet"] = row{"Name": choice}
			}
		}
	}
	c.tables[table].columns[name] = def
	return id
}

func (c *crm) joins(solution string, kind int, id string) {
	for _, s := range c.rows["solutions"] {
		if s["uniquename"] == solution && solution != "" {
			c.rows["solutioncomponents"] = append(c.rows["solutioncomponents"], row{"objectid": id, "componenttype": kind, "_solutionid_value": s["solutionid"]})
		}
	}
}

func (c *crm) definition(method string, m []string, body row, solution string) (int, any, string) {
	t := c.tables[m[1]]
	switch {
	case t == nil:
		return 404, notFound, ""
	case m[2] == "" && method == "DELETE":
		delete(c.tables, m[1])
		return 204, nil, ""
	case m[2] == "":
		return 200, t.def, ""
	case m[2] == "Keys" && method == "POST":
		body["MetadataId"], body["EntityKeyIndexStatus"] = c.id(), "Pending"
		t.keys = append(t.keys, body)
		c.joins(solution, 14, body["MetadataId"].(string))
		return 204, nil, body["MetadataId"].(string)
	case m[2] == "Keys" && method == "DELETE":
		t.keys = slices.DeleteFunc(t.keys, func(k row) bool { return strings.EqualFold(k["SchemaName"].(string), m[3]) })
		return 204, nil, ""
	case m[2] == "Keys":
		c.build(m[1], t)
		return 200, row{"value": t.keys}, ""
	case method == "POST":
		id := c.column(m[1], body)
		c.joins(solution, 2, id)
		return 204, nil, id
	case m[3] == "":
		all := []row{}
		for _, name := range slices.Sorted(maps.Keys(t.columns)) {
			if d := t.columns[name]; m[4] == "" || d["AttributeType"] == m[4] {
				all = append(all, d)
			}
		}
		return 200, row{"value": all}, ""
	case t.columns[m[3]] == nil:
		return 404, notFound, ""
	case method == "DELETE":
		delete(t.columns, m[3])
		return 204, nil, ""
	case method == "PUT":
		if body["AttributeType"] != t.columns[m[3]]["AttributeType"] {
			return 400, row{"error": row{"code": "0x80048403", "message": "the type cannot be changed"}}, ""
		}
		t.columns[m[3]] = body
		return 204, nil, ""
	}
	return 200, t.columns[m[3]], ""
}

// build lets the indexes of a table's keys become ready, or fail where two rows have one value.
func (c *crm) build(name string, t *ftable) {
	if c.slow--; c.slow >= 0 {
		return
	}
	for _, k := range t.keys {
		if k["EntityKeyIndexStatus"] != "Pending" {
			continue
		}
		seen := map[any]bool{}
		k["EntityKeyIndexStatus"] = "Active"
		for _, r := range c.rows[t.def["EntitySetName"].(string)] {
			v := r[k["KeyAttributes"].([]any)[0].(string)]
			if v != nil && seen[v] {
				k["EntityKeyIndexStatus"] = "Failed"
			}
			seen[v] = true
		}
	}
}
