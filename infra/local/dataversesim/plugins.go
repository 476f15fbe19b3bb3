package dataversesim

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// plugin is the body of POST /plugins: logic of the organisation that runs inside each write of a table, of
// the Web API and of people alike, and changes what is stored; or, "answer", an automation that edits the
// row once the write is done.
// https://learn.microsoft.com/power-apps/developer/data-platform/event-framework
type plugin struct {
	Table   string          `json:"table"`
	Column  string          `json:"column"`  // runs when the write names it; empty (set, answer): at each write
	Do      string          `json:"do"`      // trim, upper, round, prefix, keep, default, set or answer
	To      json.RawMessage `json:"to"`      // round: to multiples of this number; prefix: the text put in front
	Columns json.RawMessage `json:"columns"` // default, set and answer: values as in the Web API
	After   string          `json:"after"`   // answer: Go duration; left out: at once
	Times   int             `json:"times"`   // how often it runs; 0 until DELETE plugins
	after   time.Duration
	step    decimal
	prefix  string
}

func (s *Simulator) postPlugins(w http.ResponseWriter, r *http.Request) {
	var p plugin
	err := control.ReadJSON(r, &p)
	n := 0
	if err == nil {
		s.mu.Lock()
		if err = s.checkPlugin(&p); err == nil {
			s.plugins = append(s.plugins, &p)
		}
		n = len(s.plugins)
		s.mu.Unlock()
	}
	if err != nil {
		control.WriteError(w, http.StatusBadRequest, "%v", err)
		return
	}
	control.WriteJSON(w, http.StatusOK, map[string]int{"plugins": n})
}

func (s *Simulator) deletePlugins(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	s.plugins = nil
	s.mu.Unlock()
	control.WriteJSON(w, http.StatusOK, map[string]int{"plugins": 0})
}

// checkPlugin says what is wrong with a plug-in, and makes it ready.
func (s *Simulator) checkPlugin(p *plugin) error {
	tab := s.schema.tables[p.Table]
	if tab == nil {
		return fmt.Errorf("table: there is no table %q", p.Table)
	}
	c := tab.columns[p.Column]
	if p.Column != "" && c == nil {
		return fmt.Errorf("column: table %s has no column %q", p.Table, p.Column)
	}
	if p.Times < 0 {
		return fmt.Errorf("times %d: use 1 or more, or 0 for until DELETE plugins", p.Times)
	}
	if p.Times == 0 {
		p.Times = -1
	}
	isText := c != nil && (c.kind == kindString || c.kind == kindMemo)
	switch p.Do {
	case "trim", "upper":
		if !isText {
			return fmt.Errorf("%s works on a text column: column %q is none", p.Do, p.Column)
		}
	case "prefix":
		if !isText || json.Unmarshal(p.To, &p.prefix) != nil || p.prefix == "" {
			return fmt.Errorf("prefix works on a text column and needs to: a text")
		}
	case "round":
		var ok bool
		if p.step, ok = newDecimal(string(p.To), 4); !ok || p.step.num <= 0 || c == nil || c.kind != kindMoney && c.kind != kindDecimal {
			return fmt.Errorf("round works on a money or decimal column and needs to: a number above 0")
		}
	case "keep":
		if c == nil {
			return fmt.Errorf("keep needs a column")
		}
	case "default", "set", "answer":
		return s.checkColumns(p, tab)
	default:
		return fmt.Errorf("do %q: use trim, upper, round, prefix, keep, default, set or answer", p.Do)
	}
	return nil
}

func (s *Simulator) checkColumns(p *plugin, tab *table) error {
	if len(p.Columns) == 0 {
		return fmt.Errorf("%s needs columns: values as in the Web API", p.Do)
	}
	if _, err := s.decode(tab, p.Columns, false, nil); err != nil {
		return fmt.Errorf("columns: %w", err)
	}
	if p.After == "" {
		return nil
	}
	var err error
	if p.after, err = time.ParseDuration(p.After); err != nil || p.after < 0 || p.Do != "answer" {
		return fmt.Errorf("after %q: use a duration such as \"2s\", with answer", p.After)
	}
	return nil
}

// runPlugins lets the organisation's logic change a write before it is stored. What it sets counts as named
// in the request, as with a plug-in before the operation.
func (t *tx) runPlugins(tab *table, old *row, ch *change) error {
	if t.automation {
		return nil
	}
	for _, p := range slices.Concat(t.s.house.plugins, t.s.plugins) {
		_, named := ch.set[p.Column]
		if p.Table != tab.name || p.Times == 0 || !named && p.Column != "" {
			continue
		}
		ran, err := t.runPlugin(p, tab, old, ch)
		if err != nil {
			return err
		}
		if ran && p.Times > 0 {
			p.Times--
		}
	}
	t.flowsAnswer(tab)
	return nil
}

func (t *tx) runPlugin(p *plugin, tab *table, old *row, ch *change) (ran bool, err error) {
	c := tab.columns[p.Column]
	switch p.Do {
	case "keep":
		if old != nil {
			ch.drop(p.Column)
		}
		return old != nil, nil
	case "answer":
		t.answers = append(t.answers, p)
		return true, nil
	case "default", "set":
		own, err := t.s.decode(tab, p.Columns, old == nil, nil)
		if err != nil {
			return false, err
		}
		for _, name := range own.order {
			if p.Do == "set" || old == nil && ch.set[name] == nil {
				ch.add(tab.columns[name], own.set[name])
				ran = true
			}
		}
		return ran, nil
	}
	v, changed := p.rewrite(c, ch.set[p.Column])
	if changed {
		ch.add(c, v)
	}
	return changed, nil
}

// rewrite is what trim, upper, prefix and round make of a value.
func (p *plugin) rewrite(c *column, v any) (any, bool) {
	if d, ok := v.(decimal); ok && p.Do == "round" {
		steps := new(big.Rat).Quo(d.rat(), p.step.rat())
		whole, _ := new(big.Rat).SetString(steps.FloatString(0))
		out := ratDecimal(whole.Mul(whole, p.step.rat()), c.precision)
		return out, out != d
	}
	text, ok := v.(string)
	if !ok {
		return v, false
	}
	out := text
	switch p.Do {
	case "trim":
		out = strings.Join(strings.Fields(text), " ")
	case "upper":
		out = strings.ToUpper(text)
	case "prefix":
		if !strings.HasPrefix(text, p.prefix) {
			out = clipCharacters(p.prefix+text, c.maxLength)
		}
	}
	return out, out != text
}

// clipCharacters cuts a text to a column's length, as .NET counts it.
func clipCharacters(s string, n int) string {
	for n > 0 && utf16Length(s) > n {
		r := []rune(s)
		s = string(r[:len(r)-1])
	}
	return s
}

// answer lets an automation edit a row that was written, as Sam Closer, in a transaction of its own. It
// answers no edit of an automation, so that two of them do not chase each other.
func (s *Simulator) answer(p *plugin, to ref) {
	tab, old := s.schema.tables[to.table], s.db.get(to.table, to.id)
	if tab == nil || old == nil {
		return // gone meanwhile
	}
	t := s.begin(CloserID, CloserID)
	t.automation = true
	ch, err := s.decode(tab, p.Columns, false, nil)
	if err == nil {
		_, err = t.update(tab, old, ch)
	}
	if err != nil {
		t.rollback()
		return // a flow that fails changes nothing; its failure is the organisation's to see
	}
	t.commit()
}
