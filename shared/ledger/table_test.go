package ledger

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// wire is a transport that counts calls and can spoil them.
type wire struct {
	calls atomic.Int64
	// spoil is asked for every call; done says whether the store has done the work already.
	spoil func(r *http.Request, done bool) (*http.Response, error)
}

func (w *wire) Do(r *http.Request) (*http.Response, error) {
	w.calls.Add(1)
	if w.spoil != nil {
		if res, err := w.spoil(r, false); res != nil || err != nil {
			return res, err
		}
	}
	res, err := http.DefaultClient.Do(r)
	if err == nil && w.spoil != nil {
		if other, broken := w.spoil(r, true); other != nil || broken != nil {
			_ = res.Body.Close()
			return other, broken
		}
	}
	return res, err
}

// loseAnswers loses the answers to the next n writes that were done.
func loseAnswers(n int) func(*http.Request, bool) (*http.Response, error) {
	return func(r *http.Request, done bool) (*http.Response, error) {
		if done && r.Method != http.MethodGet && n > 0 {
			n--
			return nil, errors.New("connection reset")
		}
		return nil, nil
	}
}

func answer(status int, header http.Header) func(*http.Request, bool) (*http.Response, error) {
	return func(r *http.Request, _ bool) (*http.Response, error) {
		if header == nil {
			header = http.Header{}
		}
		return &http.Response{StatusCode: status, Header: header, Body: http.NoBody, Request: r}, nil
	}
}

func TestSaveWhoseAnswerWasLostCounts(t *testing.T) {
	w := &wire{}
	l := openTable(t, Config{Transport: w})
	p := saved(t)(l.Save(t.Context(), samplePair())) // makes the table
	w.spoil = loseAnswers(1)
	other := saved(t)(l.Save(t.Context(), samplePair(), cosell.Entry{At: noon, Action: "created"}))
	w.spoil = loseAnswers(2)
	other.Phase = cosell.Ended
	other = saved(t)(l.Save(t.Context(), other, cosell.Entry{At: noon, Action: "updated"}))
	got, _, err := l.Find(t.Context(), other.OpportunityID)
	if err != nil || got.Version != other.Version || got.Phase != cosell.Ended {
		t.Errorf("%v, version %q, want %q", err, got.Version, other.Version)
	}
	if entries, err := l.Audit(t.Context(), other.OpportunityID, 10); len(entries) != 2 || err != nil {
		t.Errorf("%d audit entries, want 2: %v", len(entries), err)
	}
	w.spoil = loseAnswers(1)
	p.Sending = &cosell.Sending{Place: cosell.InCRM, At: noon}
	marked := saved(t)(l.Mark(t.Context(), p))
	if got, _, err := l.Find(t.Context(), p.OpportunityID); err != nil || got.Version != marked.Version || got.Sending == nil {
		t.Errorf("%v, version %q, want %q", err, got.Version, marked.Version)
	}
	// A save that somebody else made is none of ours, lost answer or not.
	p.Version = ""
	w.spoil = loseAnswers(1)
	_, err = l.Save(t.Context(), p)
	wantKind(t, err, fault.Conflict)
}

func TestIntentWhoseAnswerWasLostIsOurs(t *testing.T) {
	w := &wire{}
	l := openTable(t, Config{Transport: w})
	w.spoil = loseAnswers(1)
	i, err := l.PutIntent(t.Context(), cosell.Intent{OpportunityID: uuid.NewString(), Target: "own", Attempt: 1, Sent: true})
	if err != nil || i.Version == "" || i.At.IsZero() {
		t.Fatalf("%v %+v", err, i)
	}
	w.spoil = loseAnswers(1)
	i.Attempt = 2
	if i, err = l.PutIntent(t.Context(), i); err != nil || i.Attempt != 2 {
		t.Fatalf("%v %+v", err, i)
	}
	w.spoil = loseAnswers(1)
	if err := l.DropIntent(t.Context(), i); err != nil {
		t.Error(err)
	}
}

