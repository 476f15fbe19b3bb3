package pattern

import (
	"slices"
	"sync"
	"testing"
)

func TestAPatternIsCompiledWhenItIsAsked(t *testing.T) {
	wrong := New(`(`) // nothing happens: nobody has asked
	defer func() {
		if recover() == nil {
			t.Error("an expression that is none was asked, and answered")
		}
	}()
	wrong.MatchString("(")
}

func TestAPatternAnswersAsRegexpDoes(t *testing.T) {
	p := New(`([a-z])([0-9])`)
	var all sync.WaitGroup
	for range 4 { // by several at once
		all.Go(func() {
			if !p.MatchString("..a1") || p.MatchString("..1a") {
				t.Error("match")
			}
		})
	}
	all.Wait()
	if got := p.FindString("..a1b2"); got != "a1" {
		t.Errorf("find: %q", got)
	}
	if got := p.FindStringIndex("..a1b2"); !slices.Equal(got, []int{2, 4}) {
		t.Errorf("index: %v", got)
	}
	if got := p.FindStringSubmatch("..a1b2"); !slices.Equal(got, []string{"a1", "a", "1"}) {
		t.Errorf("submatch: %v", got)
	}
	if got := p.FindAllString("..a1b2", -1); !slices.Equal(got, []string{"a1", "b2"}) {
		t.Errorf("all: %v", got)
	}
	if got := p.FindAllStringSubmatch("a1b2", 1); len(got) != 1 || got[0][2] != "1" {
		t.Errorf("all submatches: %v", got)
	}
	if got := p.ReplaceAllString("..a1b2", "$2"); got != "..12" {
		t.Errorf("replace: %q", got)
	}
	if p.String() != `([a-z])([0-9])` {
		t.Errorf("text: %q", p.String())
	}
}

func TestAPatternMayBeLimited(t *testing.T) {
	p := New(`^a+$`).UpTo(3)
	for text, want := range map[string]bool{"": false, "aaa": true, "aaaa": false, "b": false} {
		if p.MatchString(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}
