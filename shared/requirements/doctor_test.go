package requirements

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
	"github.com/cosell-sync/cosell-sync/shared/doctor"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
	"github.com/cosell-sync/cosell-sync/shared/office"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// examined is what the checks of the sync app find now; query is only=…&seller=….
func (r *rig) examined(query string) []doctor.Finding {
	r.t.Helper()
	status, answer := r.operator(http.MethodGet, "operator/doctor?"+query, nil)
	var a office.Answer
	decoded(r.t, []byte(answer), &a)
	if status != http.StatusOK || a.Examined == nil {
		r.t.Fatalf("doctor?%s: %d %s", query, status, answer)
	}
	return a.Examined.Findings
}

// no is one way in which something that the product needs can be wrong, and what doctor says of it: state and words, those of
// the mend behind a stroke.
type no struct {
	check  string
	state  doctor.State
	says   string
	do     func(r *rig)
	undo   func(r *rig)
	seller string
}

// holds says whether a finding is the one that is awaited: it names the check, and what to do where anything is wrong.
func (n no) holds(f doctor.Finding) bool {
	return f.Check == n.check && f.State == n.state && strings.Contains(f.Say+" | "+f.Mend, n.says) && (f.Mend != "" || n.state == doctor.OK)
}

func (r *rig) told(n no) {
	r.t.Helper()
	query := url.Values{"only": {n.check}}
	if n.seller != "" {
		query.Set("seller", n.seller)
	}
	found := r.examined(query.Encode())
	if !slices.ContainsFunc(found, n.holds) {
		r.t.Errorf("%s should be %s and say %q; found is\n%s", n.check, n.state, n.says, findings(found))
	}
}

func findings(all []doctor.Finding) string {
	var out []string
	for _, f := range all {
		out = append(out, fmt.Sprintf("%s %s [%s]: %s | %s", f.State, f.Check, f.Code, f.Say, f.Mend))
	}
	return strings.Join(out, "\n")
}

// schema, edited and deleted are deeds of an administrator.
func schemaOf(change doc) func(*rig) { return func(r *rig) { r.administrator(change) } }

func edited(table, id string, columns doc) func(*rig) {
	return func(r *rig) { r.edits(table, id, columns) }
}

func privilege(table, operation string, allowed bool) func(*rig) {
	return func(r *rig) {
		r.dv.call(http.MethodPost, "/privileges", doc{"table": table, "operation": operation, "allowed": allowed})
	}
}

func healed(system func(*rig) *system) func(*rig) { return func(r *rig) { system(r).healed() } }

func thePC(r *rig) *system  { return r.pc }
func theCRM(r *rig) *system { return r.dv }

func faulty(system func(*rig) *system, f doc) func(*rig) { return func(r *rig) { system(r).fault(f) } }

func switched(system func(*rig) *system, name, value string) func(*rig) {
	return func(r *rig) { system(r).switches(doc{name: value}) }
}

// anew lets the tokens of before grow old, so that what the directory says of new ones shows.
func anew(do func(*rig)) func(*rig) {
	return func(r *rig) {
		do(r)
		time.Sleep(2 * time.Hour)
	}
}

func stepIs(message, table string, columns doc) func(*rig) {
	return func(r *rig) { r.edits("sdkmessageprocessingstep", r.stepRow(message, table), columns) }
}

