package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/google/uuid"
)

// Config says where the tables are: a connection string, or the endpoint of the account with a credential.
type Config struct {
	ConnectionString string
	Endpoint         string // https://ACCOUNT.table.core.windows.net
	Credential       azcore.TokenCredential
	Transport        policy.Transporter // nil: Go's own; set in a simulated run
	Tenant           string             // the partition
	Now              func() time.Time   // the world's time; nil is time.Now
	Sealer           Sealer             // nil: texts are kept as they are
}

// table is a partition of a storage account. Tables are made when a write first misses them.
type table struct {
	service   *aztables.ServiceClient
	partition string

	mu     sync.Mutex
	tables map[string]*aztables.Client
}

// OpenTable checks the settings and makes the client, without calling anybody.
func OpenTable(c Config) (*Ledger, error) {
	service, err := c.service()
	if err != nil {
		return nil, err
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Sealer == nil {
		c.Sealer = plain{}
	}
	return &Ledger{rows: partitionOf(service, escape(c.Tenant)), newID: uuid.NewString, clock: c.Now, sealer: c.Sealer}, nil
}

func partitionOf(service *aztables.ServiceClient, name string) *table {
	return &table{service: service, partition: name, tables: map[string]*aztables.Client{}}
}

func (c Config) service() (*aztables.ServiceClient, error) {
	options := &aztables.ClientOptions{ClientOptions: azcore.ClientOptions{
		Transport: c.Transport,
		// Short: long waits are the queue's.
		Retry:           policy.RetryOptions{MaxRetries: 3, TryTimeout: 10 * time.Second, RetryDelay: 100 * time.Millisecond, MaxRetryDelay: 2 * time.Second},
		Telemetry:       policy.TelemetryOptions{ApplicationID: "cosell-sync"},
		PerCallPolicies: []policy.Policy{plainASCII{}},
	}}
	if c.ConnectionString != "" {
		service, err := aztables.NewServiceClientFromConnectionString(c.ConnectionString, options)
		if err != nil { // the library's text may quote the string, which holds a key
			return nil, errors.New("the connection string of the tables is malformed: AccountName=…;AccountKey=…;TableEndpoint=… is needed")
		}
		return service, nil
	}
	service, err := aztables.NewServiceClient(c.Endpoint, c.Credential, options)
	if err != nil {
		return nil, fmt.Errorf("opening the tables: %w", err)
	}
	return service, nil
}

func (t *table) client(name string) *aztables.Client {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.tables[name]
	if c == nil {
		c = t.service.NewClient(name)
		t.tables[name] = c
	}
	return c
}

func (t *table) get(ctx context.Context, name, key string) (row, bool, error) {
	res, err := t.client(name).GetEntity(ctx, t.partition, key, nil)
	if statusOf(err) == http.StatusNotFound {
		return row{}, false, nil // the row or the whole table
	}
	if err != nil {
		return row{}, false, classify("reading row "+key, err)
	}
	r, err := decodeRow(res.Value)
	return r, err == nil, err
}

// now takes the time from the answer to a read of a row that need not exist.
func (t *table) now(ctx context.Context) (time.Time, error) {
	var res *http.Response
	_, err := t.client(stateTable).GetEntity(policy.WithCaptureResponse(ctx, &res), t.partition, "now", nil)
	if err != nil && statusOf(err) != http.StatusNotFound {
		return time.Time{}, classify("reading the time of the table service", err)
	}
	date, err := http.ParseTime(res.Header.Get("Date"))
	if err != nil {
		return time.Time{}, fmt.Errorf("the table service answered without a date: %w", err)
	}
	return date.UTC(), nil
}

func (t *table) list(ctx context.Context, name, from, to string, each func(row) bool) error {
	filter := fmt.Sprintf("PartitionKey eq '%s' and RowKey ge '%s' and RowKey lt '%s'", quote(t.partition), quote(from), quote(to))
	pager := t.client(name).NewListEntitiesPager(&aztables.ListEntitiesOptions{Filter: &filter})
	var res *http.Response
	ctx = policy.WithCaptureResponse(ctx, &res)
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if statusOf(err) == http.StatusNotFound {
			return nil
		}
		if err != nil {
			return classify("listing rows from "+from, err)
		}
		read, err := http.ParseTime(res.Header.Get("Date"))
		if err != nil {
			read = time.Time{}
		}
		for _, entity := range page.Entities {
			r, err := decodeRow(entity)
			if err != nil {
				return err
			}
			r.read = read
			if !each(r) {
				return nil
			}
		}
	}
	return nil
}

