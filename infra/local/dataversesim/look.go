package dataversesim

import "encoding/json"

// Row is a record as the Web API reads it, all columns; nil when there is none.
func (s *Simulator) Row(table, id string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, r := s.schema.tables[table], s.db.get(table, id)
	if t == nil || r == nil {
		return nil
	}
	if out := s.looked[r]; out != nil {
		return out
	}
	render := s.renderer("", &prefer{})
	render.all = true
	v, _ := s.selection(t, nil) // all columns: cannot fail
	var out map[string]any
	_ = json.Unmarshal(render.row(make([]byte, 0, rowSize), v, r, ""), &out) // our own text
	if s.looked == nil || len(s.looked) >= mostLooked {
		s.looked = map[*row]map[string]any{}
	}
	s.looked[r] = out
	return out
}

// mostLooked is how many versions of rows are kept as somebody has looked at them.
const mostLooked = 4096

// IDs are the records of a table, in the order in which they were made.
func (s *Simulator) IDs(table string) (ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.db.tables[table]
	if t == nil {
		return nil
	}
	for _, sl := range t.order {
		if sl.row != nil {
			ids = append(ids, sl.id)
		}
	}
	return ids
}
