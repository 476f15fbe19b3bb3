package simulate

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
)

// What a death may change is when things happen, and nothing else: in the end both systems hold what they hold without
// it, row for row and line for line. Ids and moments differ.

var (
	anID    = regexp.MustCompile(`(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	aMoment = regexp.MustCompile(`\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z| UTC)?| - )`)
	aTrace  = regexp.MustCompile(` \([0-9a-f]{8}\)`) // which an operator's call has not, and the message that goes on with it has
	aSale   = regexp.MustCompile(`7-[0-9A-F]{10}`)   // of Microsoft's CRM
)

// anonymous is a value without ids and moments.
func anonymous(v any) string {
	s := fmt.Sprint(v)
	s = aTrace.ReplaceAllString(anID.ReplaceAllString(s, "ID"), "")
	s = aSale.ReplaceAllString(s, "SALE") // an id may hold what looks like one
	return aMoment.ReplaceAllString(s, "WHEN ")
}

// painted are the tables of the CRM that a portrait shows: those which people or the product write.
func painted() []string {
	return []string{"opportunity", "lead", "account", "contact", "cosell_solution", "cosell_solutiondetail", "connection", "task", "annotation", "opportunityclose"}
}

// portrait is what both systems hold, and how many rows of each kind the product remembers: one line for each value.
func (r *run) portrait() (out []string) {
	for _, table := range painted() {
		for _, id := range r.people.dv.IDs(table) {
			row := r.people.dv.Row(table, id)
			name := table + " " + anonymous(firstOf(row, "name", "fullname", "subject", "cosell_name", "description", "notetext"))
			out = append(out, name)
			for column, v := range row {
				switch {
				case v == nil, strings.HasPrefix(column, "@"), slices.Contains([]string{"modifiedon", "createdon", "versionnumber", "overriddencreatedon", "name", "actualend", "actualstart"}, column):
				case column == "cosell_audit":
					for line := range strings.Lines(text(v)) {
						for _, part := range partsOf(anonymous(strings.TrimSpace(line))) {
							out = append(out, name+" audit: "+part)
						}
					}
				default:
					out = append(out, name+" "+column+": "+anonymous(text(v)))
				}
			}
		}
	}
	for _, id := range r.people.pc.IDs() {
		d := r.people.pc.Referral(id)
		whose := "Microsoft's"
		if own(d) {
			whose = "own"
		}
		out = append(out, paint("referral, "+whose, d)...)
	}
	out = append(out, r.remembered()...)
	slices.Sort(out)
	return out
}

// partsOf are the parts of a line of Audit: what came in two events may be told in one.
func partsOf(line string) (out []string) {
	_, said, ok := strings.Cut(line, "to CRM: ")
	if !ok {
		return []string{line}
	}
	for part := range strings.SplitSeq(said, "; ") {
		fields, updated := strings.CutPrefix(part, "updated ")
		if !updated {
			out = append(out, "to CRM: "+part)
			continue
		}
		for field := range strings.SplitSeq(fields, ", ") {
			out = append(out, "to CRM: updated "+field)
		}
	}
	return out
}

// remembered is what the product remembers of the pairs: what is not done yet, and the trail, where each deed has one line.
func (r *run) remembered() (out []string) {
	ctx := context.Background()
	open := r.openTables()
	r.must(open.Pairs(ctx, func(p cosell.Pair) bool {
		name := "pair of " + cmp.Or(string(p.Table), "opportunity")
		out = append(out, fmt.Sprintf("%s: %s, told %d, untold %d, sending %v", name, p.Phase, len(p.Told), len(p.Untold), p.Sending != nil))
		for _, h := range p.Held {
			out = append(out, fmt.Sprintf("%s: held %s %s %s", name, h.Place, h.Field, h.Class))
		}
		trail, err := open.Audit(ctx, p.OpportunityID, 1000)
		r.must(err)
		for _, e := range trail {
			if e.Action == "ended" && e.Result == "the opportunity is gone" { // as the timer finds it, where the event of its deletion died with its receiver
				e.Result = "the opportunity was deleted"
			}
			if e.Action == "ended" && e.Result == "the lead is gone" {
				e.Result = "the lead was deleted"
			}
			for _, f := range append(e.Fields, "")[:max(len(e.Fields), 1)] { // two edits may have gone in one write
				out = append(out, fmt.Sprintf("%s: trail %s, %s %s: %s", name, e.Direction, e.Action, f, anonymous(e.Result)))
			}
		}
		return true
	}))
	return out
}

// firstOf is the first of the columns that is filled.
func firstOf(row map[string]any, columns ...string) any {
	for _, c := range columns {
		if row[c] != nil {
			return row[c]
		}
	}
	return ""
}

// paint writes a document as lines, one for each value.
func paint(name string, v any) (out []string) {
	switch v := v.(type) {
	case nil:
	case map[string]any:
		for k, inner := range v {
			if k != "eTag" {
				out = append(out, paint(name+"/"+k, inner)...)
			}
		}
	case []any:
		for _, inner := range v {
			out = append(out, paint(name+"/-", inner)...)
		}
	default:
		out = append(out, name+": "+anonymous(text(v)))
	}
	return out
}

// differs names what one portrait has and the other has not, in both directions.
func differs(was, is []string) (out []string) {
	left := map[string]int{}
	for _, line := range is {
		left[line]++
	}
	for _, line := range was {
		if left[line]--; left[line] < 0 {
			out = append(out, "without: "+line)
		}
	}
	for _, line := range sortedKeys(left) {
		for range left[line] {
			out = append(out, "more: "+line)
		}
	}
	return out
}

// unlike is what another run of the tale has left otherwise, but for what it may. Where it wrote more, the trail may have
// more lines, one for each write; a refusal has one, with the row that holds it, and where the same is refused again and again one less or more for a request less or more,
// because the message came less or more often, or one less where that row was lost; and people may be
// told that a change waits, which is a line of the trail too, and of Partner Center, as is then what tells its end.
func (o retold) unlike(other retold) []string {
	all := differs(o.portrait, other.portrait)
	elsewhere := slices.ContainsFunc(all, func(line string) bool { return strings.HasPrefix(line, "more: ") && saysOver(line) })
	lost := map[string]int{}
	requests := map[string]bool{}
	refused := map[bool]int{true: max(other.refused-o.refused, 0), false: max(o.refused-other.refused, 0) + other.struck}
	return slices.DeleteFunc(all, func(line string) bool {
		more := strings.HasPrefix(line, "more: ")
		if strings.Contains(line, ": trail to ") && strings.Contains(line, ", refused ") {
			lost[line]++
			if one := fmt.Sprint(more, requestOf(line), lost[line]); !requests[one] { // of several values it has a line for each
				requests[one] = true
				refused[more]--
			}
			if !more && refused[more] >= 0 && (other.refuses(line) || other.took(line)) {
				return true
			}
			_, same, _ := strings.Cut(line, ": ")
			first := slices.Index(o.portrait, same) // the lines are sorted
			return refused[more] >= 0 && first >= 0 && first+1 < len(o.portrait) && o.portrait[first+1] == same && slices.Contains(other.portrait, same)
		}
		if !more && (elsewhere && saysOver(line) || other.writes < o.writes && strings.Contains(line, ": trail to ") && strings.Contains(line, ", updated ")) {
			return true // an event that died with its receiver: two edits went in one write, or made up for each other
		}
		return more && strings.Contains(line, ": trail to ") && other.writes > o.writes ||
			more && (strings.Contains(line, "waiting: a change has been waiting since") || saysOver(line) || strings.Contains(line, ": trail to CRM, updated : waiting")) ||
			more && strings.HasSuffix(line, ": trail to CRM, updated : ok") // the owner's tasks are looked at once more, which are rows of their own
	})
}

// refuses says whether the trail has a refusal like that of the line, of another field: of several values that were asked for at once some
// were taken before the others were asked for again, and are no more told with them.
func (o retold) refuses(line string) bool {
	of, _, _ := strings.Cut(strings.TrimPrefix(line, "without: "), ", refused ")
	return slices.ContainsFunc(o.portrait, func(other string) bool {
		return strings.HasPrefix(other, of+", refused ") && other != strings.TrimPrefix(line, "without: ") && other[strings.LastIndex(other, ": "):] == line[strings.LastIndex(line, ": "):]
	})
}

// requestOf is a refusal without the field.
func requestOf(line string) string {
	of, _, _ := strings.Cut(line, ", refused ")
	return of + line[strings.LastIndex(line, ": "):]
}

// took says whether what was refused with words was taken without them in the end: then nothing is held, and who died before that was saved tells of no refusal.
func (o retold) took(line string) bool {
	of, what, _ := strings.Cut(strings.TrimPrefix(line, "without: "), ", refused ")
	field, _, _ := strings.Cut(what, ": ")
	return field == string(cosell.Mark) || slices.Contains(o.portrait, of+", updated "+field+": ok") // the mark goes with the others
}

// referrals are how many own ones there are.
func (o retold) referrals() (n int) {
	for _, line := range o.portrait {
		if strings.HasPrefix(line, "referral, own/status:") {
			n++
		}
	}
	return n
}

func saysOver(line string) bool {
	return strings.Contains(line, " audit: ") && strings.Contains(line, ": in step again")
}
