package referrals

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient/httpclienttest"
)

// listing serves lists page by page, and documents by id.
func listing(t *testing.T, items []string, refuse func(url.Values) bool) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		if id := strings.TrimPrefix(r.URL.Path, pcPath+"/"); id != r.URL.Path {
			answer(rw, 200, httpclienttest.Patched(t, ownReferral(t), map[string]any{"id": id}))
			return
		}
		if refuse != nil && refuse(r.URL.Query()) {
			answer(rw, 400, `{"error":{"code":"invalidRequest","message":"filter"}}`)
			return
		}
		rw.Header().Set("Date", serverNow.Format(http.TimeFormat))
		answer(rw, 200, `{"value":[`+strings.Join(items, ",")+`]}`)
	}
}

func TestEngagementReadsPartialItemsWhole(t *testing.T) {
	items := []string{
		httpclienttest.Patched(t, ownReferral(t), map[string]any{"trackingInfo": map[string]any{}}),
		`{"id":"` + microsoftID + `","engagementId":"` + engagement + `"}`,
		httpclienttest.Patched(t, ownReferral(t), map[string]any{"id": crmID, "engagementId": crmID}),
	}
	s, w := testStore(t, listing(t, items, nil))
	got, err := s.Engagement(context.Background(), engagement)
	if err != nil || len(got) != 2 || got[0].ID != ownID || got[1].ID != microsoftID || got[1].Record[cosell.Name] == "" {
		t.Errorf("%v %+v", err, got)
	}
	if len(w.Calls) != 2 || !strings.Contains(w.Calls[0].Query, "engagementId") {
		t.Errorf("%s", w.List())
	}
}

func TestFindCreatedComparesTheCRMIDItself(t *testing.T) {
	made := "2026-03-02T09:14:05.1234567Z"
	items := []string{
		httpclienttest.Patched(t, ownReferral(t), map[string]any{"id": microsoftID, "externalReferenceId": "somebody else's"}),
		httpclienttest.Patched(t, ownReferral(t), map[string]any{"externalReferenceId": strings.ToUpper(crmID)}),
		httpclienttest.Patched(t, ownReferral(t), map[string]any{"id": "0f6b0a52-7a1c-4a57-9a39-6f1f3e9b7c03", "organizationId": "msft"}),
		`{"id":"0f6b0a52-7a1c-4a57-9a39-6f1f3e9b7c04","createdDateTime":"` + made + `"}`,
		httpclienttest.Patched(t, ownReferral(t), map[string]any{"id": "0f6b0a52-7a1c-4a57-9a39-6f1f3e9b7c05", "createdDateTime": "2026-03-02T09:00:00Z"}),
		httpclienttest.Patched(t, ownReferral(t), map[string]any{"id": "0f6b0a52-7a1c-4a57-9a39-6f1f3e9b7c06"}),
	}
	s, w := testStore(t, listing(t, items, nil))
	got, err := s.FindCreated(context.Background(), crmID, time.Date(2026, 3, 2, 9, 10, 0, 0, time.UTC))
	if err != nil || len(got) != 2 || got[0].ID != ownID || got[1].ID != "0f6b0a52-7a1c-4a57-9a39-6f1f3e9b7c04" {
		t.Errorf("%v %+v", err, got)
	}
	if strings.Contains(w.Calls[0].Query, "filter") || !strings.Contains(w.Calls[0].Query, "createdDateTime%20desc") {
		t.Errorf("asked %s", w.Calls[0].Query)
	}
}

// What the list shows as made for the opportunity was made, also while it cannot be read: who took it for absent would make another.
func TestI5_WhatIsListedAndCannotBeReadYetIsNotAbsent(t *testing.T) {
	for what, tt := range map[string]struct {
		item  string
		waits bool
	}{
		"ours":                     {`{"id":"` + ownID + `","externalReferenceId":"` + strings.ToUpper(crmID) + `"}`, true},
		"another's":                {`{"id":"` + ownID + `","externalReferenceId":"SF-0001"}`, false},
		"one that does not say it": {`{"id":"` + ownID + `"}`, false},
	} {
		s, _ := testStore(t, func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path != pcPath {
				answer(rw, 404, `{}`)
				return
			}
			answer(rw, 200, `{"value":[`+tt.item+`]}`)
		})
		got, err := s.FindCreated(t.Context(), crmID, serverNow)
		if len(got) > 0 || (err != nil) != tt.waits || fault.Is(err, fault.Later) != tt.waits {
			t.Errorf("%s: %v %v", what, got, err)
		}
	}
}

