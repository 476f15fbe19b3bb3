// Command cosellctl is the operator's: it asks the sync app's function operator, and holds neither tokens
// nor table keys. Only consent goes directly to the directory and Key Vault, as whoever runs it.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// The exit codes.
const (
	fine        = 0
	found       = 1 // something that somebody should look at, or a refusal
	wrongUse    = 2
	unreachable = 3
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// commands is the grammar: verbs in their order, and what all of them take.
type commands struct {
	JSON     bool   `name:"json" help:"Print the answer as JSON."`
	Settings string `type:"path" placeholder:"FILE" help:"NAME=value lines, laid over the environment."`
	Tenant   string `placeholder:"ALIAS" help:"Of which tenant, where there are several; the first one if left out."`
	Local    string `placeholder:"[FILE]" help:"Speak to a world on this machine: its local.json (default .build/local.json)."`

	Status    statusCmd    `cmd:"" help:"Everything about a pair: both sides, what differs, held, waiting, the last lines, and why."`
	Resync    resyncCmd    `cmd:"" help:"Look at a pair now, and try again what is held."`
	Preview   previewCmd   `cmd:"" help:"What a look at a record would do. Nothing is written."`
	Drift     driftCmd     `cmd:"" help:"What differs between the two records of each pair, who wins, and why."`
	Doctor    doctorCmd    `cmd:"" help:"Everything that the product needs, as named checks: what is wrong, since when, how to mend it."`
	Adopt     adoptCmd     `cmd:"" help:"The first day: what the work would begin with, and its beginning."`
	Held      heldCmd      `cmd:"" help:"What one side did not take, or what waits for a person."`
	Brake     brakeCmd     `cmd:"" help:"What would be written and no edit explains, and letting it go on."`
	Parked    parkedCmd    `cmd:"" help:"Messages that can never work as they are."`
	Report    reportCmd    `cmd:"" help:"The daily list: what is held, left alone, about to expire."`
	Link      linkCmd      `cmd:"" help:"Make a pair of an opportunity and a referral."`
	Unlink    unlinkCmd    `cmd:"" help:"End a pair: it is never made again by itself."`
	Mapping   mappingCmd   `cmd:"" help:"The field sheet: which column stands for what."`
	Catalogue catalogueCmd `cmd:"" help:"The solutions that sellers choose from."`

	Consent  consentCmd  `cmd:"" help:"Have the integration user sign in with MFA, and store the refresh token in Key Vault."`
	Register registerCmd `cmd:"" help:"Register our address with Partner Center, and follow a test event."`

	AskAgain  askAgainCmd  `cmd:"" help:"Ask Microsoft again, in a new engagement, after it declined or did not answer."`
	CloseTest closeTestCmd `cmd:"" help:"Close the referral of a trial as Closed/Error."`

	Setup    setupCmd    `cmd:"" help:"Make in the systems what the app needs there."`
	Teardown teardownCmd `cmd:"" help:"Remove from the CRM what setup has made there."`
}

// errFound says that there is something to look at, which has been shown.
var errFound = errors.New("found")

// run parses, runs and gives the exit code.
func run(ctx context.Context, args, environ []string, out, errOut io.Writer) int {
	var grammar commands
	code, ended := fine, false
	parser, err := kong.New(&grammar, kong.Name("cosellctl"), kong.Description("The operator's command of cosell-sync. Exit code 0 fine, 1 found something, 2 wrong use, 3 cannot reach."),
		kong.Writers(out, errOut), kong.UsageOnError(), kong.Exit(func(c int) { code, ended = c, true }))
	if err != nil {
		fmt.Fprintln(errOut, "cosellctl:", err)
		return wrongUse
	}
	parsed, err := parser.Parse(localAlone(args))
	if ended { // help was asked for
		return code
	}
	if err != nil {
		fmt.Fprintln(errOut, "cosellctl:", err)
		return wrongUse
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	parsed.Bind(&grammar, environment(environ))
	err = parsed.BindSingletonProvider(func() (*client, error) { // of the verbs that ask the app
		c, err := connect(grammar, environ)
		if err != nil {
			return nil, &wrongError{err.Error()}
		}
		return c, nil
	})
	if err == nil {
		err = parsed.BindSingletonProvider(func() (*caller, error) { // of those that go directly
			values, err := settings(grammar, environ)
			if err != nil {
				return nil, &wrongError{err.Error()}
			}
			return &caller{tenant: grammar.Tenant, settings: values}, nil
		})
	}
	paper := &paper{to: out}
	if err == nil {
		err = parsed.Run(&printer{out: paper, beside: errOut, json: grammar.JSON})
	}
	if paper.err != nil {
		err = fmt.Errorf("the answer cannot be written: %w", paper.err)
	}
	return exitCode(err, errOut)
}

// paper notices that what is written does not arrive: a full disk must not look like an answer.
type paper struct {
	to  io.Writer
	err error
}

// Write implements io.Writer.
func (p *paper) Write(text []byte) (int, error) {
	n, err := p.to.Write(text)
	p.err = cmp.Or(p.err, err)
	return n, err
}

func exitCode(err error, errOut io.Writer) int {
	var away *awayError
	var wrong *wrongError
	switch {
	case err == nil:
		return fine
	case errors.Is(err, errFound):
		return found
	}
	fmt.Fprintln(errOut, "cosellctl:", err)
	if errors.As(err, &away) {
		return unreachable
	}
	if errors.As(err, &wrong) {
		return wrongUse
	}
	return found
}

// localDefault is where `make run` describes its world.
const localDefault = ".build/local.json"

// localAlone gives --local without a file its default: only a word that ends in .json or has a slash is one.
func localAlone(args []string) (out []string) {
	for i := 0; i < len(args); i++ {
		switch {
		case args[i] == "--":
			return append(out, args[i:]...)
		case args[i] != "--local":
			out = append(out, args[i])
		case i+1 < len(args) && (strings.HasSuffix(args[i+1], ".json") || strings.Contains(args[i+1], "/")):
			i++
			out = append(out, "--local="+args[i])
		default:
			out = append(out, "--local="+localDefault)
		}
	}
	return out
}
