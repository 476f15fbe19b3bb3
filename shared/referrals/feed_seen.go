package referrals

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"slices"
	"time"
)

// digest stands for a version of a referral in a cursor, which has to hold thousands of them.
type digest [8]byte

func digestOf(id string, at time.Time) (d digest) {
	sum := sha256.Sum256([]byte(id + " " + at.UTC().Format(time.RFC3339Nano)))
	copy(d[:], sum[:])
	return d
}

// digests are some of them, as one text.
type digests string

// had says which versions were given out by the reading that left the cursor.
func (c feedCursor) had() map[digest]bool {
	text, err := base64.RawStdEncoding.DecodeString(string(c.Given))
	if err != nil {
		return nil // damaged: everything is given out again
	}
	out := map[digest]bool{}
	for d := range slices.Chunk(text, len(digest{})) {
		if len(d) == len(digest{}) {
			out[digest(d)] = true
		}
	}
	return out
}

// gave says whether the reading that left the cursor has given out that version.
func (p *passing) gave(id string, at time.Time) bool {
	return !at.IsZero() && (at.Equal(p.before.Seen[id]) || len(p.had) > 0 && p.had[digestOf(id, at)])
}

// forget drops of what was seen what no later reading shows, and of the rest the oldest; it gives the ids that are left, the
// youngest first.
func (p *passing) forget() []string {
	if !p.next.Open {
		maps.DeleteFunc(p.seen, func(_ string, at time.Time) bool { return at.Before(p.next.At.Add(-p.overlap)) })
	}
	ids := slices.SortedFunc(maps.Keys(p.seen), func(a, b string) int { return cmp.Or(p.seen[b].Compare(p.seen[a]), cmp.Compare(a, b)) })
	left := min(mostSeen, len(ids))
	for _, id := range ids[left:] {
		delete(p.seen, id)
	}
	return ids[:left]
}

// remembered are the digests of what was seen, as far as a cursor holds them.
func (p *passing) remembered() digests {
	var text []byte
	for _, id := range p.forget() {
		d := digestOf(id, p.seen[id])
		text = append(text, d[:]...)
	}
	return digests(base64.RawStdEncoding.EncodeToString(text))
}
