package requirements

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// owned is a deal, with its solution, that belongs to somebody: systemusers(…) or teams(…).
func (r *rig) owned(name, owner string) string {
	r.t.Helper()
	id := r.deal(name, doc{"ownerid@odata.bind": "/" + owner})
	r.solution(id, "SOL-12345-ABC", "Northwind Forecast")
	return id
}

// switchesOn is somebody who switches a deal on.
func (r *rig) switchesOn(id, user string) {
	r.t.Helper()
	r.person(doc{"do": "update", "as": user, "table": "opportunity", "id": id, "columns": doc{"cosell_sync": true}})
	r.quiet()
}

// withoutPhone is a user without a phone, whom Partner Center does not take.
func (r *rig) withoutPhone(first string) string {
	r.t.Helper()
	return r.colleague(first, "Phoneless", doc{"address1_telephone1": nil, "mobilephone": nil})
}

// Who leads the partner's team in Partner Center is the owner, if a person with all four values; else who switched Sync
// on, else the administrator of the team that owns the deal, else SYNC_DEFAULT_MEMBER.
func TestR50_WhoLeadsTheTeamWhereTheOwnerCannot(t *testing.T) {
	const team = "teams(" + dataversesim.TeamID + ")"
	for name, c := range map[string]struct {
		owner, switcher func(r *rig) string
		admin           func(r *rig) string
		settings        []string
		leader, phone   string
	}{
		"the owner":                         {owner: user("Olga"), switcher: someone("Sven"), leader: "Olga"},
		"owned by a team: who switched":     {owner: of(team), switcher: someone("Sven"), admin: someone("Anna"), leader: "Sven"},
		"an owner without phone: likewise":  {owner: (*rig).phoneless, switcher: someone("Sven"), leader: "Sven"},
		"no phone: the administrator":       {owner: of(team), switcher: lacking("Sven"), admin: someone("Anna"), leader: "Anna"},
		"nor the administrator: the member": {owner: of(team), switcher: lacking("Sven"), admin: lacking("Anna"), settings: []string{"SYNC_DEFAULT_MEMBER=sam@northwind.example"}, leader: "Sam"},
		"the default phone":                 {owner: (*rig).phoneless, switcher: someone("Sven"), settings: []string{"SYNC_DEFAULT_PHONE=+49 40 111"}, leader: "Oona", phone: "+49 40 111"},
		"a phone of one's own comes first":  {owner: user("Olga"), switcher: someone("Sven"), settings: []string{"SYNC_DEFAULT_PHONE=+49 40 111"}, leader: "Olga", phone: "+49 40 5550777"},
		"nobody at all":                     {owner: of(team), switcher: lacking("Sven"), admin: lacking("Anna")},
		"an owner without phone, alone":     {owner: (*rig).phoneless, switcher: lacking("Sven")},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(r *rig) {
				if c.admin != nil {
					r.edits("team", dataversesim.TeamID, doc{"administratorid@odata.bind": "/systemusers(" + c.admin(r) + ")"})
				}
				id := r.owned("Led", c.owner(r))
				mark := r.pc.calls()
				r.switchesOn(id, c.switcher(r))
				if c.leader == "" {
					r.pc.wrote(mark, 0)
					r.audited(id, "team.")
					return
				}
				own := r.referral(r.pairOf(id).own)
				if got := own.text("team/0/firstName"); got != c.leader || own.at("team/1") != nil || c.phone != "" && own.text("team/0/phoneNumber") != c.phone {
					t.Errorf("the team is %s", own.text("team"))
				}
			}, c.settings...)
		})
	}
}

func of(owner string) func(*rig) string { return func(*rig) string { return owner } }

// someone is a user whom Partner Center takes, by id; user is the same as an owner.
func someone(first string) func(*rig) string {
	return func(r *rig) string { return r.colleague(first, "Seller") }
}

func user(first string) func(*rig) string {
	return func(r *rig) string { return "systemusers(" + r.colleague(first, "Seller") + ")" }
}

// lacking is a user without a phone, phoneless one as an owner.
func lacking(first string) func(*rig) string {
	return func(r *rig) string { return r.withoutPhone(first) }
}

func (r *rig) phoneless() string { return "systemusers(" + r.withoutPhone("Oona") + ")" }

// Of an invitation whose opportunity belongs to a team the person who accepts it leads.
func TestR50_WhoAcceptsLeadsForATeam(t *testing.T) {
	play(t, func(r *rig) {
		p := r.invited("Answered by one of us")
		r.edits("opportunity", p.opportunity, doc{"ownerid@odata.bind": "/teams(" + dataversesim.TeamID + ")"})
		r.quiet()
		r.person(doc{"do": "update", "as": r.colleague("Sven", "Seller"), "table": "opportunity", "id": p.opportunity, "columns": doc{"statuscode": inProgress}})
		r.quiet()
		if d := r.referral(p.own); d.text("substatus") != "Accepted" || d.text("team/0/firstName") != "Sven" {
			t.Errorf("the referral is %s, its team %s", d.text("substatus"), d.text("team"))
		}
	})
}

// crowd ties users to a deal as its sales team: those from one number up to another.
func (r *rig) crowd(id string, from, to int) {
	r.t.Helper()
	for i := from; i < to; i++ {
		r.connects(id, "systemusers", r.colleague(fmt.Sprint("Member", i), "Seller"), dataversesim.SalesProfessionalRoleID)
	}
}

func TestR53_MoreThanFiftyMembersAreRefusedBeforeTheCall(t *testing.T) {
	play(t, func(r *rig) {
		id := r.deal("A crowd")
		r.solution(id, "SOL-12345-ABC", "Northwind Forecast")
		r.crowd(id, 0, 50) // and the owner
		r.refused(id, "team.toomany", "51", "50")
	})
}

// The fiftieth may still come; of the next one Partner Center never hears, and the other fields go on.
func TestR53_TheFiftyFirstOfALinkedDealIsNotSent(t *testing.T) {
	for what, c := range map[string]struct {
		list string
		add  func(r *rig, id string, from, to int)
	}{
		"solutions": {"details/requirements/solutions", func(r *rig, id string, from, to int) {
			for i := from; i < to; i++ {
				r.solution(id, fmt.Sprintf("SOL-%05d-ADD", i), fmt.Sprint("Solution ", i))
			}
		}},
		"members": {"team", (*rig).crowd},
	} {
		t.Run(what, func(t *testing.T) {
			play(t, func(r *rig) {
				p := r.private("Full")
				c.add(r, p.opportunity, 0, 49)
				r.quiet()
				if got := len(r.referral(p.own).at(c.list).([]any)); got != 50 {
					t.Fatalf("%d in Partner Center; Audit says\n%s", got, strings.Join(r.audit(p.opportunity), "\n"))
				}
				mark := r.pc.calls()
				c.add(r, p.opportunity, 49, 50)
				r.edits("opportunity", p.opportunity, doc{"estimatedvalue": 4711})
				r.quiet()
				r.pc.wrote(mark, 1)
				if d := r.referral(p.own); len(d.at(c.list).([]any)) != 50 || d.text("details/dealValue") != "4711" {
					t.Errorf("%d in Partner Center, the value is %s", len(d.at(c.list).([]any)), d.text("details/dealValue"))
				}
				r.audited(p.opportunity, "toomany", "51")
			})
		})
	}
}
