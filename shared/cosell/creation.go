package cosell

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The base of a pair that was just made. What was sent is what was agreed, whatever is read afterwards: a
// person may have been there since, on either side, while nobody knew whether the creation worked.

// Posted is the base of a referral that is about to be POSTed with the values.
func Posted(o Opportunity, values Record, rules []Rule) Base {
	sent := Record{}
	for f, v := range values {
		sent[f] = remember(f, v)
	}
	for _, r := range rules {
		_, any := sent[r.Field]
		switch {
		case any || r.Way == ToOpportunity || r.Way == Read || r.Way == Inside || r.Door == Lifecycle:
		case r.List:
			sent[r.Field] = strconv.Itoa(len(values.Members(r.Field)))
		default:
			sent[r.Field] = "" // nothing was said of it: whoever fills it in is a person
		}
	}
	return Base{Referral: sent, Opportunity: Remember(o.Record)}
}

// Created is the base once the referral is known: what was sent, completed by what only the referral says.
// own is the referral as it was read; answered says that it is the very answer to the POST, and so nobody
// was there in between: then what the system made of a value counts. A referral that was not changed since it
// was made is as good.
func Created(posted Base, own Referral, answered bool) Base {
	answered = answered || !own.CreatedAt.IsZero() && own.Modified.Equal(own.CreatedAt)
	base := posted.Clone()
	for f, v := range own.Record {
		_, sent := posted.Referral[f]
		if !sent || answered {
			if list, _, member := f.List(); member && !answered {
				if _, sentList := posted.Referral[list]; sentList {
					continue // a member that came later
				}
			}
			base.Referral[f] = remember(f, v)
		}
	}
	delete(base.Referral, Help)
	return base
}

// Unknown is the intent after an attempt whose outcome stayed unknown.
func (i Intent) Unknown() Intent {
	i.GaveUp = withPrints(i.GaveUp, Fingerprint(i.Base.Referral))
	i.Earlier = append([]Base{i.Base}, i.Earlier...)
	i.Earlier = i.Earlier[:min(len(i.Earlier), attempts)]
	return i
}

// Led is what the attempt was made of that led to the referral: the one whose values it shows, else the last.
func (i Intent) Led(r Record) Base {
	for _, b := range append([]Base{i.Base}, i.Earlier...) {
		if Fingerprint(b.Referral) == Fingerprint(r) {
			return b
		}
	}
	return i.Base
}

// Others are the fingerprints of what attempts may have made beside the referral that one of them has led to.
func (i Intent) Others(r Record) []string {
	if newest := Fingerprint(i.Base.Referral); i.Sent && newest != Fingerprint(i.Led(r).Referral) {
		return withPrints(i.GaveUp, newest)
	}
	return i.GaveUp
}

// HasPosted is the pair of which more was POSTed than one referral: the fingerprints of what was.
func (p Pair) HasPosted(prints ...string) Pair {
	p.Posted = withPrints(p.Posted, prints...)
	return p
}

// withPrints adds fingerprints, each once: where Partner Center gives no clear answer for days there is an attempt every two minutes, and a row
// of the table takes no thousand of them.
func withPrints(known []string, prints ...string) []string {
	out := slices.Clone(known)
	for _, print := range prints {
		if !slices.Contains(out, print) {
			out = append(out, print)
		}
	}
	return out
}

// Fingerprint tells referrals of our own making from those of people: it is made of the values that both
// a POST and a referral show.
func Fingerprint(r Record) string {
	var b strings.Builder
	for _, f := range []Field{Name, DealValue, Currency, ClosingDate, CustomerName, CustomerCountry} {
		b.WriteString(string(f))
		b.WriteByte('=')
		b.WriteString(strings.TrimSpace(r[f]))
		b.WriteByte('\n')
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:16])
}

