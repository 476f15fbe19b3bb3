package world

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// table is a table in the world's store, seen through the product's own library, which tries nothing twice.
func table(t *testing.T, w *World) *aztables.Client {
	t.Helper()
	service, err := aztables.NewServiceClientFromConnectionString(w.Local().Tables.ConnectionString, &aztables.ClientOptions{
		ClientOptions: azcore.ClientOptions{Retry: policy.RetryOptions{MaxRetries: -1}}})
	if err != nil {
		t.Fatal(err)
	}
	c := service.NewClient("state")
	if _, err := c.CreateTable(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return c
}

func statusOf(err error) int {
	var refused *azcore.ResponseError
	if errors.As(err, &refused) {
		return refused.StatusCode
	}
	return 0
}

func fault(t *testing.T, w *World, f control.Fault) {
	t.Helper()
	if status, answer := ask(t, http.MethodPost, w.Local().Tables.Control+"/faults", f); status != http.StatusOK {
		t.Fatalf("%d %v", status, answer)
	}
}

func row(text string) []byte {
	return []byte(`{"PartitionKey":"p","RowKey":"r","Text":"` + text + `"}`)
}

func TestTableStorageHasFaultsAndAHistory(t *testing.T) {
	w := standing(t)
	c, ctx := table(t, w), t.Context()
	text := func() string {
		got, err := c.GetEntity(ctx, "p", "r", nil)
		if err != nil {
			t.Fatal(err)
		}
		return string(got.Value)
	}
	first, err := c.UpsertEntity(ctx, row("one"), nil)
	if err != nil {
		t.Fatal(err)
	}
	text()

	fault(t, w, control.Fault{Match: control.Match{Method: "PUT", Body: "two"}, Do: "conflict", Times: 1})
	update := &aztables.UpdateEntityOptions{IfMatch: &first.ETag, UpdateMode: aztables.UpdateModeReplace}
	if _, err := c.UpdateEntity(ctx, row("two"), update); statusOf(err) != http.StatusPreconditionFailed || !strings.Contains(err.Error(), "UpdateConditionNotSatisfied") {
		t.Errorf("conflict: %v", err)
	}
	fault(t, w, control.Fault{Match: control.Match{Method: "PUT"}, Do: "loseAnswer", Times: 1})
	if _, err := c.UpdateEntity(ctx, row("two"), update); err == nil {
		t.Error("an answer came")
	}
	fault(t, w, control.Fault{Match: control.Match{Method: "GET"}, Do: "stale", Times: 1})
	if old, now := text(), text(); !strings.Contains(old, "one") || !strings.Contains(now, "two") {
		t.Errorf("a replica that is behind gives %s, then %s", old, now)
	}
	fault(t, w, control.Fault{Match: control.Match{Method: "GET", URL: `state\(`}, Do: "status", Status: 503, Times: 1})
	if _, err := c.GetEntity(ctx, "p", "r", nil); statusOf(err) != http.StatusServiceUnavailable {
		t.Errorf("status: %v", err)
	}
	fault(t, w, control.Fault{Match: control.Match{Method: "PATCH"}, Do: "cut", Times: 1})
	if _, err := c.UpsertEntity(ctx, row("three"), nil); err == nil || statusOf(err) != 0 || strings.Contains(text(), "three") {
		t.Errorf("cut: %v", err)
	}

	all := historyOf(t, w.Local().Tables.Control)
	if len(all) != 10 || all[1].After == "" || all[3].Status != http.StatusPreconditionFailed || !strings.HasPrefix(all[2].URL, "https://tables/") || strings.Contains(all[2].RequestHeaders["Authorization"], "Shared") {
		t.Errorf("%d entries: %+v", len(all), all)
	}
}

// The parts of a transaction carry their conditions in the body.
func TestConflictInATransactionRollsItBack(t *testing.T) {
	w := standing(t)
	c, ctx := table(t, w), t.Context()
	first, err := c.UpsertEntity(ctx, row("one"), nil)
	if err != nil {
		t.Fatal(err)
	}
	actions := []aztables.TransactionAction{
		{ActionType: aztables.TransactionTypeUpdateReplace, Entity: row("two"), IfMatch: &first.ETag},
		{ActionType: aztables.TransactionTypeInsertReplace, Entity: []byte(`{"PartitionKey":"p","RowKey":"other"}`)},
	}
	fault(t, w, control.Fault{Do: "conflict", Times: 1})
	if _, err := c.SubmitTransaction(ctx, actions, nil); err == nil || !strings.Contains(err.Error(), "UpdateConditionNotSatisfied") {
		t.Errorf("%v", err)
	}
	if _, err := c.GetEntity(ctx, "p", "other", nil); statusOf(err) != http.StatusNotFound {
		t.Errorf("half of the transaction was done: %v", err)
	}
	if _, err := c.SubmitTransaction(ctx, actions, nil); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestFrozenPartStandsStillAndComesBack(t *testing.T) {
	w := standing(t)
	c := table(t, w)
	host := w.Local().Host.Control
	for _, part := range []string{"tables", "vault", "servicebus"} {
		if status, answer := ask(t, http.MethodPost, host+"/freeze", control.Freeze{Part: part, For: "400ms"}); status != http.StatusOK {
			t.Fatalf("%s: %d %v", part, status, answer)
		}
	}
	began := time.Now()
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := c.UpsertEntity(short, row("late"), nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a frozen table store answered: %v", err)
	}
	if status, answer := ask(t, http.MethodGet, host+"/idle?wait=10", nil); status != http.StatusRequestTimeout {
		t.Errorf("the world is idle while it stands still: %v", answer)
	}
	resp, err := w.client.Get(fmt.Sprintf("https://localhost:%d/secrets/x", w.ports.number[surfaces()[vaultHost]]))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if took := time.Since(began); took < 300*time.Millisecond {
		t.Errorf("the frozen vault answered after %s", took)
	}
	if status, answer := ask(t, http.MethodGet, host+"/idle?wait=10000", nil); status != http.StatusOK {
		t.Errorf("it did not come back: %v", answer)
	}
	for _, wrong := range []control.Freeze{{Part: "tables"}, {Part: "dataverse", For: "1s"}, {Part: "vault", For: "-1s"}, {Part: "vault", For: "11m"}} {
		if status, answer := ask(t, http.MethodPost, host+"/freeze", wrong); status != http.StatusBadRequest {
			t.Errorf("%+v: %d %v", wrong, status, answer)
		}
	}
}
