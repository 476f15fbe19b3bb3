package dataversesim_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestMetadataOfTables(t *testing.T) {
	w := newWorld(t)
	w.do("GET", "EntityDefinitions(LogicalName='opportunity')?$select=ChangeTrackingEnabled,CanChangeTrackingBeEnabled,EntitySetName,PrimaryIdAttribute", "").is(200).has(map[string]any{
		"ChangeTrackingEnabled": true, "EntitySetName": "opportunities", "PrimaryIdAttribute": "opportunityid", "SchemaName": nil})
	w.do("GET", "EntityDefinitions(LogicalName='nothing')", "").is(404)
	w.do("GET", "EntityDefinitions(LogicalName='opportunity')?$select=Bogus", "").is(400)
	if got := w.do("GET", "EntityDefinitions?$select=LogicalName&$filter=LogicalName eq 'cosell_solution'", "").column("LogicalName"); got != "cosell_solution" {
		t.Errorf("filtered: %s", got)
	}
	keys := w.do("GET", "EntityDefinitions(LogicalName='opportunity')/Keys?$select=SchemaName,KeyAttributes,EntityKeyIndexStatus", "").rows()
	if len(keys) != 1 || fmt.Sprint(keys[0]["KeyAttributes"]) != "[cosell_referralid]" || keys[0]["EntityKeyIndexStatus"] != "Active" {
		t.Errorf("keys %v", keys)
	}
	nav := w.do("GET", "EntityDefinitions(LogicalName='cosell_solution')/ManyToOneRelationships?$select=ReferencingEntityNavigationPropertyName&$filter=ReferencingAttribute eq 'cosell_opportunityid'", "")
	if got := nav.column("ReferencingEntityNavigationPropertyName"); got != "cosell_OpportunityId" {
		t.Errorf("navigation property %s", got)
	}
	expanded := w.do("GET", "EntityDefinitions(LogicalName='team')?$select=LogicalName&$expand=Attributes($select=LogicalName)", "").is(200)
	if len(expanded.json["Attributes"].([]any)) < 5 {
		t.Error(expanded.text)
	}
}

func TestMetadataOfColumns(t *testing.T) {
	w := newWorld(t)
	base := "EntityDefinitions(LogicalName='opportunity')/Attributes"
	lengths := map[string]any{}
	for _, r := range w.do("GET", base+"/Microsoft.Dynamics.CRM.StringAttributeMetadata?$select=LogicalName,MaxLength", "").rows() {
		lengths[r["LogicalName"].(string)] = r["MaxLength"]
	}
	contains(t, lengths, map[string]any{"name": 300, "cosell_referralid": 100, "description": nil})
	w.do("GET", base+"(LogicalName='description')/Microsoft.Dynamics.CRM.MemoAttributeMetadata", "").is(200).has(map[string]any{"MaxLength": 2000})
	w.do("GET", base+"(LogicalName='description')/Microsoft.Dynamics.CRM.StringAttributeMetadata", "").is(404)
	w.do("GET", base+"(LogicalName='nothing')", "").is(404)
	w.do("GET", base+"(LogicalName='estimatedclosedate')", "").is(200).has(map[string]any{"AttributeType": "DateTime"})
	targets := map[string]any{}
	for _, r := range w.do("GET", base+"/Microsoft.Dynamics.CRM.LookupAttributeMetadata?$select=LogicalName,Targets", "").rows() {
		targets[r["LogicalName"].(string)] = r["Targets"]
	}
	contains(t, targets, map[string]any{"customerid": "[account contact]", "ownerid": "[systemuser team]", "parentaccountid": "[account]"})
	w.do("GET", base+"(LogicalName='customerid')", "").has(map[string]any{"AttributeType": "Customer"})
	help := w.do("GET", base+"(LogicalName='cosell_help')/Microsoft.Dynamics.CRM.PicklistAttributeMetadata?$select=LogicalName&$expand=OptionSet,GlobalOptionSet", "").is(200)
	global := help.json["GlobalOptionSet"].(map[string]any)
	if global["Name"] != "cosell_help" || len(global["Options"].([]any)) != 6 {
		t.Errorf("GlobalOptionSet %v", global)
	}
	status := w.do("GET", base+"/Microsoft.Dynamics.CRM.StatusAttributeMetadata?$select=LogicalName&$expand=OptionSet", "").rows()
	options := status[0]["OptionSet"].(map[string]any)["Options"].([]any)
	last := options[4].(map[string]any)
	if len(options) != 5 || fmt.Sprint(last["Value"], last["State"]) != "5 2" || last["Label"].(map[string]any)["UserLocalizedLabel"].(map[string]any)["Label"] != "Out-Sold" {
		t.Errorf("status options %v", options)
	}
}

func TestMetadataOfGlobalChoices(t *testing.T) {
	w := newWorld(t)
	w.do("GET", "GlobalOptionSetDefinitions(Name='cosell_help')", "").is(200).has(map[string]any{"Name": "cosell_help", "IsGlobal": true})
	w.do("GET", "GlobalOptionSetDefinitions(Name='nothing')", "").is(404)
	all := strings.Split(w.do("GET", "GlobalOptionSetDefinitions", "").column("Name"), ",")
	for _, name := range []string{"cosell_action", "cosell_help", "cosell_state"} {
		if !slices.Contains(all, name) {
			t.Errorf("%s is missing in %v", name, all)
		}
	}
	if len(w.do("GET", "RelationshipDefinitions?$filter=SchemaName eq 'cosell_opportunity_solution'", "").rows()) != 1 {
		t.Error("no relationship cosell_opportunity_solution")
	}
}
