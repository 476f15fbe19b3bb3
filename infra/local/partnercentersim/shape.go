package partnercentersim

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"
)

type kind int

const (
	text kind = iota
	decimal
	flag
	moment
	enum
	object
	list
	opaque // kept as it comes: shapes that nobody has documented
)

// shape says what Partner Center knows about one property. Members are found without regard to case,
// because the service binds requests so; answers are always camelCase.
type shape struct {
	name    string
	kind    kind
	values  []string          // of an enum
	members map[string]*shape // of an object, by lower-case name
	order   []*shape
	element *shape // of a list
	always  bool   // an object that every answer holds, even when nothing was said about it
}

func prop(k kind, names ...string) []*shape {
	out := make([]*shape, 0, len(names))
	for _, n := range names {
		out = append(out, &shape{name: n, kind: k})
	}
	return out
}

func choice(name string, values ...string) []*shape {
	return []*shape{{name: name, kind: enum, values: values}}
}

func obj(name string, groups ...[]*shape) []*shape {
	s := &shape{name: name, kind: object, members: map[string]*shape{}}
	for _, g := range groups {
		for _, m := range g {
			s.members[strings.ToLower(m.name)] = m
			s.order = append(s.order, m)
		}
	}
	return []*shape{s}
}

func always(s []*shape) []*shape {
	s[0].always = true
	return s
}

func arr(name string, groups ...[]*shape) []*shape {
	return []*shape{{name: name, kind: list, element: obj("", groups...)[0]}}
}

// referralShape is the referral resource: section 2 of the specification, and
// https://learn.microsoft.com/partner-center/developer/referral-resources.
func referralShape() *shape {
	member := [][]*shape{
		prop(text, "firstName", "lastName", "phoneNumber", "email", "title"),
		obj("contactPreference", prop(text, "locale"), prop(flag, "disableNotifications")),
	}
	return obj("",
		prop(text, "id", "engagementId", "name", "organizationId", "organizationName", "lastModifiedVia", "lastRunId", "externalReferenceId"),
		prop(moment, "createdDateTime", "updatedDateTime", "expirationDateTime", "acceptedDateTime", "closedDateTime"),
		choice("status", "New", "Active", "Closed"),
		choice("substatus", "Pending", "Received", "Accepted", "Won", "Lost", "Declined", "Expired", "Error"),
		prop(text, "statusReason"),
		choice("qualification", "None", "Direct", "MarketingQualified", "SalesQualified"),
		choice("type", "Independent", "Shared"),
		prop(text, "referralSource", "callToAction", "eTag"),
		prop(flag, "favorite"), prop(text, "campaignId", "salesStage", "quality"), prop(flag, "isSpam"),
		choice("direction", "Incoming", "Outgoing"),
		prop(text, "mpnId", "referralProgram", "dealSensitivity", "createdVia"),
		[]*shape{{name: "tags", kind: list, element: &shape{kind: text}}},
		prop(text, "registrationStatus"),
		arr("target", choice("type", "None", "BusinessProfileLocation", "SolutionProfile"), prop(text, "id")),
		always(obj("customerProfile",
			prop(text, "name", "size"), prop(flag, "isMatchingComplete"),
			obj("address", prop(text, "addressLine1", "addressLine2", "city", "state", "postalCode", "country", "region")),
			arr("team", member...),
			arr("ids", choice("profileType", "Duns", "External"), prop(text, "id")))),
		always(obj("consent", prop(flag, "consentToToShareInfoWithOthers", "consentToContact",
			"consentToMicrosoftToContactSpecificPartners", "consentToShareReferralWithMicrosoftSellers"))),
		always(detailsShape()),
		arr("team", member...),
		always(obj("inviteContext", prop(text, "notes"),
			choice("assistanceRequestCode", helpCodes()...), prop(text, "invitedMpnId"),
			obj("invitedBy", prop(text, "organizationId", "organizationName")))),
		obj("links"),
		always(obj("trackingInfo", prop(text, "microsoftMsxId", "microsoftUSFedOpportunityId", "microsoftUSFedLeadId",
			"migratedPSCDealId", "migratedPSCPartnerDealId"))),
		prop(opaque, "exception"), registrationShape(),
	)[0]
}

func detailsShape() []*shape {
	id := prop(text, "id")
	return obj("details",
		prop(text, "notes"), prop(decimal, "dealValue"), prop(text, "currency"), prop(moment, "closingDateTime"),
		prop(flag, "customerRequestedContact"), prop(text, "customerAction", "incentiveLevel"),
		always(obj("requirements",
			arr("industries", id), arr("products", id), arr("services", id),
			arr("solutions", prop(text, "id", "name"), choice("type", "None", "Category", "Name"),
				prop(decimal, "price", "quantity"), prop(text, "currency", "publisherName", "solutionType"),
				prop(moment, "closingDateTime")),
			prop(opaque, "offers", "salesPlays"),
			always(obj("additionalRequirements",
				obj("iot", prop(text, "customerLicenseAgreementNumber", "deviceCategory", "siliconType"),
					prop(flag, "azureCertifiedDevice", "attachServices")),
				arr("attributes", prop(text, "type", "id")))))))
}

