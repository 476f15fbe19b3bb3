package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

func hostRules() []rule {
	return []rule{
		{"host.version", `host.json says "version": "2.0"`, theHost + "WebJobs.Script/Config/HostJsonFileConfigurationSource.cs", hostSays("version", "2.0")},
		{"host.sections", "host.json has only sections that the host knows: it passes others over without a word", theHost + "WebJobs.Script/Config/HostJsonFileConfigurationSource.cs", knownSections},
		{"host.no-http-worker", "the deprecated section httpWorker is not there", theHost + "WebJobs.Script/Workers/Http/Configuration/HttpWorkerOptionsSetup.cs", hostLacks("httpWorker")},
		{"host.executable", "customHandler.description.defaultExecutablePath is given", theHost + "WebJobs.Script/Workers/Http/HttpWorkerDescription.cs", executableIsNamed},
		{"host.raw-http", "both enableProxyingHttpRequest and enableForwardingHttpRequest are on: newer hosts proxy, older ones forward", learn + "functions-custom-handlers", rawHTTP},
		{"host.no-routes", "customHandler.http declares no routes: the host refuses them beside function.json", learn + "functions-custom-handlers", hostLacks("customHandler.http")},
		{"host.no-port", "customHandler.port is not set: with a fixed port a new handler cannot start before the old one has ended", "Azure/azure-functions-host pull 11035", hostLacks("customHandler.port")},
		{"host.timeout", "functionTimeout is between a second and ten minutes, which every plan allows", theHost + "WebJobs.Script/Config/ScriptJobHostOptionsSetup.cs", timeoutFits},
		{"host.bundle", "extensionBundle has an id, and a range of versions that meets [4.*, 5.0.0): func calls others deprecated", coreTools + "ExtensionBundle/ExtensionBundleHelper.cs", bundleFits},
		{"host.service-bus", "extensions.serviceBus has only options of extension 5: older ones are passed over without a word", "Azure/azure-sdk-for-net sdk/servicebus/Microsoft.Azure.WebJobs.Extensions.ServiceBus/src/Config/ServiceBusOptions.cs", serviceBusOptions},
		{"host.auto-complete", "autoCompleteMessages stays on: a custom handler cannot settle a message", learn + "functions-bindings-service-bus", autoComplete},
		{"host.log-levels", "levels of logging are such as .NET knows", learn + "functions-host-json", logLevels},
		{"host.route-prefix", "extensions.http.routePrefix is the first part of the addresses that the template gives out", learn + "functions-bindings-http-webhook", routePrefix},
	}
}

func hostSays(path, want string) func(*subject) error {
	return func(s *subject) error {
		if got := text(s.host, path); got != want {
			return fmt.Errorf("%s is %q", path, got)
		}
		return nil
	}
}

func hostLacks(path string) func(*subject) error {
	return func(s *subject) error {
		if at(s.host, path) != nil {
			return fmt.Errorf("%s is there", path)
		}
		return nil
	}
}

func knownSections(s *subject) error {
	known := strings.Fields(`version functionTimeout retry functions http watchDirectories watchFiles queues serviceBus eventHub singleton
		logging aggregator healthMonitor extensionBundle managedDependency customHandler httpWorker extensions concurrency
		telemetryMode sendCanceledInvocationsToWorker metadataProviderTimeout configurationProfile $schema`)
	for name := range s.host {
		if !slices.Contains(known, name) {
			return fmt.Errorf("%s is none", name)
		}
	}
	return nil
}

func executableIsNamed(s *subject) error {
	if text(s.host, "customHandler.description.defaultExecutablePath") == "" {
		return fmt.Errorf("it is not")
	}
	return nil
}

func rawHTTP(s *subject) error {
	for _, name := range []string{"enableProxyingHttpRequest", "enableForwardingHttpRequest"} {
		if on, _ := at(s.host, "customHandler."+name).(bool); !on {
			return fmt.Errorf("%s is off", name)
		}
	}
	return nil
}

func timeoutFits(s *subject) error {
	given := text(s.host, "functionTimeout")
	var h, m, sec int
	if _, err := fmt.Sscanf(given, "%d:%d:%d", &h, &m, &sec); err != nil {
		return fmt.Errorf("%q is no hh:mm:ss", given)
	}
	if d := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(sec)*time.Second; d < time.Second || d > 10*time.Minute {
		return fmt.Errorf("it is %s", d)
	}
	return nil
}

func bundleFits(s *subject) error {
	version := text(s.host, "extensionBundle.version")
	form := regexp.MustCompile(`^\[4\.(\*|\d+\.\d+), *(4\.\d+|5\.0)\.\d+\)$`)
	if text(s.host, "extensionBundle.id") != "Microsoft.Azure.Functions.ExtensionBundle" || !form.MatchString(version) {
		return fmt.Errorf("it is %v", at(s.host, "extensionBundle"))
	}
	return nil
}

func serviceBusOptions(s *subject) error {
	known := strings.Fields(`clientRetryOptions prefetchCount transportType webProxy autoCompleteMessages maxAutoLockRenewalDuration
		maxConcurrentCalls maxConcurrentSessions maxConcurrentCallsPerSession maxMessageBatchSize minMessageBatchSize maxBatchWaitTime
		sessionIdleTimeout enableCrossEntityTransactions`)
	options, _ := at(s.host, "extensions.serviceBus").(object)
	for name := range options {
		if !slices.Contains(known, name) {
			return fmt.Errorf("%s is none", name)
		}
	}
	return nil
}

func autoComplete(s *subject) error {
	if on, given := at(s.host, "extensions.serviceBus.autoCompleteMessages").(bool); given && !on {
		return fmt.Errorf("it is off")
	}
	return nil
}

func logLevels(s *subject) error {
	levels, _ := at(s.host, "logging.logLevel").(object)
	for of, level := range levels {
		if !slices.Contains([]any{"Trace", "Debug", "Information", "Warning", "Error", "Critical", "None"}, level) {
			return fmt.Errorf("%s: %v", of, level)
		}
	}
	return nil
}

func routePrefix(s *subject) error {
	prefix := text(s.host, "extensions.http.routePrefix")
	if prefix == "" || prefix != strings.Trim(prefix, "/") || !strings.Contains(s.bicep[s.module()+".bicep"], "}/"+prefix+"/") {
		return fmt.Errorf("it is %q", prefix)
	}
	return nil
}
