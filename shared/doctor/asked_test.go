package doctor

import (
	"runtime"
	"testing"
	"testing/synctest"
)

// Who asks first and does not come to an answer leaves the next one to ask: nobody waits for it for ever.
func TestWhoAsksAndEndsLeavesTheNextOneToAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		one := once(func() int {
			if asked++; asked == 1 {
				runtime.Goexit()
			}
			return asked
		})
		go one()
		synctest.Wait()
		if n := one(); n != 2 || one() != 2 || asked != 2 {
			t.Errorf("answered %d after %d questions", n, asked)
		}
	})
}
