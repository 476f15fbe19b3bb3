package doctor

import (
	"runtime"
	"testing"
)

// Who asks first and does not come to an answer leaves the next one to ask: nobody waits for it for ever.
func TestWhoAsksAndEndsLeavesTheNextOneToAsk(t *testing.T) {
	asked := 0
	one := once(func() int {
		if asked++; asked == 1 {
			runtime.Goexit()
		}
		return asked
	})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		one()
	}()
	<-ended
	answered := make(chan int, 1)
	go func() { answered <- one() }()
	if n := <-answered; n != 2 || one() != 2 || asked != 2 {
		t.Errorf("answered %d after %d questions", n, asked)
	}
}
