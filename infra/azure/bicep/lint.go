package bicep

// dependencies: dependsOn names nothing that the body refers to anyway, be it by way of something else.
// https://learn.microsoft.com/azure/azure-resource-manager/bicep/linter-rule-no-unnecessary-dependson
func (f *file) dependencies() (out []Finding) {
	for _, d := range f.all {
		if d.kind != "resource" && d.kind != "module" {
			continue
		}
		listed := member(d.value, "dependsOn")
		if listed == nil {
			continue
		}
		used := map[string]bool{}
		f.refers(d, used)
		for _, n := range listed.parts() {
			if used[n.Text] {
				out = append(out, f.finding(n, d.name+" depends on "+n.Text+" anyway: it refers to it"))
			}
		}
	}
	return out
}

// refers collects what a declaration refers to, and what that refers to, without what is only listed.
func (f *file) refers(d *declared, used map[string]bool) {
	visit := func(v *node) {
		v.walk(func(n *node) bool {
			if n.Type == "identifier" && !used[n.Text] {
				used[n.Text] = true
				if next := f.names[n.Text]; next != nil && next != d {
					f.refers(next, used)
				}
			}
			return true
		})
	}
	if d.value == nil {
		return
	}
	if d.kind != "resource" && d.kind != "module" {
		visit(d.value)
		return
	}
	for _, p := range properties(d.value) {
		if p.name != "dependsOn" {
			visit(p.val)
		}
	}
}

// askedTwice: what may not be there is asked for with .? or [?, and not looked for first.
// https://learn.microsoft.com/azure/azure-resource-manager/bicep/linter-rule-use-safe-access
func (f *file) askedTwice() (out []Finding) {
	f.root.walk(func(n *node) bool {
		if n.Type != "ternary_expression" {
			return true
		}
		args := argumentsOf(n.child("condition"))
		then := n.child("consequence")
		if called(n.child("condition")) != "contains" || len(args) != 2 || then.child("object") == nil || then.child("object").leaves() != args[0].leaves() {
			return true
		}
		wanted, _ := args[1].text()
		if index := then.child("index"); index != nil && index.leaves() == args[1].leaves() || then.Type == "member_expression" && then.child("property").Text == wanted {
			out = append(out, f.finding(n, "contains(…) ? … : … is written with .? or [?"))
		}
		return true
	})
	return out
}