// helpCodes are the values of assistanceRequestCode; the first means that no help is asked.
func helpCodes() []string {
	return []string{"Unknown", "GeneralOrOther", "CustomerTechnicalArchitecture", "ProofOfConceptOrDemo",
		"QuotesOrLicensing", "PostSalesCustomerSuccess", "WorkloadSpecificValueProposition"}
}

// reading collects what is wrong with a body while it is brought into canonical form.
type reading struct {
	problems []problem
	engaged  bool     // Engaged is taken for Active, since answers say so
	unknown  []string // members that Partner Center does not know, and passes over
}

func (r *reading) wrong(path, format string, args ...any) {
	r.problems = append(r.problems, problem{strings.TrimPrefix(path, "/"), fmt.Sprintf(format, args...)})
}

// canonical brings a value into the form that is stored: known members only, in their own spelling.
func (r *reading) canonical(s *shape, v any, path string) any {
	if v == nil {
		if s.kind == list {
			return []any{}
		}
		return nil
	}
	switch s.kind {
	case opaque:
		return v
	case object:
		return r.object(s, v, path)
	case list:
		return r.list(s, v, path)
	case flag:
		if b, ok := v.(bool); ok {
			return b
		}
		r.wrong(path, "must be true or false")
		return nil
	case decimal:
		return r.decimal(v, path)
	}
	t, ok := v.(string)
	switch {
	case !ok:
		r.wrong(path, "must be a string")
		return nil
	case s.kind == moment:
		return r.moment(t, path)
	case s.kind == enum:
		return r.choice(s, t, path)
	}
	return t
}

func (r *reading) moment(t, path string) any {
	at, err := time.Parse(time.RFC3339, t)
	if err != nil {
		r.wrong(path, "must be a date and time such as 2026-09-30T00:00:00Z, not %q", t)
		return nil
	}
	if serverTime(at) == t {
		return t // one of our own
	}
	return shortTime(at)
}

func (r *reading) choice(s *shape, t, path string) any {
	for _, allowed := range s.values {
		if strings.EqualFold(allowed, t) {
			return allowed
		}
	}
	if r.engaged && s.name == "status" && t == "Engaged" {
		return "Active"
	}
	r.wrong(path, "must be one of %s, not %q", strings.Join(s.values, ", "), t)
	return nil
}

func (r *reading) object(s *shape, v any, path string) any {
	in, ok := v.(map[string]any)
	if !ok {
		r.wrong(path, "must be an object")
		return nil
	}
	out := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(in)) { // the same body gives the same list of problems
		value := in[name]
		m := s.members[strings.ToLower(name)]
		if m == nil {
			r.unknown = append(r.unknown, strings.TrimPrefix(path+"/"+name, "/"))
			continue
		}
		out[m.name] = r.canonical(m, value, path+"/"+m.name)
	}
	return out
}

func (r *reading) list(s *shape, v any, path string) any {
	if m, isObject := v.(map[string]any); isObject && len(m) == 0 {
		return []any{} // as the service itself sends an empty list of ids
	}
	in, ok := v.([]any)
	if !ok {
		r.wrong(path, "must be an array")
		return []any{}
	}
	out := make([]any, 0, len(in))
	for i, e := range in {
		if e == nil {
			r.wrong(fmt.Sprintf("%s/%d", path, i), "must not be null")
			continue
		}
		out = append(out, fill(s.element, r.canonical(s.element, e, fmt.Sprintf("%s/%d", path, i))))
	}
	return out
}

// decimal takes a number or, as the official samples send it, a numeric string.
func (r *reading) decimal(v any, path string) any {
	t, ok := v.(string)
	if n, isNumber := v.(json.Number); isNumber {
		t, ok = n.String(), true
	}
	value, valid := new(big.Rat).SetString(t)
	if !ok || !valid || strings.ContainsAny(t, "/_xXpPbBoO") || len(t) > 40 {
		r.wrong(path, "must be a number")
		return nil
	}
	return decimalText(value)
}

// decimalText writes a decimal as the service does, always with a fraction: 85000.0.
func decimalText(v *big.Rat) json.Number {
	t := strings.TrimRight(v.FloatString(10), "0")
	if strings.HasSuffix(t, ".") {
		t += "0"
	}
	return json.Number(t)
}

// fill adds the members that an answer always holds: null, an empty list, or for consents false.
func fill(s *shape, v any) any {
	in, ok := v.(map[string]any)
	if !ok || s.kind != object {
		return v
	}
	for _, m := range s.order {
		have, there := in[m.name]
		switch {
		case there && have != nil:
			in[m.name] = fill(m, have)
		case m.kind == list || m.kind == opaque && m.name != "exception":
			in[m.name] = []any{}
		case m.always:
			in[m.name] = fill(m, map[string]any{})
		default:
			in[m.name] = nil
		}
	}
	return in
}

// find follows a slash-separated path of names; nil when it names nothing that Partner Center knows.
func (s *shape) find(path string) *shape {
	for _, name := range strings.Split(strings.Trim(path, "/"), "/") {
		if s = s.members[strings.ToLower(name)]; s == nil {
			return nil
		}
	}
	return s
}
