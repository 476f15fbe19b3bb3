package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/opportunities"
)

const setupMend = "cosellctl setup dataverse"

// webhook is the contract of a service endpoint that is a web hook, and enabled the state of a step that is on.
const (
	webhook = "8"
	enabled = "0"
)

func (e *examination) endpoint(ctx context.Context) []Finding {
	rows, err := e.CRM.List(ctx, "serviceendpoints", dataverse.Query{Select: []string{"serviceendpointid", "name", "url", "contract"}, Filter: dataverse.EqText("name", EndpointName())})
	switch {
	case err != nil:
		f := unread("the service endpoints", err)
		f.Mend = allowing("prvReadServiceEndpoint") + "; or look in the CRM at the service endpoint " + EndpointName()
		return []Finding{f}
	case len(rows) == 0:
		return []Finding{Bad("endpoint.missing", "the CRM has no service endpoint “"+EndpointName()+"”, so no event of the CRM comes", setupMend+" makes it, by a system administrator")}
	}
	url := rows[0].Text("url")
	switch {
	case rows[0].Text("contract") != webhook:
		return []Finding{Bad("endpoint.kind", "the service endpoint “"+EndpointName()+"” is no web hook", setupMend)}
	case e.Settings.CRMWebhookURL != "" && !strings.EqualFold(strings.TrimRight(Address(url), "/"), e.Settings.CRMWebhookURL):
		return []Finding{Bad("endpoint.other", fmt.Sprintf("the CRM sends its events to %s instead of %s", Address(url), e.Settings.CRMWebhookURL), setupMend+", or set SYNC_PUBLIC_URL to the intake's address")}
	}
	return []Finding{Fine("the CRM sends its events to " + Address(url))}
}

// images are those of a step.
const images = "sdkmessageprocessingstepid_sdkmessageprocessingstepimage"

func (e *examination) steps(ctx context.Context) []Finding {
	sheet, err := e.sheet()
	if err != nil {
		return []Finding{OfError("the field sheet", err)}
	}
	rows, err := e.CRM.List(ctx, "sdkmessageprocessingsteps", dataverse.Query{Select: []string{"sdkmessageprocessingstepid", "name", "filteringattributes", "statecode"},
		Filter: dataverse.StartsWith("name", EndpointName()+": "), Expand: []dataverse.Expand{{Nav: images, Query: dataverse.Query{Select: []string{"attributes"}}}}})
	if err != nil {
		f := unread("the event steps", err)
		f.Mend = allowing("prvReadSdkMessageProcessingStep")
		return []Finding{f}
	}
	var out []Finding
	wanted := stepsOf(sheet.Sheet, e.Settings.Leads)
	for _, s := range wanted {
		i := slices.IndexFunc(rows, func(r dataverse.Row) bool { return r.Text("name") == s.name })
		if i < 0 {
			out = append(out, Bad("step.missing "+s.table, "the CRM has no event step “"+s.name+"”: those changes wait for the next pass of reconcile", setupMend+" makes it, by a system administrator"))
			continue
		}
		out = append(out, s.judge(rows[i])...)
	}
	if len(out) == 0 {
		return []Finding{Fine(fmt.Sprintf("%d event steps, all on", len(wanted)))}
	}
	return out
}

// judge names what is wrong with a step that is there.
func (s step) judge(row dataverse.Row) []Finding {
	if row.Text("statecode") != enabled {
		return []Finding{Bad("step.off "+s.table, "the event step “"+s.name+"” is disabled: those changes wait for the next pass of reconcile", "enable the step, or "+setupMend)}
	}
	if len(s.image) > 0 && !slices.ContainsFunc(row.Rows(images), s.shows) {
		return []Finding{Bad("step.image "+s.table, "the event step “"+s.name+"” has no pre-image with "+strings.Join(s.image, ", ")+": of a row that is gone nobody knows whose it was", setupMend+" adds it, by a system administrator")}
	}
	filter := strings.Split(strings.ReplaceAll(row.Text("filteringattributes"), " ", ""), ",")
	if row.Text("filteringattributes") == "" {
		return nil // it listens to every column
	}
	var out []Finding
	for _, c := range s.columns {
		if !slices.Contains(filter, c) {
			out = append(out, Bad("column.unwatched "+s.table+"/"+c, fmt.Sprintf("the event step “%s” does not list the column %s, which the field sheet reads: its changes wait for the next pass of reconcile", s.name, c),
				setupMend+", or let the application user change steps"))
		}
	}
	return out
}

