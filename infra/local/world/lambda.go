package world

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/hostsim"
	"github.com/cosell-sync/cosell-sync/infra/local/lambdasim"
	"github.com/cosell-sync/cosell-sync/infra/local/partnercentersim"
	"github.com/cosell-sync/cosell-sync/infra/local/stssim"
)

// The hosts of Options.Host.
const (
	HostAzure  = "azure"  // the Functions host
	HostLambda = "lambda" // AWS Lambda
)

// Hosts are both of them.
func Hosts() []string { return []string{HostAzure, HostLambda} }

// Host is what runs the product.
type Host interface {
	killable
	// Serve answers at the product's public address until the listener is closed.
	Serve(l net.Listener) error
	MountControl(mux *http.ServeMux)
	// Busy counts what has begun and not ended.
	Busy() int
	// Wake tells that the clock was moved.
	Wake()
	Stop()
	// Trigger runs a timer function now, and waits for its end.
	Trigger(ctx context.Context, name string) error
	// ReadyIn is how long the latest start took.
	ReadyIn() time.Duration
	// Memory is what each process holds.
	Memory() ([]hostsim.Memory, error)
}

// The functions of a deployment on Lambda, as infra/aws/template.yaml has them: calls from outside for each app, and
// by themselves what the schedules of the sync app do.
const (
	lambdaIntake    = "intake"
	lambdaSync      = "sync"
	lambdaQueues    = "queues"
	lambdaReconcile = "reconcile"
)

// lambdaStay is how long a look into the queues lasts at least; the next one begins a minute after the one before.
const lambdaStay = "50s"

// OnLambda are the functions for those of a packaged folder, without their settings.
func OnLambda(app string) ([]lambdasim.Function, error) {
	all, err := declaredIn(app)
	if err != nil {
		return nil, err
	}
	named := func(trigger string) string {
		var names []string
		for _, d := range all {
			if d.trigger == trigger {
				names = append(names, `"`+d.name+`"`)
			}
		}
		return "[" + strings.Join(names, ", ") + "]"
	}
	const memory = 256
	return []lambdasim.Function{
		{Name: lambdaIntake, Memory: memory, Timeout: 30 * time.Second, URL: true},
		{Name: lambdaSync, Memory: memory, Timeout: time.Minute, URL: true},
		{Name: lambdaQueues, Memory: memory, Timeout: 5 * time.Minute, Reserved: 5, MaxAge: time.Minute,
			Schedules: []lambdasim.Schedule{{Name: "queues", Expression: "rate(1 minute)", Waits: true,
				Input: `{"functions": ` + named("serviceBusTrigger") + `, "stay": "` + lambdaStay + `"}`}}},
		{Name: lambdaReconcile, Memory: memory, Timeout: 5 * time.Minute, Reserved: 1, MaxAge: time.Minute,
			Schedules: []lambdasim.Schedule{{Name: "reconcile", Expression: "cron(0/5 * * * ? *)", Input: `{"functions": ` + named("timerTrigger") + `}`}}},
	}, nil
}

// lambdaFunctions are they with the settings of their app.
func (w *World) lambdaFunctions() ([]lambdasim.Function, error) {
	list, err := OnLambda(w.opt.App)
	for i, f := range list {
		role := roleSync
		if f.Name == lambdaIntake {
			role = roleIntake
		}
		list[i].Environment, list[i].Role = w.lambdaSettings(role), w.secrets.lambdaKeys(role)
	}
	return list, err
}

// lambdaSettings are the settings of one of the two apps on Lambda.
func (w *World) lambdaSettings(role string) map[string]string {
	out := w.settingsOf(role)
	maps.DeleteFunc(out, func(name, _ string) bool {
		return strings.HasPrefix(name, "AzureWebJobs") || strings.HasPrefix(name, "AzureFunctionsJobHost") || name == "AZURE_CLIENT_SECRET"
	})
	out["SYNC_IDENTITY"] = "federated"
	return out
}

// The AWS account of this world: it says of each role who it is.
const (
	lambdaRegion = "eu-west-1"
	lambdaIssuer = "https://8e2a6b1c.tokens.sts.global.api.aws"
)

func lambdaRole(role string) string { return "arn:aws:iam::123456789012:role/cosell-sync-" + role }

// lambdaKeys are the keys of a role, as its functions have them.
func (s secrets) lambdaKeys(role string) lambdasim.Role {
	return lambdasim.Role{AccessKey: "ASIA" + strings.ToUpper(role), SecretKey: s.awsSecret + role, SessionToken: s.awsSession + role}
}

