package partnercentersim

import (
	"slices"
	"strings"
)

// location checks the partner location (mpnId) of a deal. It is chosen at creation and never changes afterwards;
// no API lists the locations of an organisation.
func (c *demands) location(d document) {
	if id := d.text("mpnId"); id != "" && c.s.is("locations", "known") && !slices.Contains(c.s.opts.Locations, id) {
		c.wrong("mpnId", "%q is no location of the organisation: use one of %s", id, strings.Join(c.s.opts.Locations, ", "))
	}
}

// covers says whether the integration user's role reaches a deal: a role may be given for single locations.
func (s *Sim) covers(d document) bool {
	id := d.text("mpnId")
	return s.is("roleLocations", "all") || id == "" || id == s.opts.Locations[0]
}

// located gives a new deal of the partner the first location where it names none, by switch.
func (s *Sim) located(d document) {
	if d.text("mpnId") == "" && s.is("fillLocation", "true") {
		d["mpnId"] = s.opts.Locations[0]
	}
}

// isAssessment recognises a solution assessment: Microsoft pays the partner for looking at what a customer has. Its
// shape is not documented; the program names it here.
func isAssessment(d document) bool { return d.text("referralProgram") == assessmentProgram }

const assessmentProgram = "SolutionAssessment"

// assessment is one that Microsoft's seller sends. A sales stage is mandatory for it.
func (s *Sim) assessment() document {
	d := s.inboundDeal()
	d["referralProgram"], d["salesStage"], d["callToAction"] = assessmentProgram, "10", "Assess"
	d.put("details/incentiveLevel", "Standard")
	d.put("details/dealValue", nil)
	d.put("details/requirements/offers", []any{map[string]any{"id": "assessment", "name": "Infrastructure and database migration"}})
	d.put("details/requirements/salesPlays", []any{map[string]any{"id": "migrate"}})
	return d
}

// stage demands the sales stage of a solution assessment, and one that the switch salesStages takes.
func (c *demands) stage(d document) {
	if isAssessment(d) {
		c.needText(d, "salesStage")
	}
	known := map[string][]string{"percent": {"10", "20", "40", "60", "80", "100"}, "names": {"Qualify", "Develop", "Propose", "Close"}}[c.s.switches["salesStages"]]
	if stage := d.text("salesStage"); stage != "" && known != nil && !slices.Contains(known, stage) {
		c.wrong("salesStage", "must be one of %s, not %q", strings.Join(known, ", "), stage)
	}
}

// ids checks the customer's numbers: a D-U-N-S number has nine digits.
func (c *demands) ids(d document) {
	if c.s.is("formats", "free") {
		return
	}
	for _, e := range d.items("customerProfile/ids") {
		if one := rowOf(e); one.text("profileType") == "Duns" && !isDuns(one.text("id")) {
			c.wrong("customerProfile/ids", "Duns must be nine digits, not %q", one.text("id"))
		}
	}
}
