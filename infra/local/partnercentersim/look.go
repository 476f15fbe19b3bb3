package partnercentersim

import "strings"

// Referral is a referral as it is stored; nil when there is none.
func (s *Sim) Referral(id string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.referrals[strings.ToLower(id)]
	if r == nil {
		return nil
	}
	return r.doc.clone()
}

// Engagement is the engagement of a referral; empty when there is no such referral.
func (s *Sim) Engagement(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.referrals[strings.ToLower(id)]; r != nil {
		return r.engagement()
	}
	return ""
}

// IDs are all referrals, in the order in which they were made.
func (s *Sim) IDs() (ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.order {
		ids = append(ids, r.id())
	}
	return ids
}
