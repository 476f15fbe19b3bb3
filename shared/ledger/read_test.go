package ledger

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// TestBaseAndSightsAreReadAsTheyWereWritten compares with encoding/json, which writes them.
func TestBaseAndSightsAreReadAsTheyWereWritten(t *testing.T) {
	record := rapid.OneOf(rapid.Just(cosell.Record(nil)), rapid.Map(rapid.MapOf(rapid.String(), rapid.String()), func(m map[string]string) cosell.Record {
		out := cosell.Record{}
		for k, v := range m {
			out[cosell.Field(k)] = v
		}
		return out
	}))
	moment := rapid.Map(rapid.Int64Range(0, 4e9), func(s int64) time.Time {
		if s%3 == 0 {
			return time.Time{}
		}
		return time.Unix(s, s%1e9).UTC()
	})
	rapid.Check(t, func(t *rapid.T) {
		base := cosell.Base{Referral: record.Draw(t, "referral"), Opportunity: record.Draw(t, "opportunity")}
		seen := rapid.MapOf(rapid.String(), rapid.Custom(func(t *rapid.T) cosell.Sight {
			return cosell.Sight{Modified: moment.Draw(t, "modified"), Stale: moment.Draw(t, "stale"), Versions: rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "versions"), Unexplained: rapid.String().Draw(t, "unexplained")}
		})).Draw(t, "seen")
		text, _ := json.Marshal(base)
		var wantBase cosell.Base
		_ = json.Unmarshal(text, &wantBase)
		if got, err := readBase(string(text)); err != nil || !reflect.DeepEqual(got, wantBase) {
			t.Fatalf("%s is read as %v, %v", text, got, err)
		}
		text, _ = json.Marshal(seen)
		var wantSeen map[string]cosell.Sight
		_ = json.Unmarshal(text, &wantSeen)
		if got, err := readSeen(string(text)); err != nil || !reflect.DeepEqual(got, wantSeen) {
			t.Fatalf("%s is read as %v, %v; want %v", text, got, err, wantSeen)
		}
	})
}

// TestWhatIsReadOfARowIsAllThatItHas fails where a field is added that the reading does not know yet.
func TestWhatIsReadOfARowIsAllThatItHas(t *testing.T) {
	for of, known := range map[reflect.Type]int{reflect.TypeFor[cosell.Base](): 2, reflect.TypeFor[cosell.Sight](): 4} {
		if n := of.NumField(); n != known {
			t.Errorf("%v has %d fields: read the new one in readBase or readSight, and draw it in the test above", of, n)
		}
	}
}

func TestADamagedBaseIsNoBase(t *testing.T) {
	for _, text := range []string{"", "{", `{"referral":{"name":1}}`, `{"referral":[]}`, `{"referral":{}}}`, `[]`, `"x"`} {
		if _, err := readBase(text); err == nil {
			t.Errorf("%q is read", text)
		}
	}
	if b, err := readBase(`{"referral":null,"later":{"a":[1]},"opportunity":{"name":null}}`); err != nil || b.Referral != nil || len(b.Opportunity) != 1 {
		t.Errorf("read %v, %v", b, err)
	}
}
