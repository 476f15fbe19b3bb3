// Command program is a stand-in for the tool by whose name it is called.
package main

import (
	"fmt"
	"os"

	"github.com/cosell-sync/cosell-sync/infra/azure/deploy/standin"
)

func main() {
	c, err := standin.OfThisProcess()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(125)
	}
	os.Exit(c.Run())
}