// ForOpportunity gives the values of a new opportunity for the referral: everything that the sheet carries
// that way or fills at creation, cut to what the CRM holds.
func ForOpportunity(r Referral, rules []Rule) Record {
	values := Record{}
	for _, rule := range rules {
		if rule.Way == Read || rule.Way == Inside || rule.Way == NewReferral || rule.Door == Lifecycle || rule.Way == ToReferral && !rule.Related {
			continue // what only travels the other way is not written, not even once
		}
		for f, v := range r.Record {
			list, _, member := f.List()
			if v != "" && (f == rule.Field && !rule.List || member && list == rule.Field) {
				values[f] = across(rule.ToOpportunity, v)
			}
		}
	}
	return values
}

// Left drops from the values of a new opportunity what CRM does not take, with what hangs on it.
func Left(values Record, f Field, rules []Rule) Record {
	out := values.Clone()
	drop := map[Field]bool{f: true}
	switch f {
	case DealValue, Currency:
		drop[DealValue], drop[Currency] = true, true
	}
	list, _, member := f.List()
	for g := range values {
		l, _, m := g.List()
		if drop[g] || m && l == f || member && g == list && len(values.Members(list)) == 1 {
			delete(out, g)
		}
	}
	if related(rules, f) { // a customer without one of its columns would be another customer
		maps.DeleteFunc(out, func(g Field, _ string) bool { return related(rules, g) })
	}
	return out
}

func related(rules []Rule, f Field) bool {
	if list, _, ok := f.List(); ok {
		f = list
	}
	i := slices.IndexFunc(rules, func(r Rule) bool { return r.Field == f })
	return i >= 0 && rules[i].Related
}

// Made is the base of an opportunity that was just made: what both hold, but for the fields that CRM did
// not take. Of those the referral counts as changed since, so that they arrive as any edit does.
func Made(r Referral, o Opportunity, left []Field) Base {
	base := Base{Referral: Remember(r.Record), Opportunity: Remember(o.Record)}
	for _, f := range left { // what CRM holds instead, a default perhaps, is nobody's edit
		list, _, member := f.List()
		for g := range base.Referral {
			if l, _, ok := g.List(); ok && (l == f || member && g == f) {
				delete(base.Referral, g)
			}
		}
		switch {
		case !member:
			base.Referral[f] = ""
			if _, read := base.Opportunity[f]; !read {
				base.Opportunity[f] = ""
			}
		case base.Referral[list] != "":
			base.Referral[list] = strconv.Itoa(len(base.Referral.Members(list)))
		}
	}
	return base
}

// never are the fields without which there is no opportunity. The name goes last of all: a deal without one is called
// after its customer.
var never = []Field{Name, Sync, ReferralID, ReferralLink, Status, Audit, Mark, State, ErrorCode, LastSync, Expires}

// Halves gives, for a new opportunity that CRM refused without saying why, what is tried instead: without
// the one half of its values, without the other, with none, and without its name alone.
func Halves(values Record) []Record {
	var optional []Record
	for _, atom := range Atoms(values) {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(atom)), func(f Field) bool { return slices.Contains(never, f) }) {
			optional = append(optional, atom)
		}
	}
	without := func(atoms []Record) Record {
		out := values.Clone()
		for _, a := range atoms {
			for f := range a {
				delete(out, f)
			}
		}
		return out
	}
	var out []Record
	if half := len(optional) / 2; half > 0 {
		out = append(out, without(optional[:half]), without(optional[half:]))
	}
	if len(optional) > 0 {
		out = append(out, without(optional))
	}
	if values[Name] != "" {
		out = append(out, without([]Record{{Name: ""}}))
	}
	return out
}

// Digest is a short print of a text.
func Digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

// Edited says whether the referral differs from its base in anything that travels to CRM.
func Edited(base Base, r Referral, rules []Rule) bool {
	m := &merger{base: base, p: r.Record, d: Record{}}
	for _, rule := range rules {
		if rule.Way != Both && rule.Way != ToOpportunity {
			continue
		}
		for _, f := range m.entries(rule) {
			if p, ok := r.Record.value(f); ok && !same(base.Referral[f], p) {
				return true
			}
		}
	}
	return false
}

