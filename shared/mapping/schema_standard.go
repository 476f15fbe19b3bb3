package mapping

import (
	"strconv"
	"strings"
)

// standardColumns are the columns of Dynamics 365 Sales as shipped, by table. What an organisation has changed of
// them its metadata says.
func standardColumns() map[string][]column {
	out := map[string][]column{}
	table := ""
	for line := range strings.Lines(standard) {
		name, rest, isColumn := strings.Cut(strings.TrimSpace(line), " ")
		if !isColumn {
			table = name
			continue
		}
		kind, label, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
		kind, length, _ := strings.Cut(strings.TrimSuffix(kind, ")"), "(")
		c := column{name: name, kind: kind, label: strings.TrimLeft(label, " ")}
		c.length, _ = strconv.Atoi(length) // 0: the kind has none
		out[table] = append(out[table], c)
	}
	return out
}

// standard has a line for each column: logical name, type with the length of a text, and what people call it. A line
// of one word begins a table. https://learn.microsoft.com/dynamics365/developer/reference/entities/opportunity
const standard = `opportunity
  name                       String(300)   Topic
  estimatedvalue             Money         Est. Revenue
  actualvalue                Money         Actual Revenue
  budgetamount               Money         Budget Amount
  transactioncurrencyid      Lookup        Currency
  estimatedclosedate         DateTime      Est. Close Date
  actualclosedate            DateTime      Actual Close Date
  description                Memo(2000)    Description
  customerneed               Memo(2000)    Customer Need
  currentsituation           Memo(2000)    Current Situation
  proposedsolution           Memo(2000)    Proposed Solution
  customerpainpoints         Memo(2000)    Customer Pain Points
  qualificationcomments      Memo(2000)    Qualification Comments
  quotecomments              Memo(2000)    Quote Comments
  emailaddress               String(100)   Email Address
  stepname                   String(200)   Pipeline Phase
  salesstage                 Picklist      Sales Stage
  opportunityratingcode      Picklist      Rating
  purchasetimeframe          Picklist      Purchase Timeframe
  budgetstatus               Picklist      Budget
  need                       Picklist      Need
  statecode                  State         Status
  statuscode                 Status        Status Reason
  ownerid                    Owner         Owner
  parentaccountid            Lookup        Account
  parentcontactid            Lookup        Contact
  customerid                 Customer      Potential Customer
  isrevenuesystemcalculated  Boolean       Revenue
  closeprobability           Integer       Probability
  owningbusinessunit         Lookup        Owning Business Unit
  campaignid                 Lookup        Source Campaign
  pricelevelid               Lookup        Price List
  originatingleadid          Lookup        Originating Lead
lead
  subject                    String(300)   Topic
  firstname                  String(50)    First Name
  lastname                   String(50)    Last Name
  companyname                String(100)   Company Name
  jobtitle                   String(100)   Job Title
  mobilephone                String(20)    Mobile Phone
  websiteurl                 String(200)   Website
  estimatedamount            Money         Est. Value
  budgetamount               Money         Budget Amount
  revenue                    Money         Annual Revenue
  transactioncurrencyid      Lookup        Currency
  estimatedclosedate         DateTime      Est. Close Date
  leadsourcecode             Picklist      Lead Source
  leadqualitycode            Picklist      Rating
  statecode                  State         Status
  statuscode                 Status        Status Reason
  ownerid                    Owner         Owner
  address1_line1             String(250)   Address 1: Street 1
  address1_line2             String(250)   Address 1: Street 2
  address1_line3             String(250)   Address 1: Street 3
  address1_city              String(80)    Address 1: City
  address1_stateorprovince   String(50)    Address 1: State/Province
  address1_postalcode        String(20)    Address 1: ZIP/Postal Code
  address1_country           String(80)    Address 1: Country/Region
  emailaddress1              String(100)   Email
  telephone1                 String(50)    Business Phone
  description                Memo(2000)    Description
opportunityclose
  description                Memo(2000)    Description
account
  name                       String(160)   Account Name
  accountnumber              String(20)    Account Number
  websiteurl                 String(200)   Website
  numberofemployees          Integer       Number of Employees
  revenue                    Money         Annual Revenue
  industrycode               Picklist      Industry
  primarycontactid           Lookup        Primary Contact
  territoryid                Lookup        Territory
  owningbusinessunit         Lookup        Owning Business Unit
  address1_line1             String(250)   Address 1: Street 1
  address1_line2             String(250)   Address 1: Street 2
  address1_line3             String(250)   Address 1: Street 3
  address1_city              String(80)    Address 1: City
  address1_stateorprovince   String(50)    Address 1: State/Province
  address1_postalcode        String(20)    Address 1: ZIP/Postal Code
  address1_country           String(80)    Address 1: Country/Region
  emailaddress1              String(100)   Email
  telephone1                 String(50)    Business Phone
  description                Memo(2000)    Description
contact
  firstname                  String(50)    First Name
  lastname                   String(50)    Last Name
  mobilephone                String(50)    Mobile Phone
  jobtitle                   String(100)   Job Title
  address1_line1             String(250)   Address 1: Street 1
  address1_line2             String(250)   Address 1: Street 2
  address1_line3             String(250)   Address 1: Street 3
  address1_city              String(80)    Address 1: City
  address1_stateorprovince   String(50)    Address 1: State/Province
  address1_postalcode        String(20)    Address 1: ZIP/Postal Code
  address1_country           String(80)    Address 1: Country/Region
  emailaddress1              String(100)   Email
  telephone1                 String(50)    Business Phone
  description                Memo(2000)    Description
systemuser
  firstname                  String(64)    First Name
  lastname                   String(64)    Last Name
  internalemailaddress       String(100)   Primary Email
  address1_telephone1        String(64)    Main Phone
  mobilephone                String(64)    Mobile Phone
`