// plain are changes without the versions that were shown.
func plain(changes []cosell.Hint) []cosell.Hint {
	for i := range changes {
		changes[i].Shown = cosell.Shown{}
	}
	return changes
}

func TestChangedReadsByTheServersClockAndReportsOnce(t *testing.T) {
	items := []string{`{"id":"` + ownID + `","updatedDateTime":"2026-05-04T09:00:00Z"}`, `{"id":"` + microsoftID + `","updatedDateTime":"2026-05-04T09:00:03.5Z"}`}
	s, w := testStore(t, listing(t, items, nil))
	changes, cursor, err := gathered(s.Changed, context.Background(), "")
	if err != nil || len(changes) != 2 || changes[0] != (cosell.Hint{Kind: "referral", ID: ownID, Shown: cosell.Shown{ID: ownID, Modified: time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)}}) {
		t.Fatalf("%v %v", err, changes)
	}
	if q, _ := url.ParseQuery(w.Calls[1].Query); !strings.Contains(q.Get("$filter"), "ge 2026-04-27T09:50:00") {
		t.Errorf("first filter %q does not begin a week before the server's date", q.Get("$filter"))
	}
	changes, again, err := gathered(s.Changed, context.Background(), cursor)
	if q, _ := url.ParseQuery(w.Last().Query); !strings.Contains(q.Get("$filter"), "ge 2026-05-04T08:50:03.5") {
		t.Errorf("next filter %q", q.Get("$filter"))
	}
	if err != nil || len(changes) != 0 || again != cursor || len(w.Calls) != 5 {
		t.Errorf("the second time: %v %v, cursor %s, %d calls", err, changes, again, len(w.Calls))
	}
}

// Thousands that changed at once are given out once, however often they are read again: as long as nothing else changes the
// cursor stays where it is, and what each reading gave again would wait in the queue while the CRM is away.
func TestChangedGivesOutManyOnce(t *testing.T) {
	var items []string
	for i := range 3000 {
		items = append(items, fmt.Sprintf(`{"id":"%08x-7a1c-4a57-9a39-6f1f3e9b7c04","updatedDateTime":"2026-05-04T09:%02d:00Z"}`, i, i%5))
	}
	s, _ := testStore(t, listing(t, items, nil))
	f := &feedReader{t: t, s: s}
	if got := f.reads(); len(got) != len(items) {
		t.Fatalf("gave out %d", len(got))
	}
	for range 2 {
		if got := f.reads(); len(got) != 0 {
			t.Fatalf("gave out %d again", len(got))
		}
	}
	if most := 1 << 18; len(f.cursor) > most { // a row of a table holds a megabyte, in two bytes for each
		t.Errorf("the cursor has %d bytes", len(f.cursor))
	}
}

// What an earlier version has left in the cursor counts, and a damaged cursor gives everything out again.
func TestACursorOfAnEarlierVersionCounts(t *testing.T) {
	s, _ := testStore(t, listing(t, []string{`{"id":"` + ownID + `","updatedDateTime":"2026-05-04T09:00:00Z"}`, `{"id":"` + microsoftID + `","updatedDateTime":"2026-05-04T09:00:03Z"}`}, nil))
	for cursor, want := range map[string]int{
		`{"at":"2026-05-04T09:00:00Z","seen":{"` + ownID + `":"2026-05-04T09:00:00Z"}}`: 1,
		`{"at":"2026-05-04T09:00:00Z","given":"no digests"}`:                            2,
		`{"at":"2026-05-04T09:00:00Z","given":"YWJj"}`:                                  2,
	} {
		if changes, _, err := gathered(s.Changed, context.Background(), cursor); err != nil || len(changes) != want {
			t.Errorf("%s: %v, gave out %v", cursor, err, changes)
		}
	}
}

