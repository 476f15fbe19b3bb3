package main

import (
	"archive/zip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type harm func(t *testing.T, p place)

// in replaces a text in a file, which has to be there.
func in(t *testing.T, file, old, by string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		t.Fatalf("%s does not hold %q", file, old)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	put(t, file, strings.ReplaceAll(string(text), old, by), info.Mode())
}

func ofApp(name, old, by string) harm {
	return func(t *testing.T, p place) { in(t, filepath.Join(p.app, name), old, by) }
}

func ofTop(name, old, by string) harm {
	return func(t *testing.T, p place) { in(t, filepath.Join(p.top, name), old, by) }
}

func putApp(name, text string) harm {
	return func(t *testing.T, p place) { put(t, filepath.Join(p.app, name), text, 0o644) }
}

func without(name string) harm {
	return func(t *testing.T, p place) {
		if err := os.RemoveAll(filepath.Join(p.top, name)); err != nil {
			t.Fatal(err)
		}
	}
}

// script puts a program in the place of the handler that is none of ours.
func script(text string) harm {
	return func(t *testing.T, p place) { put(t, filepath.Join(p.app, "handler"), "#!/bin/sh\n"+text+"\n", 0o755) }
}

func grown(name string, mb int64) harm {
	return func(t *testing.T, p place) {
		if err := os.Truncate(filepath.Join(p.top, ".build", name), mb*1_000_000); err != nil {
			t.Fatal(err)
		}
	}
}

func zipped(change func(h *zip.FileHeader, body []byte) ([]byte, *zip.FileHeader), more ...string) harm {
	return func(t *testing.T, p place) { rezip(t, p, change, more...) }
}

func asIs(h *zip.FileHeader, body []byte) ([]byte, *zip.FileHeader) { return body, h }

// harms break each rule, by its name.
func harms() map[string]harm {
	const queueJSON, httpJSON, timerJSON = "solutionssync/function.json", "health/function.json", "reconcile/function.json"
	return map[string]harm{
		"folder.host-json":       putApp("host.json", "not JSON"),
		"folder.functions":       removeFunctions,
		"folder.no-deeper":       putApp("health/deeper/function.json", "{}"),
		"folder.no-proxies":      putApp("proxies.json", "{}"),
		"folder.ignore":          putApp(".funcignore", "local.settings.json\nhealth\n"),
		"folder.ignore-settings": putApp(".funcignore", "*.ts\n"),
		"folder.git":             ofTop(".gitignore", ".azure/\n", ""),

		"host.version":        ofApp("host.json", `"version": "2.0"`, `"version": "3.0"`),
		"host.sections":       ofApp("host.json", `"functionTimeout"`, `"functionsTimeout"`),
		"host.no-http-worker": ofApp("host.json", `"version"`, `"httpWorker": {}, "version"`),
		"host.executable":     ofApp("host.json", `"defaultExecutablePath"`, `"executablePath"`),
		"host.raw-http":       ofApp("host.json", `"enableForwardingHttpRequest": true`, `"enableForwardingHttpRequest": false`),
		"host.no-routes":      ofApp("host.json", `"customHandler": {`, `"customHandler": {"http": {"routes": []},`),
		"host.no-port":        ofApp("host.json", `"customHandler": {`, `"customHandler": {"port": 9000,`),
		"host.timeout":        ofApp("host.json", "00:05:00", "00:15:00"),
		"host.bundle":         ofApp("host.json", "[4.*, 5.0.0)", "[3.*, 4.0.0)"),
		"host.service-bus":    ofApp("host.json", `"prefetchCount"`, `"sessionHandlerOptions"`),
		"host.auto-complete":  ofApp("host.json", `"prefetchCount": 0`, `"autoCompleteMessages": false`),
		"host.log-levels":     ofApp("host.json", `"default": "Information"`, `"default": "Info"`),
		"host.route-prefix":   ofApp("host.json", `"routePrefix": "api"`, `"routePrefix": "v1"`),

		"function.json":   putApp(httpJSON, `{"bindings": []}`),
		"function.name":   putApp("2nd/function.json", `{"bindings": [{}]}`),
		"function.unique": putApp("HEALTH/function.json", `{"bindings": [{}]}`),
		"function.script": putApp("health/run.csx", ""),
		"function.source": ofApp(httpJSON, `"bindings"`, `"configurationSource": "attributes", "bindings"`),

		"binding.name":       ofApp(httpJSON, `"name": "req"`, `"name": "the-request"`),
		"binding.unique":     ofApp(httpJSON, `"name": "res"`, `"name": "REQ"`),
		"binding.type":       ofApp(httpJSON, `"direction": "out"`, `"direction": "back"`),
		"binding.trigger":    ofApp(httpJSON, `"type": "httpTrigger"`, `"type": "blob"`),
		"binding.settings":   ofApp(timerJSON, "%SYNC_RECONCILE_SCHEDULE%", "%SYNC_SCHEDULE%"),
		"binding.connection": ofApp(queueJSON, `"connection": "ServiceBus"`, `"connection": "Bus"`),

		"http.raw":       ofApp(httpJSON, `"type": "http",`, `"type": "serviceBus",`),
		"http.level":     ofApp(httpJSON, `"anonymous"`, `"nobody"`),
		"http.reserved":  ofApp(httpJSON, `"route": "health"`, `"route": "admin/health"`),
		"http.routes":    ofApp(httpJSON, `"route": "health"`, `"route": "CRMWebhook/"`),
		"queue.name":     ofApp(queueJSON, "solutions-changed", "solutions-canged"),
		"queue.sessions": ofApp(queueJSON, `"isSessionsEnabled": true`, `"isSessionsEnabled": false`),
		"queue.binary":   ofApp(queueJSON, `"dataType": "binary"`, `"dataType": "string"`),
		"timer.schedule": ofApp("local.settings.json", "0 */5 * * * *", "*/5 * * * *"),
		"timer.startup":  ofApp(timerJSON, `"runOnStartup": false`, `"runOnStartup": true`),
		"retry.kinds":    ofApp(queueJSON, `"bindings"`, `"retry": {"strategy": "fixedDelay"}, "bindings"`),

		"handler.file":    without(".build/app/handler"),
		"handler.mode":    func(t *testing.T, p place) { mode(t, filepath.Join(p.app, "handler"), 0o644) },
		"handler.elf":     script("sleep 1"),
		"handler.size":    grown("app/handler", 25),
		"handler.port":    script("exit 3"),
		"handler.refuses": script("exit 0"),

		"zip.file":     func(t *testing.T, p place) { put(t, p.zip, "not a zip", 0o644) },
		"zip.top":      zipped(func(h *zip.FileHeader, b []byte) ([]byte, *zip.FileHeader) { h.Name = "app/" + h.Name; return b, h }),
		"zip.same":     zipped(asIs, "more.txt"),
		"zip.settings": zipped(asIs, "local.settings.json"),
		"zip.mode":     zipped(func(h *zip.FileHeader, b []byte) ([]byte, *zip.FileHeader) { h.SetMode(0o644); return b, h }),
		"zip.names":    zipped(asIs, "../more.txt"),
		"zip.size":     grown("app.zip", 15),

		"settings.file":     putApp("local.settings.json", `{"Values": {"a": 1}}`),
		"settings.plain":    ofApp("local.settings.json", `"IsEncrypted": false,`, ""),
		"settings.runtime":  ofApp("local.settings.json", `"FUNCTIONS_WORKER_RUNTIME": "custom"`, `"FUNCTIONS_WORKER_RUNTIME": "native"`),
		"settings.storage":  ofApp("local.settings.json", `"UseDevelopmentStorage=true"`, `""`),
		"settings.reserved": ofApp("local.settings.json", `"SYNC_ROLE"`, `"CONTAINER_NAME": "", "SYNC_ROLE"`),
		"settings.all":      ofApp("local.settings.json", `"SYNC_GUARD"`, `"SYNC_GUARDS"`),
		"settings.private":  func(t *testing.T, p place) { mode(t, filepath.Join(p.app, "local.settings.json"), 0o644) },
		"sample.secrets":    ofTop("local.settings.sample.json", `"DATAVERSE_CLIENT_SECRET": "changeme"`, `"DATAVERSE_CLIENT_SECRET": "7fd8Q~abcdef"`),
		"ports.apart":       ofTop("Makefile", "$(PORT),7400)", "$(PORT),7065)"),

		"azd.file":          func(t *testing.T, p place) { put(t, filepath.Join(p.top, "azure.yaml"), "a: [", 0o644) },
		"azd.name":          ofTop("azure.yaml", "name: cosell-sync", "name: Cosell Sync"),
		"azd.version":       ofTop("azure.yaml", ">= 1.20.0", ">= 1.19.0"),
		"azd.services":      ofTop("azure.yaml", "language: custom", "language: go"),
		"azd.dist":          ofTop("azure.yaml", "dist: .build/app", "dist: .build"),
		"azd.project":       ofTop("azure.yaml", "    project: .\n", ""),
		"azd.remote":        ofTop("azure.yaml", "    dist: ", "    remoteBuild: true\n    dist: "),
		"azd.hook":          ofTop("azure.yaml", "        shell: sh\n", ""),
		"azd.hooks":         ofTop("azure.yaml", "prepackage:", "prepack:"),
		"azd.infra":         ofTop("azure.yaml", "module: main", "module: all"),
		"azd.no-bicepparam": func(t *testing.T, p place) { put(t, filepath.Join(p.top, "infra/azure/main.bicepparam"), "", 0o644) },
		"azd.parameters":    ofTop("infra/azure/main.bicep", "param dataverseTenant ", "param crmTenant "),
		"azd.variables":     ofTop("infra/azure/main.parameters.json", "${COSELL_OPERATOR_KEYS}", "ann=0123456789abcdef"),
		"azd.location":      ofTop("infra/azure/main.parameters.json", "${AZURE_LOCATION}", "westeurope"),
		"template.files":    unreadable,
		"template.scope":    ofTop("infra/azure/main.bicep", "targetScope = 'resourceGroup'", "targetScope = 'tenant'"),
		"template.tags":     ofTop("infra/azure/main.bicep", "'azd-service-name': 'sync'", "'azd-service-name': 'intake'"),
		"template.runtime":  ofTop("infra/azure/modules/functionapp.bicep", "runtime: { name: 'custom'", "runtime: { name: 'go'"),
		"template.storage":  ofTop("infra/azure/modules/functionapp.bicep", "AzureWebJobsStorage", "WebJobsStorage"),
		"template.flex":     ofTop("infra/azure/modules/functionapp.bicep", "minTlsVersion: '1.2'", "alwaysOn: true"),
	}
}

func mode(t *testing.T, file string, m os.FileMode) {
	t.Helper()
	if err := os.Chmod(file, m); err != nil {
		t.Fatal(err)
	}
}

func removeFunctions(t *testing.T, p place) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(p.app, "*", "function.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := os.Remove(f); err != nil {
			t.Fatal(err)
		}
	}
}

// unreadable puts a folder in the place of the template: root reads every file, whatever its mode is.
func unreadable(t *testing.T, p place) {
	t.Helper()
	file := filepath.Join(p.top, "infra/azure/main.bicep")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(file, 0o755); err != nil {
		t.Fatal(err)
	}
}
