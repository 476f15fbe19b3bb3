package cosell

// leaders says with a list of people that changes who is to lead it: it is replaced whole in Partner Center, and who is
// added must not come before the owner, or before the primary contact.
func (m *merger) leaders() {
	for _, rule := range m.Rules {
		list := rule.Field.led()
		first := m.d[rule.Field]
		if list == rule.Field || first == "" || len(m.plan.ToReferral.Members(list)) == 0 {
			continue
		}
		m.plan.ToReferral[rule.Field] = first
	}
}
