package partnercentersim_test

import (
	"testing"
)

func TestRulesRefuseByContentUntilTheyAreRemoved(t *testing.T) {
	for name, c := range map[string]struct {
		rule  object
		hit   func(p *place, id string) answer
		miss  func(p *place, id string) answer
		code  string
		place string // error.target; "referral" where the answer names none
	}{
		"a value in a PATCH, named": {
			rule: object{"match": object{"path": "details/dealValue", "value": "^1000"}, "status": 422, "code": "valueRefused", "message": "No.", "field": true},
			hit:  func(p *place, id string) answer { return p.patch(id, []object{replace("/Details/DealValue", "1000")}) },
			miss: func(p *place, id string) answer { return p.patch(id, []object{replace("/details/dealValue", 5)}) },
			code: "valueRefused", place: "/details/dealValue"},
		"a value in a PATCH, not named": {
			rule: object{"match": object{"path": "/details/notes", "value": "empty"}},
			hit: func(p *place, id string) answer {
				return p.patch(id, []object{replace("/name", "x"), replace("/details/notes", "")})
			},
			miss: func(p *place, id string) answer { return p.patch(id, []object{replace("/name", "x")}) },
			code: "invalidRequest", place: "referral"},
		"zero": {
			rule: object{"match": object{"path": "details/requirements/solutions/*/price", "value": "zero"}, "field": true},
			hit: func(p *place, id string) answer {
				one := solution("SOL-12345-ABC")
				one["price"] = 0
				return p.patch(id, []object{replace("/details/requirements/solutions", []any{solution("SOL-12345-ABC"), one})})
			},
			miss: func(p *place, id string) answer {
				return p.patch(id, []object{replace("/details/requirements/solutions", []any{solution("SOL-12345-ABC")})})
			},
			code: "invalidRequest", place: "/details/requirements/solutions/1/price"},
		"a missing member of a POST": {
			rule: object{"match": object{"method": "POST", "path": "campaignId", "value": "empty"}, "field": true},
			hit:  func(p *place, _ string) answer { return p.call("POST", referrals, deal()) },
			miss: func(p *place, _ string) answer { return p.call("POST", referrals, deal(set("campaignId", "C"))) },
			code: "invalidRequest", place: "/campaignId"},
		"a member of an added element": {
			rule: object{"match": object{"path": "team/*/email", "value": "@gmail"}, "field": true},
			hit: func(p *place, id string) answer {
				m := member("Kim")
				m["email"] = "kim@gmail.example"
				return p.patch(id, []object{{"op": "add", "path": "/team/-", "value": m}})
			},
			miss: func(p *place, id string) answer {
				return p.patch(id, []object{{"op": "add", "path": "/team/-", "value": member("Zoe")}})
			},
			code: "invalidRequest", place: "/team/-/email"},
		"a PUT": {
			rule: object{"match": object{"method": "PUT", "path": "name", "value": "forbidden"}, "field": true},
			hit: func(p *place, id string) answer {
				return p.call("PUT", referrals+"/"+id, p.body(id, set("name", "forbidden")), "If-Match", "*")
			},
			miss: func(p *place, id string) answer {
				return p.call("PUT", referrals+"/"+id, p.body(id, set("name", "fine")), "If-Match", "*")
			},
			code: "invalidRequest", place: "/name"},
		"everything at a URL": {
			rule: object{"match": object{"url": "/v1\\.0/engagements/referrals/[^/]+$"}, "status": 403, "code": "accessDenied"},
			hit:  func(p *place, id string) answer { return p.patch(id, []object{replace("/name", "x")}) },
			miss: func(p *place, _ string) answer { return p.call("POST", referrals, deal()) },
			code: "accessDenied", place: "referral"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			id := p.post(deal()).text("id")
			p.do("/rules", c.rule)
			before := p.get(id).text("eTag")
			a := c.hit(p, id)
			status := 400
			if s, ok := c.rule["status"].(int); ok {
				status = s
			}
			if a.status != status || a.text("error/code") != c.code || a.text("error/target") != c.place || a.text("error/message") == "" {
				t.Errorf("%d %s", a.status, a.raw)
			}
			if p.get(id).text("eTag") != before {
				t.Error("the refused write changed something")
			}
			if a := c.miss(p, id); a.status >= 300 {
				t.Errorf("the rule refuses too much: %d %s", a.status, a.raw)
			}
			p.tell("DELETE", "/rules", nil)
			if a := c.hit(p, id); a.status >= 300 {
				t.Errorf("after DELETE rules: %d %s", a.status, a.raw)
			}
		})
	}
}

func TestRulesBindNoPeople(t *testing.T) {
	p := newPlace(t)
	p.do("/rules", object{"match": object{"path": "name"}})
	id := p.do("/user", object{"do": "create"}).text("id")
	p.do("/user", object{"do": "update", "id": id, "changes": object{"/name": "Other"}})
	p.want(p.patch(id, []object{replace("/name", "x")}), 400, "invalidRequest")
}

func TestRulesRefuseRegistrationsToo(t *testing.T) {
	p := newPlace(t)
	p.do("/rules", object{"match": object{"method": "PUT", "path": "WebhookUrl", "value": "azurewebsites"}, "status": 403, "code": "2032", "times": 1})
	p.want(p.call("PUT", hooks, registration()), 403, "2032")
	p.want(p.call("PUT", hooks, registration()), 200, "")
}

func TestMisspeltRulesAreRefused(t *testing.T) {
	p := newPlace(t)
	for _, bad := range []object{{"match": object{"table": "opportunity"}}, {"match": object{"column": "name"}}, {"match": object{"path": "name", "value": "("}},
		{"status": 200}, {"field": true}, {"surprise": 1}} {
		if a := p.tell("POST", "/rules", bad); a.status != 400 || a.text("error") == "" {
			t.Errorf("%v: %d %s", bad, a.status, a.raw)
		}
	}
}
