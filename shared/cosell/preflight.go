package cosell

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Limits of Partner Center. https://learn.microsoft.com/partner-center/bulk-operations
const mostMembers = 50

// Prepare gives the values of a new referral for the opportunity, and everything that is missing, all at
// once. No problem means that the referral can be created.
func Prepare(o Opportunity, rules []Rule) (Record, []Problem) {
	values := Record{}
	for _, rule := range rules {
		if rule.Way == ToOpportunity || rule.Way == Read || rule.Way == Inside || rule.Way == NewOpportunity || rule.Door == Lifecycle {
			continue
		}
		if !rule.List {
			if v, ok := o.Record[rule.Field]; ok && v != "" {
				values[rule.Field] = across(rule.ToReferral, v)
			}
			continue
		}
		for member, v := range o.Record.Members(rule.Field) {
			values[rule.Field.Of(member)] = across(rule.ToReferral, v)
		}
	}
	if values[Help] != "" {
		values[Visibility] = True
	}
	return values, Preflight(o)
}

// required are the plain fields that every referral needs.
var required = []struct {
	field      Field
	code, text string
	mend       string
}{
	{Name, "name.required", "the opportunity has no name", "fill in the topic"},
	{DealValue, "value.required", "the deal value is empty or 0", "fill in the estimated revenue"},
	{Currency, "currency.required", "the opportunity has no currency", "choose a currency"},
	{ClosingDate, "date.required", "the closing date is empty", "fill in the estimated close date"},
	{CustomerName, "customer.required", "the opportunity has no account", "choose the customer's account"},
	{"customerAddress1", "address.required", "the account has no street", "fill in the account's Address 1: Street 1"},
	{"customerCity", "city.required", "the account has no city", "fill in the account's Address 1: City"},
}

// Preflight names everything that Partner Center would refuse, at once, with the way to mend it.
func Preflight(o Opportunity) []Problem {
	var out []Problem
	for _, r := range required {
		v := o.Record[r.field]
		if v == "" || r.field == DealValue && !positive(v) {
			out = append(out, Problem{Code: r.code, Field: r.field, Text: r.text, Mend: r.mend})
		}
	}
	out = append(out, country(o.Record)...)
	out = append(out, solutions(o.Record)...)
	out = append(out, team(o.Record)...)
	if o.Record[Help] != "" {
		out = append(out, NeedsContact(o)...)
	}
	out = append(out, services(o.Record)...)
	for i := range out {
		out[i].Class, out[i].Place = OfRecord, InPartnerCenter
	}
	return out
}

// services names what a deal with a service lacks that Microsoft is to see.
// https://learn.microsoft.com/partner-center/referrals/create-manage-services-co-sell
func services(r Record) []Problem {
	if r[ServicesDeal] != True || r[Visibility] != True && r[Help] == "" {
		return nil
	}
	var out []Problem
	for _, want := range []struct {
		field      Field
		code, what string
	}{{SolutionArea, "area", "solution area"}, {SolutionPlay, "play", "solution play"}, {PartnerRole, "role", "partner's role"}} {
		odd := r[Unreadable.Of(string(want.field))]
		if r[want.field] != "" {
			continue
		}
		text := "one of the solutions is a service, and a services deal that Microsoft sees needs a " + want.what
		if odd != "" {
			text += ": " + odd
		}
		out = append(out, Problem{Code: "services." + want.code + ".required", Field: want.field, Text: text,
			Mend: "choose it on the opportunity; the row " + string(want.field) + " of the field sheet names its column"})
	}
	return out
}

var ownerless = Problem{Code: "team.required", Field: Team, Text: "the opportunity is not owned by a person", Mend: "assign it to a user"}

// unseenPeople is why Microsoft is not asked while nobody can tell who works on the deal: nothing on the record would mend that, so it is
// tried again by itself.
var unseenPeople = Problem{Code: CodePeopleUnread, Field: Help, Place: InPartnerCenter, Class: OfOurs, Sent: true,
	Text: "Microsoft was not asked for help: who is connected with the opportunity may not be read",
	Mend: "give the application user's role the right to read connections and connection roles; it is tried again by itself"}

