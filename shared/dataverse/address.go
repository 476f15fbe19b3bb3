package dataverse

import (
	"net/url"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/pattern"
)

// apiHost is the other name of an environment, ORG.api.crm4.dynamics.com, which serves the API only: tokens
// are for the plain name, and events come from it.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/compose-http-requests-handle-errors
var apiHost = pattern.New(`^([^.]+)\.api\.(crm[0-9]*\..+)$`)

var apiPath = pattern.New(`^/api(/data(/v[0-9.]+)?)?/?$`)

// Host gives the plain name of an environment's host: lower case, without api.
func Host(host string) string {
	return apiHost.ReplaceAllString(strings.ToLower(host), "$1.$2")
}

// Address gives the plain address of an environment, https://ORG.crm4.dynamics.com, for every spelling
// that the CRM itself shows to administrators: with the API's host, with the API's path, in capitals. What
// is no such address comes back as it is.
func Address(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return text
	}
	u.Host = Host(u.Host)
	if apiPath.MatchString(u.Path) || u.Path == "/" {
		u.Path = ""
	}
	return u.String()
}
