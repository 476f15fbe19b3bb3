package hostsim

import (
	"strings"
	"testing"
	"time"
)

const plainHost = `{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"handler"}}}`

func TestWrongPackageIsRefusedByFileAndProblem(t *testing.T) {
	web := httpFunction("web", "anonymous", "http res")
	trigger := func(more string) string { return `{"bindings":[` + more + `]}` }
	queue := func(more string) string {
		return trigger(`{"type":"serviceBusTrigger","name":"m","direction":"in","connection":"ServiceBus"` + more + `}`)
	}
	for name, c := range map[string]struct {
		host, function, doc string
		want                []string
	}{
		"host.json missing":        {"", "web", web, []string{"host.json"}},
		"host.json broken":         {"{", "web", web, []string{"host.json is not valid JSON"}},
		"no executable named":      {`{"customHandler":{}}`, "web", web, []string{"host.json", "defaultExecutablePath"}},
		"bad time limit":           {strings.Replace(plainHost, `"version"`, `"functionTimeout":"5m","version"`, 1), "web", web, []string{"functionTimeout", `"5m"`, "hh:mm:ss"}},
		"function.json broken":     {plainHost, "web", `{"bindings":`, []string{"web/function.json", "not valid JSON"}},
		"unknown binding":          {plainHost, "web", trigger(`{"type":"cosmosDBTrigger","name":"x","direction":"in"}`), []string{"web/function.json", "cosmosDBTrigger", "unknown"}},
		"unknown output":           {plainHost, "web", httpFunction("web", "anonymous", "sendGrid res"), []string{"sendGrid", "unknown"}},
		"no trigger":               {plainHost, "web", trigger(`{"type":"http","name":"res","direction":"out"}`), []string{"0 trigger bindings"}},
		"two triggers":             {plainHost, "web", trigger(`{"type":"httpTrigger","name":"a"},{"type":"httpTrigger","name":"b"}`), []string{"2 trigger bindings"}},
		"bad folder name":          {plainHost, "1web", web, []string{"1web/function.json", "folder name"}},
		"folder named host":        {plainHost, "Host", web, []string{"Host/function.json", `not "host"`}},
		"bad authLevel":            {plainHost, "web", httpFunction("web", "user", "http res"), []string{"authLevel", "anonymous, function or admin"}},
		"routes and function.json": {strings.Replace(plainHost, `"description"`, `"http":{"routes":[{"route":"a"}]},"description"`, 1), "web", web, []string{"customHandler.http.routes", "together"}},
		"queue setting missing":    {plainHost, "q", queue(`,"queueName":"%QUEUE%"`), []string{"q/function.json", "queueName", "%QUEUE%"}},
		"connection missing":       {plainHost, "q", strings.Replace(queue(`,"queueName":"q"`), `"ServiceBus"`, `"Other"`, 1), []string{"connection", "Other"}},
		"many":                     {plainHost, "q", queue(`,"queueName":"q","cardinality":"many"`), []string{"cardinality"}},
		"schedule setting missing": {plainHost, "t", timerFunction("t", "%SCHEDULE%", ""), []string{"t/function.json", "schedule", "%SCHEDULE%"}},
		"schedule wrong":           {plainHost, "t", timerFunction("t", "0 0 25 * * *", ""), []string{"schedule", "hour", "between 0 and 23"}},
		"retry on http":            {plainHost, "web", strings.Replace(web, `]}`, `],"retry":{"strategy":"fixedDelay","delayInterval":"00:00:01"}}`, 1), []string{"retry", "timers only"}},
		"autocomplete off":         {strings.Replace(plainHost, `"version"`, `"extensions":{"serviceBus":{"autoCompleteMessages":false}},"version"`, 1), "web", web, []string{"autoCompleteMessages"}},
		"no functions":             {plainHost, "web/deeper", web, []string{"no direct child"}},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{c.function + "/function.json": c.doc}
			if c.host != "" {
				files["host.json"] = c.host
			}
			h, err := Start(t.Context(), Options{Dir: folder(t, files), Settings: map[string]string{"ServiceBus": "x"}})
			if err == nil {
				h.Stop()
				t.Fatal("the package was accepted")
			}
			for _, w := range c.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q does not say %q", err, w)
				}
			}
		})
	}
}

func TestEveryWrongFileIsNamedAtOnce(t *testing.T) {
	_, err := load(folder(t, map[string]string{"host.json": plainHost, "a/function.json": "{", "b/function.json": "{}"}), nil)
	if err == nil || !strings.Contains(err.Error(), "a/function.json") || !strings.Contains(err.Error(), "b/function.json") {
		t.Error(err)
	}
}

func TestUnknownModeIsRefused(t *testing.T) {
	if _, err := Start(t.Context(), Options{Mode: "envelope"}); err == nil || !strings.Contains(err.Error(), ModeProxy) {
		t.Error(err)
	}
}

func TestDisabledFunctionIsNotServed(t *testing.T) {
	for _, key := range []string{"AzureWebJobs.web.Disabled", "AzureWebJobs_web_Disabled"} {
		rec := newRecorder(t)
		h, addr := attach(t, rec, Options{Settings: map[string]string{key: "true"}}, recordedApp(proxyFlag))
		if g := get(t, addr, "x"); g.status != 404 {
			t.Errorf("%s: status %d", key, g.status)
		}
		if s := h.Status(); strings.Contains(strings.Join(s.Functions, " ")+" ", "web ") {
			t.Errorf("%s: functions %v", key, s.Functions)
		}
	}
}

func TestSettingsAreResolvedInQueueNameAndSchedule(t *testing.T) {
	dir := folder(t, map[string]string{
		"host.json":       plainHost,
		"q/function.json": `{"bindings":[{"type":"serviceBusTrigger","name":"m","queueName":"%QUEUE%","connection":"ServiceBus"}]}`,
		"t/function.json": timerFunction("t", "%SCHEDULE%", ""),
	})
	a, err := load(dir, map[string]string{"QUEUE": "referral-changed", "SCHEDULE": "0 0 3 * * *", "ServiceBus__fullyQualifiedNamespace": "ns"})
	if err != nil {
		t.Fatal(err)
	}
	if a.functions[0].trigger.QueueName != "referral-changed" || a.functions[1].schedule == nil {
		t.Errorf("%+v", a.functions)
	}
}

func TestTimeSpans(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"00:00:01": time.Second, "1.02:03:04.5": 26*time.Hour + 3*time.Minute + 4500*time.Millisecond, "00:00:00.3": 300 * time.Millisecond, "": time.Hour,
	} {
		if d, err := timeSpan(text, time.Hour); err != nil || d != want {
			t.Errorf("%q: %s %v, want %s", text, d, err, want)
		}
	}
}