// standing are the ways in which a working installation, with one deal of each kind, can become wrong and be mended.
func standing() []no {
	columns := func(table, id string, wrong, right doc) (do, undo func(*rig)) {
		return edited(table, id, wrong), edited(table, id, right)
	}
	var out []no
	add := func(check string, state doctor.State, says string, do, undo func(*rig)) {
		out = append(out, no{check: check, state: state, says: says, do: do, undo: undo})
	}
	const failed, warning, unsure = doctor.Failed, doctor.Warning, doctor.Unverified

	add("pc.consent", failed, "consent is no longer valid", anew(switched(thePC, "refreshToken", "revoked")), anew(switched(thePC, "refreshToken", "valid")))
	add("pc.consent", failed, "secret for Partner Center has expired", anew(switched(thePC, "clientSecret", "expired")), anew(switched(thePC, "clientSecret", "valid")))
	add("pc.consent", failed, "Key Vault", func(r *rig) {
		r.again()
		r.kv.fault(doc{"match": doc{"url": "refresh-token"}, "do": "status", "status": 403})
	}, func(r *rig) { r.kv.healed(); time.Sleep(2 * time.Minute) })
	add("pc.referrals", failed, "the token is for another API", faulty(thePC, doc{"match": doc{"url": "/engagements/referrals"}, "do": "status", "status": 401, "body": `{"error":{"code":"900420"}}`}), healed(thePC))
	add("pc.webhooks", failed, "the token is for another API", faulty(thePC, doc{"match": doc{"url": "/webhooks/v1/registration"}, "do": "status", "status": 401, "body": `{"code":"900420"}`}), healed(thePC))
	add("pc.webhooks", failed, "may not call this API", anew(switched(thePC, "permissions", "referrals")), anew(switched(thePC, "permissions", "both")))
	add("pc.webhooks", failed, "nobody has consented, for the organisation", anew(switched(thePC, "consent", "referrals")), anew(switched(thePC, "consent", "both")))
	add("pc.referrals", failed, "nobody has consented, for the organisation", anew(switched(thePC, "consent", "none")), anew(switched(thePC, "consent", "both")))
	add("pc.referrals", failed, "may not call this API", anew(switched(thePC, "permissions", "webhooks")), anew(switched(thePC, "permissions", "both")))
	add("pc.mfa", failed, "900421", anew(switched(thePC, "tokenMFA", "false")), anew(switched(thePC, "tokenMFA", "true")))
	add("pc.mfa", failed, "more and more", func(r *rig) {
		r.pc.switches(doc{"mfaShare": 0})
		anew(switched(thePC, "tokenMFA", "false"))(r)
	}, func(r *rig) {
		anew(switched(thePC, "tokenMFA", "true"))(r)
		r.pc.switches(doc{"mfaShare": 100})
	})
	add("pc.role", failed, "lacks a role", switched(thePC, "role", "none"), switched(thePC, "role", "admin"))
	add("pc.role", failed, "does not see", switched(thePC, "role", "user"), switched(thePC, "role", "admin"))
	add("pc.visible", warning, "no referral at all", func(r *rig) {
		r.pc.fault(doc{"match": doc{"url": "/engagements/referrals\\?"}, "do": "status", "status": 200, "body": `{"value":[]}`})
	}, healed(thePC))
	late := doc{"Date": firstDay.Add(-3 * 24 * time.Hour).Format(http.TimeFormat)}
	add("pc.clock", failed, "refused beyond five minutes", faulty(thePC, doc{"match": doc{"url": "/engagements/referrals\\?"}, "do": "status", "status": 200, "headers": late, "body": `{"value":[]}`}), healed(thePC))
	add("crm.clock", failed, "refused beyond five minutes", faulty(theCRM, doc{"match": doc{"url": "/WhoAmI"}, "do": "status", "status": 200, "headers": late,
		"body": `{"UserId":"` + dataversesim.ApplicationUserID + `","OrganizationId":"` + organization + `"}`}), healed(theCRM))
	add("pc.partnerid", failed, "9999999", switched(thePC, "partnerProfile", "other"), switched(thePC, "partnerProfile", "location"))
	add("pc.partnerid", unsure, "may not read", switched(thePC, "partnerProfile", "refused"), switched(thePC, "partnerProfile", "location"))
	add("pc.registration", failed, "no webhook is registered", func(r *rig) { r.pc.call(http.MethodPost, "/registration", doc{"do": "forget"}) }, func(r *rig) { r.register() })
	other := func(r *rig) { r.registers("https://test.example/api/partnercenterwebhook/default", "referral-created") }
	add("pc.registration", failed, "https://test.example", other, func(r *rig) { r.register() })
	add("pc.scope", failed, "SYNC_SCOPE=all", other, func(r *rig) { r.register() })
	add("pc.registration", failed, "lacks the events test-created", func(r *rig) { r.registers(ourURL, ourEvents[:4]...) }, func(r *rig) { r.register() })
	add("pc.events", warning, "turned away", func(r *rig) { r.forges(1) }, func(r *rig) { r.partner(doc{"do": "create", "referral": doc{"name": "Good event"}}); r.quiet() })
	add("pc.events", failed, "not authentic", func(r *rig) { r.forges(4) }, func(r *rig) { r.partner(doc{"do": "create", "referral": doc{"name": "Good event"}}); r.quiet() })
	add("pc.solution", unsure, "no referral that can be seen carries one", func(r *rig) {
		r.pc.fault(doc{"match": doc{"url": "/engagements/referrals\\?"}, "do": "status", "status": 200, "body": `{"value":[]}`})
	}, healed(thePC))
	add("pc.solution", warning, "is empty", faulty(theCRM, doc{"match": doc{"url": "cosell_solutiondetails"}, "do": "status", "status": 200, "body": `{"value":[]}`}), healed(theCRM))

	add("crm.reach", failed, "no application user", faulty(theCRM, doc{"match": doc{"url": "/WhoAmI"}, "do": "status", "status": 403, "body": `{"error":{"code":"0x80072560","message":"x"}}`}), healed(theCRM))
	add("crm.reach", failed, "the CRM", faulty(theCRM, doc{"match": doc{"url": "/WhoAmI"}, "do": "status", "status": 503}), healed(theCRM))
	add("crm.user", failed, "is disabled", faulty(theCRM, doc{"match": doc{"url": "systemusers\\(" + dataversesim.ApplicationUserID + "\\)\\?"}, "do": "status", "status": 200, "headers": doc{"ETag": `W/"1"`},
		"body": `{"@odata.etag":"W/\"1\"","systemuserid":"` + dataversesim.ApplicationUserID + `","fullname":"# cosell-sync","isdisabled":true,"applicationid":"` + dataversesim.ApplicationUserID + `"}`}), healed(theCRM))
	do, undo := columns("systemuser", dataversesim.ApplicationUserID, doc{"isdisabled": true}, doc{"isdisabled": false})
	add("crm.reach", failed, "no application user for us, or it is disabled | cosellctl setup dataverse makes the application user", do, undo)
	add("crm.columns", failed, " | run cosellctl setup dataverse, which makes it", schemaOf(doc{"do": "remove", "table": "opportunity", "column": "cosell_expires"}),
		schemaOf(doc{"do": "add", "table": "opportunity", "column": "cosell_expires", "schemaName": "cosell_Expires", "type": "DateTime"}))
	add("crm.choices", failed, "has no option", schemaOf(doc{"do": "option", "table": "opportunity", "column": "cosell_help", "value": 700010005, "remove": true}),
		schemaOf(doc{"do": "option", "table": "opportunity", "column": "cosell_help", "value": 700010005, "label": "General or other"}))
	add("crm.required", failed, "new_region", func(r *rig) {
		r.administrator(doc{"do": "add", "table": "opportunity", "column": "new_region", "schemaName": "new_Region", "type": "String"})
		r.administrator(doc{"do": "require", "table": "opportunity", "column": "new_region", "level": "ApplicationRequired"})
	}, schemaOf(doc{"do": "remove", "table": "opportunity", "column": "new_region"}))
	for _, c := range []struct {
		table, column string
		made, is      int
		state         doctor.State
		says          string
	}{
		{"opportunity", "cosell_referralid", 100, 20, failed, "holds 20 characters, and at least 36 are needed | make it 100 long: cosellctl setup dataverse does,"},
		{"opportunity", "cosell_audit", 100000, 10, failed, "cosell_audit of opportunity holds 10 characters, and at least 2000 are needed | make it 100000 long: cosellctl setup dataverse does,"},
		{"opportunity", "cosell_audit", 100000, 5000, warning, "holds 5000 characters, and 100000 are foreseen"},
		{"opportunity", "cosell_errorcode", 100, 12, failed, "at least 50 are needed"},
		{"opportunity", "cosell_microsoftseller", 200, 30, warning, "holds 30 characters, and 200 are foreseen"},
		{"lead", "cosell_audit", 100000, 10, failed, "cosell_audit of lead holds 10 characters"},
		{"cosell_solution", "cosell_identifier", 100, 20, failed, "cosell_identifier of cosell_solution holds 20 characters, and at least 36 are needed"},
		{"cosell_solutiondetail", "cosell_publisher", 200, 30, warning, "cosell_publisher of cosell_solutiondetail holds 30 characters, and 200 are foreseen"},
		{"opportunity", "description", 2000, 1000, warning, "longer texts are cut there, with a mark | make it 2000 long"},
	} {
		long := func(n int) func(*rig) {
			return schemaOf(doc{"do": "length", "table": c.table, "column": c.column, "length": n})
		}
		add("crm.columns", c.state, c.says, long(c.is), long(c.made))
	}
	tag := doc{"table": "opportunity", "column": "new_tag"}
	add("crm.sheet", failed, "holds 3 characters, and the text has more", func(r *rig) {
		r.administrator(over(doc{"do": "add", "schemaName": "new_Tag", "type": "String", "length": 20}, []doc{tag}))
		r.sheetAct("push", "- {field: tag, crm: new_tag, constant: from Microsoft}\n", true)
		r.administrator(over(doc{"do": "length", "length": 3}, []doc{tag}))
	}, func(r *rig) {
		r.sheetAct("push", "- {field: notes, wins: newest}\n", true)
		r.administrator(over(doc{"do": "remove"}, []doc{tag}))
	})
	secure := func(allowed bool) func(*rig) {
		return func(r *rig) {
			r.dv.call(http.MethodPost, "/privileges", doc{"table": "opportunity", "column": "cosell_help", "operation": "read", "allowed": allowed})
		}
	}
	add("crm.secured", unsure, "opportunity/cosell_help is secured", secure(false), secure(true))
	add("crm.keys", warning, "no alternate key", schemaOf(doc{"do": "key", "table": "opportunity", "schemaName": "cosell_ReferralKey", "remove": true}),
		schemaOf(doc{"do": "key", "table": "opportunity", "schemaName": "cosell_ReferralKey", "columns": []string{"cosell_referralid"}}))
	add("crm.tracking", failed, "opportunity has no change tracking", schemaOf(doc{"do": "track", "table": "opportunity"}), schemaOf(doc{"do": "track", "table": "opportunity", "tracking": true}))
	do, undo = columns("serviceendpoint", dataversesim.EndpointID, doc{"url": "https://elsewhere.example/api/crmwebhook"}, doc{"url": productURL + "/api/crmwebhook"})
	add("crm.endpoint", failed, "elsewhere.example", do, undo)
	add("crm.endpoint", unsure, "| cosellctl setup dataverse gives the application user prvReadServiceEndpoint", privilege("serviceendpoint", "read", false), privilege("serviceendpoint", "read", true))
	add("crm.steps", unsure, "| cosellctl setup dataverse gives the application user prvReadSdkMessageProcessingStep", privilege("sdkmessageprocessingstep", "read", false), privilege("sdkmessageprocessingstep", "read", true))
	add("crm.keys", unsure, "definitions of the tables are not ours to read", privilege("entity", "read", false), privilege("entity", "read", true))
	add("crm.tracking", unsure, "definitions of the tables are not ours to read", privilege("entity", "read", false), privilege("entity", "read", true))
	add("crm.steps", failed, "Update of opportunity” is disabled", stepIs("Update", "opportunity", doc{"statecode": 1}), stepIs("Update", "opportunity", doc{"statecode": 0}))
	add("crm.steps", failed, "does not list the column description", stepIs("Update", "opportunity", doc{"filteringattributes": "name,estimatedvalue"}), stepIs("Update", "opportunity", doc{"filteringattributes": ""}))
	add("crm.languages", unsure, "languages", faulty(theCRM, doc{"match": doc{"url": "RetrieveProvisionedLanguages"}, "do": "status", "status": 403, "body": `{"error":{"code":"0x80040220","message":"missing prvReadLanguage privilege"}}`}), healed(theCRM))
	do, undo = columns("transactioncurrency", dataversesim.EuroID, doc{"statecode": 1}, doc{"statecode": 0})
	add("crm.currencies", failed, "EUR, and that currency is not active", do, undo)
	do, undo = columns("systemuser", dataversesim.CloserID, doc{"isdisabled": true}, doc{"isdisabled": false})
	add("crm.owner", failed, "Sam Closer is disabled", do, undo)
	do, undo = columns("systemuser", dataversesim.CloserID, doc{"islicensed": false}, doc{"islicensed": true})
	add("crm.owner", failed, "Sam Closer has no licence", do, undo)
	add("crm.privileges", failed, "| cosellctl setup dataverse writes the security role of the application user anew; or add prvReadUser to it", privilege("systemuser", "read", false), privilege("systemuser", "read", true))
	add("crm.privileges", failed, "change tracking reads all) | cosellctl setup dataverse writes the security role", privilege("opportunity", "write", false), privilege("opportunity", "write", true))
	add("crm.privileges", warning, "lacks the privilege prvReadQuote", privilege("quote", "read", false), privilege("quote", "read", true))
	add("crm.privileges", failed, "prvReadEntity", privilege("entity", "read", false), privilege("entity", "read", true))
	add("crm.sheet", warning, " | give the application user prvReadEntity", privilege("entity", "read", false), privilege("entity", "read", true))
	roleless := func(id string, allowed bool) func(*rig) {
		return func(r *rig) { r.dv.call(http.MethodPost, "/privileges", doc{"user": id, "allowed": allowed}) }
	}
	add("crm.owner", failed, "has no role", roleless(dataversesim.CloserID, false), roleless(dataversesim.CloserID, true))
	seller := func(says string, state doctor.State, do, undo func(*rig)) {
		out = append(out, no{check: "crm.seller", state: state, says: says, do: do, undo: undo, seller: "kim@northwind.example"})
	}
	seller("Kim Seller lacks the privilege prvWritecosell_Solution", failed, func(r *rig) {
		r.dv.call(http.MethodPost, "/privileges", doc{"user": dataversesim.SellerID, "table": "cosell_solution", "operation": "write", "allowed": false})
	}, func(r *rig) {
		r.dv.call(http.MethodPost, "/privileges", doc{"user": dataversesim.SellerID, "table": "cosell_solution", "operation": "write", "allowed": true})
	})
	seller("Kim Seller has no role", failed, roleless(dataversesim.SellerID, false), roleless(dataversesim.SellerID, true))
	do, undo = columns("systemuser", dataversesim.SellerID, doc{"isdisabled": true}, doc{"isdisabled": false})
	seller("is disabled", failed, do, undo)
	do, undo = columns("systemuser", dataversesim.SellerID, doc{"islicensed": false}, doc{"islicensed": true})
	seller("has no licence", failed, do, undo)
	do, undo = columns("systemuser", dataversesim.SellerID, doc{"accessmode": 2}, doc{"accessmode": 0})
	seller("access mode", failed, do, undo)
	do, undo = columns("systemuser", dataversesim.SellerID, doc{"address1_telephone1": nil, "mobilephone": nil}, doc{"address1_telephone1": "+49405550101", "mobilephone": "+491715550101"})
	seller("has no phone", warning, do, undo)
	nothing := func(*rig) {}
	for who, says := range map[string]string{"Kim Seller": "Kim Seller may do what the form asks for", " {" + dataversesim.SellerID + "}": "Kim Seller may do", "KIM@northwind.example": "Kim Seller may do"} {
		out = append(out, no{check: "crm.seller", state: doctor.OK, says: says, seller: who, do: nothing, undo: nothing})
	}
	do, undo = columns("systemuser", dataversesim.CloserID, doc{"firstname": "Kim", "lastname": "Seller"}, doc{"firstname": "Sam", "lastname": "Closer"})
	out = append(out, no{check: "crm.seller", state: failed, says: "2 users of the CRM are called Kim Seller | say --seller with the e-mail of one", seller: "Kim Seller", do: do, undo: undo})
	out = append(out, no{check: "crm.seller", state: failed, says: "no user nobody@northwind.example", seller: "nobody@northwind.example", do: func(*rig) {}, undo: func(*rig) {}})
	add("crm.flows", unsure, "flows are not ours to read | cosellctl setup dataverse gives the application user prvReadWorkflow", privilege("workflow", "read", false), privilege("workflow", "read", true))

	looks := func(s queue.State) func(*rig) {
		return func(r *rig) { r.bus.looks = map[queue.Name]queue.State{queue.ReferralWanted: s} }
	}
	fit := func(r *rig) { r.bus.looks = nil }
	add("azure.queues", failed, "no queue referral-wanted", looks(queue.State{Missing: true}), fit)
	add("azure.queues", failed, "has no sessions", looks(queue.State{}), fit)
	add("azure.queues", warning, "locks for 5s only", looks(queue.State{Sessions: true, Lock: 5 * time.Second}), fit)
	add("azure.queues", warning, "3 dead letters", looks(queue.State{Sessions: true, Lock: time.Minute, Dead: 3}), fit)
	add("work.processes", warning, "v-older", func(r *rig) { r.otherProcess(`{"version":"v-older"}`) }, func(r *rig) { r.otherProcess("") })
	add("azure.identities", failed, "may read", func(r *rig) {
		r.otherProcess(`{"problems":[{"what":"identity.wide","note":true,"stays":true,"say":"the intake may read the queue referral-changed","mend":"take Receiver away"}]}`)
	}, func(r *rig) { r.otherProcess("") })
	add("work.parked", failed, "never work", func(r *rig) { r.inQueue(queue.OpportunityChanged, "no pointer"); r.quiet() }, func(r *rig) {
		for _, row := range r.parked() {
			r.done("parked/drop", doc{"id": row.text("id"), "reason": "x"})
		}
	})
	return out
}

