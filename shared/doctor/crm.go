package doctor

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/opportunities"
)

const (
	codeNoUser  = "0x80072560" // the directory knows the app, the organisation does not
	codeNoRole  = "0x80042f09" // the user has no role at all
	userSet     = "systemusers"
	userMend    = setupMend + " makes the application user of the app registration or managed identity (--app-user CLIENTID where no setting names it), and gives it the role of cosell-sync"
	adminCentre = "Power Platform admin centre > Environment > Settings > Users + permissions > Application users"
)

func (e *examination) reach(context.Context) []Finding {
	who, err := e.caller()
	if err != nil {
		f := OfError("the CRM", err)
		f.State = Failed // nothing of it can be looked at
		switch strings.ToLower(fault.Of(err).Code) {
		case codeNoUser:
			f.Say, f.Mend = "the CRM has no application user for us, or it is disabled", userMend+"; one that is disabled is activated by hand: "+adminCentre
		case codeNoRole:
			f.Say, f.Mend = "the application user has no security role", setupMend+" makes the role and gives it; or give it by hand: "+adminCentre
		}
		return []Finding{f}
	}
	return []Finding{Fine("we are the user " + who.UserID)}
}

func (e *examination) organization(context.Context) []Finding {
	who, err := e.caller()
	switch {
	case err != nil:
		return []Finding{OfError("the organisation", err)}
	case e.Settings.Organization == "" && e.heardOf("events from CRM"):
		return []Finding{Fine("events of the organisation " + who.OrganizationID + " are taken")}
	case e.Settings.Organization == "":
		return []Finding{Unsure("", "the organisation is "+who.OrganizationID+"; which one the intake takes events of is a setting of the intake alone", "compare it with DATAVERSE_ORGANIZATION_ID of the intake")}
	case !strings.EqualFold(who.OrganizationID, strings.Trim(e.Settings.Organization, "{}")):
		return []Finding{Bad("organization.other", fmt.Sprintf("the CRM is the organisation %s, and events are taken of %s only (DATAVERSE_ORGANIZATION_ID)", who.OrganizationID, e.Settings.Organization),
			"set DATAVERSE_ORGANIZATION_ID="+who.OrganizationID+", or DATAVERSE_URL to the other one")}
	}
	return []Finding{Fine("the organisation is " + who.OrganizationID)}
}

// heardOf says whether a direction of the work has ever succeeded.
func (e *examination) heardOf(where string) bool {
	_, ever := e.report().Successes[where]
	return ever
}

func (e *examination) crmClock(context.Context) []Finding {
	who, err := e.caller()
	if err != nil {
		return []Finding{OfError("the clock of the CRM", err)}
	}
	return e.clock("the CRM", who.Date)
}

func (e *examination) user(ctx context.Context) []Finding {
	who, err := e.caller()
	if err != nil {
		return []Finding{OfError("the application user", err)}
	}
	row, err := e.CRM.Get(ctx, userSet, who.UserID, dataverse.Query{Select: []string{"systemuserid", "fullname", "isdisabled", "applicationid"}})
	switch {
	case err != nil:
		return []Finding{OfError("the application user", err)}
	case row.Text("isdisabled") == "true":
		return []Finding{Bad("user.disabled", "the application user "+row.Text("fullname")+" is disabled", "activate it: "+adminCentre)}
	case !row.Has("applicationid"):
		return []Finding{Warn("user.person", "we work as the person "+row.Text("fullname")+", not as an application user", userMend)}
	}
	return []Finding{Fine("the application user is enabled")}
}

