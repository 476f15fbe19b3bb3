package doctor

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/health"
	"github.com/cosell-sync/cosell-sync/shared/ledger"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
)

func found(states ...State) func(context.Context) []Finding {
	return func(context.Context) (out []Finding) {
		for _, s := range states {
			out = append(out, Finding{State: s, Say: "said"})
		}
		return out
	}
}

func summary(all []Finding) (out []string) {
	for _, f := range all {
		out = append(out, f.Check+" "+string(f.State)+" "+f.Rests)
	}
	return out
}

func TestWhatRestsOnAFailedCheckIsSkippedAndNamesIt(t *testing.T) {
	checks := []Check{{Name: "a", Run: found(Failed)}, {Name: "b", Rests: []string{"a"}, Run: found(OK)}, {Name: "c", Rests: []string{"b"}, Run: found(OK)},
		{Name: "d", Run: found(Unverified, Warning)}, {Name: "e", Rests: []string{"d"}, Run: found()}}
	want := []string{"a failed ", "b skipped a", "c skipped b", "d unverified ", "d warning ", "e ok "}
	if got := summary(Run(t.Context(), checks, "")); !slices.Equal(got, want) {
		t.Errorf("found is %q", got)
	}
}

func TestOneCheckIsRunWithWhatItRestsOn(t *testing.T) {
	checks := []Check{{Name: "x.a", Run: found(OK)}, {Name: "x.b", Rests: []string{"x.a"}, Run: found(OK)}, {Name: "y.c", Rests: []string{"x.a"}, Run: found(OK)}, {Name: "xy", Run: found(OK)}}
	for only, want := range map[string][]string{"x.b": {"x.a ok ", "x.b ok "}, "y": {"x.a ok ", "y.c ok "}, "xy": {"xy ok "}, "x": {"x.a ok ", "x.b ok "}} {
		if got := summary(Run(t.Context(), checks, only)); !slices.Equal(got, want) {
			t.Errorf("%s: found is %q", only, got)
		}
	}
	if Known(checks, "z") || !Known(checks, "") || !Known(checks, "y.c") {
		t.Error("names are not told from others")
	}
}

func TestEveryCheckStandsAfterWhatItRestsOn(t *testing.T) {
	var before []string
	for _, c := range Checks() {
		for _, r := range c.Rests {
			if !slices.Contains(before, r) {
				t.Errorf("%s rests on %s, which does not stand before it", c.Name, r)
			}
		}
		if slices.Contains(before, c.Name) || c.Looks == "" || c.For == "" {
			t.Errorf("%s is there twice, or says not what it is for", c.Name)
		}
		before = append(before, c.Name)
	}
}

// All checks are run side by side, and one that gets no answer ends.
func TestChecksAreRunSideBySideAndEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(ctx context.Context) []Finding {
			<-ctx.Done()
			return []Finding{OfError("the system", fault.New(fault.Broken, "no answer: %w", ctx.Err()))}
		}
		began := time.Now()
		got := Run(t.Context(), []Check{{Name: "a", Run: slow}, {Name: "b", Run: slow}, {Name: "c", Run: slow}}, "")
		if took := time.Since(began); took > 10*time.Second || got[2].State != Unverified || !Sound(got) {
			t.Errorf("it takes %s: %+v", took, got)
		}
	})
}

func TestWhatAFailureMeans(t *testing.T) {
	for want, err := range map[State]error{
		Failed:     fault.New(fault.Refused, "no").OfClass(fault.Ours).With("privilege.missing", "give it"),
		Unverified: errors.New("connection reset"),
	} {
		if f := OfError("the table", err); f.State != want || !strings.HasPrefix(f.Say, "the table: ") || f.Mend == "" {
			t.Errorf("%v: %+v", err, f)
		}
	}
}

// reports is health that says what it was given.
type reports health.Report

func (r reports) Fresh(context.Context) health.Report { return health.Report(r) }

// closed is a table that takes nothing.
type closed struct{}