// shows says whether a pre-image holds what it has to; one without a list holds every column.
func (s step) shows(image dataverse.Row) bool {
	held := strings.Split(strings.ReplaceAll(image.Text("attributes"), " ", ""), ",")
	return image.Text("attributes") == "" || !slices.ContainsFunc(s.image, func(c string) bool { return !slices.Contains(held, c) })
}

// described are the field sheet and the definitions of its tables; wrong says why one of them cannot be read.
func (e *examination) described() (s Sheet, defs map[string]dataverse.Definition, wrong []Finding) {
	s, err := e.sheet()
	if err != nil {
		return s, nil, []Finding{OfError("the field sheet", err)}
	}
	if defs, err = e.tables(); err != nil {
		return s, nil, []Finding{unread("the definitions of the tables", err)}
	}
	return s, defs, nil
}

// keyed is a key by which rows are kept from being made twice.
type keyed struct{ table, column, name string }

func (e *examination) keys(context.Context) []Finding {
	sheet, defs, wrong := e.described()
	if wrong != nil {
		return wrong
	}
	t := sheet.Sheet.Tables().Catalogue
	wanted := []keyed{{t.Table, t.Identifier, "the solution's identifier"}}
	if row, ok := sheet.Sheet.Row(cosell.ReferralID); ok {
		wanted = append(wanted, keyed{"opportunity", row.CRM, "the referral's id"})
	}
	if row, ok := sheet.Sheet.Leads().Row(cosell.ReferralID); ok && e.Settings.Leads {
		wanted = append(wanted, keyed{"lead", row.CRM, "the referral's id"})
	}
	var out []Finding
	for _, k := range wanted {
		d, known := defs[k.table]
		i := slices.IndexFunc(d.Keys, func(has dataverse.Key) bool { return len(has.Columns) == 1 && has.Columns[0] == k.column })
		switch {
		case !known || k.column == "":
		case i < 0:
			mend := setupMend
			if !strings.HasPrefix(k.column, "cosell_") {
				mend = "add an alternate key over that column in the CRM, or leave it: what this app makes it makes once"
			}
			out = append(out, Warn("key.missing "+k.table, fmt.Sprintf("the table %s has no alternate key over %s (%s): an import may bring it twice", k.table, k.column, k.name), mend))
		case !d.Keys[i].Active():
			out = append(out, Warn("key.inactive "+k.table, fmt.Sprintf("the alternate key %s of %s is %s, not active: rows hold the same %s", d.Keys[i].Name, k.table, strings.ToLower(d.Keys[i].Status), k.column),
				setupMend+" --plan lists the rows that are twice; correct them, then run it again"))
		}
	}
	if len(out) == 0 {
		return []Finding{Fine(fmt.Sprintf("%d keys, all active", len(wanted)))}
	}
	return out
}

func (e *examination) tracking(context.Context) []Finding {
	sheet, defs, wrong := e.described()
	if wrong != nil {
		return wrong
	}
	names := []string{"opportunity", "account", "contact", sheet.Sheet.Tables().Rows.Table}
	if e.Settings.Leads {
		names = append(names, "lead")
	}
	var out []Finding
	for _, n := range names {
		d, known := defs[n]
		if !known || d.Tracked {
			continue
		}
		f := Bad("table.untracked "+n, "the table "+n+" has no change tracking: changes whose events are lost are not found", "let an administrator switch change tracking on for the table: "+setupMend)
		if n != "opportunity" && n != ownRows {
			f.State = Warning
		}
		out = append(out, f)
	}
	return out
}

// compare holds the field sheet against the CRM's metadata as it is now.
func (e *examination) compare(ctx context.Context) ([]opportunities.Finding, error) {
	sheet, err := e.sheet()
	if err != nil {
		return nil, err
	}
	out, err := sheet.Deals.Check(ctx)
	if err == nil && sheet.Leads != nil {
		var leads []opportunities.Finding
		leads, err = sheet.Leads.Check(ctx)
		for _, f := range leads {
			if !slices.Contains(out, f) {
				out = append(out, f)
			}
		}
	}
	return out, err
}

func (e *examination) secured(ctx context.Context) []Finding {
	sheet, err := e.sheet()
	if err != nil {
		return []Finding{OfError("the field sheet", err)}
	}
	if _, err := e.misfit(); err != nil {
		return []Finding{OfError("comparing the field sheet with the CRM", err)}
	}
	names, err := sheet.Deals.Secured(ctx)
	if err != nil {
		return []Finding{OfError("the columns", err)}
	}
	var out []Finding
	for _, n := range names {
		out = append(out, Unsure("column.secured "+n, "the column "+n+" is secured: whether the application user may read and write it, no call says",
			"put the application user into a column security profile that may create, read and update "+n))
	}
	return out
}