func (e *examination) privileges(ctx context.Context) []Finding {
	who, err := e.caller()
	if err != nil {
		return []Finding{OfError("the privileges", err)}
	}
	sheet, err := e.sheet()
	if err != nil {
		return []Finding{OfError("the field sheet", err)}
	}
	defs, err := e.tables()
	if err != nil {
		return []Finding{OfError("reading the definitions of the tables", err)}
	}
	has, err := e.CRM.Privileges(ctx, who.UserID)
	if err != nil {
		return []Finding{OfError("reading the privileges of the application user", err)}
	}
	var out []Finding
	n := 0
	for _, need := range needs(sheet.Sheet, e.Settings) {
		d, known := defs[need.Table]
		if !known {
			out = append(out, missingTable(need))
			continue
		}
		for _, operation := range need.Operations {
			n++
			if name := d.Privileges[operation]; name != "" && !has[name] {
				out = append(out, lacking(name, lower(operation)+" of the table "+need.Table, need))
			}
		}
	}
	if len(out) == 0 {
		return []Finding{Fine(fmt.Sprintf("%d privileges on %d tables", n, len(defs)))}
	}
	return out
}

func missingTable(n Need) Finding {
	f := Bad("table.missing "+n.Table, fmt.Sprintf("the CRM has no table %s (%s)", n.Table, n.Why), setupMend+" makes it; or name another one in the row solutions of your mapping file")
	if n.Spare {
		f.State = Warning
	}
	return f
}

func lacking(name, what string, n Need) Finding {
	f := Bad(dataverse.CodePrivilege+" "+name, fmt.Sprintf("the application user lacks the privilege %s, %s (%s)", name, what, n.Why),
		setupMend+" writes the security role of the application user anew; or add "+name+" to it by hand, for the whole organisation")
	if n.Spare {
		f.State = Warning
	}
	return f
}

// allowing is how the application user comes to a privilege of its role.
func allowing(privilege string) string {
	return setupMend + " gives the application user " + privilege
}

// unread is what cannot be verified because it is not ours to read.
func unread(what string, err error) Finding {
	f := OfError(what, err)
	if fault.ClassOf(err) == fault.Ours {
		f.State, f.Say = Unverified, what+" are not ours to read"
	}
	return f
}

// sorted are the findings about the field sheet of one sort.
func (e *examination) sorted(sort string) func(context.Context) []Finding {
	return func(context.Context) (out []Finding) {
		all, err := e.misfit()
		if err != nil {
			return []Finding{OfError("comparing the field sheet with the CRM", err)}
		}
		for _, f := range all {
			if f.Sort != sort && (sort != "" || f.Sort != opportunities.OfValue) {
				continue
			}
			one := Bad(f.Sort, cmp.Or(f.Say, strings.TrimPrefix(f.Where+": "+f.Text, ": ")), cmp.Or(f.Mend, "correct your mapping file; cosellctl mapping check FILE says what it is compared with"))
			if f.Note {
				one.State = Warning
			}
			out = append(out, one)
		}
		return out
	}
}

// longSince is how old an undelivered event may be to be told of, and mostJobs how many are looked at.
const (
	longSince = 7 * 24 * time.Hour
	mostJobs  = 100
	jobFailed = 31
)

func (e *examination) undelivered(ctx context.Context) []Finding {
	rows, err := e.CRM.List(ctx, "asyncoperations", dataverse.Query{Select: []string{"asyncoperationid", "name", "createdon", "friendlymessage"},
		Filter: dataverse.And(dataverse.EqInt("statuscode", jobFailed), dataverse.StartsWith("name", EndpointName())), OrderBy: "createdon desc", Top: mostJobs})
	if err != nil {
		return []Finding{unread("the system jobs of the CRM", err)}
	}
	newest, oldest, n := time.Time{}, time.Time{}, 0
	for _, r := range rows {
		at, err := time.Parse(time.RFC3339, r.Text("createdon"))
		if err != nil || e.Now().Sub(at) > longSince {
			continue
		}
		if n++; newest.IsZero() {
			newest = at
		}
		oldest = at
	}
	if n == 0 {
		return []Finding{Fine("none in the last seven days")}
	}
	say := fmt.Sprintf("%d events of the CRM were not delivered in the last seven days; the last one: %s", n, rows[0].Text("friendlymessage"))
	mend := "compare url and secret of the service endpoint with the settings (DATAVERSE_WEBHOOK_HEADER, DATAVERSE_WEBHOOK_SECRET); their changes are found by reconcile. Delete the failed system jobs once it is mended"
	f := Finding{State: Failed, Code: "events.undelivered", Say: say, Mend: mend, Since: &oldest}
	if at, ever := e.report().Successes["events from CRM"]; ever && at.After(newest) {
		f.State, f.Say = Warning, say+"; events have come since"
	}
	return []Finding{f}
}

