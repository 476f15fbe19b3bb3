package simulate

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"testing"
)

// call makes a call of the system's control interface (docs/control-interface.md), and gives its answer.
func (s *system) call(method, path string, body any) ([]byte, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequest(method, path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	rec := &recorder{header: http.Header{}, status: http.StatusOK}
	s.control.ServeHTTP(rec, req)
	if rec.status >= http.StatusMultipleChoices {
		return nil, fmt.Errorf("%s %s: %d %s", method, path, rec.status, rec.body.Bytes())
	}
	return rec.body.Bytes(), nil
}

// What `make simulate` gives.
var (
	schedules = flag.Int("schedules", 200, "how many histories are played")
	seed      = flag.Uint64("seed", 1, "the first one's seed")
	layout    = flag.String("layout", "", "one, flex or flex2; each in turn where it is empty")
	tell      = flag.Bool("tell", false, "tells the story of each")
)

func TestSchedules(t *testing.T) {
	began, calls, bad := wall(), 0, 0
	for i := range *schedules {
		p := draw(*seed+uint64(i), *layout)
		out := play(t, p, *tell)
		calls += out.calls
		if len(out.broken) > 0 {
			bad++
			fmt.Printf("seed %d: %s\n", p.seed, out.broken[0])
		}
		if *tell {
			for _, line := range out.story {
				fmt.Println(line)
			}
		}
	}
	used := wall() - began
	fmt.Printf("%d schedules, %d calls, %s of processor time, %.0f a second and core\n", *schedules, calls, used, float64(*schedules)/used.Seconds())
	fmt.Printf("schedules: %d violations: %d\n", *schedules, bad)
}
