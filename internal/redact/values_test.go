package redact_test

import (
	"slices"
	"testing"

	"github.com/taffrail/taffrail/internal/redact"
)

func TestValues(t *testing.T) {
	t.Parallel()
	var v redact.Values
	for _, one := range []redact.Value{{Name: "B", Value: "x"}, {Name: "A", Value: "x"}, {Name: "B", Value: "x"}, {Name: "C"}, {Name: "B", Value: "y"}} {
		v.Add(one.Name, one.Value)
	}
	want := []redact.Value{{Name: "B", Value: "x"}, {Name: "A", Value: "x"}, {Name: "B", Value: "y"}}
	if got := v.List(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