// A list may show a change late, and a record may change again within the overlap: both are given out.
func TestChangedGivesOutWhatComesLate(t *testing.T) {
	item := func(id, at string) string { return `{"id":"` + id + `","updatedDateTime":"2026-05-04T` + at + `Z"}` }
	items := []string{item(ownID, "09:00:00"), item(microsoftID, "09:00:30")}
	s, _ := testStore(t, func(rw http.ResponseWriter, r *http.Request) { listing(t, items, nil)(rw, r) })
	_, cursor, err := gathered(s.Changed, context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	items = []string{item(crmID, "08:55:00"), item(ownID, "09:00:20"), item(microsoftID, "09:00:30")}
	changes, _, err := gathered(s.Changed, context.Background(), cursor)
	want := []cosell.Hint{{Kind: "referral", ID: crmID}, {Kind: "referral", ID: ownID}}
	if d := cmp.Diff(want, plain(changes)); err != nil || d != "" {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

// What changes while the list is read, and comes again behind much that changed later, is before what the next reading asks for.
func TestChangedGivesOutWhatComesAgainChanged(t *testing.T) {
	item := func(id, at string) string { return `{"id":"` + id + `","updatedDateTime":"2026-05-04T` + at + `Z"}` }
	s, _ := testStore(t, listing(t, []string{item(ownID, "07:00:00"), item(microsoftID, "09:00:00"), item(ownID, "07:00:00"), item(ownID, "08:30:00")}, nil))
	if got, want := (&feedReader{t: t, s: s}).reads(), []string{ownID, microsoftID, ownID}; !slices.Equal(got, want) {
		t.Errorf("gave out %v", got)
	}
}

func TestChangedDoesWithoutTheFilter(t *testing.T) {
	items := []string{`{"id":"` + microsoftID + `","updatedDateTime":"2026-05-04T09:00:03Z"}`, `{"id":"` + ownID + `","updatedDateTime":"2026-05-04T09:00:00Z"}`,
		`{"id":"` + crmID + `","updatedDateTime":"2026-05-01T09:00:00Z"}`}
	s, _ := testStore(t, listing(t, items, func(q url.Values) bool { return q.Has("$filter") }))
	changes, _, err := gathered(s.Changed, context.Background(), "")
	want := []cosell.Hint{{Kind: "referral", ID: microsoftID}, {Kind: "referral", ID: ownID}, {Kind: "referral", ID: crmID}} // as they are read; the last is old, and open
	if d := cmp.Diff(want, plain(changes)); err != nil || d != "" {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

// After lost tables, as on the first day, everything that is open is read, however old.
func TestR151_TheFirstReadingGivesEverythingThatIsOpen(t *testing.T) {
	items := map[string]string{
		"status eq 'New'":    `{"id":"` + ownID + `","status":"New","substatus":"Pending","updatedDateTime":"2024-05-04T09:00:00Z"}`,
		"status eq 'Active'": `{"id":"` + microsoftID + `","status":"Active","substatus":"Accepted","updatedDateTime":"2024-05-04T09:00:00Z"}`,
	}
	for name, filters := range map[string]bool{"with filters": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			s, _ := testStore(t, func(rw http.ResponseWriter, r *http.Request) {
				filter := r.URL.Query().Get("$filter")
				all := []string{items["status eq 'New'"], items["status eq 'Active'"], `{"id":"` + crmID + `","status":"Closed","substatus":"Lost","updatedDateTime":"2024-05-04T09:00:00Z"}`}
				if one := items[filter]; one != "" {
					all = []string{one}
				}
				listing(t, all, func(q url.Values) bool { return q.Has("$filter") && !filters })(rw, r)
			})
			changes, cursor, err := gathered(s.Changed, context.Background(), "")
			want := []cosell.Hint{{Kind: "referral", ID: ownID}, {Kind: "referral", ID: microsoftID}}
			if d := cmp.Diff(want, plain(changes)); err != nil || d != "" {
				t.Errorf("%v (-want +got):\n%s", err, d)
			}
			if lost, _, err := gathered(s.Changed, context.Background(), "of another form"); err != nil || len(lost) != 2 {
				t.Errorf("with a cursor that cannot be read: %v %v", lost, err)
			}
			if again, _, err := gathered(s.Changed, context.Background(), cursor); err != nil || len(again) != 0 {
				t.Errorf("the second time: %v %v", again, err)
			}
		})
	}
}

// What is open shows whole enough to judge it; what the list leaves out is read, and Microsoft's is not ours.
func TestOpenReadsWhatTheListLeavesOut(t *testing.T) {
	s, _ := testStore(t, func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ownID) {
			rw.Header().Set("ETag", `"1"`)
			_, _ = rw.Write([]byte(httpclienttest.Patched(t, ownReferral(t), map[string]any{"externalReferenceId": "SF-1"})))
			return
		}
		items := []string{`{"id":"` + ownID + `","status":"Active","substatus":"Accepted"}`, httpclienttest.Patched(t, ownReferral(t), map[string]any{"id": microsoftID, "organizationId": "msft"})}
		if !strings.Contains(r.URL.Query().Get("$filter"), "Active") {
			items = nil
		}
		listing(t, items, nil)(rw, r)
	})
	open, err := s.Open(context.Background())
	if err != nil || len(open) != 1 || open[0].ID != ownID || open[0].Record[cosell.CRMID] != "SF-1" {
		t.Errorf("%v %+v", err, open)
	}
}

// changed reads the feed again and again, and gives what each reading gives out and the last cursor.
type feedReader struct {
	t      *testing.T
	s      *Store
	cursor string
}

func (f *feedReader) reads() (ids []string) {
	f.t.Helper()
	changes, cursor, err := gathered(f.s.Changed, context.Background(), f.cursor)
	if err != nil {
		f.t.Fatal(err)
	}
	f.cursor = cursor
	for _, h := range changes {
		ids = append(ids, h.ID)
	}
	return ids
}

// An item that names no id is of a record that changed: the cursor waits for it, and nothing is given out twice.
func TestAnItemWithoutAnIdHoldsTheCursor(t *testing.T) {
	item := func(id, at string) string { return `{"id":"` + id + `","updatedDateTime":"2026-05-04T` + at + `Z"}` }
	for name, bad := range map[string]string{"NoId": `{"updatedDateTime":"2026-05-04T08:30:00Z"}`, "NoGuid": item("../x", "08:30:00"), "NoObject": `"x"`} {
		t.Run(name, func(t *testing.T) {
			items, date := []string{item(ownID, "07:00:00")}, serverNow
			s, _ := testStore(t, func(rw http.ResponseWriter, r *http.Request) {
				rw.Header().Set("Date", date.Format(http.TimeFormat))
				answer(rw, 200, `{"value":[`+strings.Join(items, ",")+`]}`)
			})
			f := &feedReader{t: t, s: s}
			if got := f.reads(); len(got) != 1 {
				t.Fatalf("gave out %v", got)
			}
			items = []string{item(ownID, "07:00:00"), bad, item(microsoftID, "09:55:00")}
			if got := f.reads(); len(got) != 1 || got[0] != microsoftID {
				t.Errorf("gave out %v", got)
			}
			if got := f.reads(); len(got) != 0 {
				t.Errorf("the second time: %v", got)
			}
			items[1] = item(crmID, "08:30:00") // long before the newest, as it is
			if got := f.reads(); len(got) != 1 || got[0] != crmID {
				t.Errorf("mended: %v", got)
			}
			items = append(items, bad)
			f.reads()
			stuck := f.cursor
			date = date.Add(longestStuck)
			f.reads()
			if f.cursor == stuck {
				t.Error("one item holds the cursor for ever")
			}
		})
	}
}

// What the first reading leaves out is read again, with everything that is open.
func TestAnItemWithoutAnIdOfTheFirstReadingIsNotLost(t *testing.T) {
	old := `{"id":"` + crmID + `","updatedDateTime":"2026-01-04T09:00:00Z","status":"Active","substatus":"Accepted"}`
	items := []string{`{"status":"Active"}`}
	s, _ := testStore(t, func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Date", serverNow.Format(http.TimeFormat))
		if !strings.Contains(r.URL.RawQuery, "status") {
			answer(rw, 200, `{"value":[]}`)
			return
		}
		answer(rw, 200, `{"value":[`+strings.Join(items, ",")+`]}`)
	})
	f := &feedReader{t: t, s: s}
	f.reads()
	items = []string{old}
	if got := f.reads(); len(got) != 1 || got[0] != crmID {
		t.Errorf("gave out %v", got)
	}
	if got := f.reads(); len(got) != 0 {
		t.Errorf("the second time: %v", got)
	}
}