func (t *table) write(ctx context.Context, name string, ops ...op) ([]string, error) {
	versions, err := t.tryWrite(ctx, name, ops)
	if codeOf(err) == string(aztables.TableNotFound) {
		_, err = t.client(name).CreateTable(ctx, nil)
		if err != nil && codeOf(err) != string(aztables.TableAlreadyExists) {
			return nil, classify("making table "+name, err)
		}
		versions, err = t.tryWrite(ctx, name, ops)
	}
	return versions, verdict("writing row "+ops[0].key, err, ops)
}

func (t *table) tryWrite(ctx context.Context, name string, ops []op) ([]string, error) {
	if len(ops) > 1 {
		return t.transact(ctx, name, ops)
	}
	o, client := ops[0], t.client(name)
	if o.kind == remove {
		_, err := client.DeleteEntity(ctx, t.partition, o.key, &aztables.DeleteEntityOptions{IfMatch: o.etag()})
		return []string{""}, err
	}
	entity, err := t.encode(o)
	if err != nil {
		return nil, err
	}
	switch {
	case o.kind == insert:
		res, err := client.AddEntity(ctx, entity, nil)
		return []string{string(res.ETag)}, err
	case o.version != "":
		res, err := client.UpdateEntity(ctx, entity, &aztables.UpdateEntityOptions{IfMatch: o.etag(), UpdateMode: aztables.UpdateModeMerge})
		return []string{string(res.ETag)}, err
	default:
		res, err := client.UpsertEntity(ctx, entity, &aztables.UpsertEntityOptions{UpdateMode: aztables.UpdateModeMerge})
		return []string{string(res.ETag)}, err
	}
}

func (t *table) transact(ctx context.Context, name string, ops []op) ([]string, error) {
	actions := make([]aztables.TransactionAction, len(ops))
	for i, o := range ops {
		entity, err := t.encode(o)
		if err != nil {
			return nil, err
		}
		actions[i] = aztables.TransactionAction{ActionType: aztables.TransactionTypeInsertMerge, Entity: entity}
		switch {
		case o.kind == insert:
			actions[i].ActionType = aztables.TransactionTypeAdd
		case o.kind == remove:
			actions[i].ActionType, actions[i].IfMatch = aztables.TransactionTypeDelete, o.etag()
		case o.version != "":
			actions[i].ActionType, actions[i].IfMatch = aztables.TransactionTypeUpdateMerge, o.etag()
		}
	}
	// The client reads versions and the failing operation's code out of the answer and drops both.
	var res *http.Response
	_, err := t.client(name).SubmitTransaction(policy.WithCaptureResponse(ctx, &res), actions, nil)
	if res == nil || res.StatusCode != http.StatusAccepted {
		return nil, err
	}
	body, readErr := runtime.Payload(res)
	if readErr != nil {
		return nil, readErr
	}
	return parseBatch(body, len(ops))
}

func (o op) etag() *azcore.ETag {
	if o.version == "" {
		any := azcore.ETagAny
		return &any
	}
	e := azcore.ETag(o.version)
	return &e
}

func (t *table) encode(o op) ([]byte, error) {
	entity := map[string]string{"PartitionKey": t.partition, "RowKey": o.key}
	for name, value := range o.props {
		entity[name] = value
	}
	return json.Marshal(entity)
}

func decodeRow(entity []byte) (row, error) {
	var all map[string]any
	if err := json.Unmarshal(entity, &all); err != nil {
		return row{}, fmt.Errorf("a row of the table service is no JSON object: %w", err)
	}
	r := row{props: map[string]string{}}
	for name, value := range all {
		text, ok := value.(string)
		if !ok {
			continue // not ours: every property we write is text
		}
		switch name {
		case "RowKey":
			r.key = text
		case "odata.etag":
			r.version = text
		case "Timestamp":
			r.changed = readTime(text)
		default:
			r.props[name] = text
		}
	}
	return r, nil
}

func quote(s string) string { return strings.ReplaceAll(s, "'", "''") }
