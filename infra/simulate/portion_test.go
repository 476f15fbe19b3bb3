package simulate

import (
	"encoding/binary"
	"io"
	"maps"
	"os"
	"slices"
	"sync"
	"testing"
)

// portion is what a worker plays at a time: every eighth seed from the first on, below the end. They go on from the same histories.
type portion struct{ first, end uint64 }

// small is into how many pieces the last portions are cut, so that no worker is long at work alone.
const small = 8

// portions are those of n seeds, in the order in which they are to be played.
func portions(first uint64, n int) (out []portion) {
	end := first + uint64(n)
	for at := first; at < end; {
		next := min(end, (at/seedsOfAPast+1)*seedsOfAPast)
		for i := range min(strides, next-at) {
			out = append(out, portion{at + i, next})
		}
		at = next
	}
	whole := max(len(out)-2, 0)
	last := out[whole:]
	out = slices.Clip(out[:whole])
	for _, p := range last {
		each := (((p.end-p.first)/small)/strides + 1) * strides
		for ; p.first < p.end; p.first += each {
			out = append(out, portion{p.first, min(p.end, p.first+each)})
		}
	}
	return out
}

// sameHistories says whether the seeds of both go on from the same ones.
func (p portion) sameHistories(o portion) bool {
	return p.first/seedsOfAPast == o.first/seedsOfAPast && p.first%strides == o.first%strides
}

// sizeOfPortion is how many bytes one takes on its way to the workers.
const sizeOfPortion = 16

// handOut gives a file from which the workers take portions, each as soon as it is done with the one before.
func handOut(t *testing.T, all []portion) *os.File {
	t.Helper()
	from, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	var text []byte
	for _, p := range all {
		text = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(text, p.first), p.end)
	}
	go func() {
		_, _ = to.Write(text) // workers that have all left read no more
		_ = to.Close()
	}()
	return from
}

// taken are the portions that are left for this worker.
func taken(from io.Reader) func(yield func(portion) bool) {
	return func(yield func(portion) bool) {
		text := make([]byte, sizeOfPortion)
		for {
			if _, err := io.ReadFull(from, text); err != nil {
				return
			}
			if !yield(portion{binary.LittleEndian.Uint64(text), binary.LittleEndian.Uint64(text[8:])}) {
				return
			}
		}
	}
}

// forget lets go of the histories of former portions.
func forget() {
	maps.DeleteFunc(originalsOf().pasts, func(_ string, x *past) bool { return x.history > 0 })
}

// TestEverySeedIsHandedOutOnce to several workers, the last in small pieces, and those of the same histories one after the other.
func TestEverySeedIsHandedOutOnce(t *testing.T) {
	for _, c := range []struct {
		first uint64
		n     int
	}{{1, 1}, {1, 3}, {1, 10000}, {9998, 7}, {220000001, 25000}, {30, 0}} {
		all := portions(c.first, c.n)
		from := handOut(t, all)
		got := map[uint64]int{}
		var mu sync.Mutex
		var workers sync.WaitGroup
		for range 3 {
			workers.Go(func() {
				for p := range taken(from) {
					for s := p.first; s < p.end; s += strides {
						mu.Lock()
						got[s]++
						mu.Unlock()
					}
				}
			})
		}
		workers.Wait()
		_ = from.Close()
		for s := c.first; s < c.first+uint64(c.n); s++ {
			if got[s] != 1 {
				t.Errorf("%d from %d: seed %d is played %d times", c.n, c.first, s, got[s])
			}
		}
		if len(got) != c.n {
			t.Errorf("%d from %d: %d seeds are played", c.n, c.first, len(got))
		}
		if c.n == 10000 && (len(all) > 7*small || (all[len(all)-1].end-all[len(all)-1].first)/strides > 10000/strides/small) {
			t.Errorf("%d portions, the last of them %v", len(all), all[len(all)-1])
		}
	}
}
