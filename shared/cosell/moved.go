package cosell

import (
	"maps"
	"strings"
)

// Moved is the pairing without what is remembered of fields that stand elsewhere since the pair was last kept in
// step: another column, another path or another kind of value. What is read now was never agreed, and a column
// that is empty because nobody has used it yet would empty the other side. So the field is at its first sight:
// an empty side is filled, different values stay unless the sheet says whose counts.
//
// sheet says where each field stands now, as mapping.Sheet's Version does: "field:place:way" for each of them.
// A pair that was kept by a program that remembered no places has none that moved.
func (in Pairing) Moved(sheet string) Pairing {
	if in.Pair.Sheet == sheet {
		return in
	}
	in.NewSheet = true
	before, now := places(in.Pair.Sheet), places(sheet)
	if len(before) == 0 || len(now) == 0 {
		return in
	}
	base := in.Pair.Base.Clone()
	for _, rule := range in.Rules {
		place, known := before[rule.Field]
		if !known || place == now[rule.Field] || rule.Door == Lifecycle || rule.Way != Both && rule.Way != ToReferral {
			continue
		}
		forget := func(f Field, _ string) bool {
			list, _, member := f.List()
			return f == rule.Field || f == rule.Field.own() || member && list == rule.Field
		}
		maps.DeleteFunc(base.Referral, forget)
		maps.DeleteFunc(base.Opportunity, forget)
	}
	in.Pair.Base = base
	return in
}

// places are those of a sheet's version, by field.
func places(version string) map[Field]string {
	out := map[Field]string{}
	for one := range strings.FieldsSeq(version) {
		field, rest, ok := strings.Cut(one, ":")
		place, _, whole := strings.Cut(rest, ":")
		if !ok || !whole {
			return nil // of a program that wrote a digest of everything
		}
		out[Field(field)] = place
	}
	return out
}
