package simulate

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/httpclient"
	"github.com/cosell-sync/cosell-sync/shared/opportunities"
)

// known stands between a process and the CRM's definitions of its tables. Reading them takes some eighty calls at each start, and
// they are the same in most runs: as long as they are, what they are is known here without a call. One run in 64 reads all of
// them, and so does each run from the moment on at which somebody has changed one.
type known struct {
	p    *process
	read opportunities.Definitions
}

func (k known) Attributes(ctx context.Context, table string) (map[string]dataverse.Attribute, error) {
	if d := k.p.run.knows(table); d != nil {
		return d.columns, nil
	}
	return k.read.Attributes(ctx, table)
}

func (k known) Navigations(ctx context.Context, table string) (map[string]string, error) {
	if d := k.p.run.knows(table); d != nil {
		return d.lookups, nil
	}
	return k.read.Navigations(ctx, table)
}

// definition is what the CRM says of a table.
type definition struct {
	columns map[string]dataverse.Attribute
	lookups map[string]string
}

// knows is what the CRM would say of a table now; nil: it has to be asked.
func (r *run) knows(table string) *definition {
	if r.plan.asks || !r.people.dv.Alike(table) {
		return nil
	}
	o := originalsOf()
	d, had := o.definitions[table]
	if !had {
		d = define(o, table)
		o.definitions[table] = d
	}
	return d
}

// define reads the definition of a table from an organisation of its own; nil: it has none.
func define(o originals, table string) *definition {
	options := crmOptions(0)
	options.Like, options.Now = o.dv, func() time.Time { return firstDay }
	dv, err := dataversesim.New(options)
	if err != nil {
		panic(err)
	}
	ask := asker(behindWire("crm", dv))
	var d definition
	if d.columns, err = ask.Attributes(context.Background(), table); err == nil {
		d.lookups, err = ask.Navigations(context.Background(), table)
	}
	if err != nil {
		return nil
	}
	return &d
}

// asker is a client that asks a CRM without points.
func asker(crm *system) *dataverse.Client {
	over := wire{crm}
	in := &credential{over: over, tenant: crmTenant, client: crmClient, secret: crmAppSecret, turn: make(chan struct{}, 1), kept: map[string]azcore.AccessToken{}}
	base := "https://" + crmHost
	client, err := dataverse.NewClient(dataverse.Options{BaseURL: base + "/api/data/v9.2", HTTP: httpclient.New(httpclient.Options{Base: over, Hosts: []string{crmHost}, Audience: base,
		Token: dataverse.Tokens(func() (azcore.TokenCredential, error) { return in, nil }, base+"/.default"), Now: time.Now})})
	if err != nil {
		panic(err)
	}
	return client
}

// What is known without a call is what the CRM would say, whatever somebody has changed.
func TestWhatIsKnownOfATableIsWhatTheCRMSays(t *testing.T) {
	changes := []struct {
		path   string
		body   doc
		always []string // tables that have to be asked from then on
	}{
		{},
		{"/schema", doc{"do": "length", "table": "opportunity", "column": "name", "length": 12}, []string{"opportunity"}},
		{"/schema", doc{"do": "add", "table": "account", "column": "new_region", "type": "String", "length": 20}, []string{"opportunity", "account"}},
		{"/schema", doc{"do": "length", "table": "opportunity", "column": "name", "length": 300}, []string{"opportunity", "account"}},
		{"/privileges", doc{"table": "contact", "column": "emailaddress1", "operation": "read", "allowed": false}, []string{"opportunity", "account", "contact"}},
	}
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(firstDay))
		p := draw(1, "one")
		p.asks = false
		r := newRun(t, p, nil)
		ask := asker(r.dv)
		for _, c := range changes {
			if c.path != "" {
				if _, err := r.dv.call("POST", c.path, c.body); err != nil {
					t.Fatal(err)
				}
			}
			for _, table := range []string{"opportunity", "account", "contact"} {
				d := r.knows(table)
				if d == nil {
					continue
				}
				if slices.Contains(c.always, table) {
					t.Errorf("after %v the table %s is known without asking", c.body, table)
				}
				if said, err := ask.Attributes(t.Context(), table); err != nil || !reflect.DeepEqual(said, d.columns) {
					t.Errorf("after %v the CRM says otherwise of %s (%v)", c.body, table, err)
				}
				if said, err := ask.Navigations(t.Context(), table); err != nil || !reflect.DeepEqual(said, d.lookups) {
					t.Errorf("after %v the CRM says otherwise of the lookups of %s (%v)", c.body, table, err)
				}
			}
			if c.path == "" && r.knows("opportunity") == nil {
				t.Error("nothing is known of an organisation in which nobody has changed anything")
			}
		}
	})
}

// wire carries calls to one system, without points.
type wire struct{ to *system }

func (w wire) RoundTrip(req *http.Request) (*http.Response, error) {
	rec := &recorder{header: http.Header{}, status: http.StatusOK}
	if !w.to.serve(rec, req) {
		return nil, errors.New("no answer")
	}
	return rec.response(req), nil
}
