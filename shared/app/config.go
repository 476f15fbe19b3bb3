package app

//go:generate go test -run TestSettingsReferenceIsMadeFromTheCode -update .

import (
	"strings"
	"time"
)

// The values of SYNC_ROLE.
const (
	All    = "all"
	Intake = "intake"
	Sync   = "sync"
)

// The values of SYNC_MODE, and of SYNC_SCOPE.
const (
	Live   = "live"
	Shadow = "shadow"

	AllReferrals = "all"
	OwnReferrals = "own"
)

// The values of SYNC_IDENTITY.
const (
	Managed   = "managed"
	Federated = "federated"
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
	// File with the offset of the simulated world's clock ("73h0m0s"), added to ours; only together with
	// SYNC_SIMULATED.
	ClockFile string `env:"SYNC_SIMULATED_CLOCK"`
	// Opens the operator's routes (header x-cosell-key). The previous one stays valid while people change over.
	OperatorKey         Secret `env:"SYNC_OPERATOR_KEY"`
	OperatorKeyPrevious Secret `env:"SYNC_OPERATOR_KEY_PREVIOUS"`
	// The same for several operators, by name, so that the log says who did what: name=key,name=key,… A name
	// may stand there twice while its key is rotated. SYNC_OPERATOR_KEY counts under the name operator.
	OperatorKeys Secret `env:"SYNC_OPERATOR_KEYS"`
	// Where the world reaches the function app, without a path: https://NAME.azurewebsites.net. It is what
	// gets registered with Partner Center.
	PublicURL string `env:"SYNC_PUBLIC_URL"`
	// What we do by ourselves about the webhook registration with Partner Center, which knows one address for a
	// tenant: "report" (say when it is not ours and complete), "restore" (make it so again, once it has been
	// ours) or "never" (it is another system's: neither written nor missed).
	Register string `env:"SYNC_REGISTER" envDefault:"report"`
	// Names the tenant in the webhook's path and in our tables, because events name no tenant. It cannot be
	// changed later without losing what the tables hold. Letters a-z, digits and dashes.
	TenantAlias string `env:"SYNC_TENANT_ALIAS" envDefault:"default"`

	// Further partners that this installation works for, each with a Partner Center of its own: their aliases, as
	// fr,de. What a tenant has of its own is set under its alias and the setting's name, as FR_PARTNER_CENTER_TENANT:
	// every setting SYNC_… and PARTNER_CENTER_… that is not about the process; see docs/tenants.md.
	Tenants []string `env:"SYNC_TENANTS"`
	// Which opportunities belong to which tenant: a column of the opportunity, or of a row behind it, as
	// owningbusinessunit/name. Unset: one that no tenant has linked belongs to the first.
	TenantBy string `env:"SYNC_TENANT_BY"`
	// Of a further tenant, as FR_SYNC_TENANT_ROWS: the values of that column by which an opportunity is its.
	TenantRows []string `env:"SYNC_TENANT_ROWS"`

	// The creation protocol: how long after the intent was written the POST of a referral may still leave,
	// how long it may take, and how long an unknown outcome is waited for. The last must be longer than the
	// sum of the first two, by the longest time that Partner Center takes to commit and list.
	Guard       Span `env:"SYNC_GUARD" envDefault:"5s"`
	PostTimeout Span `env:"SYNC_POST_TIMEOUT" envDefault:"30s"`
	Settle      Span `env:"SYNC_SETTLE" envDefault:"120s"`
	// What happens to a registrable deal that is closed as won too soon after its acceptance, which makes
	// its registration impossible: "delay" (close it when it is time), "warn" (close it and say so) or "off".
	// https://learn.microsoft.com/partner-center/referrals/deal-registration
	WonGuard         string `env:"SYNC_WON_GUARD" envDefault:"delay"`
	WonGuardAge      Span   `env:"SYNC_WON_GUARD_AGE" envDefault:"72h"`
	RegistrableValue string `env:"SYNC_REGISTRABLE_VALUE" envDefault:"25000"`
	// "send": a won deal is registered with Microsoft by the columns that the field sheet names for it (contractSigned and
	// its like). "flag": Audit says that it can be registered.
	// https://learn.microsoft.com/partner-center/register-deals
	DealRegistration string `env:"SYNC_DEAL_REGISTRATION" envDefault:"flag"`
	// The day from which this installation works, as 2026-03-01 or with a time: what was last changed before it is
	// not created on the other side. Until it is set nothing is created at all, and health says so: a person looks
	// first at what both systems hold (cosellctl adopt --plan) and begins (cosellctl adopt --yes), which says what to
	// set here.
	Started Date `env:"SYNC_STARTED"`
	// "live", or "shadow": every event is decided and logged, and nothing is written to either system. The webhook
	// registration is an operator's act in both.
	Mode string `env:"SYNC_MODE" envDefault:"live"`
	// In shadow mode: the one https address to which Partner Center's events are handed on as they came, so that what
	// works in earnest still hears them after this installation has taken the registration.
	ForwardURL Secret `env:"SYNC_FORWARD_URL"`
	// Which referrals of Partner Center concern this installation: "all", or "own" (those that it has made itself, or
	// that a person has linked) where another environment works with the same Partner Center.
	Scope string `env:"SYNC_SCOPE" envDefault:"all"`
	// What a referral that names an existing opportunity needs before it is linked: "ask" (its seller's
	// consent: Sync, or the action on the form) or "own" (nothing, if the partner made the referral).
	Takeover string `env:"SYNC_TAKEOVER" envDefault:"ask"`
	// What becomes of a referral whose CRM id is somebody else's: "ignore" (no opportunity; an open
	// invitation always gets one) or "keep" (an opportunity, and the id stays as it is).
	ForeignCRMID string `env:"SYNC_FOREIGN_CRM_ID" envDefault:"ignore"`
	// Who vouches that a contact may be named to Microsoft: "column" (the consent column says Yes) or
	// "always" (the partner does, for all contacts).
	ContactConsent string `env:"SYNC_CONTACT_CONSENT" envDefault:"column"`
	// How long a lost invitation waits before it is declined, which cannot be taken back.
	DeclineGrace Span `env:"SYNC_DECLINE_GRACE" envDefault:"10m"`
	// Demands at acceptance what only the portal's form demands; off from 48 h before an invitation expires.
	AcceptStrict Flag `env:"SYNC_ACCEPT_STRICT" envDefault:"true"`
	// Which successes get a line in Audit: "steps" (those of the life cycle), "all" or "none".
	AuditSuccess string `env:"SYNC_AUDIT_SUCCESS" envDefault:"steps"`
	// When the column for the last sync is written beside writes that happen anyway: "never", or "quiet" (also
	// after edits towards Partner Center, by the first pass of reconcile after five quiet minutes).
	LastSync string `env:"SYNC_LAST_SYNC" envDefault:"never"`
	// Whether deals are shown to Microsoft: "allow", or "never" (neither visible to its sellers nor asked for help,
	// whatever the opportunity says): for trials, which cosellctl close-test ends.
	Share string `env:"SYNC_SHARE" envDefault:"allow"`
	// Yes: only co-sell and pipeline-sharing deals come from Partner Center, its leads do not. Edits of leads that
	// are linked already go on towards Partner Center.
	CosellOnly Flag `env:"SYNC_COSELL_ONLY" envDefault:"false"`
	// How far before its cursor a change feed is read again, because lists show changes late.
	FeedOverlap Span `env:"SYNC_FEED_OVERLAP" envDefault:"10m"`
	// Puts a tick or a cross before the opportunity's name, as Microsoft's connector does.
	CheckMark Flag `env:"SYNC_CHECK_MARK" envDefault:"true"`
	// Turns a country's name on the account into its code; off, the seller is asked to write the code.
	ConvertCountry Flag `env:"SYNC_CONVERT_COUNTRY" envDefault:"true"`
	// Owns what we create in CRM when nobody else is found: the id or the e-mail of a user.
	DefaultOwner string `env:"SYNC_DEFAULT_OWNER"`
	// Leads the referral's team when the owner is a team or lacks a value: the id or the e-mail of a user.
	DefaultMember string `env:"SYNC_DEFAULT_MEMBER"`
	// Sent for a member of the team who has no phone in CRM; empty sends none.
	DefaultPhone string `env:"SYNC_DEFAULT_PHONE"`
	// When `reconcile` runs: {second} {minute} {hour} {day} {month} {weekday}, UTC. The Functions host reads it.
	// https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
	ReconcileSchedule string `env:"SYNC_RECONCILE_SCHEDULE"`
	// The customer's own field sheet, laid over ours row by row. Unset: mapping.yaml of the package, where
	// make package MAPPING=file has put one.
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
	// written, too: Entra hands out a new one now and then. Another secret, cosell-seal, is made there: the key by
	// which texts in our tables are sealed.
	VaultURL           string `env:"PARTNER_CENTER_VAULT_URL"`
	RefreshTokenSecret string `env:"PARTNER_CENTER_REFRESH_TOKEN_SECRET"`
	// The only hosts from which the certificate of an event's signature is fetched, and whom it may name.
	// https://learn.microsoft.com/partner-center/developer/partner-center-webhooks
	CertificateHosts    []string `env:"PARTNER_CENTER_CERTIFICATE_HOSTS" envDefault:"3psostorageacct.blob.core.windows.net"`
	CertificateSubjects []string `env:"PARTNER_CENTER_CERTIFICATE_SUBJECTS" envDefault:"pcnotifications-dispatch.microsoft.com"`
	// PEM file with intermediate authorities, in case Microsoft's certificate file stops bringing them.
	IntermediatesFile string `env:"PARTNER_CENTER_INTERMEDIATES_FILE"`
	// PEM file with the roots of the simulated world's signatures, in the place of the system's; only together with SYNC_SIMULATED.
	ExtraRootsFile string `env:"PARTNER_CENTER_EXTRA_ROOTS_FILE"`
	// Opens a referral in the portal; {id} stands for its id. Microsoft has moved it before.
	ReferralLink string `env:"PARTNER_CENTER_REFERRAL_LINK" envDefault:"https://partner.microsoft.com/referrals/v2/inbox?id={id}"`
	// The time zone in which people enter closing dates in Partner Center.
	TimeZone string `env:"PARTNER_CENTER_TIME_ZONE" envDefault:"UTC"`
	// How the reason of a closing is written to Partner Center: as "text" or as "code". Microsoft's pages
	// show both.
	Reasons string `env:"PARTNER_CENTER_REASONS" envDefault:"text"`
	// The partner's own organisation id in Partner Center, sent as the inviter where it is known.
	PartnerOrganization string `env:"PARTNER_CENTER_ORGANIZATION"`

	// The environment: https://ORG.crm4.dynamics.com. The API's own address,
	// https://ORG.api.crm4.dynamics.com/api/data/v9.2, is the same.
	DataverseURL string `env:"DATAVERSE_URL"`
	// The application user's registration. Client id and secret empty: the managed identity is the user.
	// https://learn.microsoft.com/power-platform/admin/manage-application-users
	DataverseTenant       string `env:"DATAVERSE_TENANT"`
	DataverseClientID     string `env:"DATAVERSE_CLIENT_ID"`
	DataverseClientSecret Secret `env:"DATAVERSE_CLIENT_SECRET"`
	// The time zone of date columns with user-local behaviour; empty: PARTNER_CENTER_TIME_ZONE.
	// https://learn.microsoft.com/power-apps/maker/data-platform/behavior-format-date-time-field
	DataverseTimeZone string `env:"DATAVERSE_TIME_ZONE"`
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
	// identity; with tenant and secret: an app registration, for the laptop. "federated": a host outside Azure
	// vouches for us (AWS Lambda does), to the identity of that tenant and client id, and no secret is stored.
	// https://learn.microsoft.com/azure/developer/go/sdk/authentication/authentication-overview
	Identity          string `env:"SYNC_IDENTITY" envDefault:"managed"`
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

// Flag is true or false, Yes or No as Dataverse has it, in any case. What cannot be read is noted.
type Flag struct{ On, bad bool }

// UnmarshalText implements encoding.TextUnmarshaler.
func (f *Flag) UnmarshalText(text []byte) error {
	word := strings.ToLower(string(text))
	f.On = word == "true" || word == "yes"
	f.bad = !f.On && word != "false" && word != "no"
	return nil
}

// Date is a day, or a moment, zero where it is not set. A day begins in UTC. What cannot be read is noted.
type Date struct {
	time.Time
	bad bool
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Date) UnmarshalText(text []byte) error {
	for _, form := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(form, string(text)); err == nil {
			d.Time = t.UTC()
			return nil
		}
	}
	d.bad = true
	return nil
}