// startSTS makes the service that vouches for the roles, and opens it.
func (w *World) startSTS() error {
	if w.opt.Host != HostLambda {
		return nil
	}
	opt := stssim.Options{Now: time.Now, Region: lambdaRegion, Issuer: lambdaIssuer}
	for _, role := range []string{roleIntake, roleSync} {
		k := w.secrets.lambdaKeys(role)
		opt.Roles = append(opt.Roles, stssim.Role{ARN: lambdaRole(role), AccessKey: k.AccessKey, SecretKey: k.SecretKey, SessionToken: k.SessionToken,
			Audiences: []string{"api://AzureADTokenExchange"}, MostSeconds: 300})
	}
	var err error
	if w.sts, err = stssim.New(opt); err != nil {
		return fmt.Errorf("starting STS: %w", err)
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("starting STS: %w", err)
	}
	w.stsAddress = listener.Addr().String()
	secure, err := w.secure(listener, w.sts.Host())
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	w.listen(secure, w.sts)
	return nil
}

// vouched lets the directory ask what AWS has said of a role.
func (w *World) vouched(token string) (issuer, subject, audience string, err error) {
	if w.sts == nil {
		return "", "", "", errors.New("this world has no AWS account")
	}
	c, err := w.sts.Check(token)
	return c.Issuer, c.Subject, c.Audience, err
}

// unlessTrusted is the secret of an app registration, which has none where it trusts a role instead.
func (w *World) unlessTrusted(secret string) string {
	if w.opt.Host == HostLambda {
		return ""
	}
	return secret
}

// trusts is the federated credential of an app registration.
func (w *World) trusts(role string) partnercentersim.Trust {
	if w.opt.Host != HostLambda {
		return partnercentersim.Trust{}
	}
	return partnercentersim.Trust{Issuer: lambdaIssuer, Subject: lambdaRole(role)}
}

// hostKind is how local.json names the host.
func (w *World) hostKind() string {
	if w.opt.Host == HostLambda {
		return HostLambda
	}
	return ""
}

func (w *World) startLambda(ctx context.Context) error {
	functions, err := w.lambdaFunctions()
	if err != nil {
		return err
	}
	p, err := lambdasim.Start(context.WithoutCancel(ctx), lambdasim.Options{Bootstrap: w.opt.Bootstrap, Functions: functions, Now: w.clock.now,
		Log: w.last, Switches: w.opt.Positions.Lambda})
	if err != nil {
		return fmt.Errorf("starting Lambda: %w", err)
	}
	w.host = &lambdaHost{p}
	w.killer.fleet = w.host
	w.onClose(w.host.Stop)
	return nil
}

// lambdaHost is a Host of a platform.
type lambdaHost struct{ *lambdasim.Platform }

// Serve answers for both Function URLs at one address, by the path.
func (h *lambdaHost) Serve(l net.Listener) error {
	intake, sync := h.URL(lambdaIntake), h.URL(lambdaSync)
	server := &http.Server{ErrorLog: quiet(), Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		name, _, _ := strings.Cut(strings.TrimPrefix(strings.ToLower(r.URL.Path), "/api/"), "/")
		if slices.Contains(ofIntake, name) && !slices.Contains(ofBoth, name) {
			intake.ServeHTTP(rw, r)
			return
		}
		sync.ServeHTTP(rw, r)
	})}
	return server.Serve(l)
}

// Status implements Host.
func (h *lambdaHost) Status() hostsim.Status {
	s := h.Platform.Status()
	out := hostsim.Status{State: hostsim.StateRunning, HandlerPID: s.HandlerPID, Restarts: s.Restarts, Running: s.Running, Functions: s.Functions}
	for _, p := range s.Processes {
		out.Processes = append(out.Processes, hostsim.Process{Name: p.Name, PID: p.PID})
	}
	return out
}

// Process implements Host. On Lambda there may be none at all: an environment starts with its first invocation.
func (h *lambdaHost) Process(name string) (hostsim.Process, error) {
	all := h.Status().Processes
	var names []string
	for _, p := range all {
		if name == "" || p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	if len(all) == 0 {
		return hostsim.Process{}, errors.New("no environment has been started yet: call the product first")
	}
	return hostsim.Process{}, fmt.Errorf("process %q: use one of %s", name, strings.Join(names, ", "))
}

// Kill implements Host.
func (h *lambdaHost) Kill(name string) error {
	p, err := h.Process(name)
	if err == nil {
		h.Platform.Kill(p.Name)
	}
	return err
}

// ReadyIn implements Host.
func (h *lambdaHost) ReadyIn() time.Duration {
	times := h.InitTimes(lambdaQueues)
	if len(times) == 0 {
		return 0
	}
	return times[len(times)-1]
}

// Memory implements Host.
func (h *lambdaHost) Memory() (out []hostsim.Memory, err error) {
	for _, p := range h.Status().Processes {
		now, peak, err := control.RSS(p.PID)
		if err != nil {
			return nil, err
		}
		out = append(out, hostsim.Memory{Name: p.Name, Now: now, Peak: peak})
	}
	return out, nil
}