func TestCallsPerJobStayFew(t *testing.T) {
	w := &wire{}
	l := openTable(t, Config{Transport: w, Now: func() time.Time { return noon }})
	p := saved(t)(l.Save(t.Context(), samplePair()))
	if err := l.DropCopies(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		most int64
		do   func() error
	}{
		"find":               {1, func() error { _, _, err := l.Find(t.Context(), p.OpportunityID); return err }},
		"find by referral":   {2, func() error { _, _, err := l.FindByReferral(t.Context(), p.MicrosoftID); return err }},
		"find by engagement": {2, func() error { _, _, err := l.FindByEngagement(t.Context(), p.EngagementID); return err }},
		"find nothing":       {1, func() error { _, _, err := l.FindByReferral(t.Context(), uuid.NewString()); return err }},
		"save": {1, func() (err error) {
			p, err = l.Save(t.Context(), p, cosell.Entry{At: noon}, cosell.Entry{At: noon})
			return err
		}},
		"save a new pair":                 {1, func() error { _, err := l.Save(t.Context(), samplePair()); return err }},
		"drop copies a second time today": {1, func() error { return l.DropCopies(t.Context()) }},
		"now":                             {1, func() error { _, err := l.Now(t.Context()); return err }},
		"put intent": {2, func() error {
			_, err := l.PutIntent(t.Context(), cosell.Intent{OpportunityID: uuid.NewString(), Target: "own"})
			return err
		}},
	} {
		before := w.calls.Load()
		if err := c.do(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if n := w.calls.Load() - before; n > c.most {
			t.Errorf("%s took %d calls, %d are allowed", name, n, c.most)
		}
	}
}

func TestTroubleOfTheStoreIsClassified(t *testing.T) {
	reset := func(*http.Request, bool) (*http.Response, error) {
		return nil, errors.New("connection reset")
	}
	unvouched := func(*http.Request, bool) (*http.Response, error) {
		return nil, fault.New(fault.Denied, "AWS refuses").With("identity.unvouched", "")
	}
	missing := answer(http.StatusNotFound, http.Header{"X-Ms-Error-Code": {"AccountNotFound"}})
	for name, c := range map[string]struct {
		spoil func(*http.Request, bool) (*http.Response, error)
		kind  fault.Kind
	}{
		"forbidden":       {answer(http.StatusForbidden, nil), fault.Denied},
		"bad key":         {answer(http.StatusUnauthorized, nil), fault.Denied},
		"too busy":        {answer(http.StatusServiceUnavailable, http.Header{"Retry-After": {"30"}}), fault.Later},
		"throttled":       {answer(http.StatusTooManyRequests, http.Header{"Retry-After": {"30"}}), fault.Later},
		"too large":       {answer(http.StatusRequestEntityTooLarge, nil), fault.Invalid},
		"inner trouble":   {answer(http.StatusInternalServerError, http.Header{"Retry-After": {"30"}}), fault.Broken},
		"no answer":       {reset, fault.Broken},
		"nobody knows us": {unvouched, fault.Denied},
		"unknown account": {missing, fault.Conflict},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := openTable(t, Config{Transport: &wire{spoil: c.spoil}})
			_, err := l.Save(t.Context(), samplePair())
			wantKind(t, err, c.kind)
			if strings.Contains(err.Error(), azurite.URL()) {
				t.Errorf("the error quotes the address: %v", err)
			}
		})
	}
}

func TestMalformedConnectionStringIsNotQuoted(t *testing.T) {
	_, err := OpenTable(Config{ConnectionString: "AccountName=x;AccountKey"})
	if err == nil || strings.Contains(err.Error(), "AccountName=x") {
		t.Errorf("%v", err)
	}
}

func TestRowKeysHoldAnyID(t *testing.T) {
	seen := map[string]string{}
	for _, id := range []string{"a|b", "a=7Cb", "a/b", "a#b", "a?b", `a\b`, "é", "a\x00b", "", "a b", "a%2Fb"} {
		k := key("s", id)
		if strings.ContainsAny(k[2:], "|/\\#?%\x00é") {
			t.Errorf("%q gives %q", id, k)
		}
		if other, ok := seen[k]; ok {
			t.Errorf("%q and %q share %q", id, other, k)
		}
		seen[k] = id
	}
}