// otherProcess is the status row of another process; "" takes it away.
func (r *rig) otherProcess(text string) {
	row := ledger.StatusRow{App: "intake", Function: "process", Instance: "p-9", At: time.Now(), Text: text}
	if text == "" {
		must(r.t, r.board(ledger.IntakeTable).Remove(r.t.Context(), row))
		return
	}
	must(r.t, r.board(ledger.IntakeTable).Post(r.t.Context(), row))
}

// forges is a stranger who sends events.
func (r *rig) forges(times int) {
	for range times {
		r.sends(http.Header{"Content-Type": {"application/json"}}, []byte(`{"EventName":"referral-updated"}`))
	}
}

// again restarts the product.
func (r *rig) again() {
	r.product.end()
	r.product.ended.Wait()
	r.start()
}

// stepRow is the row of an event step.
func (r *rig) stepRow(message, table string) string {
	r.t.Helper()
	for id, row := range r.dv.table("sdkmessageprocessingstep") {
		if strings.HasSuffix(row.text("name"), ": "+message+" of "+table) {
			return id
		}
	}
	r.t.Fatalf("there is no step %s of %s", message, table)
	return ""
}

// Every way in which something can be wrong is named, with its mend, and gone once it is mended.
func TestEverythingThatCanBeWrongIsNamedByDoctor(t *testing.T) {
	play(t, func(r *rig) {
		r.coSell("Shared")
		r.private("Own")
		r.partner(doc{"do": "create", "referral": doc{"name": "Located", "mpnId": "1234567"}})
		r.quiet()
		if found := r.examined("seller=kim@northwind.example"); !doctor.Sound(found) {
			t.Fatalf("it is not well at first:\n%s", findings(found))
		}
		for _, n := range standing() {
			n.do(r)
			r.told(n)
			n.undo(r)
		}
		time.Sleep(time.Hour)
		r.reconcile()
		r.quiet()
		if found := r.examined("seller=kim@northwind.example"); !doctor.Sound(found) {
			t.Errorf("once everything is mended it is not well:\n%s", findings(found))
		}
	})
}