func (closed) Post(context.Context, ...ledger.StatusRow) error {
	return fault.New(fault.Denied, "403").With("tables.denied", "give the role")
}
func (closed) Remove(context.Context, ledger.StatusRow) error { return nil }

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func TestTheStoresAndTheYear(t *testing.T) {
	problem := func(what string) []health.Problem {
		return []health.Problem{{What: what, Since: noon, Say: "said " + what, Mend: "mend it"}}
	}
	for name, c := range map[string]struct {
		doctor Doctor
		only   string
		state  State
		says   string
		since  bool
	}{
		"tables that cannot be read":    {Doctor{Health: reports{Problems: problem("tables.unreadable")}}, "azure.tables", Failed, "said tables.unreadable", true},
		"tables that cannot be written": {Doctor{Health: reports{}, Board: closed{}}, "azure.tables", Failed, "processes", false},
		"a vault without the key":       {Doctor{Health: reports{Notes: problem("seal.missing")}}, "azure.vault", Failed, "said seal.missing", true},
		"an intake that may read":       {Doctor{Health: reports{Notes: problem("identity.wide")}}, "azure.identities", Failed, "said identity.wide", true},
		"an intake nobody knows of":     {Doctor{Health: reports{}}, "azure.identities", Unverified, "rights in Azure", false},
		"no queues":                     {Doctor{Health: reports{}}, "azure.queues", Unverified, "no queues", false},
		"a year that is over":           {Doctor{Health: reports{}, Now: func() time.Time { return noon.AddDate(9, 0, 0) }}, "sheet.year", Warning, "newest year", false},
		"any other problem":             {Doctor{Health: reports{Problems: problem("broken")}}, "work.problems", Failed, "said broken", true},
		"any other note":                {Doctor{Health: reports{Notes: problem("start.unkept")}}, "work.notes", Warning, "said start.unkept", true},
		"a problem of another check":    {Doctor{Health: reports{Problems: problem("parked")}}, "work.problems", OK, "", false},
	} {
		d := c.doctor
		if d.Now == nil {
			d.Now = func() time.Time { return noon }
		}
		got := d.Examine(t.Context(), c.only, "")
		if len(got) != 1 || got[0].State != c.state || !strings.Contains(got[0].Say, c.says) || (got[0].Since != nil) != c.since {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// refusing is a Partner Center that nobody gets at.
type refusing struct{ err error }

func (r refusing) Look(context.Context) (partnercenter.Sight, error) {
	return partnercenter.Sight{}, r.err
}
func (r refusing) Get(context.Context, string) (partnercenter.Document, error) {
	return partnercenter.Document{}, r.err
}
func (r refusing) Registration(context.Context) (partnercenter.Registration, bool, error) {
	return partnercenter.Registration{}, false, r.err
}
func (r refusing) PartnerID(context.Context) (string, error) { return "", r.err }

func TestMFAIsMissingWhoeverSaysSo(t *testing.T) {
	for status, says := range map[int]string{400: "a token for Partner Center: the directory wants a second factor", 401: "900421", 403: "900421"} {
		err := fault.New(fault.Denied, "refused").Answered(status).With(partnercenter.CodeMFA, "").Saying("the directory wants a second factor", "sign in with one")
		got := (&Doctor{PartnerCenter: refusing{err}, Health: reports{}}).Examine(t.Context(), "pc.mfa", "")
		if last := got[len(got)-1]; last.Check != "pc.mfa" || last.State != Failed || !strings.Contains(last.Say, says) || last.Mend == "" {
			t.Errorf("%d: %+v", status, got)
		}
	}
}

func TestPartnerCenterThatIsAwayIsNamedOnce(t *testing.T) {
	d := &Doctor{PartnerCenter: refusing{fault.New(fault.Broken, "connection reset")}, Health: reports{}}
	if got := summary(d.Examine(t.Context(), "pc.registration", "")); !slices.Equal(got, []string{"pc.consent failed ", "pc.webhooks skipped pc.consent", "pc.registration skipped pc.webhooks"}) {
		t.Errorf("found is %q", got)
	}
}

func TestAnIntakeThatMayNotReadHasSaidSo(t *testing.T) {
	w := health.NewWatch("intake", "p-1", "v", func() time.Time { return noon })
	w.Stand(health.Process, narrow, nil)
	d := &Doctor{Health: &health.Room{Watch: w, Now: func() time.Time { return noon }}}
	if got := d.Examine(t.Context(), "azure.identities", ""); got[0].State != OK {
		t.Errorf("%+v", got)
	}
}

// crmOf is a CRM that says which organisation it is.
type crmOf struct {
	CRM
	organization string
}

func (c crmOf) WhoAmI(context.Context) (dataverse.Caller, error) {
	return dataverse.Caller{UserID: "u", OrganizationID: c.organization}, nil
}

func TestTheSyncAppKnowsTheOrganisationByItsEvents(t *testing.T) {
	for name, c := range map[string]struct {
		setting string
		heard   bool
		want    State
	}{"as set": {"o-1", false, OK}, "another": {"o-2", true, Failed}, "of the intake alone": {"", false, Unverified}, "heard of": {"", true, OK}} {
		report := reports{}
		if c.heard {
			report.Successes = map[string]time.Time{"events from CRM": noon}
		}
		d := &Doctor{CRM: crmOf{organization: "o-1"}, Health: report, Settings: Settings{Organization: c.setting}}
		if got := d.Examine(t.Context(), "crm.organization", ""); got[len(got)-1].State != c.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// What health has met before somebody mended it is a warning, as long as a check that looks now finds it mended.
func TestWhatIsMendedMeanwhileIsAWarning(t *testing.T) {
	for state, want := range map[State]State{OK: Warning, Failed: Failed, Unverified: Failed} {
		all := []Finding{{Check: "crm.privileges", State: state}, {Check: "work.problems", State: Failed, Code: "privilege.missing prvWriteLead", Say: "we lack a right"}}
		e := &examination{Doctor: &Doctor{}}
		if e.older(all); all[1].State != want || want == Warning && !strings.Contains(all[1].Say, "crm.privileges finds it mended") {
			t.Errorf("%s: %+v", state, all[1])
		}
	}
}
