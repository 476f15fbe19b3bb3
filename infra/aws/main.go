// Command aws is the `bootstrap` of every Lambda function of the product: SYNC_ROLE says which functions it serves,
// the event which of them is meant.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-golang.html
package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	_ "time/tzdata" // the runtime's image need not have the time zones

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/cosell-sync/cosell-sync/functions"
	"github.com/cosell-sync/cosell-sync/infra/aws/entry"
	"github.com/cosell-sync/cosell-sync/infra/aws/federation"
	"github.com/cosell-sync/cosell-sync/shared/app"
)

// version is stamped in by `make package`; without it the build information is all there is.
var version string

func main() {
	keepWithin(os.Getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"))
	a, err := app.Of(os.Environ(), os.Stdout, app.Parts{Vouch: federation.Vouch(os.Getenv)})
	if err != nil {
		fmt.Fprintln(os.Stderr, err) // Lambda logs it, with the failed start
		os.Exit(1)
	}
	if version != "" {
		a.Version = version
	}
	a.Watch.Stamp(a.Version)
	lambda.Start(entry.New(a, functions.List(a)).Invoke)
}

// keepWithin lets the collector work harder from the half of the function's memory on: what is resident is more than
// what it counts.
func keepWithin(megabytes string) {
	if n, err := strconv.ParseInt(megabytes, 10, 64); err == nil && n > 0 {
		debug.SetMemoryLimit(n << 20 / 2)
	}
}
