package setup_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cosell-sync/cosell-sync/infra/cosellctl/setup"
	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// between is a way in that does something before each write.
type between struct {
	to http.RoundTripper
	do func()
}

func (b between) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet && !strings.Contains(r.URL.Path, "/oauth2/") {
		b.do()
	}
	return b.to.RoundTrip(r)
}

// Two people run the setup at once: each finds what the other has made in the meantime, both end well, and the CRM has
// everything once.
func TestTwoSetupsAtOnceMakeEverythingOnce(t *testing.T) {
	one := newOrganisation(t, dataversesim.BareFrench, nil)
	complete(t, applied(t, planned(t, one.options(administrator))))

	o := newOrganisation(t, dataversesim.BareFrench, nil)
	first := planned(t, o.options(administrator))
	go1, told, ended := make(chan bool), make(chan bool), make(chan error, 1)
	go func() {
		<-go1
		ended <- first.Apply(t.Context(), func(*setup.Item) { told <- true; <-go1 })
		close(told)
	}()
	options := o.options(administrator)
	running := true
	options.Web = o.through(administrator, between{o, func() { // before each write of the second, the first does one part
		if running {
			go1 <- true
			_, running = <-told
		}
	}})
	second := applied(t, planned(t, options))
	for running {
		go1 <- true
		_, running = <-told
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	complete(t, first)
	complete(t, second)
	if a, b := one.metadata(), o.metadata(); a != b {
		t.Error(cmp.Diff(lines(a), lines(b)))
	}
	if again := planned(t, o.options(administrator)); again.Differs() {
		t.Error(said(again))
	}
}

// deaf is a way in on which the answer to the first try of each write is lost.
type deaf struct {
	to   http.RoundTripper
	seen map[string]bool
}

func (d deaf) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodGet || strings.Contains(r.URL.Path, "/oauth2/") {
		return d.to.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	resp, err := d.to.RoundTrip(r)
	if key := r.Method + r.URL.Path + string(body); err == nil && resp.StatusCode < http.StatusMultipleChoices && !d.seen[key] {
		d.seen[key] = true
		return nil, errors.New("unexpected EOF")
	}
	return resp, err
}

// An answer that is lost is asked for again, and what is there by then was made by the first try.
func TestEveryAnswerIsLostOnce(t *testing.T) {
	one := newOrganisation(t, dataversesim.BareFrench, nil)
	complete(t, applied(t, planned(t, one.options(administrator))))
	o := newOrganisation(t, dataversesim.BareFrench, nil)
	options := o.options(administrator)
	options.Web = o.through(administrator, deaf{o, map[string]bool{}})
	complete(t, applied(t, planned(t, options)))
	if a, b := one.metadata(), o.metadata(); a != b {
		t.Error(cmp.Diff(lines(a), lines(b)))
	}
	options = o.options(administrator)
	options.Web, options.Want = o.through(administrator, deaf{o, map[string]bool{}}), definition(t)
	plan, err := setup.Teardown(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	complete(t, applied(t, plan))
}

// What a person does to a form while a run makes the columns stays on it.
func TestAFormThatChangesMeanwhileKeepsItsChange(t *testing.T) {
	o := newOrganisation(t, dataversesim.BareFrench, nil)
	p := planned(t, o.options(administrator))
	o.do(http.MethodPatch, "systemforms("+dataversesim.LeadFormID+")", `{"formxml":"<form><tabs><tab name=\"theirs\" id=\"{11111111-1111-4111-8111-111111111111}\"><labels><label description=\"Theirs\" languagecode=\"1033\" /></labels></tab></tabs></form>"}`)
	complete(t, applied(t, p))
	text := o.text1("systemforms", "formxml", "formid eq "+dataversesim.LeadFormID)
	if !strings.Contains(text, `name="theirs"`) || !strings.Contains(text, `name="cosell_partnercenter"`) {
		t.Errorf("the form is %s", text)
	}
}
