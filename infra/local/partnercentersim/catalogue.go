package partnercentersim

import (
	_ "embed" // the data of the catalogue
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

//go:embed catalogue.json
var catalogueData []byte

// solution is one that a deal can name. The real catalogue is not offered by the API.
type solution struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	Publisher    string `json:"publisher"`
	SolutionType string `json:"solutionType"` // 3P, or 1P for Microsoft's own
	Kind         string `json:"kind"`         // application or service
	CoSellReady  bool   `json:"coSellReady"`
	AzureIP      bool   `json:"azureIPCoSell"` // eligible for deal registration
}

type catalogue []solution

func readCatalogue() (catalogue, error) {
	var out catalogue
	if err := json.Unmarshal(catalogueData, &out); err != nil {
		return nil, fmt.Errorf("catalogue.json: %w", err)
	}
	return out, nil
}

func (c catalogue) find(id string) *solution {
	if i := slices.IndexFunc(c, func(s solution) bool { return strings.EqualFold(s.ID, id) }); i >= 0 {
		return &c[i]
	}
	return nil
}

// offers says whether a deal may name a solution: one of Microsoft's own, or a partner's that is co-sell ready.
func (c catalogue) offers(id string) bool {
	s := c.find(id)
	return s != nil && (s.CoSellReady || s.SolutionType == "1P")
}

// holdsService says whether one of a deal's solutions is a service, which makes a shared deal Services co-sell.
func (c catalogue) holdsService(d document) bool {
	return slices.ContainsFunc(d.items(solutionsPath), func(e any) bool {
		s := c.find(rowOf(e).text("id"))
		return s != nil && s.Kind == "service"
	})
}

// isCategory knows the predefined solutions of type Category: section 2.8 of the specification.
func isCategory(id string) bool {
	const all = " AdvancedAnalytics ApplicationIntegration ArtificialIntelligence AzureSecurityOperationManagement AzureStack" +
		" BackupDisasterRecovery BigData Blockchain Chatbot CloudDatabaseMigration CloudMigration CloudVoice CognitiveServices" +
		" CompetitiveDatabaseMigration Containers DataWarehouse DatabaseonLinux DevelopmentandTest DevOps DigitalMedia" +
		" Dynamics365forCustomerService Dynamics365forFieldService Dynamics365forFinanceOperations Dynamics365forRetail" +
		" Dynamics365forSales Dynamics365forTalent DynamicsonAzure EnterpriseBusinessIntelligence Gaming" +
		" HighPerformanceComputing HybridStorage IdentityandAccessManagement InformationManagement InternetofThings" +
		" MachineLearning Microserviceapplications MobileApplications MySQLPostgresMigrationtoAzure Networking" +
		" NoSQLMigration RedhatonAzure RegulatoryComplianceGDPR SAPonAzure ServerlessComputing SharepointonAzure" +
		" SQLServerUpgrade ThreatProtection WebDevelopment "
	return !strings.Contains(id, " ") && strings.Contains(all, " "+id+" ")
}
