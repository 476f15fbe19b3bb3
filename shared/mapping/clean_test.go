package mapping

import (
	"encoding/json"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"pgregory.net/rapid"
)

func TestR147_OddCharactersAreRemovedFromBothSides(t *testing.T) {
	const odd, clean = "VT\u000b\r\u0000\nna\u0000me\u001e\u007f\u0085 a\tb\r\nc\rd\ufffd\uffff\xc3", "VT\nname a\tb\nc\rd"
	for what, read := range map[string]func(string) (string, error){
		"text of a referral": func(s string) (string, error) { return textFromReferral(nil, s) },
		"text of CRM":        func(s string) (string, error) { return textFromCRM(nil, "", s) },
		"name of CRM":        func(s string) (string, error) { return nameFromCRM(nil, "", s) },
	} {
		if got, err := read(odd); got != clean || err != nil {
			t.Errorf("%s is %q (%v)", what, got, err)
		}
	}
	var half any
	if err := json.Unmarshal([]byte(`{"email":"a@x","firstName":"A\ud800da\u0001"}`), &half); err != nil {
		t.Fatal(err)
	}
	if m, _ := MemberOf(half); m.FirstName != "Ada" {
		t.Errorf("a half surrogate stays in %q", m.FirstName)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		if once := Clean(text); Clean(once) != once {
			t.Fatalf("%q is cleaned further the second time", text)
		}
	})
	for _, kept := range []string{"👩🏽‍💻", "zero\u200bwidth\u200djoiner", "nel\u2028sep", "a\u00a0b", "第１期", "e\u0301"} {
		if Clean(kept) != kept {
			t.Errorf("%q became %q", kept, Clean(kept))
		}
	}
}

func TestR140_KeysOfMembersDoNotDependOnUnicodeForm(t *testing.T) {
	nfc, nfd := Member{FirstName: "Jos\u00e9", LastName: "N"}, Member{FirstName: "JOSE\u0301", LastName: "n "}
	if nfc.Key() != nfd.Key() {
		t.Errorf("%q and %q are two people", nfc.Key(), nfd.Key())
	}
	r := cosell.Record{}
	var l List
	l.Add(nfc.Key(), nfc.Text())
	l.Add(nfd.Key(), nfd.Text())
	if l.Into(r, cosell.Contacts); r[cosell.Contacts] != "1" {
		t.Errorf("%v", r)
	}
}
