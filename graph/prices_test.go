package graph

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestVariablesThatDifferHavePricesOfTheirOwn: what is alike in another kind, or cut in another place, is not the same.
func TestVariablesThatDifferHavePricesOfTheirOwn(t *testing.T) {
	t.Parallel()
	seen := make(map[string]any)
	for _, value := range []any{
		nil, true, false, 1, 2, 1.0, json.Number("1"), "1", "", "a", "ab", "null",
		[]any{},
		[]any{nil},
		[]any{[]any{}},
		[]any{1, 2},
		[]any{"1", "2"},
		[]any{"12"},
		[]any{[]any{1}, 2},
		[]any{[]any{1, 2}},
		map[string]any{},
		map[string]any{"a": nil},
		map[string]any{"a": 1, "b": 2},
		map[string]any{"a": []any{1}, "b": 2},
		map[string]any{"ab": 12},
	} {
		key, ok := variablesKey(map[string]any{"v": value})
		if other, known := seen[key]; known || !ok {
			t.Errorf("%#v: known %v, as %#v", value, ok, other)
		}
		seen[key] = value
	}
}

// TestPricesOfLongVariablesAreNotKept, nor is more of these read than it takes to see that.
func TestPricesOfLongVariablesAreNotKept(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxVariables)
	for name, value := range map[string]any{
		"text": long, "list": []any{long, 1}, "many": make([]any, maxVariables), "object": map[string]any{long: 1}, "kind": struct{}{},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if key, ok := variablesKey(map[string]any{"v": value}); ok || len(key) > 2*maxVariables {
				t.Errorf("kept by %d bytes", len(key))
			}
		})
	}
	if _, ok := variablesKey(map[string]any{"v": strings.Repeat("x", maxVariables/2)}); !ok {
		t.Error("variables of ordinary length have no key")
	}
}
