package requirements

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
	"github.com/cosell-sync/cosell-sync/shared/doctor"
)

// story is a way in which the settings, or a longer tale, are wrong.
type story struct {
	no
	settings []string
}

// stories are those that need an installation, or an organisation, of their own.
func stories() map[string]story {
	const failed, warning, unsure = doctor.Failed, doctor.Warning, doctor.Unverified
	nothing := func(*rig) {}
	return map[string]story{
		"another organisation": {no{"crm.organization", failed, "0000000f", nothing, nil, ""}, []string{"DATAVERSE_ORGANIZATION_ID=0000000f-0000-4000-8000-000000000001"}},
		"the CRM app's secret": {no{"crm.reach", failed, "the CRM", nothing, nil, ""}, []string{"DATAVERSE_CLIENT_SECRET=another-secret-than-the-app-has"}},
		"a bare organisation": {no{"crm.reach", failed, "the application user has no security role", func(r *rig) {
			r.dv.call(http.MethodPost, "/organisation", doc{"kind": "bare"})
		}, nil, ""}, nil},
		"no owner":          {no{"crm.owner", warning, "SYNC_DEFAULT_OWNER is not set", nothing, nil, ""}, []string{"SYNC_DEFAULT_OWNER="}},
		"an unknown owner":  {no{"crm.owner", failed, "SYNC_DEFAULT_OWNER names nobody", nothing, nil, ""}, []string{"SYNC_DEFAULT_OWNER=nobody@northwind.example"}},
		"an unknown member": {no{"crm.owner", failed, "SYNC_DEFAULT_MEMBER names nobody", nothing, nil, ""}, []string{"SYNC_DEFAULT_MEMBER=nobody@northwind.example"}},
		"an access team as owner": {no{"crm.owner", failed, "is an access team", func(r *rig) {
			r.own = []string{"SYNC_DEFAULT_OWNER=" + r.creates("team", doc{"name": "Readers", "teamtype": 1})}
			r.again()
		}, nil, ""}, nil},
		"a team as owner":    {no{"crm.owner", doctor.OK, "is the team", nothing, nil, ""}, []string{"SYNC_DEFAULT_OWNER=" + dataversesim.TeamID}},
		"consent undecided":  {no{"sheet.consent", warning, "SYNC_CONTACT_CONSENT is not set", nothing, nil, ""}, []string{"SYNC_CONTACT_CONSENT="}},
		"not begun":          {no{"work.begun", failed, "has not begun", nothing, nil, ""}, []string{"SYNC_STARTED="}},
		"in the shadow":      {no{"work.begun", warning, "shadow mode", nothing, nil, ""}, []string{"SYNC_MODE=shadow"}},
		"a misspelt setting": {no{"work.notes", warning, "SYNC_FOO", nothing, nil, ""}, []string{"SYNC_FOO=1"}},
		"left to another": {no{"pc.registration", warning, "left to another system", func(r *rig) {
			r.own = []string{"SYNC_REGISTER=never"}
			r.again()
		}, nil, ""}, nil},
		"left to another, and all referrals": {no{"pc.scope", failed, "SYNC_REGISTER=never", func(r *rig) {
			r.own = []string{"SYNC_REGISTER=never"}
			r.again()
		}, nil, ""}, nil},
		"hosts exchanged": {no{"pc.referrals", failed, "serves no referrals", func(r *rig) {
			r.own = []string{"PARTNER_CENTER_URL=https://api.partnercenter.microsoft.com"}
			r.again()
		}, nil, ""}, nil},
		"no intermediate authority": {no{"pc.events", failed, "chain does not lead to a root", func(r *rig) {
			r.own = []string{"PARTNER_CENTER_INTERMEDIATES_FILE="}
			r.again()
			r.portalDeal(doc{"name": "Unheard"})
			r.quiet()
		}, nil, ""}, nil},
		"no event yet": {no{"pc.events", unsure, "no event of Partner Center has come yet", nothing, nil, ""}, nil},
		"a wrong event secret": {no{"crm.events", failed, "were not delivered", func(r *rig) {
			r.edits("opportunity", r.deal("Unheard"), doc{"cosell_sync": true})
			r.quiet()
		}, nil, ""}, []string{"DATAVERSE_WEBHOOK_SECRET=another-secret-than-the-steps"}},
		"a step taken away": {no{"crm.steps", failed, "no event step “cosell-sync events: Win of opportunity”", func(r *rig) {
			r.person(doc{"do": "delete", "table": "sdkmessageprocessingstep", "id": r.stepRow("Win", "opportunity")})
		}, nil, ""}, nil},
		"an image taken away": {no{"crm.steps", failed, "Delete of cosell_solution” has no pre-image with cosell_opportunityid", func(r *rig) {
			for id, row := range r.dv.table("sdkmessageprocessingstepimage") {
				if strings.Contains(row.text("attributes"), "cosell_opportunityid") {
					r.person(doc{"do": "delete", "table": "sdkmessageprocessingstepimage", "id": id})
				}
			}
		}, nil, ""}, nil},
		"no endpoint": {no{"crm.endpoint", failed, "no service endpoint", func(r *rig) {
			r.person(doc{"do": "delete", "table": "serviceendpoint", "id": dataversesim.EndpointID})
		}, nil, ""}, nil},
		"a key that is not active": {no{"crm.keys", warning, "is failed, not active", func(r *rig) {
			r.administrator(doc{"do": "key", "table": "opportunity", "schemaName": "cosell_ReferralKey", "remove": true})
			for range 2 {
				r.deal("Twice", doc{"cosell_referralid": "5b0c6f4e-7a53-5d0e-9a51-c05e11a5c0de"})
			}
			r.administrator(doc{"do": "key", "table": "opportunity", "schemaName": "cosell_ReferralKey", "columns": []string{"cosell_referralid"}})
		}, nil, ""}, nil},
		"an unknown currency": {no{"crm.currencies", failed, "CHF, and the CRM has no such currency", func(r *rig) {
			r.portalDeal(doc{"name": "Swiss", "details": doc{"currency": "CHF"}})
		}, nil, ""}, nil},
		"one location": {no{"pc.role", failed, "does not see", func(r *rig) {
			p := r.arrived(r.portalDeal(doc{"name": "Elsewhere", "mpnId": "7654321"}))
			r.pc.switches(doc{"roleLocations": "first"})
			_ = p
		}, nil, ""}, nil},
		"a reader": {no{"pc.role", failed, "does not see", func(r *rig) {
			var all []pair
			for i := range 5 {
				all = append(all, r.private(fmt.Sprint("Read only ", i)))
			}
			r.pc.switches(doc{"role": "reader"})
			for _, p := range all {
				r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 90000})
			}
			r.advance(10 * time.Minute)
		}, nil, ""}, nil},
		"what Partner Center takes no row of": {no{"work.held", failed, "no row at all", func(r *rig) {
			r.dv.rule(doc{"match": doc{"table": "opportunity"}, "status": 400, "code": "0x80040265", "message": "a plug-in says no"})
			r.portalDeal(doc{"name": "Refused whole"})
			r.advance(time.Hour)
		}, nil, ""}, nil},
		"a change that waits": {no{"work.oldest", failed, "has waited for", func(r *rig) {
			id := r.private("Waits").opportunity
			r.pc.fault(doc{"match": doc{"url": "/engagements/referrals"}, "do": "status", "status": 503})
			r.edits("opportunity", id, doc{"estimatedvalue": 90000})
			r.advance(time.Hour)
			r.pc.healed()
		}, nil, ""}, nil},
		"no queue to send to": {no{"work.problems", failed, "the queue takes nothing", func(r *rig) {
			id := r.private("Unsendable").opportunity
			r.bus.fail = errBus
			r.edits("opportunity", id, doc{"estimatedvalue": 90000})
			r.quiet()
			r.bus.fail = nil
		}, nil, ""}, nil},
	}
}

var errBus = errors.New("the queue is away")

func TestDoctorNamesEveryWrongSettingAndTale(t *testing.T) {
	for name, s := range stories() {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				s.do(r)
				r.told(s.no)
			}, s.settings...)
		})
	}
}