func (e *examination) languages(ctx context.Context) []Finding {
	all, err := e.CRM.Languages(ctx)
	if err != nil {
		return []Finding{unread("the languages of the organisation", err)}
	}
	if len(all) == 0 {
		return []Finding{Unsure("", "the CRM names no language", "")}
	}
	slices.Sort(all)
	return []Finding{Fine(strings.Trim(fmt.Sprint(all), "[]"))}
}

func (e *examination) currencies(ctx context.Context) []Finding {
	samples, err := e.samples(ctx)
	if err != nil {
		return []Finding{OfError("reading the referrals", err)}
	}
	rows, err := e.CRM.List(ctx, "transactioncurrencies", dataverse.Query{Select: []string{"transactioncurrencyid", "isocurrencycode", "statecode"}})
	if err != nil {
		return []Finding{unread("the currencies of the CRM", err)}
	}
	active := map[string]bool{}
	for _, r := range rows {
		code := strings.ToUpper(r.Text("isocurrencycode"))
		active[code] = active[code] || r.Text("statecode") == "0"
	}
	var out []Finding
	seen := map[string]bool{}
	for _, d := range samples {
		code := strings.ToUpper(strings.TrimSpace(d.Text("/details/currency")))
		if code == "" || seen[code] || active[code] || strings.EqualFold(d.Text("/status"), "Closed") {
			continue
		}
		seen[code] = true
		_, known := active[code]
		say := "open referrals are in " + code + ", and the CRM has no such currency"
		if known {
			say = "open referrals are in " + code + ", and that currency is not active in the CRM"
		}
		out = append(out, Bad("currency.unknown "+code, say, "add or activate "+code+" in the CRM: Power Platform admin centre > Environment > Settings > Business > Currencies"))
	}
	if len(out) == 0 {
		return []Finding{Fine(fmt.Sprintf("%d currencies in the CRM", len(active)))}
	}
	return out
}

func (e *examination) flows(ctx context.Context) []Finding {
	on, err := e.CRM.ConnectorFlows(ctx)
	if err != nil {
		f := unread("the cloud flows", err)
		f.Mend = allowing("prvReadWorkflow") + "; or look in Power Automate under Solutions whether the flows of Microsoft's connector are off"
		return []Finding{f}
	}
	if len(on) == 0 {
		return []Finding{Fine("no flow of Microsoft's connector is on")}
	}
	var names []string
	for _, w := range on {
		names = append(names, w.Name)
	}
	say := FlowsOn(names)
	if e.Settings.Mode == shadow {
		return []Finding{Warn("flows.on", say+"; in shadow mode nothing is written beside them", FlowsMend(len(on), true)+" before SYNC_MODE=live")}
	}
	return []Finding{Bad("flows.on", say+"; this installation works in earnest, so both write", FlowsMend(len(on), false))}
}

// FlowsOn says which flows of Microsoft's connector are on.
func FlowsOn(names []string) string {
	all := "“" + strings.Join(names, "”, “") + "”"
	if len(names) == 1 {
		return "one flow of Microsoft's connector is on: " + all
	}
	return fmt.Sprintf("%d flows of Microsoft's connector are on: %s", len(names), all)
}

// FlowsMend is what a person does about n flows of Microsoft's connector that are on; quiet says that this installation
// writes nothing, so that shadow mode is no way out.
func FlowsMend(n int, quiet bool) string {
	mend := "switch them off"
	if n == 1 {
		mend = "switch it off"
	}
	mend += " in Power Automate (Solutions > Partner Center Referrals Synchronization for Dynamics 365)"
	if quiet {
		return mend
	}
	return mend + ", or set SYNC_MODE=shadow"
}