// A time stamp of next year must not carry the cursor past everything that changes until then.
func TestATimeStampAheadOfTheServerDoesNotMoveTheCursor(t *testing.T) {
	items := []string{`{"id":"` + ownID + `","updatedDateTime":"2027-05-04T09:00:00Z"}`}
	asked := ""
	s, _ := testStore(t, func(rw http.ResponseWriter, r *http.Request) {
		if q := r.URL.Query().Get("$filter"); strings.Contains(q, "updatedDateTime") {
			asked = q
		}
		rw.Header().Set("Date", serverNow.Format(http.TimeFormat))
		answer(rw, 200, `{"value":[`+strings.Join(items, ",")+`]}`)
	})
	f := &feedReader{t: t, s: s}
	if got := f.reads(); len(got) != 1 {
		t.Fatalf("gave out %v", got)
	}
	if got := f.reads(); len(got) != 0 || strings.Contains(asked, "2027") {
		t.Errorf("gave out %v again, and asked for %s", got, asked)
	}
}

// gathered is a feed in one piece.
func gathered(feed func(context.Context, string, func(cosell.Hint) error) (string, error), ctx context.Context, cursor string) (changes []cosell.Hint, next string, err error) {
	next, err = feed(ctx, cursor, func(h cosell.Hint) error { changes = append(changes, h); return nil })
	return changes, next, err
}
