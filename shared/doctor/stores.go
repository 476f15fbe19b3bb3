package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/health"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// shortLock is the least lock of a queue: the host renews it, and a shorter one is lost in a pause of the process.
const shortLock = 30 * time.Second

func (e *examination) queues(ctx context.Context) []Finding {
	if e.Queues == nil {
		return []Finding{Unsure("", "this host has no queues to look at", "")}
	}
	var out []Finding
	for _, name := range queue.Names() {
		q, err := e.Queues.Look(ctx, name)
		switch {
		case err != nil:
			out = append(out, OfError("the queue "+string(name), err))
		case q.Missing:
			out = append(out, Bad("queue.missing "+string(name), "there is no queue "+string(name), "deploy the templates again: make deploy"))
		case !q.Sessions:
			out = append(out, Bad("queue.sessions "+string(name), "the queue "+string(name)+" has no sessions: changes of one deal would be worked on at the same time", "sessions are fixed when a queue is made: delete it, and deploy the templates again: make deploy"))
		case q.Lock < shortLock:
			out = append(out, Warn("queue.lock "+string(name), fmt.Sprintf("the queue %s locks for %s only", name, q.Lock.Round(time.Second)), "set the lock of the queue to one minute"))
		}
		if err == nil && q.Dead > 0 {
			f := Warn("dead.letters", fmt.Sprintf("%d dead letters in %s", q.Dead, name), "the next pass of reconcile sends them anew, and parks what cannot work")
			f.Since = &q.Oldest
			out = append(out, f)
		}
	}
	if len(out) == 0 {
		return []Finding{Fine(fmt.Sprintf("%d queues with sessions, no dead letters", len(queue.Names())))}
	}
	return out
}

// stores reads the tables, and writes a row of its own to the one in which processes tell how they are.
func (e *examination) stores(ctx context.Context) []Finding {
	if p, is := e.problem("tables.unreadable"); is {
		return []Finding{{State: Failed, Code: p.What, Say: p.Say, Mend: tablesMend, Since: &p.Since}}
	}
	if e.Board == nil {
		return []Finding{Fine("the tables can be read")}
	}
	row := ledger.StatusRow{App: "doctor", Function: "doctor", Instance: "doctor", At: e.Now(), Text: "doctor"}
	err := e.Board.Post(ctx, row)
	if err == nil {
		err = e.Board.Remove(ctx, row)
	}
	if err != nil {
		f := OfError("writing to the table "+ledger.ProcessesTable, err)
		f.State = Failed
		return []Finding{f}
	}
	return []Finding{Fine("the tables can be read and written")}
}

const tablesMend = "give the sync app Storage Table Data Contributor on the account of the tables, or look at the account's network rules"

func (e *examination) vault(context.Context) []Finding {
	for _, p := range e.report().Notes {
		if same(p.What, "seal.missing") {
			return []Finding{{State: Failed, Code: "seal.missing", Say: p.Say, Mend: p.Mend, Since: &p.Since}}
		}
	}
	return []Finding{Fine("nothing is known to be missing; the refresh token is another check's")}
}

// narrow is the source under which the intake notes that it has looked.
const narrow = "rights of the intake"

// identities: the intake looks by itself whether it may read, and says so where all can see it.
func (e *examination) identities(context.Context) []Finding {
	report := e.report()
	for _, p := range slices.Concat(report.Problems, report.Notes) {
		if same(p.What, "identity.wide") {
			return []Finding{{State: Failed, Code: "identity.wide", Say: p.Say, Mend: p.Mend, Since: &p.Since}}
		}
	}
	look := "az role assignment list --assignee INTAKE_PRINCIPAL --all: Azure Service Bus Data Sender on three queues, Storage Table Data Contributor on the table intake, and nothing that reads"
	if e.Settings.ConnectionStrings {
		return []Finding{Warn("", "the stores are reached by connection strings, which allow everything to whoever has them", "use managed identities, as the templates in infra/azure do")}
	}
	if _, looked := report.Good(narrow); looked {
		return []Finding{Fine("the intake has tried to read a queue, and may not")}
	}
	return []Finding{Unsure("", "which rights the intake's identity has, only a person with rights in Azure can see", look)}
}

// solution is the precondition that Partner Center keeps to itself: there is no catalogue to ask.
func (e *examination) solution(ctx context.Context) []Finding {
	sheet, err := e.sheet()
	if err != nil {
		return []Finding{OfError("the field sheet", err)}
	}
	t := sheet.Sheet.Tables().Catalogue
	if t.Set == "" {
		return []Finding{Unsure("", "the CRM has no catalogue of solutions", setupMend)}
	}
	rows, err := e.CRM.List(ctx, t.Set, dataverse.Query{Select: []string{t.ID, t.Identifier}, Top: 500})
	if err != nil {
		return []Finding{unread("the solutions of the catalogue", err)}
	}
	if len(rows) == 0 {
		return []Finding{Warn("catalogue.empty", "the catalogue of solutions is empty: sellers have nothing to choose from, and a deal needs one solution at least", "bring your co-sell ready solutions in: cosellctl catalogue import FILE")}
	}
	samples, err := e.samples(ctx)
	if err != nil {
		return []Finding{OfError("reading the referrals", err)}
	}
	carried := map[string]bool{}
	for _, d := range samples {
		list, _ := d.Value("/details/requirements/solutions").([]any)
		for _, one := range list {
			if m, ok := one.(map[string]any); ok {
				carried[strings.ToLower(fmt.Sprint(m["id"]))] = true
			}
		}
	}
	known := 0
	for _, r := range rows {
		if carried[strings.ToLower(r.Text(t.Identifier))] {
			known++
		}
	}
	if known == 0 {
		return []Finding{Unsure("", fmt.Sprintf("whether one of the %d solutions of the catalogue is co-sell ready cannot be asked, and no referral that can be seen carries one", len(rows)),
			"look in the Partner Center portal under Marketplace offers > Co-sell status")}
	}
	return []Finding{Fine(fmt.Sprintf("referrals carry %d solutions of the catalogue", known))}
}

