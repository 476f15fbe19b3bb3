package opportunities

import (
	"context"
	"sync"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// definitions are the CRM's definitions of its tables, which several stores need: of one process each table is read once
// an hour, however many ask. Reading one takes up to a dozen calls.
type definitions struct {
	api Definitions
	now func() time.Time

	mu      sync.Mutex
	read    time.Time // when one was read last
	columns map[string]*cached[definition]
	lookups map[string]*cached[navigations]
}

// Definitions reads the CRM's definitions of its tables, as *dataverse.Client does, and with its faults.
type Definitions interface {
	Attributes(ctx context.Context, table string) (map[string]dataverse.Attribute, error)
	Navigations(ctx context.Context, table string) (map[string]string, error)
}

// definition is what was said of a table: its columns, or that there is no such table, or that it is not ours to read.
type definition struct {
	columns map[string]dataverse.Attribute
	err     error
}

type navigations struct {
	names map[string]string
	err   error
}

func newDefinitions(api Definitions, now func() time.Time) *definitions {
	d := &definitions{api: api, now: now}
	d.expire()
	return d
}

// attributes are the columns of a table. Errors as of dataverse.Client.Attributes.
func (d *definitions) attributes(ctx context.Context, table string) (map[string]dataverse.Attribute, error) {
	d.mu.Lock()
	c := d.columns[table]
	if c == nil {
		c = newCached(d.now, func(ctx context.Context) (definition, error) {
			columns, err := d.api.Attributes(ctx, table)
			d.mu.Lock()
			defer d.mu.Unlock()
			d.read = d.now()
			return definition{columns, err}, passes(err)
		})
		d.columns[table] = c
	}
	d.mu.Unlock()
	said, err := c.get(ctx)
	if err != nil {
		return nil, err
	}
	return said.columns, said.err
}

// navigations are the properties that the lookups of a table are written by. Errors as of dataverse.Client.Navigations.
func (d *definitions) navigations(ctx context.Context, table string) (map[string]string, error) {
	d.mu.Lock()
	c := d.lookups[table]
	if c == nil {
		c = newCached(d.now, func(ctx context.Context) (navigations, error) {
			names, err := d.api.Navigations(ctx, table)
			return navigations{names, err}, passes(err)
		})
		d.lookups[table] = c
	}
	d.mu.Unlock()
	said, err := c.get(ctx)
	if err != nil {
		return nil, err
	}
	return said.names, said.err
}

// expire has everything read anew: the CRM has said something that contradicts it.
func (d *definitions) expire() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.columns, d.lookups = map[string]*cached[definition]{}, map[string]*cached[navigations]{}
}

// renewed reads what the store needs anew, unless somebody has just done so. True: it is new now.
func (s *Store) renewed(ctx context.Context, age time.Duration) bool {
	s.definitions.mu.Lock()
	fresh := s.definitions.now().Sub(s.definitions.read) < age
	s.definitions.mu.Unlock()
	if fresh {
		return false
	}
	s.definitions.expire()
	_, err := s.metadata.again(ctx)
	return err == nil
}

// passes keeps only errors that say nothing of the table.
func passes(err error) error {
	if fault.Is(err, fault.Gone) || fault.Is(err, fault.Refused) {
		return nil
	}
	return err
}
