package pack

import (
	"os"
	"testing"
)

func TestSolutionZipsComeOutAlike(t *testing.T) {
	out := t.TempDir()
	first, err := Solutions(out)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Solutions(out)
	if err != nil || len(first) != 2 {
		t.Fatalf("%v, %d zips", err, len(first))
	}
	for i, r := range first {
		info, err := os.Stat(r.Zip)
		if err != nil || info.Size() == 0 || r.Sum != again[i].Sum || r.Sum == first[1-i].Sum {
			t.Errorf("%+v %v", r, err)
		}
	}
}
