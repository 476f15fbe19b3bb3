package cosell

import (
	"maps"
	"slices"
)

// Lagging says what hangs on the opportunity and cannot be as it is shown, or nothing: lists may show a change
// late, and the row's own version does not tell. gone is the child row of which an event says that it was
// deleted.
//
//	shown                                  | known
//	a child row less                       | nobody said that it was deleted
//	the child row of the event             | it was deleted
//	a child row as it was before           | a newer version of it was written
//	members as before a write of ours      | CRM said that they are written
//	closed as lost, no new close activity  | every closing makes one, with the reason
func (p Pair) Lagging(o Opportunity, gone string) string {
	taken := p.Sending != nil && p.Sending.Taken && len(p.Sending.New.Members(Solutions)) > 0
	switch {
	case gone != "" && slices.Contains(o.Rows, gone):
		return "a child row that was deleted is still listed"
	case slices.ContainsFunc(o.Children, func(child Side) bool { return p.AgeOf(child) != Current }):
		return "a child row is listed as it was before"
	case taken && !p.Sending.shows(o):
		return "child rows are listed as before they were written"
	case !taken && slices.ContainsFunc(p.Rows, func(id string) bool { return id != gone && !slices.Contains(o.Rows, id) }):
		return "a child row is not listed any more, and nobody said that it was deleted"
	case p.unexplained(o):
		return "the deal is closed, and its close activity is not listed yet"
	}
	return ""
}

// shows says whether the record has the members as they were written.
func (s *Sending) shows(o Opportunity) bool {
	for member, v := range s.New.Members(Solutions) {
		_, listed := o.Record[Solutions.Of(member)]
		if listed != (v != "") {
			return false
		}
	}
	return true
}

// unexplained says whether a deal was closed as lost since and does not show why, and was not believed in this version: while
// Partner Center refuses the closing, every look finds it anew.
func (p Pair) unexplained(o Opportunity) bool {
	now, was := o.Record[Status], p.Base.Opportunity[Status]
	if now != Lost && now != Canceled || was == "" || OpportunityClosed(was) {
		return false
	}
	if p.Seen[o.ID].Unexplained == o.Version && o.Version != "" {
		return false
	}
	at := o.Record[LastClosed]
	return at == p.Base.Opportunity[LastClosed] && (at != "" || o.Record[Reason] == "")
}

// SawRow notes the version of an opportunity that was read, those of its child rows, and its connections.
func (p Pair) SawRow(o Opportunity) Pair { return p.Saw(o.Side).sawRows(o).sawConnected(o) }

// sawConnected notes the connections of an opportunity, where they were read.
func (p Pair) sawConnected(o Opportunity) Pair {
	if o.Connected != nil {
		p.Connected = o.Connected
	}
	return p
}

// KnowsRows says whether the pair knows of the rows that hang on an opportunity that was read: which they are, not their versions.
func (p Pair) KnowsRows(o Opportunity) bool {
	return slices.Equal(p.Rows, o.Rows) && slices.Equal(p.Connected, p.sawConnected(o).Connected)
}

// sawRows notes the child rows of an opportunity that was read, and forgets those that are gone.
func (p Pair) sawRows(o Opportunity) Pair {
	p = p.Saw(o.Children...)
	p.Seen = maps.Clone(p.Seen)
	maps.DeleteFunc(p.Seen, func(id string, s Sight) bool {
		ours := slices.Contains(p.Rows, id) || id != o.ID && s.Modified.IsZero() && len(s.Versions) > 0 && s.Versions[len(s.Versions)-1] == Unread
		return ours && !slices.Contains(o.Rows, id)
	})
	p.Rows = o.Rows
	return p
}

// wroteRows notes the child rows after a write; a row that was deleted with it has no version that counts.
func (p Pair) wroteRows(before, after Opportunity) Pair {
	p = p.Saw(after.Children...)
	for _, child := range before.Children {
		if !slices.Contains(after.Rows, child.ID) {
			p = p.Overtaken(child.ID, child.Version)
		}
	}
	p.Rows = after.Rows
	return p
}

// BelievesAll takes everything of the opportunity as it is shown.
func (p Pair) BelievesAll(o Opportunity) Pair {
	for _, child := range o.Children {
		if p.AgeOf(child) != Current {
			p = p.Believes(child)
		}
	}
	if p.unexplained(o) {
		p = p.look(o.ID, func(s Sight) Sight {
			s.Unexplained = o.Version
			return s
		})
	}
	return p
}
