package app

import (
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/funchost"
	"github.com/cosell-sync/cosell-sync/shared/pattern"
)

// placeholders are what samples have where a secret belongs.
var placeholders = pattern.New(`(?i)^(change.?me.*|secret|password|placeholder|example|sample|todo|test|x+|\*+|<.*>|your.*|.*placeholder.*)$`)

// shortest is the least length of a key that is ours to choose.
const shortest = 16

func (k *checker) secrets() {
	k.keys()
	if k.Role != Intake && k.OperatorKeys.text == "" {
		k.need("SYNC_OPERATOR_KEY", k.OperatorKey.text)
	}
	chosen := map[string]Secret{
		"SYNC_OPERATOR_KEY": k.OperatorKey, "SYNC_OPERATOR_KEY_PREVIOUS": k.OperatorKeyPrevious,
		"DATAVERSE_WEBHOOK_SECRET": k.WebhookSecret, "DATAVERSE_WEBHOOK_SECRET_PREVIOUS": k.WebhookSecretPrevious,
	}
	all := map[string]Secret{
		"PARTNER_CENTER_CLIENT_SECRET": k.PartnerCenterClientSecret, "DATAVERSE_CLIENT_SECRET": k.DataverseClientSecret,
		"AZURE_CLIENT_SECRET": k.AzureClientSecret,
	}
	for name, s := range chosen {
		all[name] = s
		if k.Simulated == "" && s.text != "" && len(s.text) < shortest {
			k.wrong(name, "is too short: at least %d characters", shortest)
		}
	}
	for name, s := range all {
		switch {
		case strings.HasPrefix(s.text, "@Microsoft.KeyVault("):
			k.wrong(name, "is a Key Vault reference that was not resolved: look at the function app's settings in the portal")
		case k.Simulated == "" && placeholders.MatchString(s.text):
			k.wrong(name, "is a placeholder: set the real secret")
		}
	}
}

var operatorName = pattern.New(`^[A-Za-z0-9._-]{1,40}$`)

// keys reads the operators' keys.
func (k *checker) keys() {
	for _, own := range []Secret{k.OperatorKey, k.OperatorKeyPrevious} {
		if own.text != "" {
			k.operators = append(k.operators, funchost.Key{Name: "operator", Text: own.text})
		}
	}
	if k.OperatorKeys.text == "" {
		return
	}
	const name = "SYNC_OPERATOR_KEYS"
	times := map[string]int{}
	for i, entry := range strings.Split(k.OperatorKeys.text, ",") {
		who, key, _ := strings.Cut(strings.TrimSpace(entry), "=")
		times[who]++
		switch {
		case !operatorName.MatchString(who) || key == "":
			k.wrong(name, "must be name=key,name=key,…: entry %d is not", i+1)
		case times[who] > 2:
			k.wrong(name, "names an operator more than twice, at entry %d: two keys are enough to rotate one", i+1)
		case k.Simulated == "" && len(key) < shortest:
			k.wrong(name, "holds a key that is too short, at entry %d: at least %d characters", i+1, shortest)
		case k.Simulated == "" && placeholders.MatchString(key):
			k.wrong(name, "holds a placeholder, at entry %d: set the real key", i+1)
		}
		k.operators = append(k.operators, funchost.Key{Name: who, Text: key})
	}
}
