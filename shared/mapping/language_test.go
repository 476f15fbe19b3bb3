package mapping_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// Whatever language the CRM speaks, a refusal is about the same field, of the same class and code.
func TestRefusalsAreUnderstoodInEveryLanguage(t *testing.T) {
	ctx := context.Background()
	for name, tt := range map[string]struct {
		before func(*testing.T, *world)
		values cosell.Record
		want   string // class, code and field; "" is taken
	}{
		"too long": {nil, cosell.Record{cosell.ReferralID: strings.Repeat("x", 200)}, "record 0x80044331 referralId"},
		"required": {func(t *testing.T, w *world) {
			w.administrator(t, `{"do":"require","table":"opportunity","column":"description","level":"SystemRequired"}`)
		}, cosell.Record{cosell.Notes: ""}, "record 0x80040203 notes"},
		"of the column": {func(t *testing.T, w *world) {
			w.administrator(t, `{"do":"remove","table":"opportunity","column":"cosell_proposed"}`)
		}, cosell.Record{cosell.Proposed: "x", cosell.ErrorCode: "y"}, ""},
		"a right": {func(t *testing.T, w *world) {
			w.post(t, "/privileges", `{"table":"opportunity","operation":"write","allowed":false}`)
		}, cosell.Record{cosell.Notes: "x"}, "ours privilege.missing "},
		"by its label": {func(t *testing.T, w *world) {
			w.post(t, "/rules", `{"match":{"table":"opportunity","column":"description"},"message":"„Description“ は、入力が必要です。"}`)
		}, cosell.Record{cosell.Notes: "x", cosell.ErrorCode: "y"}, "record 0x80040265 notes"},
		"by nothing": {func(t *testing.T, w *world) {
			w.post(t, "/rules", `{"match":{"table":"opportunity","column":"description"},"message":"Das geht heute nicht."}`)
		}, cosell.Record{cosell.Notes: "x", cosell.ErrorCode: "y"}, "record 0x80040265 "},
	} {
		for _, language := range []string{"en", "de", "fr", "ja"} {
			for _, code := range []string{"0x0", "0x80060888"} {
				w := newWorld(t)
				w.post(t, "/switches", fmt.Sprintf(`{"language":%q,"unknownColumnCode":%q}`, language, code))
				o := w.sellersDeal(t)
				if tt.before != nil {
					tt.before(t, w)
				}
				*w.now = w.now.Add(2 * time.Minute)
				written, err := w.opportunities.Put(ctx, o, tt.values)
				got := ""
				if err != nil {
					e := fault.Of(err)
					got = fmt.Sprintf("%s %s %s", fault.ClassOf(err), e.Code, e.Field)
				} else if read, err := w.opportunities.Get(ctx, written.ID); err != nil || read.Record[cosell.ErrorCode] != tt.values[cosell.ErrorCode] {
					t.Errorf("%s, %s: the rest is not there: %v %v", language, name, err, read.Record)
				}
				if got != tt.want {
					t.Errorf("%s, %s (%s): %q instead of %q: %v", language, name, code, got, tt.want, err)
				}
			}
		}
	}
}

// A read whose column is gone leads to the metadata, though nobody understands the words.
func TestR142_AColumnThatIsGoneIsMissedInEveryLanguage(t *testing.T) {
	for _, language := range []string{"en", "de", "fr", "ja"} {
		for _, code := range []string{"0x0", "0x80060888"} {
			w := newWorld(t, campaign)
			w.administrator(t, `{"do":"add","table":"opportunity","column":"new_campaign","type":"String","length":50}`)
			w.post(t, "/switches", fmt.Sprintf(`{"language":%q,"unknownColumnCode":%q}`, language, code))
			o := w.sellersDeal(t)
			w.administrator(t, `{"do":"remove","table":"opportunity","column":"new_campaign"}`)
			*w.now = w.now.Add(2 * time.Minute)
			read, err := w.opportunities.Get(context.Background(), o.ID)
			if _, there := read.Record["campaign"]; err != nil || there || read.Record[cosell.Notes] != "notes" {
				t.Errorf("%s, %s: %v %v", language, code, err, read.Record)
			}
		}
	}
}
