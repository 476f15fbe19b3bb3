package queue

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

// TestEveryMemberOfAMessageIsRead fills all that a message can say: what is added to one and not read would be lost here.
func TestEveryMemberOfAMessageIsRead(t *testing.T) {
	var full wire
	fill(t, reflect.ValueOf(&full).Elem())
	full.V = newest
	text, err := json.Marshal(full)
	if err != nil {
		t.Fatal(err)
	}
	got, rest, err := readWire(string(text))
	if err != nil || rest != "" || !reflect.DeepEqual(got, full) {
		t.Errorf("%s is read as %+v, beside %s, %v", text, got, rest, err)
	}
}

// fill gives every field a value of its own.
func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	for i := range v.NumField() {
		f := v.Field(i)
		switch p := f.Addr().Interface().(type) {
		case *string:
			*p = v.Type().Field(i).Name
		case *int:
			*p = i + 1
		case *bool:
			*p = true
		case **bool:
			*p = new(bool)
		case *time.Time:
			*p = time.Date(2026, 1, 1, i, 0, 0, 0, time.UTC)
		default:
			if f.Kind() != reflect.Struct {
				t.Fatalf("no value for %s", v.Type().Field(i).Name)
			}
			fill(t, f)
		}
	}
}
