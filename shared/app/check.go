package app

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/caarlos0/env/v11"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/funchost"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
	"github.com/cosell-sync/cosell-sync/shared/pattern"
)

// loaded is what the settings amount to.
type loaded struct {
	Config
	dialer    *httpclient.Dialer
	own       []mapping.Source // the customer's field sheet in a file
	sheet     *mapping.Sheet   // what that makes of ours, where nobody has pushed another; nil without a file: ours has no mistakes
	operators []funchost.Key
	given     map[string]bool   // settings that have a value
	variables map[string]string // settings by the names of Microsoft's environment variables
	site      string            // the host name under which Azure serves this app (WEBSITE_HOSTNAME); "" where nobody says it
	tenants   []loaded          // further ones
}

// layers is what lies under a field sheet that was pushed, the lowest first.
func (c loaded) layers() []mapping.Source { return slices.Clone(c.own) }

// load reads the settings from "NAME=value" pairs and reports every mistake at once, those of the
// customer's field sheet included, by the setting's name and never with its value.
func load(environ []string) (loaded, error) {
	values := given(environ)
	k, err := read(values)
	if err != nil {
		return loaded{}, err
	}
	k.further(values)
	if len(k.mistakes) > 0 {
		slices.SortFunc(k.mistakes, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
		return loaded{}, fmt.Errorf("the settings are wrong, %d in all:\n%w", len(k.mistakes), errors.Join(k.mistakes...))
	}
	return k.loaded, nil
}

// read reads the settings of one tenant, and notes their mistakes.
func read(values map[string]string) (*checker, error) {
	var c Config
	if err := env.ParseWithOptions(&c, env.Options{Environment: values}); err != nil {
		return nil, fmt.Errorf("reading the settings: %w", err) // no field of Config can fail: a mistake of ours
	}
	for _, address := range []*string{&c.PublicURL, &c.PartnerCenterURL, &c.PartnerCenterWebhooksURL, &c.LoginURL, &c.VaultURL, &c.DataverseURL, &c.TablesEndpoint} {
		*address = strings.TrimRight(*address, "/")
	}
	c.DataverseURL = dataverse.Address(c.DataverseURL)
	k := &checker{loaded: loaded{Config: c, given: map[string]bool{}, variables: map[string]string{}, site: values["WEBSITE_HOSTNAME"]}}
	for name, value := range values {
		k.given[name] = true
		if low := strings.ToLower(name); strings.HasPrefix(low, prefixOfVariables) {
			k.variables[low] = value
		}
	}
	k.check()
	return k, nil
}

// parts are the prefixes of settings that are ours alone.
var parts = []string{"SYNC_", "PARTNER_CENTER_", "DATAVERSE_", "TABLES_"}

// unknown lists the settings that look like ours and are none: misspelt, or of another version.
func unknown(environ, tenants []string) (names []string) {
	known := settingNames()
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		ours := slices.ContainsFunc(parts, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
		if of, rest, is := ofTenant(name, tenants); is {
			ours, name = true, rest
			if known[name] {
				continue
			}
			name = of + rest
		}
		if ours && value != "" && !known[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// settingNames are the names of all settings there are.
var settingNames = sync.OnceValue(func() map[string]bool {
	known, _ := env.GetFieldParams(&Config{}) // cannot fail for a struct
	out := map[string]bool{}
	for _, p := range known {
		out[p.Key] = true
	}
	return out
})

// checker collects mistakes.
type checker struct {
	loaded
	mistakes []error
}

func (k *checker) wrong(name, format string, args ...any) {
	k.mistakes = append(k.mistakes, fmt.Errorf("  %s %s", name, fmt.Sprintf(format, args...)))
}

func (k *checker) check() {
	k.role()
	k.world()
	k.times()
	k.rules()
	k.partnerCenter()
	k.crm()
	k.azure()
	k.secrets()
}

var alias = pattern.New(`^[a-z0-9-]{1,40}$`)

// packedSheet is the field sheet that was packed with the program: a host starts it in the packaged folder.
const packedSheet = "mapping.yaml"

func (k *checker) role() {
	k.oneOf("SYNC_ROLE", k.Role, All, Intake, Sync)
	if !alias.MatchString(k.TenantAlias) {
		k.wrong("SYNC_TENANT_ALIAS", "must be made of a-z, 0-9 and dashes, at most 40")
	}
	if k.Role == Intake {
		return
	}
	k.address("SYNC_PUBLIC_URL", k.PublicURL)
	if k.need("SYNC_RECONCILE_SCHEDULE", k.ReconcileSchedule) {
		if where := misread(k.ReconcileSchedule); where != "" {
			k.wrong("SYNC_RECONCILE_SCHEDULE", "has a wrong %s: it is {second} {minute} {hour} {day} {month} {weekday}, as in 0 */5 * * * *", where)
		}
	}
	if info, err := os.Stat(packedSheet); k.MappingFile == "" && err == nil && info.Mode().IsRegular() {
		k.MappingFile = packedSheet
	}
	if k.MappingFile != "" && k.file("SYNC_MAPPING_FILE", k.MappingFile) {
		var err error
		if k.own, err = ownSheet(k.MappingFile); err == nil {
			k.sheet, err = mapping.Load(k.own...)
		}
		if err != nil {
			k.wrong("SYNC_MAPPING_FILE", "names a field sheet with mistakes:\n%s", err)
		}
	}
}

// world checks that a simulated run is simulated throughout, and a real one not at all.
func (k *checker) world() {
	dialer, err := httpclient.ParseDialer(k.Simulated)
	if err != nil {
		k.wrong("SYNC_SIMULATED", "must be host=127.0.0.1:port,host=127.0.0.1:port,…")
	}
	k.dialer = dialer
	for name, only := range map[string]struct{ file, danger string }{
		"SYNC_CA_FILE":                    {k.CAFile, "on the real network it would weaken TLS"},
		"PARTNER_CENTER_EXTRA_ROOTS_FILE": {k.ExtraRootsFile, "on the real network it would weaken TLS"},
		"SYNC_SIMULATED_CLOCK":            {k.ClockFile, "the real world has its own time"},
	} {
		if only.file != "" && k.Simulated == "" {
			k.wrong(name, "may only be set together with SYNC_SIMULATED: %s", only.danger)
		}
		k.file(name, only.file)
	}
}

func (k *checker) times() {
	for name, s := range map[string]Span{"SYNC_GUARD": k.Guard, "SYNC_POST_TIMEOUT": k.PostTimeout, "SYNC_SETTLE": k.Settle,
		"SYNC_WON_GUARD_AGE": k.WonGuardAge, "SYNC_DECLINE_GRACE": k.DeclineGrace, "SYNC_FEED_OVERLAP": k.FeedOverlap} {
		if s.bad {
			k.wrong(name, "must be a length of time above zero, as 90s or 72h")
		}
	}
	// Outside of these nothing would be created, or declined, ever again, and no error would say so.
	k.between("SYNC_GUARD", k.Guard, 100*time.Millisecond, 5*time.Minute)
	k.between("SYNC_POST_TIMEOUT", k.PostTimeout, 500*time.Millisecond, 10*time.Minute)
	k.between("SYNC_SETTLE", k.Settle, 0, 24*time.Hour)
	k.between("SYNC_DECLINE_GRACE", k.DeclineGrace, 0, 13*24*time.Hour) // an invitation lasts 14 days
	k.between("SYNC_WON_GUARD_AGE", k.WonGuardAge, 0, 90*24*time.Hour)
	k.between("SYNC_FEED_OVERLAP", k.FeedOverlap, 0, 7*24*time.Hour)
	if k.Settle.Duration <= k.Guard.Duration+k.PostTimeout.Duration {
		k.wrong("SYNC_SETTLE", "must be longer than SYNC_GUARD and SYNC_POST_TIMEOUT together, else referrals could be created twice")
	}
	if k.Started.bad {
		k.wrong("SYNC_STARTED", "must be a day, as 2026-03-01, or a moment, as 2026-03-01T08:00:00Z")
	}
}

func (k *checker) between(name string, s Span, least, most time.Duration) {
	switch {
	case s.bad:
	case s.Duration < least:
		k.wrong(name, "is too short: at least %s", least)
	case s.Duration > most:
		k.wrong(name, "is too long: at most %s", most)
	}
}

// rules checks what decides, beside the field sheet, how the two systems are kept in step.
func (k *checker) rules() {
	for name, f := range map[string]Flag{"SYNC_CHECK_MARK": k.CheckMark, "SYNC_CONVERT_COUNTRY": k.ConvertCountry, "SYNC_ACCEPT_STRICT": k.AcceptStrict,
		"SYNC_COSELL_ONLY": k.CosellOnly} {
		if f.bad {
			k.wrong(name, "must be true or false (Yes and No are understood)")
		}
	}
	k.oneOf("SYNC_REGISTER", k.Register, "report", "restore", "never")
	k.oneOf("SYNC_DEAL_REGISTRATION", k.DealRegistration, "flag", "send")
	k.oneOf("SYNC_WON_GUARD", k.WonGuard, "delay", "warn", "off")
	k.oneOf("SYNC_MODE", k.Mode, Live, Shadow)
	k.oneOf("SYNC_SCOPE", k.Scope, AllReferrals, OwnReferrals)
	k.forward()
	k.oneOf("SYNC_TAKEOVER", k.Takeover, "ask", "own")
	k.oneOf("SYNC_FOREIGN_CRM_ID", k.ForeignCRMID, "ignore", "keep")
	k.oneOf("SYNC_CONTACT_CONSENT", k.ContactConsent, "column", "always")
	k.oneOf("SYNC_AUDIT_SUCCESS", k.AuditSuccess, "steps", "all", "none")
	k.oneOf("SYNC_LAST_SYNC", k.LastSync, "never", "quiet")
	k.oneOf("SYNC_SHARE", k.Share, "allow", cosell.ShareNever)
	k.oneOf("PARTNER_CENTER_REASONS", k.Reasons, "text", "code")
	if !amount.MatchString(k.RegistrableValue) {
		k.wrong("SYNC_REGISTRABLE_VALUE", "must be an amount in digits, as 25000 or 25000.50")
	}
	for name, who := range map[string]string{"SYNC_DEFAULT_OWNER": k.DefaultOwner, "SYNC_DEFAULT_MEMBER": k.DefaultMember} {
		if who != "" && !guid.MatchString(strings.Trim(who, "{}")) && !email.MatchString(who) {
			k.wrong(name, "must be the id (a GUID) or the e-mail address of a user of the CRM")
		}
	}
}

// forward checks the address to which events are handed on. It may hold a key, so it is never quoted.
func (k *checker) forward() {
	address := k.ForwardURL.Reveal()
	if address == "" {
		return
	}
	u, err := url.Parse(address)
	switch {
	case k.Mode != Shadow:
		k.wrong("SYNC_FORWARD_URL", "may only be set together with SYNC_MODE=shadow: two systems that write would work against each other")
	case err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "":
		k.wrong("SYNC_FORWARD_URL", "must be an https address")
	case sameHost(u, k.PublicURL):
		k.wrong("SYNC_FORWARD_URL", "leads back to SYNC_PUBLIC_URL: it must be the address that had the events before")
	case sameHost(u, "https://"+k.site):
		k.wrong("SYNC_FORWARD_URL", "leads back to this app: it must be the address that had the events before")
	default:
		k.known("SYNC_FORWARD_URL", u.Host)
	}
}

// sameHost says whether two https addresses lead to one host and port.
func sameHost(u *url.URL, address string) bool {
	other, err := url.Parse(address)
	return err == nil && other.Hostname() != "" && strings.EqualFold(strings.TrimSuffix(u.Hostname(), "."), other.Hostname()) && cmp.Or(u.Port(), "443") == cmp.Or(other.Port(), "443")
}

func (k *checker) partnerCenter() {
	if k.Role != Sync {
		for _, host := range k.CertificateHosts {
			k.known("PARTNER_CENTER_CERTIFICATE_HOSTS", host)
		}
		k.file("PARTNER_CENTER_INTERMEDIATES_FILE", k.IntermediatesFile)
	}
	if k.Role == Intake {
		return
	}
	k.remote("PARTNER_CENTER_URL", k.PartnerCenterURL)
	k.remote("PARTNER_CENTER_WEBHOOKS_URL", k.PartnerCenterWebhooksURL)
	k.remote("PARTNER_CENTER_LOGIN_URL", k.LoginURL)
	k.remote("PARTNER_CENTER_VAULT_URL", k.VaultURL)
	if k.need("PARTNER_CENTER_TENANT", k.PartnerCenterTenant) && !partnercenter.IsTenant(k.PartnerCenterTenant) {
		k.wrong("PARTNER_CENTER_TENANT", "must be the id (a GUID) or a domain of the partner's own tenant")
	}
	k.need("PARTNER_CENTER_CLIENT_ID", k.PartnerCenterClientID)
	k.need("PARTNER_CENTER_CLIENT_SECRET", k.PartnerCenterClientSecret.text)
	k.need("PARTNER_CENTER_REFRESH_TOKEN_SECRET", k.RefreshTokenSecret)
	if !strings.Contains(k.ReferralLink, "{id}") || !strings.HasPrefix(k.ReferralLink, "https://") {
		k.wrong("PARTNER_CENTER_REFERRAL_LINK", "must be an https address that contains {id}, which stands for the referral's id")
	}
	for name, zone := range map[string]string{"PARTNER_CENTER_TIME_ZONE": k.TimeZone, "DATAVERSE_TIME_ZONE": k.DataverseTimeZone} {
		if _, err := time.LoadLocation(zone); err != nil || strings.EqualFold(zone, "local") { // the machine's own is another on each
			k.wrong(name, "must be the name of a time zone, as Europe/Paris")
		}
	}
}

var (
	guid       = pattern.New(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	email      = pattern.New(`^[^@\s]+@[^@\s]+$`)
	amount     = pattern.New(`^[0-9]{1,15}(\.[0-9]{1,4})?$`)
	headerName = pattern.New(`^[A-Za-z0-9-]+$`).UpTo(100)
)

func (k *checker) crm() {
	k.remote("DATAVERSE_URL", k.DataverseURL)
	if k.Role != Sync {
		if k.need("DATAVERSE_ORGANIZATION_ID", k.DataverseOrganization) && !guid.MatchString(k.DataverseOrganization) {
			k.wrong("DATAVERSE_ORGANIZATION_ID", "must be a GUID")
		}
		if !headerName.MatchString(k.WebhookHeader) {
			k.wrong("DATAVERSE_WEBHOOK_HEADER", "must be the name of a header")
		}
		k.need("DATAVERSE_WEBHOOK_SECRET", k.WebhookSecret.text)
	}
	if k.Role != Intake && (k.DataverseClientID != "" || k.DataverseClientSecret.text != "") {
		k.need("DATAVERSE_TENANT", k.DataverseTenant)
		k.need("DATAVERSE_CLIENT_ID", k.DataverseClientID)
		k.need("DATAVERSE_CLIENT_SECRET", k.DataverseClientSecret.text)
	}
}

func (k *checker) azure() {
	switch {
	case k.ServiceBus.text == "" && k.ServiceBusNamespace == "":
		k.wrong("ServiceBus__fullyQualifiedNamespace", "is missing: NAME.servicebus.windows.net, or a connection string in ServiceBus")
	case k.ServiceBus.text != "":
		k.connection("ServiceBus", k.ServiceBus.text, "Endpoint")
	default:
		k.known("ServiceBus__fullyQualifiedNamespace", k.ServiceBusNamespace)
	}
	switch {
	case !k.hasTables() && k.Role == Intake: // as older settings have it: its health then knows one process only
	case !k.hasTables():
		k.wrong("TABLES_ENDPOINT", "is missing: https://ACCOUNT.table.core.windows.net, or a connection string in TABLES_CONNECTION_STRING")
	case k.TablesConnection.text != "":
		k.connection("TABLES_CONNECTION_STRING", k.TablesConnection.text, "TableEndpoint")
	default:
		k.remote("TABLES_ENDPOINT", k.TablesEndpoint)
	}
	k.oneOf("SYNC_IDENTITY", k.Identity, Managed, Federated)
	switch {
	case k.Identity == Federated:
		k.need("AZURE_TENANT_ID", k.AzureTenant)
		k.need("AZURE_CLIENT_ID", k.AzureClientID)
		if k.AzureClientSecret.text != "" {
			k.wrong("AZURE_CLIENT_SECRET", "must not be set together with SYNC_IDENTITY=federated, which needs none")
		}
	case k.AzureClientSecret.text != "" && k.Role != Intake:
		k.need("AZURE_TENANT_ID", k.AzureTenant)
		k.need("AZURE_CLIENT_ID", k.AzureClientID)
	}
}

func (c Config) hasTables() bool { return c.TablesConnection.text != "" || c.TablesEndpoint != "" }

// CheckSettings names every mistake of an app's settings, as a start with them would. What stands in Key Vault cannot be
// looked at, and counts as set.
func CheckSettings(environ []string) (mistakes []string) {
	var known []string
	for _, pair := range environ {
		if name, value, _ := strings.Cut(pair, "="); strings.HasPrefix(value, "@Microsoft.KeyVault(") {
			pair = name + "=stands-in-key-vault-and-is-not-read-here"
		}
		known = append(known, pair)
	}
	_, err := load(known)
	if err == nil {
		return nil
	}
	for _, line := range strings.Split(err.Error(), "\n") {
		if text, is := strings.CutPrefix(line, "  "); is {
			mistakes = append(mistakes, text)
		}
	}
	if len(mistakes) == 0 {
		mistakes = []string{err.Error()}
	}
	return mistakes
}
