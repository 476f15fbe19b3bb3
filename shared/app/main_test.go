package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// sample reads local.settings.sample.json.
func sample(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../local.settings.sample.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Values map[string]string }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file.Values
}

// production are the sample's settings with its placeholders filled in.
func production(t *testing.T) map[string]string {
	s := sample(t)
	maps.Copy(s, map[string]string{
		"SYNC_OPERATOR_KEY": "b6e1d3c0a59f4e7d", "SYNC_PUBLIC_URL": "https://cosell.azurewebsites.net/",
		"PARTNER_CENTER_CLIENT_SECRET": "7fd8Q~abcdef", "PARTNER_CENTER_VAULT_URL": "https://cosell.vault.azure.net/",
		"DATAVERSE_URL": "https://org.crm4.dynamics.com", "DATAVERSE_CLIENT_SECRET": "8ge9Q~abcdef",
		"DATAVERSE_WEBHOOK_SECRET": "c7f2e4d1b6a05f8e", "ServiceBus__fullyQualifiedNamespace": "cosell.servicebus.windows.net",
		"TABLES_ENDPOINT": "https://cosell.table.core.windows.net",
	})
	return s
}

// laptop are the settings of a simulated world.
func laptop(t *testing.T) map[string]string {
	s := production(t)
	root := writeRoot(t)
	maps.Copy(s, map[string]string{
		"SYNC_SIMULATED": "api.partner.microsoft.com=127.0.0.1:7401,api.partnercenter.microsoft.com=127.0.0.1:7402,login.microsoftonline.com=127.0.0.1:7403," +
			"3psostorageacct.blob.core.windows.net=127.0.0.1:7404,org.crm4.dynamics.com=127.0.0.1:7405,cosell.vault.azure.net=127.0.0.1:7406",
		"SYNC_CA_FILE": root, "PARTNER_CENTER_EXTRA_ROOTS_FILE": root, "SYNC_PUBLIC_URL": "https://localhost:7400",
		"ServiceBus__fullyQualifiedNamespace": "", "TABLES_ENDPOINT": "",
		"ServiceBus":               "Endpoint=sb://127.0.0.1:5672;SharedAccessKeyName=k;SharedAccessKey=eA==;UseDevelopmentEmulator=true",
		"TABLES_CONNECTION_STRING": "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=eA==;TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;",
	})
	return s
}

// writeRoot makes a certificate file.
func writeRoot(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "root.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func environ(settings map[string]string) (out []string) {
	for name, value := range settings {
		out = append(out, name+"="+value)
	}
	return out
}