// Explains says whether Audit explains the problem already.
func (p Pair) Explains(what Problem) bool { return slices.Contains(p.Told, what.print()) }

// Explained says whether the seller has read of the problem: Audit explains it, as the pair remembers, or, where that remembers nothing
// because the tables were lost, or too little because older ones were put back or because a write was not noted as made, as Audit
// itself shows.
func (p Pair) Explained(audit string, what Problem, older bool) bool {
	return p.Explains(what) || (older || p.Landed || len(p.Told) == 0) && StillTold(audit, what)
}

// Lacks is the pair of which one record cannot be made: for the problems, at the time, with the side that
// was read.
func (p Pair) Lacks(problems []Problem, at time.Time, read Side) Pair {
	version := map[Place]string{InCRM: read.Version}
	p.Held = heldFrom(p.Held, problems, at, version)
	p.Told = Prints(problems)
	if p.ReferralID == "" || p.Phase == Making {
		p.Phase = Lacking
	}
	return p
}

// Unheard is the pair whose row did not take the words: what it explained before, and no more.
func (p Pair) Unheard(before Pair) Pair {
	p.Told = slices.DeleteFunc(slices.Clone(p.Told), func(print string) bool { return !slices.Contains(before.Told, print) })
	return p
}

// Unasked is the pair that was just linked while Microsoft refused to be asked: it is not asked the same again
// before something changes or it is due.
func (p Pair) Unasked(why Problem, help string, own Side) Pair {
	why.Field, why.Place, why.Value, why.Sent = Help, InPartnerCenter, Asked(Record{Help: help}), true
	p.Held = heldFrom(nil, []Problem{why}, own.Read, map[Place]string{InPartnerCenter: own.Version})
	return p
}

// AskedMicrosoft is the linked pair after Microsoft's referral was made: the help is agreed, and waits to be told
// unless audit, which is as Options.AuditSuccess, tells no success. Where two records meet at it, they still do.
func (in Pairing) AskedMicrosoft(m Referral, help, audit string) Pair {
	p := in.Pair
	p.MicrosoftID, p.Held = m.ID, in.meeting()
	p.Base = p.Base.Clone()
	p.Base.Referral[Help] = help
	if audit != "none" {
		p.Untold = append(slices.Clone(p.Untold), askedMicrosoft(help))
	}
	return p.Saw(m.Side)
}

// LinkedBack is the pair after identifier, link and Microsoft's answer were written into the opportunity:
// before is the row that was written, answer what was written of Microsoft's. Its base stays what was
// POSTed, so that whoever edited since shows as having edited.
func (p Pair) LinkedBack(before, written Opportunity, own, microsoft Referral, answer Record) Pair {
	p.Phase, p.Held, p.Told, p.LastSuccess = Linked, nil, nil, own.Read
	base := p.Base.Clone()
	help := before.Record[Help]
	switch {
	case p.MicrosoftID != "":
		maps.Copy(base.Referral, Remember(microsoft.Record))
		base.Referral[Help] = cmp.Or(microsoft.Record[Help], help) // what it was asked for: the seller may have chosen another since
	case help != "":
		base.Opportunity[Help] = "" // still to be asked, and explained where that goes wrong
	}
	ours := append([]Field{ReferralID, ReferralLink}, columnsOfOurs...)
	if help != "" && own.Record[Visibility] == True {
		ours = append(ours, Visibility) // asking for help made it visible on both sides
	}
	for _, f := range slices.AppendSeq(ours, maps.Keys(answer)) {
		base.Opportunity.renew(f, written.Record)
	}
	if before.Record[Name] == base.Opportunity[Name] {
		base.Opportunity.renew(Name, written.Record) // a long name made room for the mark
	}
	p.Base, p.OpportunityVersion, p.Rows = base, written.Version, written.Rows
	p.Columns = written.youngest(before.youngest(p.Columns))
	return p.sawConnected(before).Saw(own.Side, microsoft.Side).Wrote(before.Version, written.Side)
}
