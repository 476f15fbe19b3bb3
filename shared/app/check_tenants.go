package app

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/pattern"
)

// common are the settings that are about the process or the CRM, which all tenants have in common; so are
// DATAVERSE_… and those of Azure.
var common = []string{"SYNC_ROLE", "SYNC_IDENTITY", "SYNC_SIMULATED", "SYNC_CA_FILE", "SYNC_SIMULATED_CLOCK", "SYNC_OPERATOR_KEY", "SYNC_OPERATOR_KEY_PREVIOUS",
	"SYNC_OPERATOR_KEYS", "SYNC_PUBLIC_URL", "SYNC_RECONCILE_SCHEDULE", "SYNC_TENANTS", "SYNC_TENANT_ALIAS", "SYNC_TENANT_BY", "SYNC_MODE", "SYNC_FORWARD_URL",
	"PARTNER_CENTER_VAULT_URL", "PARTNER_CENTER_CERTIFICATE_HOSTS", "PARTNER_CENTER_CERTIFICATE_SUBJECTS", "PARTNER_CENTER_EXTRA_ROOTS_FILE",
	"PARTNER_CENTER_INTERMEDIATES_FILE", "PARTNER_CENTER_URL", "PARTNER_CENTER_WEBHOOKS_URL", "PARTNER_CENTER_LOGIN_URL"}

// personal are the settings that each tenant must have of its own, or has none of: what the first one says is not its.
var personal = []string{"PARTNER_CENTER_TENANT", "PARTNER_CENTER_REFRESH_TOKEN_SECRET", "PARTNER_CENTER_ORGANIZATION", "SYNC_STARTED", "SYNC_TENANT_ROWS"}

var aliasForm = pattern.New(`^[a-z][a-z0-9-]{0,29}$`)

// prefixOf is what the settings of a tenant begin with.
func prefixOf(alias string) string {
	return strings.ToUpper(strings.ReplaceAll(strings.TrimSpace(alias), "-", "_")) + "_"
}

// ofTenant takes the name of a tenant's setting apart.
func ofTenant(name string, aliases []string) (prefix, rest string, ok bool) {
	for _, alias := range aliases {
		rest, found := strings.CutPrefix(name, prefixOf(alias))
		if found && (strings.HasPrefix(rest, "SYNC_") || strings.HasPrefix(rest, "PARTNER_CENTER_") || strings.HasPrefix(rest, "DATAVERSE_")) {
			return prefixOf(alias), rest, true
		}
	}
	return "", "", false
}

// further reads the settings of the further tenants: those of the first one, with what each has of its own.
func (k *checker) further(values map[string]string) {
	if len(k.Tenants) == 0 {
		if k.TenantBy != "" || len(k.TenantRows) > 0 {
			k.wrong("SYNC_TENANT_BY", "and SYNC_TENANT_ROWS are for several tenants: see SYNC_TENANTS")
		}
		return
	}
	if k.TenantBy != "" && !columnPath.MatchString(k.TenantBy) {
		k.wrong("SYNC_TENANT_BY", "must be a column of the opportunity, or of a row behind it, as owningbusinessunit/name")
	}
	if len(k.TenantRows) > 0 {
		k.wrong("SYNC_TENANT_ROWS", "is for a further tenant, as FR_SYNC_TENANT_ROWS: everything else is the first one's")
	}
	first := k.loaded
	seen := map[string]string{"alias " + first.TenantAlias: "", "tenant " + strings.ToLower(first.PartnerCenterTenant): "", "secret " + strings.ToLower(first.RefreshTokenSecret): ""}
	for _, alias := range first.Tenants {
		alias = strings.TrimSpace(alias)
		if !aliasForm.MatchString(alias) {
			k.wrong("SYNC_TENANTS", "%q is no alias: a-z, 0-9 and dashes, at most 30, a letter first", alias)
			continue
		}
		if _, twice := seen["alias "+alias]; twice {
			k.wrong("SYNC_TENANTS", "names %s twice, or it is SYNC_TENANT_ALIAS", alias)
			continue
		}
		seen["alias "+alias] = ""
		t, err := read(k.valuesOf(alias, values))
		if err != nil {
			k.mistakes = append(k.mistakes, err)
			continue
		}
		for _, m := range t.mistakes { // those that all have in common stand there already
			if !slices.ContainsFunc(k.mistakes, func(had error) bool { return had.Error() == m.Error() }) {
				k.mistakes = append(k.mistakes, fmt.Errorf("  %s%s", prefixOf(alias), strings.TrimSpace(m.Error())))
			}
		}
		k.apart(alias, t.loaded, seen)
		k.tenants = append(k.tenants, t.loaded)
	}
}

// apart finds what two tenants must not have in common.
func (k *checker) apart(alias string, t loaded, seen map[string]string) {
	if k.Role == Intake {
		return
	}
	for name, key := range map[string]string{"PARTNER_CENTER_TENANT": "tenant " + strings.ToLower(t.PartnerCenterTenant), "PARTNER_CENTER_REFRESH_TOKEN_SECRET": "secret " + strings.ToLower(t.RefreshTokenSecret)} {
		if _, taken := seen[key]; taken && !strings.HasSuffix(key, " ") {
			k.wrong(prefixOf(alias)+name, "is that of another tenant")
		}
		seen[key] = alias
	}
	if k.TenantBy != "" && len(t.TenantRows) == 0 {
		k.wrong(prefixOf(alias)+"SYNC_TENANT_ROWS", "is missing: the values of %s by which an opportunity is this tenant's", k.TenantBy)
	}
}

// valuesOf are the settings of a further tenant by their plain names.
func (k *checker) valuesOf(alias string, values map[string]string) map[string]string {
	out := maps.Clone(values)
	for _, name := range personal {
		delete(out, name)
	}
	prefix := prefixOf(alias)
	for name, value := range values {
		rest, its := strings.CutPrefix(name, prefix)
		switch {
		case !its || !strings.HasPrefix(rest, "SYNC_") && !strings.HasPrefix(rest, "PARTNER_CENTER_") && !strings.HasPrefix(rest, "DATAVERSE_"):
		case slices.Contains(common, rest) || strings.HasPrefix(rest, "DATAVERSE_"):
			k.wrong(name, "cannot differ by tenant: all of them have %s in common", rest)
		default:
			out[rest] = value
		}
	}
	out["SYNC_TENANT_ALIAS"], out["SYNC_TENANTS"], out["SYNC_TENANT_BY"] = alias, "", ""
	return out
}

var columnPath = pattern.New(`^[A-Za-z_][A-Za-z0-9_]*(/[A-Za-z_][A-Za-z0-9_]*)?$`).UpTo(257)
