package cosell

// Over is the note of a write to a side of which an old copy was read: it hides what became of another write, which stays noted beside.
func (s *Sending) Over(before *Sending) *Sending {
	if before == nil || before.Place != s.Place || before.Version == "" || s.Version == "" {
		return s
	}
	return s.beside(before)
}

// Arrived is the one that was made of several writes to a side of which nobody has seen the end, alone: the one whose line stands in Audit,
// or some of whose values stand where others were; of several of these the one of whose values most stand there, and of equals the
// oldest. Where none shows it is the newest. One that the side does not show because it is the copy that was written over stays as it is, and so does a creation.
func (s *Sending) Arrived(side Side) *Sending {
	if s == nil || len(s.Earlier) == 0 || s.Version == "" || s.Version == side.Version {
		return s
	}
	all := s.all()
	best, most := &all[0], -1
	for i := range all {
		if n := all[i].standing(side.Record); all[i].proven(side) && n >= most {
			best, most = &all[i], n
		}
	}
	return best
}

// proven says whether the side shows that the write was made, or has said so.
func (s *Sending) proven(side Side) bool {
	if s.Taken || side.Version == s.Version {
		return s.Taken
	}
	if s.Place == InCRM && !s.Wordless {
		return s.lineIn(side.Record[Audit])
	}
	return s.shown(side.Record)
}

// standing is how many of the values that were written the record holds.
func (s *Sending) standing(now Record) (n int) {
	for f, v := range s.New {
		if at, read := now.value(f); read && f != Audit && same(v, at) {
			n++
		}
	}
	return n
}
