package app

import "time"

// The values of SYNC_ROLE.
const (
	All    = "all"
	Intake = "intake"
	Sync   = "sync"
)

// Config is every setting there is. They are environment variables: the app settings of the function app,
// or the values of local.settings.json. An empty one counts as not set. New settings have a default, so
// that new code starts with old settings.
type Config struct {
	// What this process serves and which settings it therefore demands: "intake" takes events and may only
	// send to queues, "sync" holds the credentials and does the work, "all" is both.
	Role string `env:"SYNC_ROLE" envDefault:"all"`
	// "host=127.0.0.1:port,…": the real host names that lead to simulators. Set only on a laptop; then
	// nothing else is ever connected to. Unset: the real network.
	Simulated string `env:"SYNC_SIMULATED"`
	// PEM file with the simulated world's own certificate authority; only together with SYNC_SIMULATED.
	CAFile string `env:"SYNC_CA_FILE"`
	// Opens the operator's routes (header x-cosell-key). The previous one stays valid while people change over.
	OperatorKey         Secret `env:"SYNC_OPERATOR_KEY"`
	OperatorKeyPrevious Secret `env:"SYNC_OPERATOR_KEY_PREVIOUS"`
	// Where the world reaches the function app, without a path: https://NAME.azurewebsites.net. It is what
	// gets registered with Partner Center.
	PublicURL string `env:"SYNC_PUBLIC_URL"`
	// Names the tenant in the webhook's path and in our tables, because events name no tenant. It cannot be
	// changed later without losing what the tables hold. Letters a-z, digits and dashes.
	TenantAlias string `env:"SYNC_TENANT_ALIAS" envDefault:"default"`

	// The creation protocol: how long after the intent was written the POST of a referral may still leave,
	// how long it may take, and how long an unknown outcome is waited for. The last must be longer than the
	// sum of the first two, by the longest time that Partner Center takes to commit and list.
	Guard       Span `env:"SYNC_GUARD" envDefault:"5s"`
	PostTimeout Span `env:"SYNC_POST_TIMEOUT" envDefault:"30s"`
	Settle      Span `env:"SYNC_SETTLE" envDefault:"120s"`
	// What happens to a registrable deal that is closed as won too soon after its acceptance, which makes
	// its registration impossible: "off", "warn" (close it and say so) or "delay" (close it when it is time).
	// https://learn.microsoft.com/partner-center/referrals/deal-registration
	WonGuard         string `env:"SYNC_WON_GUARD" envDefault:"warn"`
	WonGuardAge      Span   `env:"SYNC_WON_GUARD_AGE" envDefault:"72h"`
	RegistrableValue string `env:"SYNC_REGISTRABLE_VALUE" envDefault:"25000"`
	// Puts a tick or a cross before the opportunity's name, as Microsoft's connector does.
	CheckMark Flag `env:"SYNC_CHECK_MARK" envDefault:"true"`
	// Turns a country's name on the account into its code; off, the seller is asked to write the code.
	ConvertCountry Flag `env:"SYNC_CONVERT_COUNTRY" envDefault:"false"`
	// Owns what we create in CRM when nobody else is found: the id or the e-mail of a user.
	DefaultOwner string `env:"SYNC_DEFAULT_OWNER"`
	// Sent for a member of the team who has no phone in CRM; empty sends none.
	DefaultPhone string `env:"SYNC_DEFAULT_PHONE"`
	// When `reconcile` runs: {second} {minute} {hour} {day} {month} {weekday}, UTC. The Functions host reads it.
	// https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
	ReconcileSchedule string `env:"SYNC_RECONCILE_SCHEDULE"`
	// The customer's own field sheet, laid over ours row by row.
	MappingFile string `env:"SYNC_MAPPING_FILE"`

	// Partner Center's three hosts. Two of them want tokens of their own.
	// https://learn.microsoft.com/partner-center/developer/referral-api-authentication
	PartnerCenterURL         string `env:"PARTNER_CENTER_URL" envDefault:"https://api.partner.microsoft.com"`
	PartnerCenterWebhooksURL string `env:"PARTNER_CENTER_WEBHOOKS_URL" envDefault:"https://api.partnercenter.microsoft.com"`
	LoginURL                 string `env:"PARTNER_CENTER_LOGIN_URL" envDefault:"https://login.microsoftonline.com"`
	// The app registration of the secure application model, in the partner's tenant.
	// https://learn.microsoft.com/partner-center/developer/enable-secure-app-model
	PartnerCenterTenant       string `env:"PARTNER_CENTER_TENANT"`
	PartnerCenterClientID     string `env:"PARTNER_CENTER_CLIENT_ID"`
	PartnerCenterClientSecret Secret `env:"PARTNER_CENTER_CLIENT_SECRET"`
	// The key vault, and the name of its secret, that keep the integration user's refresh token. It is
	// written, too: Entra hands out a new one now and then.
	VaultURL           string `env:"PARTNER_CENTER_VAULT_URL"`
	RefreshTokenSecret string `env:"PARTNER_CENTER_REFRESH_TOKEN_SECRET"`
	// The only hosts from which the certificate of an event's signature is fetched, and whom it may name.
	// https://learn.microsoft.com/partner-center/developer/partner-center-webhooks
	CertificateHosts    []string `env:"PARTNER_CENTER_CERTIFICATE_HOSTS" envDefault:"3psostorageacct.blob.core.windows.net"`
	CertificateSubjects []string `env:"PARTNER_CENTER_CERTIFICATE_SUBJECTS" envDefault:"pcnotifications-dispatch.microsoft.com"`
	// PEM file with intermediate authorities, in case Microsoft's certificate file stops bringing them.
	IntermediatesFile string `env:"PARTNER_CENTER_INTERMEDIATES_FILE"`
	// PEM file with roots trusted beside the system's; only together with SYNC_SIMULATED.
	ExtraRootsFile string `env:"PARTNER_CENTER_EXTRA_ROOTS_FILE"`
	// Opens a referral in the portal; {id} stands for its id. Microsoft has moved it before.
	ReferralLink string `env:"PARTNER_CENTER_REFERRAL_LINK" envDefault:"https://partner.microsoft.com/referrals/v2/inbox?id={id}"`
	// The time zone in which people enter closing dates in Partner Center.
	TimeZone string `env:"PARTNER_CENTER_TIME_ZONE" envDefault:"UTC"`
	// The partner's own organisation id in Partner Center, sent as the inviter where it is known.
	PartnerOrganization string `env:"PARTNER_CENTER_ORGANIZATION"`

	// The environment: https://ORG.crm4.dynamics.com, no path.
	DataverseURL string `env:"DATAVERSE_URL"`
	// The application user's registration. Client id and secret empty: the managed identity is the user.
	// https://learn.microsoft.com/power-platform/admin/manage-application-users
	DataverseTenant       string `env:"DATAVERSE_TENANT"`
	DataverseClientID     string `env:"DATAVERSE_CLIENT_ID"`
	DataverseClientSecret Secret `env:"DATAVERSE_CLIENT_SECRET"`
	// Events of any other organisation are refused.
	DataverseOrganization string `env:"DATAVERSE_ORGANIZATION_ID"`
	// The header in which the event steps send their secret, and the secret; the previous one stays valid
	// while it is rotated. There is no signature: it is the only proof of origin.
	// https://learn.microsoft.com/power-apps/developer/data-platform/use-webhooks
	WebhookHeader         string `env:"DATAVERSE_WEBHOOK_HEADER" envDefault:"x-cosell-crm-key"`
	WebhookSecret         Secret `env:"DATAVERSE_WEBHOOK_SECRET"`
	WebhookSecretPrevious Secret `env:"DATAVERSE_WEBHOOK_SECRET_PREVIOUS"`

	// Service Bus, under the names that the host's triggers read: a connection string (laptop), or the
	// namespace's host name with the app's identity.
	// https://learn.microsoft.com/azure/azure-functions/functions-bindings-service-bus-trigger#connections
	ServiceBus          Secret `env:"ServiceBus"`
	ServiceBusNamespace string `env:"ServiceBus__fullyQualifiedNamespace"`
	// The tables: a connection string (laptop), or https://ACCOUNT.table.core.windows.net with the identity.
	TablesConnection Secret `env:"TABLES_CONNECTION_STRING"`
	TablesEndpoint   string `env:"TABLES_ENDPOINT"`

	// Which identity is used for queues, tables and vault. Client id alone: the user-assigned managed
	// identity; with tenant and secret: an app registration, for hosts outside Azure and the laptop.
	// https://learn.microsoft.com/azure/developer/go/sdk/authentication/authentication-overview
	AzureTenant       string `env:"AZURE_TENANT_ID"`
	AzureClientID     string `env:"AZURE_CLIENT_ID"`
	AzureClientSecret Secret `env:"AZURE_CLIENT_SECRET"`
}

// Span is a length of time, "90s" or "72h". What cannot be read is noted and reported with all other
// mistakes.
type Span struct {
	time.Duration
	bad bool
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	s.Duration, s.bad = d, err != nil || d <= 0
	return nil
}

// Flag is true or false. What cannot be read is noted.
type Flag struct{ On, bad bool }

// UnmarshalText implements encoding.TextUnmarshaler.
func (f *Flag) UnmarshalText(text []byte) error {
	f.On = string(text) == "true"
	f.bad = !f.On && string(text) != "false"
	return nil
}
