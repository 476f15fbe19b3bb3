package flow

import (
	"maps"
	"slices"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

// refusal is an atom of changes that a side did not take, and what it said.
type refusal struct {
	atom cosell.Record
	err  error
}

// narrower finds out which of several changes a side refuses, with at most 2·ceil(log2 n)+1 requests for
// each of them: an answer that names a field drops that field; one that names none is split by halves,
// and when the first half is taken, the refused one is known to be in the second without asking.
type narrower struct {
	send func(changes cosell.Record) error
	// bars says whether an atom must not be sent after what was refused: won waits for its values.
	bars    func(atom cosell.Record, refused []refusal) bool
	refused []refusal
}

// all sends the atoms. suspect is the refusal that is known to be about one of them; nil when nobody asked
// yet. Errors other than Refused end it.
func (n *narrower) all(atoms []cosell.Record, suspect error) error {
	atoms = n.allowed(atoms)
	if len(atoms) == 0 {
		return nil
	}
	if suspect == nil {
		err := n.send(join(atoms))
		if !fault.Is(err, fault.Refused) {
			return err
		}
		if i := named(atoms, err); i >= 0 {
			others := append(append([]cosell.Record{}, atoms[:i]...), atoms[i+1:]...)
			if core, extra := cosell.Loosen(atoms[i], cosell.Field(fault.Of(err).Field)); extra != nil {
				return n.loosened(append(others, core), extra)
			}
			n.refused = append(n.refused, refusal{atoms[i], err})
			return n.all(others, nil)
		}
		if fault.OfAll(err) { // it is not about the values
			for _, a := range atoms {
				n.refused = append(n.refused, refusal{a, err})
			}
			return nil
		}
		suspect = err
	}
	if len(atoms) == 1 {
		if core, extra := cosell.Loosen(atoms[0], ""); extra != nil {
			return n.loosened([]cosell.Record{core}, extra)
		}
		n.refused = append(n.refused, refusal{atoms[0], suspect})
		return nil
	}
	first, second := splitBy(atoms, suspect)
	before := len(n.refused)
	if err := n.all(first, nil); err != nil {
		return err
	}
	if len(n.refused) > before {
		suspect = nil
	}
	return n.all(second, suspect)
}

// loosened sends what was refused together in two requests: an acceptance first, then what it did not take
// along. Where the acceptance was refused and the rest was taken it is sent once more: Partner Center may
// demand of it what goes only alone.
func (n *narrower) loosened(atoms []cosell.Record, extra cosell.Record) error {
	if err := n.all(atoms, nil); err != nil {
		return err
	}
	accepts := func(r refusal) bool { return r.atom[cosell.Status] == cosell.Accepted }
	i, before := slices.IndexFunc(n.refused, accepts), len(n.refused)
	if err := n.all([]cosell.Record{extra}, nil); err != nil || i < 0 || len(n.refused) > before {
		return err
	}
	again := n.refused[i]
	err := n.send(again.atom)
	if fault.Is(err, fault.Refused) {
		n.refused[i].err = err
		return nil
	}
	n.refused = slices.Delete(n.refused, i, i+1)
	return err
}

func (n *narrower) allowed(atoms []cosell.Record) []cosell.Record {
	if n.bars == nil {
		return atoms
	}
	var out []cosell.Record
	for _, a := range atoms {
		if !n.bars(a, n.refused) {
			out = append(out, a)
		}
	}
	return out
}

// split divides by halves; what closes a deal stands apart, at the end.
func split(atoms []cosell.Record) (first, second []cosell.Record) {
	last := len(atoms) - 1
	if _, closing := atoms[last][cosell.Status]; closing {
		return atoms[:last], atoms[last:]
	}
	half := (len(atoms) + 1) / 2
	return atoms[:half], atoms[half:]
}

// splitBy divides by what the refusal's words seem to speak of, which the first half then proves: were they about
// something else, that is refused too, and this is asked by itself. What closes a deal stays last.
func splitBy(atoms []cosell.Record, suspect error) (first, second []cosell.Record) {
	e := fault.Of(suspect)
	i := atomOf(atoms, e)
	_, closing := atoms[len(atoms)-1][cosell.Status]
	if e == nil || !e.Guessed || i < 0 || closing && i < len(atoms)-1 {
		return split(atoms)
	}
	return append(slices.Clone(atoms[:i]), atoms[i+1:]...), atoms[i : i+1]
}

func join(atoms []cosell.Record) cosell.Record {
	out := cosell.Record{}
	for _, a := range atoms {
		maps.Copy(out, a)
	}
	return out
}

// named finds the atom that the refusal names for certain.
func named(atoms []cosell.Record, err error) int {
	e := fault.Of(err)
	if e == nil || e.Guessed {
		return -1
	}
	return atomOf(atoms, e)
}

// atomOf finds the atom that holds the refusal's field.
func atomOf(atoms []cosell.Record, e *fault.Error) int {
	if e == nil || e.Field == "" {
		return -1
	}
	for i, a := range atoms {
		for f := range a {
			list, _, member := f.List()
			if string(f) == e.Field || member && string(list) == e.Field {
				return i
			}
		}
	}
	return -1
}
