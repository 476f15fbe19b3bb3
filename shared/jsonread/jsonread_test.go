package jsonread

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// theirs is how encoding/json reads a document.
func theirs(text []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err = d.Decode(&v); err == nil {
		if _, after := d.Token(); after != io.EOF {
			err = errSyntax
		}
	}
	return v, err
}

// documents are good and bad ones.
func documents() []string {
	out := []string{"", " ", "x", "nul", "nullx", "truefalse", "1 2", "-", "-0", "01", "1.", ".5", "1e", "1e+", "1E-7", "12.50", "-1.5e300", "NaN", "Infinity",
		"{", "}", "[", "]", "{]", "[}", "{}", "[]", "[,]", "[1,]", "[1 2]", "{,}", `{"a"}`, `{"a":}`, `{"a":1,}`, `{"a":1 "b":2}`, `{a:1}`, `{1:1}`, `{"a":1}}`, `[[1],[2,[3,{}]]]`,
		`"`, `"a`, `"\`, `"\"`, `"\\"`, `"\"\\\/\b\f\n\r\t"`, `"\x"`, `"\u12"`, `"\u00e9\u20AC"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\ud83dx"`, `"\ud83d\u0041"`, `"\ude00\ud83d"`, `"\u0000"`,
		"\"a\nb\"", "\"a\tb\"", "\"\x7f\"", "\"\xff\xfe\"", "\"\xffa\\n\xfe\"", "\"\xe2\x82\"", "\"Größe \u2028 日本 😀\"", "\ufeff{}",
		` { "a" : null , "b" : [ true , false ] , "c" : { "d" : 1.0 } } `, `{"a":1,"a":{"b":2},"a":[3]}`, `{"":""}`, `{"a":{"x":1,"y":2},"b":{"x":1,"z":2}}`,
		`{"value":[{"id":"1","name":"one"},{"id":"2","name":"two"},{"id":"3"},{"name":"four","id":"4"}],"@odata.nextLink":"https:\/\/x"}`,
		strings.Repeat("[", 400) + strings.Repeat("]", 400)}
	return out
}

// TestTreeReadsAsEncodingJSON compares with the standard library, which this one stands in for.
func TestTreeReadsAsEncodingJSON(t *testing.T) {
	for _, text := range documents() {
		same(t, []byte(text))
	}
}

func FuzzTree(f *testing.F) {
	for _, text := range documents() {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if strings.Count(string(text), "[")+strings.Count(string(text), "{") < mostDepth {
			same(t, text)
		}
	})
}

func same(t *testing.T, text []byte) {
	t.Helper()
	want, refused := theirs(text)
	got, err := Tree(text)
	if (err == nil) != (refused == nil) || err == nil && !reflect.DeepEqual(got, want) {
		t.Errorf("%.200q gives %#v, %v; encoding/json gives %#v, %v", text, got, err, want, refused)
	}
	r := Of(string(text))
	if r.Skip(); (r.End() == nil) != (refused == nil) {
		t.Errorf("%.200q is gone over with %v, but read with %v", text, r.End(), refused)
	}
}

func TestADocumentThatIsTooDeepIsNotRead(t *testing.T) {
	for _, text := range []string{strings.Repeat("[", 1<<20), strings.Repeat(`{"a":`, 1<<20)} {
		if _, err := Tree([]byte(text)); err != errDeep {
			t.Errorf("%.10s…: %v", text, err)
		}
	}
}

// TestMembersThatAreWantedAreRead reads some members and leaves others, as those who look for a few do.
func TestMembersThatAreWantedAreRead(t *testing.T) {
	r := Of(` {"skipped": [1, {"text": "b"}, "]"], "text": "a\u00e9", "flag": true, "number": -12, "none": null, "raw": [ 1,2 ],
		"list": [{"n": 1}, {"m": 0}, null, {"n": 3}], "Text": "other", "nothing": null} `)
	var got []string
	r.Object(func(name string) {
		switch name {
		case "text", "none":
			got = append(got, r.Text())
		case "flag":
			got = append(got, fmt.Sprint(r.Flag()))
		case "number":
			got = append(got, fmt.Sprint(r.Int()))
		case "raw":
			got = append(got, r.Raw())
		case "list", "nothing":
			r.List(func() {
				r.Object(func(name string) {
					if name == "n" {
						got = append(got, fmt.Sprint(r.Int()))
					}
				})
			})
		}
	})
	want := []string{"aé", "true", "-12", "", "[ 1,2 ]", "1", "3"}
	if err := r.End(); err != nil || !slices.Equal(got, want) {
		t.Errorf("read %q, %v; want %q", got, err, want)
	}
}

func TestAValueOfAnotherKindEndsTheReading(t *testing.T) {
	for text, read := range map[string]func(*Reader){
		`1`: func(r *Reader) { r.Text() }, `"1"`: func(r *Reader) { r.Int() }, `1.5`: func(r *Reader) { r.Int() }, `9223372036854775808`: func(r *Reader) { r.Int() }, `0`: func(r *Reader) { r.Flag() },
		`[]`: func(r *Reader) { r.Object(func(string) {}) }, `{}`: func(r *Reader) { r.List(func() {}) },
		`[1,"a"]`: func(r *Reader) { r.List(func() { r.Int() }) },
	} {
		r := Of(text)
		if read(r); r.End() != errKind {
			t.Errorf("%s: %v", text, r.End())
		}
	}
}

// row is an answer as a CRM gives it.
func row() []byte {
	var b strings.Builder
	b.WriteString(`{"@odata.context":"https://org.crm.dynamics.com/api/data/v9.2/$metadata#opportunities/$entity","@odata.etag":"W/\"12345\"","parentaccountid":{"accountid":"00000000-0000-4000-8000-000000000001","name":"Größe & Co"}`)
	for i := range 60 {
		fmt.Fprintf(&b, `,"cosell_column%d":"a value of %d","cosell_number%d":%d.5,"cosell_none%d":null`, i, i, i, i, i)
	}
	b.WriteString("}")
	return []byte(b.String())
}

func BenchmarkTree(b *testing.B) {
	text := row()
	for name, read := range map[string]func([]byte) (any, error){"ours": Tree, "encoding": theirs} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := read(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