// lateYear is how long after Microsoft's year has begun its values may be unknown.
const yearLength = 366 * 24 * time.Hour

func (e *examination) year(context.Context) []Finding {
	years, err := mapping.Years()
	if err != nil || len(years) == 0 {
		return []Finding{Bad("year.none", "this version knows no year of Microsoft's areas and plays", "take a newer version")}
	}
	newest := years[0]
	if e.Now().After(newest.From.Add(yearLength)) {
		return []Finding{Warn("year.old", fmt.Sprintf("the newest year of areas and plays that this version knows is %s, from %s on: Microsoft has changed them since, and refuses old values after a grace period", newest.Year, newest.From.Format(time.DateOnly)),
			"take a newer version, or add the values to the choices of the CRM and to your mapping file")}
	}
	return []Finding{Fine("the newest year known is " + newest.Year)}
}

func (e *examination) contactConsent(context.Context) []Finding {
	if !e.Settings.ConsentGiven {
		return []Finding{Warn("consent.undecided", "SYNC_CONTACT_CONSENT is not set: a contact is named to Microsoft only where the consent column of the deal says Yes",
			"decide who vouches for the consent: SYNC_CONTACT_CONSENT=column, or always where the partner does for all contacts")}
	}
	return []Finding{Fine("SYNC_CONTACT_CONSENT=" + e.Settings.ContactConsent)}
}

func (e *examination) begun(context.Context) []Finding {
	if e.Settings.Mode == shadow {
		return []Finding{Warn("mode.shadow", "shadow mode: everything is decided and logged, and nothing is written", "set SYNC_MODE=live to work in earnest")}
	}
	if p, is := e.problem("start.pending"); is {
		return []Finding{{State: Failed, Code: p.What, Say: p.Say, Mend: p.Mend, Since: &p.Since}}
	}
	return []Finding{Fine("the work has begun")}
}

func (e *examination) processes(context.Context) []Finding {
	report := e.report()
	var versions []string
	for _, p := range report.Processes {
		if !slices.Contains(versions, p.Version) {
			versions = append(versions, p.Version)
		}
	}
	slices.Sort(versions)
	if len(versions) > 1 {
		return []Finding{Warn("versions", "processes of several versions work: "+strings.Join(versions, ", "), "nothing to do while a deployment is under way; else restart the function apps")}
	}
	return []Finding{Fine("version " + report.Version)}
}

func (e *examination) parked(context.Context) []Finding { return e.of("parked") }

func (e *examination) held(context.Context) []Finding { return e.of("held.record", "held.whole") }

// of are the problems of health with these words.
func (e *examination) of(codes ...string) (out []Finding) {
	for _, code := range codes {
		if p, is := e.problem(code); is {
			out = append(out, told(p, Failed))
		}
	}
	return out
}

func told(p health.Problem, s State) Finding {
	f := Finding{State: s, Code: p.What, Say: p.Say, Mend: p.Mend, Since: &p.Since}
	if p.Count > 1 {
		f.Say += fmt.Sprintf(" (%d)", p.Count)
	}
	if p.Oldest != "" {
		f.Say += "; the oldest: " + p.Oldest
	}
	return f
}

// longWait is how long a change may wait.
const longWait = 15 * time.Minute

func (e *examination) oldest(context.Context) []Finding {
	at := e.report().Oldest
	switch {
	case at == nil:
		return []Finding{Fine("nothing waits")}
	case e.Now().Sub(*at) > longWait:
		f := Bad("waiting", "a change has waited for "+e.Now().Sub(*at).Round(time.Second).String(), "cosellctl status and the problems below say why")
		f.Since = at
		return []Finding{f}
	}
	return []Finding{Fine("the oldest change waits for " + e.Now().Sub(*at).Round(time.Second).String())}
}

// elsewhere are the problems and notes that other checks tell in their own words.
func elsewhere(what string) bool {
	for _, code := range []string{"parked", "held.record", "held.whole", "registration.", "webhook.", "certificate.", "forward.failed", "start.", "mode.", "tables.unreadable", "seal.missing", "identity.wide", "flows.on", "column ", "dead.letters"} {
		if strings.HasPrefix(what, code) {
			return true
		}
	}
	return false
}

func (e *examination) problems(context.Context) (out []Finding) {
	for _, p := range e.report().Problems {
		if !elsewhere(p.What) {
			out = append(out, told(p, Failed))
		}
	}
	return out
}

func (e *examination) notes(context.Context) (out []Finding) {
	for _, p := range e.report().Notes {
		if !elsewhere(p.What) || p.What == "start.unkept" {
			out = append(out, told(p, Warning))
		}
	}
	return out
}
