package opportunities

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

// Connections tie people to an opportunity beside its owner and its contact: by the category of the role, users are
// its sales team, and contacts its stakeholders. The system keeps each from both sides, so those that start at the
// opportunity are all. https://learn.microsoft.com/power-apps/developer/data-platform/connection-entities
const (
	connectionKind = "connection"
	userKind       = "user"

	connectionSet   = "connections"
	connectionID    = "connectionid"
	connectionsOf   = "opportunity_connections1"
	connectionFrom  = "record1id"
	connectionTo    = "record2id"
	connectionRole  = "record2roleid"
	roleSet         = "connectionroles"
	roleID          = "connectionroleid"
	roleCategory    = "category"
	roleStakeholder = 1000
	roleSalesTeam   = 1001
)

// mostConnected is how many connections of one deal are looked at. A referral takes 50 people: who has more is told.
const mostConnected = 101

// connectionExpand asks for the connections of an opportunity: who they lead to is asked only where there are any.
func connectionExpand() dataverse.Expand {
	return dataverse.Expand{Nav: connectionsOf, Query: dataverse.Query{Select: []string{connectionID, lookupValue(connectionRole)},
		Filter: dataverse.EqInt(stateColumn, 0), OrderBy: "createdon asc", Top: mostConnected}}
}

// blindFor is how long connections are not asked for after CRM refused them to us: a right that came meanwhile is used
// after that.
const blindFor = time.Hour

// blind says whether connections may not be read. Deals go on without: a new referral has the owner and the contact,
// and of one that is linked nothing about people is said.
func (s *Store) blind() bool { return s.options.Now().UnixNano() < s.blindUntil.Load() }

// blinded takes in that our role may not read connections, and says whether that is news, so that another try makes
// sense.
func (s *Store) blinded(e *fault.Error) bool {
	if !ofConnections(e) || s.blind() {
		return false
	}
	s.blindUntil.Store(s.options.Now().Add(blindFor).UnixNano())
	return true
}

// ofConnections says whether CRM refused because our role may not read connections.
func ofConnections(e *fault.Error) bool {
	return e != nil && e.Code == dataverse.CodePrivilege && slices.Contains([]string{"prvreadconnection", "prvreadconnectionrole"}, strings.ToLower(e.Target))
}

// unread is the error in the words of the flows where it says that connections may not be read.
func (s *Store) unread(err error) error {
	if !ofConnections(fault.Of(err)) {
		return err
	}
	return fault.New(fault.Refused, "who is connected with opportunities may not be read: %w", err).OfClass(fault.Ours).With(cosell.CodePeopleUnread, "")
}