// namesPeople says whether the record was read with who works on the deal.
func namesPeople(r Record) bool {
	_, team := r[Team]
	_, contacts := r[Contacts]
	return team || contacts
}

// NeedsContact names what is missing before Microsoft can be asked for help.
func NeedsContact(o Opportunity) []Problem {
	if odd := o.Record[Unreadable.Of(string(Contacts))]; odd != "" {
		return []Problem{{Code: "consent.required", Field: Contacts, Text: "Microsoft's help needs a customer contact: " + odd,
			Mend: "set it once the contact has agreed, or choose a contact who has"}}
	}
	if len(o.Record.Members(Contacts)) == 0 {
		return []Problem{{Code: "contact.required", Field: Contacts,
			Text: "Microsoft's help needs a customer contact", Mend: "choose a contact on the opportunity"}}
	}
	return people(o.Record, Contacts, "contact", "the customer contact", "fill it in on the contact")
}

func country(r Record) []Problem {
	v, odd := r[CustomerCountry], r[Unreadable.Of(string(CustomerCountry))]
	switch {
	case odd != "":
		return []Problem{{Code: "country.invalid", Field: CustomerCountry, Text: "the account's country cannot be sent: " + odd,
			Mend: "set the account's Address 1: Country to two letters (ISO 3166), such as FR for France"}}
	case v == "":
		return []Problem{{Code: "country.required", Field: CustomerCountry, Text: "the account has no country",
			Mend: "fill in the account's Address 1: Country with two letters (ISO 3166), such as DE"}}
	case !twoLetters(v):
		return []Problem{{Code: "country.invalid", Field: CustomerCountry, Text: "the account's country is not a two-letter code",
			Mend: "set the account's Address 1: Country to two letters (ISO 3166), such as FR for France"}}
	}
	return nil
}

func twoLetters(v string) bool {
	return len(v) == 2 && isLetter(v[0]) && isLetter(v[1])
}

func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

func solutions(r Record) []Problem {
	odd := r[Unreadable.Of(string(Solutions))]
	switch n := len(r.Members(Solutions)); {
	case n == 0 && odd != "":
		return []Problem{{Code: solutionRequired, Field: Solutions, Text: "the opportunity has no Microsoft solution that can be sent: " + odd,
			Mend: "choose one of the catalogue in the row under Microsoft solutions, or correct its identifier"}}
	case n == 0:
		return []Problem{{Code: solutionRequired, Field: Solutions, Text: "the opportunity has no Microsoft solution",
			Mend: "add at least one row under Microsoft solutions"}}
	default:
		return tooMany(Solutions, n)
	}
}

// tooMany names a list that is longer than Partner Center takes.
func tooMany(list Field, n int) []Problem {
	code, what := "", ""
	switch {
	case n <= mostMembers:
		return nil
	case list == Solutions:
		code, what = "solution.toomany", " Microsoft solutions"
	case list == Team:
		code, what = "team.toomany", " people in its sales team, with the owner"
	default:
		return nil
	}
	return []Problem{{Code: code, Field: list, Text: "the opportunity has " + strconv.Itoa(n) + what, Mend: "keep at most " + strconv.Itoa(mostMembers)}}
}

// team looks whether Partner Center would take the partner's people.
func team(r Record) []Problem {
	members := r.Members(Team)
	if len(members) == 0 {
		return []Problem{ownerless}
	}
	return append(people(r, Team, "team", "the owner", "fill it in on the owner's user record"), tooMany(Team, len(members))...)
}

// people looks for the four values that Partner Center wants of each person.
func people(r Record, list Field, code, who, mend string) []Problem {
	for _, v := range r.Members(list) {
		var person map[string]string
		if json.Unmarshal([]byte(v), &person) != nil {
			continue
		}
		var missing []string
		for _, part := range []struct{ key, label string }{{"firstName", "first name"}, {"lastName", "last name"}, {"email", "e-mail"}, {"phone", "phone"}} {
			if person[part.key] == "" {
				missing = append(missing, part.label)
			}
		}
		if len(missing) > 0 {
			return []Problem{{Code: code + ".incomplete", Field: list, Text: who + " has no " + strings.Join(missing, ", no "), Mend: mend}}
		}
	}
	return nil
}
