package fault_test

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// A client classifies an answer once; who has to do something about it follows from that, and what the
// other side said reaches the seller, but no log.
func Example() {
	err := fmt.Errorf("changing opportunities(1): %w",
		fault.New(fault.Refused, "Dataverse answered 403 (0x80040220)").OfClass(fault.Ours).
			With("privilege.missing", "").Naming("prvWriteOpportunity").Answered(403).
			Saying("the application user lacks prvWriteOpportunity", "give it to the application user's security role").
			Quoting("Principal user (Id=…, Jane Doe) is missing prvWriteOpportunity privilege"))

	decision := fault.Decide(err, 0, 0, 0)
	fmt.Println(fault.ClassOf(err), decision.Verdict == fault.Repeat, decision.After, decision.Alarm)
	fmt.Println(fault.Of(err).Say)

	log := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	log.Warn("message", fault.Attr(err))
	// Output:
	// ours true 5s true
	// the application user lacks prvWriteOpportunity
	// level=WARN msg=message fault=refused class=ours code=privilege.missing answered=403 target=prvWriteOpportunity error="changing opportunities(1): Dataverse answered 403 (0x80040220)"
}