// A check that can never say no would prove nothing.
func TestEveryCheckOfTheSyncAppCanSayNo(t *testing.T) {
	can := map[string]bool{"crm.privileges": true, "azure.tables": true, "azure.vault": true, "sheet.year": true} // tests of their own
	for _, n := range standing() {
		can[n.check] = true
	}
	for _, s := range stories() {
		can[s.check] = true
	}
	for _, c := range doctor.Checks() {
		if !can[c.Name] {
			t.Errorf("nothing makes %s say no", c.Name)
		}
	}
}

// Each privilege of each table in the role of the application user, one by one.
func TestDoctorNamesEveryPrivilegeOneByOne(t *testing.T) {
	play(t, func(r *rig) {
		for _, n := range doctor.Needs() {
			for _, operation := range n.Operations {
				name := strings.ToLower(operation[:1]) + operation[1:]
				privilege(n.Table, name, false)(r)
				found := r.examined("only=crm.privileges")
				state := map[bool]doctor.State{true: doctor.Warning, false: doctor.Failed}[n.Spare]
				if !slices.ContainsFunc(found, func(f doctor.Finding) bool {
					return f.State == state && strings.Contains(f.Say, "privilege prv"+operation) && strings.Contains(f.Mend, "prv"+operation)
				}) && n.Table != "sdkmessagefilter" && n.Table+operation != "systemuserRead" { // the one shares the privilege of messages, without the other nothing says who may what
					t.Errorf("%s of %s:\n%s", operation, n.Table, findings(found))
				}
				privilege(n.Table, name, true)(r)
			}
		}
	})
}

