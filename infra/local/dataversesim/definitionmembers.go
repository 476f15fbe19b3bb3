package dataversesim

import "strings"

// memberNames are the properties of a metadata type, as the reference of the Web API lists them.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/metadataentitytypes
func memberNames(typeName string) []string {
	switch {
	case typeName == "EntityMetadata":
		return strings.Fields(entityMembers)
	case typeName == "OptionSetMetadata":
		return strings.Fields("MetadataId HasChanged IsCustomOptionSet IsGlobal IsManaged IsCustomizable Name ExternalTypeName DisplayName Description OptionSetType IntroducedVersion ParentOptionSetName Options")
	case typeName == "OneToManyRelationshipMetadata":
		return strings.Fields("MetadataId HasChanged IsCustomRelationship IsCustomizable IsManaged IsValidForAdvancedFind SchemaName SecurityTypes RelationshipType IntroducedVersion AssociatedMenuConfiguration CascadeConfiguration ReferencedAttribute ReferencedEntity ReferencingAttribute ReferencingEntity IsHierarchical EntityKey IsRelationshipAttributeDenormalized ReferencedEntityNavigationPropertyName ReferencingEntityNavigationPropertyName RelationshipBehavior RelationshipAttributes IsDenormalizedLookup DenormalizedAttributeName Lookup")
	case typeName == "EntityKeyMetadata":
		return strings.Fields("MetadataId HasChanged DisplayName EntityKeyIndexStatus EntityLogicalName IntroducedVersion IsCustomizable IsExportKey IsManaged IsSecondaryKey IsSynchronous KeyAttributes LogicalName SchemaName AsyncJob")
	}
	return strings.Fields(attributeMembers + " " + attributeTypeMembers()[typeName])
}

const entityMembers = `MetadataId HasChanged ActivityTypeMask AutoCreateAccessTeams AutoRouteToOwnerQueue CanBeInCustomEntityAssociation CanBeInManyToMany
	CanBePrimaryEntityInRelationship CanBeRelatedEntityInRelationship CanChangeHierarchicalRelationship CanChangeTrackingBeEnabled CanCreateAttributes CanCreateCharts
	CanCreateForms CanCreateViews CanEnableSyncToExternalSearchIndex CanModifyAdditionalSettings CanTriggerWorkflow ChangeTrackingEnabled CollectionSchemaName CreatedOn
	DataProviderId DataSourceId DaysSinceRecordLastModified Description DisplayCollectionName DisplayName EnforceStateTransitions EntityColor EntityHelpUrl
	EntityHelpUrlEnabled EntitySetName ExternalCollectionName ExternalName HasActivities HasEmailAddresses HasFeedback HasNotes IconLargeName IconMediumName
	IconSmallName IconVectorName IntroducedVersion IsActivity IsActivityParty IsAIRUpdated IsArchivalEnabled IsAuditEnabled IsAvailableOffline IsBPFEntity
	IsBusinessProcessEnabled IsChildEntity IsConnectionsEnabled IsCustomEntity IsCustomizable IsDocumentManagementEnabled IsDocumentRecommendationsEnabled
	IsDuplicateDetectionEnabled IsEnabledForCharts IsEnabledForExternalChannels IsEnabledForTrace IsImportable IsInteractionCentricEnabled IsIntersect
	IsKnowledgeManagementEnabled IsLogicalEntity IsMSTeamsIntegrationEnabled IsMailMergeEnabled IsManaged IsMappable IsOfflineInMobileClient
	IsOneNoteIntegrationEnabled IsOptimisticConcurrencyEnabled IsPrivate IsQuickCreateEnabled IsReadOnlyInMobileClient IsReadingPaneEnabled IsRenameable
	IsRetentionEnabled IsRetrieveAuditEnabled IsRetrieveMultipleAuditEnabled IsSLAEnabled IsSolutionAware IsStateModelAware IsValidForAdvancedFind
	IsValidForQueue IsVisibleInMobile IsVisibleInMobileClient LogicalCollectionName LogicalName MobileOfflineFilters ModifiedOn ObjectTypeCode OwnerId
	OwnerIdType OwnershipType PrimaryIdAttribute PrimaryImageAttribute PrimaryNameAttribute Privileges RecurrenceBaseEntityLogicalName ReportViewName SchemaName
	Settings SettingOf SyncToExternalSearchIndex TableType UsesBusinessDataLabelTable OwningBusinessUnit Attributes Keys ManyToManyRelationships
	ManyToOneRelationships OneToManyRelationships`

const attributeMembers = `MetadataId HasChanged AttributeOf AttributeType AttributeTypeName AutoNumberFormat CanBeSecuredForCreate CanBeSecuredForRead CanBeSecuredForUpdate
	CanModifyAdditionalSettings ColumnNumber CreatedOn DeprecatedVersion Description DisplayName EntityLogicalName ExternalName InheritsFrom IntroducedVersion
	IsAuditEnabled IsCustomAttribute IsCustomizable IsDataSourceSecret IsFilterable IsGlobalFilterEnabled IsLogical IsManaged IsPrimaryId IsPrimaryName
	IsRenameable IsRequiredForForm IsRetrievable IsSearchable IsSecured IsSortableEnabled IsValidForAdvancedFind IsValidForCreate IsValidForForm IsValidForGrid
	IsValidForRead IsValidForUpdate IsValidODataAttribute LinkedAttributeId LogicalName ModifiedOn RequiredLevel SchemaName Settings SourceType`

// attributeTypeMembers are what the types of columns have beside that.
func attributeTypeMembers() map[string]string {
	return map[string]string{
		"StringAttributeMetadata":              "DatabaseLength Format FormatName FormulaDefinition ImeMode IsLocalizable MaxLength SourceTypeMask YomiOf",
		"MemoAttributeMetadata":                "Format FormatName ImeMode IsLocalizable MaxLength",
		"BooleanAttributeMetadata":             "DefaultValue FormulaDefinition SourceTypeMask OptionSet GlobalOptionSet",
		"IntegerAttributeMetadata":             "Format FormulaDefinition MaxValue MinValue SourceTypeMask",
		"BigIntAttributeMetadata":              "MaxValue MinValue",
		"DecimalAttributeMetadata":             "FormulaDefinition ImeMode MaxValue MinValue Precision SourceTypeMask",
		"DoubleAttributeMetadata":              "ImeMode MaxValue MinValue Precision",
		"MoneyAttributeMetadata":               "CalculationOf FormulaDefinition ImeMode IsBaseCurrency MaxValue MinValue Precision PrecisionSource SourceTypeMask",
		"DateTimeAttributeMetadata":            "CanChangeDateTimeBehavior DateTimeBehavior Format FormulaDefinition ImeMode MaxSupportedValue MinSupportedValue SourceTypeMask",
		"PicklistAttributeMetadata":            "ChildPicklistLogicalNames DefaultFormValue FormulaDefinition ParentPicklistLogicalName SourceTypeMask OptionSet GlobalOptionSet",
		"MultiSelectPicklistAttributeMetadata": "ChildPicklistLogicalNames DefaultFormValue FormulaDefinition ParentPicklistLogicalName SourceTypeMask OptionSet GlobalOptionSet",
		"StateAttributeMetadata":               "DefaultFormValue OptionSet GlobalOptionSet",
		"StatusAttributeMetadata":              "DefaultFormValue OptionSet GlobalOptionSet",
		"LookupAttributeMetadata":              "Format Targets",
		"UniqueIdentifierAttributeMetadata":    "",
		"ManagedPropertyAttributeMetadata":     "",
	}
}
