// Package federation lets a Lambda function be known to Azure without a secret: AWS says in a signed token which role
// it has, and Entra ID takes that for the proof of an identity that trusts the role.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound.html
package federation

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Audience is what Entra ID wants to be named in a token that stands in for a secret.
// https://learn.microsoft.com/entra/workload-id/workload-identity-federation-create-trust
const Audience = "api://AzureADTokenExchange"

const (
	algorithm = "RS256" // the one that Entra ID takes
	// life is how long a token is valid, and early how long before its end another is asked for.
	life  = 5 * time.Minute
	early = time.Minute
	// patience is for one call: a webhook waits for it.
	patience = 5 * time.Second
)

// Vouch gives app.Parts.Vouch of a Lambda function, whose environment has its region and its role's keys. Nothing is
// called before the first token is wanted.
func Vouch(getenv func(string) string) func(http.RoundTripper) func(context.Context) (string, error) {
	return func(transport http.RoundTripper) func(context.Context) (string, error) {
		return newTokens(getenv, transport, time.Now).token
	}
}

func newTokens(getenv func(string) string, transport http.RoundTripper, now func() time.Time) *tokens {
	return &tokens{now: now, client: sts.New(sts.Options{
		Region:      getenv("AWS_REGION"),
		Credentials: aws.CredentialsProviderFunc(keys(getenv)),
		HTTPClient:  &http.Client{Transport: transport, Timeout: patience},
		// One more try: the caller has others to wait for, and comes again by itself.
		RetryMaxAttempts: 2,
	})}
}

var errNoKeys = errors.New("the environment has no keys of a role (AWS_ACCESS_KEY_ID): SYNC_IDENTITY=federated is for AWS Lambda")

// keys reads the keys of the function's role, which Lambda gives to each process and never changes in it.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
func keys(getenv func(string) string) func(context.Context) (aws.Credentials, error) {
	return func(context.Context) (aws.Credentials, error) {
		c := aws.Credentials{AccessKeyID: getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: getenv("AWS_SECRET_ACCESS_KEY"),
			SessionToken: getenv("AWS_SESSION_TOKEN"), Source: "Lambda"}
		if !c.HasKeys() {
			return c, errNoKeys
		}
		return c, nil
	}
}

// tokens asks for one token at a time and keeps it, for all that need one.
type tokens struct {
	client *sts.Client
	now    func() time.Time

	mu      sync.Mutex
	current string
	until   time.Time
}

func (t *tokens) token(ctx context.Context) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current != "" && t.now().Before(t.until.Add(-early)) {
		return t.current, nil
	}
	out, err := t.client.GetWebIdentityToken(ctx, &sts.GetWebIdentityTokenInput{
		Audience: []string{Audience}, SigningAlgorithm: aws.String(algorithm), DurationSeconds: aws.Int32(int32(life.Seconds()))})
	if err != nil {
		return "", explained(err)
	}
	if out.WebIdentityToken == nil || out.Expiration == nil {
		return "", errors.New("AWS has answered without a web identity token")
	}
	t.current, t.until = *out.WebIdentityToken, *out.Expiration
	return t.current, nil
}

// explained says what to do about the refusals that a deployment meets. Denied: AWS refuses; Broken: it does not answer.
func explained(err error) error {
	var disabled *types.OutboundWebIdentityFederationDisabledException
	var answered interface{ HTTPStatusCode() int }
	var coded interface{ ErrorCode() string }
	code, status := "", 0
	if errors.As(err, &coded) {
		code = coded.ErrorCode()
	}
	if errors.As(err, &answered) {
		status = answered.HTTPStatusCode() // 0 where nobody has answered
	}
	denied := func(doing, say, mend string) error {
		return fault.New(fault.Denied, "%s: %w", doing, err).Saying("AWS does not vouch for us, so Azure does not know us: "+say, mend)
	}
	switch {
	case errors.As(err, &disabled):
		const mend = "switch outbound identity federation on (aws iam enable-outbound-web-identity-federation)"
		return denied("the AWS account gives out no web identity tokens: "+mend, "the account gives out no web identity tokens", mend)
	case code == "AccessDenied":
		const mend = "allow sts:GetWebIdentityToken for the audience " + Audience
		return denied("the function's role may not ask for a web identity token: "+mend, "the function's role may not ask for a web identity token", mend+" in the role's policy, as the template does")
	case errors.Is(err, errNoKeys):
		return denied("asking AWS for a web identity token", "the environment has no keys of a role", "SYNC_IDENTITY=federated is for AWS Lambda: leave it unset elsewhere")
	case status >= http.StatusBadRequest && status < http.StatusInternalServerError && status != http.StatusTooManyRequests:
		return denied("asking AWS for a web identity token", "AWS STS refuses the keys of the function's role ("+code+")", "look at AWS_REGION, at the role of the function and its policy; Lambda gives every new process new keys")
	}
	return fault.New(fault.Broken, "asking AWS for a web identity token: %w", err).
		Saying("AWS STS, which says to Azure who we are, does not answer", "look at AWS's service health, and whether the function's network reaches sts.REGION.amazonaws.com")
}