// SeesPeople asks whether our role may read connections now; where it may, they are read again from now on. Broken, Later: it could
// not be asked.
func (s *Store) SeesPeople(ctx context.Context) (bool, error) {
	for _, of := range [][2]string{{connectionSet, connectionID}, {roleSet, roleID}} {
		_, err := s.api.List(ctx, of[0], dataverse.Query{Select: []string{of[1]}, Top: 1})
		if ofConnections(fault.Of(err)) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	s.blindUntil.Store(0)
	return true, nil
}

// connected are the people beside owner and contact, in the order in which they were connected.
type connected struct {
	team, stakeholders []mapping.Member
}

// unasked says that nobody has looked who is connected.
func unasked(row dataverse.Row) bool { return len(inRoles(row)) > 0 }

// inRoles ask for the connections that have a role.
func inRoles(row dataverse.Row) []string {
	out := connections(row)
	for i, id := range out {
		out[i] = dataverse.EqID(connectionID, id)
	}
	return out
}

// connections are the ids of those that have a role, sorted; nil where they were not asked for.
func connections(row dataverse.Row) []string {
	if !row.Has(connectionsOf) {
		return nil
	}
	out := []string{}
	for _, c := range row.Rows(connectionsOf) {
		if c.Has(lookupValue(connectionRole)) {
			out = append(out, c.ID(connectionID))
		}
	}
	slices.Sort(out)
	return out
}

// connectedTo reads who is connected with the opportunity: one call, where anybody is.
func (s *Store) connectedTo(ctx context.Context, row dataverse.Row) (connected, error) {
	var out connected
	ids := inRoles(row)
	if len(ids) == 0 {
		return out, nil
	}
	rows, err := s.api.List(ctx, connectionSet, dataverse.Query{Select: []string{connectionID}, Filter: dataverse.Or(ids...), OrderBy: "createdon asc", Expand: []dataverse.Expand{
		{Nav: connectionRole, Query: dataverse.Query{Select: []string{roleCategory}}},
		{Nav: connectionTo + "_systemuser", Query: s.personQuery()},
		{Nav: connectionTo + "_contact", Query: dataverse.Query{Select: append([]string{stateColumn}, sorted(personColumns())...)}},
	}})
	if s.blinded(fault.Of(err)) {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	for _, r := range rows {
		role, _ := r.Row(connectionRole)
		if user, ok := r.Row(connectionTo + "_systemuser"); ok && role.Text(roleCategory) == strconv.Itoa(roleSalesTeam) {
			if m := s.person(user); m != nil {
				out.team = append(out.team, *m)
			}
		}
		if contact, ok := r.Row(connectionTo + "_contact"); ok && role.Text(roleCategory) == strconv.Itoa(roleStakeholder) && contact.Text(stateColumn) == "0" {
			out.stakeholders = append(out.stakeholders, contactMember(contact))
		}
	}
	return out, nil
}

// addConnected puts the people beside owner and contact into the lists that name those. Who lacks a value that
// Partner Center wants of everybody is left out, and told: he must not keep the deal back.
func (s *Store) addConnected(r cosell.Record, people connected) {
	if _, read := r[cosell.Team]; read && len(people.team) > 0 {
		s.join(r, cosell.Team, people.team, "salesTeam")
	}
	if _, named := r[cosell.Contacts]; named && len(people.stakeholders) > 0 {
		s.join(r, cosell.Contacts, people.stakeholders, "stakeholders")
	}
}

func (s *Store) join(r cosell.Record, list cosell.Field, people []mapping.Member, called string) {
	var l mapping.List
	members := r.Members(list)
	if first := r[list.First()]; first != "" {
		l.Add(first, members[first])
	}
	var left []string
	for _, m := range people {
		switch {
		case whole(m) && len(l.Keys()) < mostConnected:
			l.Add(m.Key(), m.Text())
		case !whole(m) && members[m.Key()] == "":
			left = append(left, strconv.Quote(strings.TrimSpace(m.FirstName+" "+m.LastName)))
		}
	}
	l.Into(r, list)
	if len(left) > 0 && (list == cosell.Team || r[cosell.Visibility] != cosell.True) { // contacts that are shared are fixed
		r[cosell.Unreadable.Of(called)] = "not sent, because first name, last name, e-mail or phone is missing: " + strings.Join(left, ", ")
	}
}

// forgetPeople takes the lists out of a record that was read without asking who is connected: it says nothing of
// them.
func forgetPeople(r cosell.Record) {
	for _, list := range []cosell.Field{cosell.Team, cosell.Contacts} {
		for member := range r.Members(list) {
			delete(r, list.Of(member))
		}
		delete(r, list)
		delete(r, list.First())
	}
}

// connectContacts keeps every contact of a new deal on it, as stakeholders: the form's lookup holds but one. What CRM
// does not take of that never holds the deal back. One contact alone needs none.
func (s *Store) connectContacts(ctx context.Context, w *planned, opportunity string, c *customer, owner string) error {
	if len(c.contacts) < 2 {
		return nil
	}
	role, err := s.role.get(ctx)
	if err != nil || role == "" {
		return err
	}
	for _, contact := range c.contacts {
		body := map[string]any{connectionFrom + "_opportunity@odata.bind": dataverse.Bind(opportunitySet, opportunity), connectionTo + "_contact@odata.bind": dataverse.Bind(contactSet, contact),
			connectionRole + "@odata.bind": dataverse.Bind(roleSet, role)}
		if owner != "" {
			body[ownerBind] = owner
		}
		w.tasks = append(w.tasks, newRow(connectionSet, s.deterministic(connectionKind, opportunity, contact), body))
	}
	return nil
}

// loadRole finds the role of stakeholders: the one of that name, else the first of its category; "" for none, or where
// ours may not look.
func (s *Store) loadRole(ctx context.Context) (string, error) {
	rows, err := s.api.List(ctx, roleSet, dataverse.Query{Select: []string{roleID, nameColumn}, OrderBy: "name asc",
		Filter: dataverse.And(dataverse.EqInt(roleCategory, roleStakeholder), dataverse.EqInt(stateColumn, 0))})
	if err != nil {
		return "", unlessGone(err)
	}
	for _, r := range rows {
		if mapping.FoldText(r.Text(nameColumn)) == mapping.FoldText("Stakeholder") {
			return r.ID(roleID), nil
		}
	}
	if len(rows) == 0 {
		return "", nil
	}
	return rows[0].ID(roleID), nil
}

// dealsOfConnection are the opportunities at both ends of a connection; none where it is gone.
func (s *Store) dealsOfConnection(ctx context.Context, id string) ([]string, error) {
	row, err := s.api.Get(ctx, connectionSet, id, dataverse.Query{Select: []string{connectionID}, Expand: []dataverse.Expand{
		{Nav: connectionFrom + "_opportunity", Query: dataverse.Query{Select: []string{opportunityID}}},
		{Nav: connectionTo + "_opportunity", Query: dataverse.Query{Select: []string{opportunityID}}},
	}})
	if fault.Is(err, fault.Gone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []string
	for _, side := range []string{connectionFrom, connectionTo} {
		if deal, ok := row.Row(side + "_opportunity"); ok {
			out = append(out, deal.ID(opportunityID))
		}
	}
	return out, nil
}

// dealsConnectedWith lists the synced, open opportunities in whose sales team a user is, or whose stakeholder a
// contact is.
func (s *Store) dealsConnectedWith(ctx context.Context, id string) ([]string, error) {
	sync, ok := s.sheet().Row(cosell.Sync)
	if !ok {
		return nil, nil
	}
	rows, err := s.api.List(ctx, connectionSet, dataverse.Query{Select: []string{connectionID},
		Filter: dataverse.And(dataverse.EqID(lookupValue(connectionTo), id), dataverse.EqInt(stateColumn, 0)),
		Expand: []dataverse.Expand{{Nav: connectionFrom + "_opportunity", Query: dataverse.Query{Select: []string{opportunityID, stateColumn, sync.CRM}}}}})
	if err != nil {
		return nil, err
	}
	var out []string
	for _, r := range rows {
		deal, is := r.Row(connectionFrom + "_opportunity")
		if is && deal.Text(stateColumn) == strconv.Itoa(mapping.StateOpen) && deal.Text(sync.CRM) == "true" && !slices.Contains(out, deal.ID(opportunityID)) {
			out = append(out, deal.ID(opportunityID))
		}
	}
	return out, nil
}
