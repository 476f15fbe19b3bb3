package partnercentersim

import (
	"fmt"
	"slices"
	"strings"
)

// The lists of the referral resource: sections 2.5 and 2.8 of the specification, and
// https://learn.microsoft.com/partner-center/developer/referral-resources. Items are parted by a bar.
const (
	customerSizes = "1to9employees|10to50employees|51to250employees|251to1000employees|1001to5000employees|5001to10000employees|10001to20000employees|Morethan20000employees" +
		"|1to50employees|51to500employees|Morethan500employees" // the last three are of older days
	industries = "Agriculture, Forestry, & Fishing|Communications & Media|Education|Financial Services|Government|Healthcare|Hospitality|Manufacturing|Power & Utilities" +
		"|Public Safety and National Security|Retail & Consumer Goods|Services|Travel & Transportation|Wholesale & Distribution"
	products = "Azure|EnterpriseMobilityAndSecurity|Exchange|DeveloperTools|Dynamics365Business|Dynamics365Enterprise|DynamicsAX,GP,NAV,SL|Microsoft365|Office|PowerBI|Project" +
		"|SharePoint|SkypeForBusiness|Surface|SurfaceHub|SQL|Teams|Visio|Windows|Yammer"
	services = "ConsultingAndProfessional|CustomSolution(ISV)|DeploymentOrMigration|Hardware|Integration|IPServices(ISV)|LearningAndCertification|Licensing|ManagedServices|ProjectServices"
	intents  = "Yes|No|HaveNotDecided"
)

// codes checks the values that are on a list, by the switch of that name.
func (c *demands) codes(d document) {
	if c.s.is("codes", "free") {
		return
	}
	if size := d.text("customerProfile/size"); size != "" && !listed(customerSizes, size) {
		c.wrong("customerProfile/size", "%q is none of %s", size, strings.ReplaceAll(customerSizes, "|", ", "))
	}
	for _, one := range [][2]string{{"industries", industries}, {"products", products}, {"services", services}} {
		path, list := "details/requirements/"+one[0], one[1]
		for i, e := range d.items(path) {
			if id := rowOf(e).text("id"); !listed(list, id) {
				c.wrong(fmt.Sprintf("%s/%d/id", path, i), "%q is none of %s", id, strings.ReplaceAll(list, "|", ", "))
			}
		}
	}
	for _, id := range attributesOf(d, "CustomerMarketplaceIntent") {
		if !listed(intents, id) {
			c.wrong(attributesPath, "CustomerMarketplaceIntent %q is none of %s", id, strings.ReplaceAll(intents, "|", ", "))
		}
	}
}

func listed(list, value string) bool { return slices.Contains(strings.Split(list, "|"), value) }

// plea checks the notes to Microsoft of a deal that asks for help: how short they may be is not documented.
func (c *demands) plea(d document) {
	if n, least := len([]rune(strings.TrimSpace(d.text("inviteContext/notes")))), c.s.number("inviteNotesMinimum"); n < least {
		c.wrong("inviteContext/notes", "must have at least %d characters, not %d", least, n)
	}
}
