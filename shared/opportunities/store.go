package opportunities

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
	"github.com/google/uuid"
)

// Options are what a Store needs beside the sheet.
type Options struct {
	// Environment is the host of the organisation, ORG.crm.dynamics.com; PartnerTenant the partner's tenant
	// in Partner Center. Both are part of the ids of the rows that we create.
	Environment   string
	PartnerTenant string
	// CheckMark puts tick or cross before the name. Off: names are left byte by byte as they are.
	CheckMark bool
	// ConvertCountry turns a country's name on the account into its two-letter code.
	ConvertCountry bool
	// Zone is the zone in which people enter closing dates in Partner Center, CRMZone the one in which the
	// CRM's people do; nil is UTC, and the same zone.
	Zone, CRMZone *time.Location
	// DefaultOwner owns what we create when neither a team member nor the account's owner does: the id of a
	// user or team, or the e-mail of a user.
	DefaultOwner string
	// DefaultMember leads the referral's team when the owner is a team or lacks a value, and the team's
	// administrator does too: the id or the e-mail of a user.
	DefaultMember string
	// ContactConsent says that the partner vouches for the consent of all contacts; else each opportunity's
	// consent column says whether its contact may be named.
	ContactConsent bool
	// Told hears of the mismatches whenever a refusal, or a look for repair, has found other ones. Nil: nobody does.
	Told func([]Mismatch)
	// DefaultPhone is sent for an owner without a phone; empty sends none.
	DefaultPhone string
	// Now is the clock for the age of what is cached; nil is time.Now.
	Now func() time.Time
	// Definitions reads what the CRM's tables are, in place of the client. Nil: the client does.
	Definitions Definitions
}

// Store reads and writes the opportunities of one environment. It may be used by many goroutines.
type Store struct {
	api     opportunityAPI
	table   table
	deals   *Store         // of leads: the store of what they become
	whole   *mapping.Sheet // with every row that is on
	options Options
	live    atomic.Pointer[live]
	watch   *cached[*live]
	country func(string) string
	// shippedReasons are the status reasons as long as nobody has read the metadata.
	shippedReasons mapping.StatusReasons
	years          []mapping.Year

	catalogue   *cached[map[string]catalogueSolution]
	currencies  *cached[map[string]string]
	metadata    *cached[metadata]
	role        *cached[string] // of stakeholders
	blindUntil  atomic.Int64    // connections may not be read, in nanoseconds of our clock
	untracked   atomic.Bool     // the organisation's own table of solution rows has no change tracking
	lookups     *lookups
	definitions *definitions
	deputies    *deputies
	colleagues  *colleagues
}

// opportunityAPI is the part of *dataverse.Client that is used here.
type opportunityAPI interface {
	Get(ctx context.Context, set, id string, q dataverse.Query) (dataverse.Row, error)
	List(ctx context.Context, set string, q dataverse.Query) ([]dataverse.Row, error)
	Each(ctx context.Context, set string, q dataverse.Query, each func(dataverse.Row) error) error
	Update(ctx context.Context, set, id, etag string, columns map[string]any, q dataverse.Query) (dataverse.Row, error)
	Create(ctx context.Context, set, id string, columns map[string]any, q dataverse.Query) (dataverse.Row, bool, error)
	ChangeSet(ctx context.Context, writes []dataverse.Write, then *dataverse.Read) (dataverse.Row, error)
	Changes(ctx context.Context, set string, selects []string, deltaLink string, each func(rows []dataverse.Row, deleted []string, reached string) error) (next string, err error)
	Attributes(ctx context.Context, table string) (map[string]dataverse.Attribute, error)
	Columns(ctx context.Context, table string) (map[string]dataverse.Attribute, error)
	Table(ctx context.Context, table string) (dataverse.Table, error)
	Navigations(ctx context.Context, table string) (map[string]string, error)
}

const opportunitySet = "opportunities"

// New makes the opportunities of the client's environment, as the sheet says.
func New(client *dataverse.Client, sheet *mapping.Sheet, o Options) *Store {
	return newStore(client, sheet, o)
}

func newStore(api opportunityAPI, sheet *mapping.Sheet, o Options) *Store {
	return newStoreOf(opportunityTable(), api, sheet, o)
}

func newStoreOf(t table, api opportunityAPI, sheet *mapping.Sheet, o Options) *Store {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Store{api: api, table: t, whole: sheet, options: o, shippedReasons: sheet.StatusReasons(nil), deputies: &deputies{}, colleagues: &colleagues{}}
	s.years, _ = mapping.Years() // our own files; a test reads them
	s.live.Store(&live{sheet: sheet, query: query(t, sheet), waits: sheet.Waits()})
	s.watch = newCached(o.Now, s.compare)
	if o.ConvertCountry {
		s.country = mapping.CountryNames()
	}
	s.catalogue = newCached(o.Now, s.loadCatalogue)
	s.currencies = newCached(o.Now, s.loadCurrencies)
	s.metadata = newCached(o.Now, s.loadMetadata)
	s.role = newCached(o.Now, s.loadRole)
	s.lookups = newLookups(api, o.Now)
	if o.Definitions == nil {
		o.Definitions = api
	}
	s.definitions = newDefinitions(o.Definitions, o.Now)
	return s
}

