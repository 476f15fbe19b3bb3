package main

import (
	"errors"
	"strings"
)

// cause is something that a tool says, and what helps against it. The words are those of the tools and of Azure.
type cause struct{ says, mend string }

// The first that fits counts.
var causes = []cause{
	{"Please run 'az login'", "sign in: az login --tenant TENANT"},
	{"AADSTS", "the sign-in is not taken any more, or needs a second factor: az login --tenant TENANT"},
	{"SubscriptionNotFound", "the account that is signed in does not see the subscription: az account list, then AZURE_SUBSCRIPTION_ID or az login --tenant TENANT"},
	{"not found. Check the spelling and casing", "the account that is signed in does not see the subscription: az account list --refresh, then AZURE_SUBSCRIPTION_ID or az login --tenant TENANT"},
	{"doesn't exist in cloud", "the account that is signed in does not see the subscription: az account list, then AZURE_SUBSCRIPTION_ID or az login --tenant TENANT"},
	{"ForbiddenByConnection", "the vault is closed to the internet (privateNetwork): run this step from inside the network"},
	{"Public network access is disabled", "it is closed to the internet (privateNetwork): run this step from inside the network"},
	{"ForbiddenByRbac", "whoever deploys needs Key Vault Secrets Officer on the vault; the step rights gives it, and it may take ten minutes to be in force"},
	{"roleAssignments/write", "giving rights needs Role Based Access Control Administrator on the resource group; somebody who has it may run this step once"},
	{"AuthorizationFailed", "the account lacks a right: Contributor and Role Based Access Control Administrator on the resource group (docs/deploy.md)"},
	{"MissingSubscriptionRegistration", "somebody with a right on the subscription registers the provider that is named: az provider register --namespace NAME --wait"},
	{"RequestDisallowedByPolicy", "a policy of the organisation forbids it: the text names the policy, and its owner makes an exception or docs/azure.md names the parameter"},
	{"LocationNotAvailableForResourceType", "the region does not have that resource: another AZURE_LOCATION"},
	{"QuotaExceeded", "the subscription's quota in the region is used up: ask for more, or another AZURE_LOCATION"},
	{"FlagMustBeSetForRestore", "a vault of that name was deleted and can be restored: az keyvault recover --name NAME, or another COSELL_NAME"},
	{"SoftDeletedVault", "a vault of that name was deleted and can be restored: az keyvault recover --name NAME, or another COSELL_NAME"},
	{"does not know this operator key", "the app has read its keys before its right to the vault was in force, or COSELL_OPERATOR_KEYS is not what the vault has: az functionapp restart of the app sync reads them anew"},
	{"Error BCP", "the templates are newer than the compiler of az: az bicep upgrade; where it is the newest, the text names file and line"},
	{"DeploymentActive", "another deployment is under way: wait for it"},
	{"ongoing deployment", "another publication is under way: wait for it"},
}

func mend(s step, err error) string {
	if errors.As(err, new(*interrupted)) {
		return "nothing; what Azure has begun goes on there, and the next run finds it done, or waits for it"
	}
	text := err.Error()
	for _, c := range causes {
		if strings.Contains(text, c.says) {
			return c.mend
		}
	}
	var tool *toolError
	if !errors.As(err, &tool) {
		return "what it says"
	}
	return s.mend
}
