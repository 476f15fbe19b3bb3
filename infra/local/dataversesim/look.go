package dataversesim

import "encoding/json"

// Row is a record as the Web API reads it, all columns; nil when there is none.
func (s *Simulator) Row(table, id string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.schema.tables[table]
	if t == nil || s.db.get(table, id) == nil {
		return nil
	}
	render := s.renderer("", &prefer{})
	render.all = true
	v, _ := s.selection(t, nil) // all columns: cannot fail
	var out map[string]any
	_ = json.Unmarshal(render.row(nil, v, s.db.get(table, id), ""), &out) // our own text
	return out
}

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