// Looking at everything costs so many calls, most of them for the CRM's metadata, and is done while 100 ms pass for each.
func TestDoctorAsksLittle(t *testing.T) {
	play(t, func(r *rig) {
		r.coSell("One")
		crm, pc := r.dv.calls(), r.pc.calls()
		r.examined("")
		if n := r.pc.calls() - pc; n > 5 {
			t.Errorf("%d calls to Partner Center", n)
		}
		if n := r.dv.calls() - crm; n > 90 {
			t.Errorf("%d calls to the CRM", n)
		}
		for _, s := range []*system{r.pc, r.dv} {
			s.fault(doc{"match": doc{"url": ".*"}, "do": "delay", "delay": "100ms"})
		}
		began := time.Now()
		if found := r.examined(""); !doctor.Sound(found) {
			t.Error(findings(found))
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("with 100 ms for each call it takes %s", took)
		}
	})
}

func TestDoctorWritesNothing(t *testing.T) {
	play(t, func(r *rig) {
		r.coSell("One")
		pc, dv := r.pc.calls(), r.dv.calls()
		r.examined("seller=kim@northwind.example")
		r.pc.wrote(pc, 0)
		r.dv.wrote(dv, 0)
	})
}

func TestAQuestionForACheckThatIsNoneIsRefused(t *testing.T) {
	play(t, func(r *rig) {
		if status, answer := r.operator(http.MethodGet, "operator/doctor?only=crm.nonsense", nil); status != http.StatusBadRequest || !strings.Contains(answer, "crm.nonsense") {
			t.Errorf("%d %s", status, answer)
		}
		if found := r.examined("only=crm.steps"); found[len(found)-1].Check != "crm.steps" || len(found) != 3 {
			t.Errorf("asked for one check, found is\n%s", findings(found))
		}
	})
}
