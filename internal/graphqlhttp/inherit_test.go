package graphqlhttp

import (
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// TestInherit: what a transport has kept serves the next one, unless it could be wrong there.
func TestInherit(t *testing.T) {
	t.Parallel()
	const text = "{ __typename }"
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: "type Query { a: Int }"})
	operations, err := ParseOperations([]byte(`{"` + hashOf(text) + `": "` + text + `"}`))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		options               Options
		registered, validated bool
	}{
		"the same":               {Options{}, true, true},
		"other suggestions":      {Options{NoSuggestions: true}, true, true},
		"no introspection":       {Options{NoIntrospection: true}, true, false},
		"other limits":           {Options{Limits: Limits{Depth: 3}}, true, false},
		"a list":                 {Options{Persisted: Persisted{Listed: operations}}, true, true},
		"a list alone":           {Options{Persisted: Persisted{Listed: operations, OnlyListed: true}}, false, true},
		"no room for operations": {Options{Persisted: Persisted{AutomaticBytes: -1}}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, err := New(schema, Options{})
			if err != nil {
				t.Fatal(err)
			}
			doc, f := before.documents.read(unlimited(), text)
			if f != nil || before.documents.validate(unlimited(), text, doc) != nil {
				t.Fatal("the document is not valid")
			}
			before.persisted.register(hashOf(text), text)
			after, err := New(schema, test.options)
			if err != nil {
				t.Fatal(err)
			}
			after.Inherit(before)
			kept, _ := after.documents.kept.GetIfPresent(text)
			if (kept == doc) != test.validated {
				t.Errorf("the document is kept: %v, want %v", kept == doc, test.validated)
			}
			if _, ok := lookRegistered(after, hashOf(text)); ok != test.registered {
				t.Errorf("the operation is registered: %v, want %v", ok, test.registered)
			}
		})
	}
}

func lookRegistered(t *Transport, hash string) (string, bool) {
	if t.persisted.registered == nil {
		return "", false
	}
	return t.persisted.registered.GetIfPresent(hash)
}

// TestReloadDoesNotDoubleWhatIsInFlight: requests that the transport before still reads hold what is of the next one's limit.
func TestReloadDoesNotDoubleWhatIsInFlight(t *testing.T) {
	t.Parallel()
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: "type Query { a: Int }"})
	before, err := New(schema, Options{})
	if err != nil {
		t.Fatal(err)
	}
	next, err := New(schema, Options{NoIntrospection: true})
	if err != nil {
		t.Fatal(err)
	}
	before.pool.claim(before.pool.lease("ann"), 1000)
	next.Inherit(before)
	if held := next.pool.bytes.Of("ann"); held != 1000 {
		t.Errorf("%d bytes are held, want 1000", held)
	}
}