// Get reads one opportunity with everything the sheet names. Gone: deleted, or not readable yet.
func (s *Store) Get(ctx context.Context, id string) (cosell.Opportunity, error) {
	if err := s.ready(ctx); err != nil {
		return cosell.Opportunity{}, err
	}
	row, err := s.api.Get(ctx, s.table.set, id, s.query())
	if s.recheck(ctx, err) {
		return s.Get(ctx, id)
	}
	if err != nil {
		return cosell.Opportunity{}, err
	}
	return s.opportunity(ctx, row)
}

// FindByReferral finds the rows that name the referral, oldest first.
func (s *Store) FindByReferral(ctx context.Context, referralID string) ([]cosell.Opportunity, error) {
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	row, ok := s.sheet().Row(cosell.ReferralID)
	if !ok {
		return nil, nil
	}
	q := s.query()
	q.Filter, q.OrderBy = dataverse.EqText(row.CRM, referralID), "createdon asc"
	return s.list(ctx, q)
}

// list reads all rows of a query; a refusal that other columns mend is asked again.
func (s *Store) list(ctx context.Context, q dataverse.Query) ([]cosell.Opportunity, error) {
	rows, err := s.api.List(ctx, s.table.set, q)
	if s.recheck(ctx, err) {
		now := s.query()
		now.Filter, now.OrderBy = q.Filter, q.OrderBy
		return s.list(ctx, now)
	}
	if err != nil {
		return nil, err
	}
	var out []cosell.Opportunity
	for _, r := range rows {
		o, err := s.opportunity(ctx, r)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

// Related lists the synced, open opportunities that show a row of another table: an account, a contact or a
// user, and the opportunity of a connection.
func (s *Store) Related(ctx context.Context, kind, id string) ([]string, error) {
	columns := []string{"parentaccountid", "customerid"}
	switch kind {
	case accountKind:
	case contactKind:
		columns[0] = "parentcontactid"
	case userKind:
		columns = []string{owningUser}
	case connectionKind:
		deals, err := s.dealsOfConnection(ctx, id)
		return deals, s.unread(err)
	default:
		return nil, nil
	}
	out, err := s.dealsThatName(ctx, columns, id)
	if err != nil || kind == accountKind {
		return out, err
	}
	connected, err := s.dealsConnectedWith(ctx, id)
	for _, deal := range connected {
		if !slices.Contains(out, deal) {
			out = append(out, deal)
		}
	}
	return out, s.unread(err)
}

// dealsThatName lists the synced, open opportunities that have the id in one of the lookups.
func (s *Store) dealsThatName(ctx context.Context, lookups []string, id string) ([]string, error) {
	sync, ok := s.sheet().Row(cosell.Sync)
	if !ok {
		return nil, nil
	}
	var named []string
	for _, l := range lookups {
		named = append(named, dataverse.EqID(lookupValue(l), id))
	}
	rows, err := s.api.List(ctx, opportunitySet, dataverse.Query{
		Select: []string{"opportunityid"},
		Filter: dataverse.And(dataverse.EqBool(sync.CRM, true), dataverse.EqInt(stateColumn, mapping.StateOpen),
			dataverse.Or(named...)),
	})
	if err != nil {
		return nil, err
	}
	var out []string
	for _, r := range rows {
		out = append(out, r.ID("opportunityid"))
	}
	return out, nil
}

// OpportunityOf finds the opportunity of a solution row; false when the row is gone or hangs on none.
func (s *Store) OpportunityOf(ctx context.Context, solutionRow string) (string, bool, error) {
	t := s.tables().Rows
	row, err := s.api.Get(ctx, t.Set, solutionRow, dataverse.Query{Select: []string{lookupValue(t.Opportunity)}})
	if fault.Is(err, fault.Gone) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	id := strings.ToLower(row.Text(lookupValue(t.Opportunity)))
	return id, id != "", nil
}

// namespace is the root of the ids of all rows that we create. It must never change.
var namespace = uuid.MustParse("5b0c6f4e-7a53-5d0e-9a51-c05e11a5c0de")

// deterministic is the id of a row that we create: the same for the same environment, kind and key, so
// that creating twice is refused by the CRM itself.
func (s *Store) deterministic(kind string, key ...string) string {
	parts := append([]string{strings.ToLower(s.options.Environment), kind}, key...)
	return uuid.NewSHA1(namespace, []byte(strings.Join(parts, "\x00"))).String()
}

// ID is the id that the opportunity, or the lead, of a referral gets when we create it: always the same.
func (s *Store) ID(referralID string) string {
	return s.deterministic(s.table.kind, strings.ToLower(s.options.PartnerTenant), strings.ToLower(referralID))
}
