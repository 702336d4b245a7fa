package graphqlhttp

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
	"pgregory.net/rapid"
)

// drawMerging draws a document in which all fields exist. Many of them come to stand in one place, with types, arguments and
// objects that agree or don't.
func drawMerging(t *rapid.T) string {
	fragments := rapid.IntRange(0, 3).Draw(t, "fragments")
	text := "query " + drawFields(t, "Query", 4, 0, fragments)
	if fragments > 0 {
		text = strings.TrimSuffix(text, "}") + "last: node { ...F0 } }"
	}
	for i := range fragments {
		on := rapid.SampledFrom([]string{"Node", "Item", "Other"}).Draw(t, "on")
		fields := drawFields(t, on, 2, i+1, fragments)
		if i+1 < fragments {
			fields = strings.TrimSuffix(fields, "}") + fmt.Sprintf("...F%d }", i+1) // so that all are used
		}
		text += fmt.Sprintf(" fragment F%d on %s %s", i, on, fields)
	}
	return text
}

// fieldsOf are those of a type, and what they select: nothing if empty.
var fieldsOf = map[string][][2]string{
	"Query": {{"node", "Node"}, {"item", "Item"}, {"a: item", "Item"}, {"a: node", "Node"}},
	"Node":  {{"id", ""}, {"a: id", ""}, {"node", "Node"}},
	"Item": {
		{"id", ""}, {"a: id", ""}, {"a: name", ""}, {"a: size", ""}, {"size", ""}, {"name", ""}, {"node", "Node"}, {"node: item", "Item"},
		{"echo(ints: [1])", ""}, {"echo(ints: [2])", ""}, {"echo(ints: [1] level: LOW)", ""}, {"echo(level: LOW, ints: [1])", ""},
	},
	"Other": {{"id", ""}, {"a: name", ""}, {"a: size", ""}, {"size", ""}, {"name", ""}, {"node", "Node"}, {"echo: id", ""}},
}

func drawFields(t *rapid.T, on string, depth, from, to int) string {
	var b strings.Builder
	b.WriteString("{ __typename ")
	for range rapid.IntRange(1, 3).Draw(t, "selections") {
		field := rapid.SampledFrom(fieldsOf[on]).Draw(t, "field")
		kind := rapid.IntRange(0, 5).Draw(t, "kind")
		switch {
		case kind == 0 && on != "Query" && from < to:
			fmt.Fprintf(&b, "...F%d ", rapid.IntRange(from, to-1).Draw(t, "spread"))
		case kind == 1 && on != "Query" && depth > 0:
			inner := on
			if on == "Node" {
				inner = rapid.SampledFrom([]string{"Item", "Other"}).Draw(t, "inner")
			}
			fmt.Fprintf(&b, "... on %s %s ", inner, drawFields(t, inner, depth-1, from, to))
		case field[1] == "":
			b.WriteString(field[0] + " ")
		case depth > 0:
			b.WriteString(field[0] + " " + drawFields(t, field[1], depth-1, from, to) + " ")
		}
	}
	return b.String() + "}"
}

// TestMergingIsJudgedAsByGqlparser: the rule that stands for gqlparser's finds a conflict where that one does.
func TestMergingIsJudgedAsByGqlparser(t *testing.T) {
	t.Parallel()
	schema := shapesDocuments(Limits{}).schema
	conflicts := 0
	rapid.Check(t, func(t *rapid.T) {
		text := drawMerging(t)
		doc := parse(t, text)
		want := validator.ValidateWithRules(schema, doc, rules.NewRules(rules.OverlappingFieldsCanBeMergedRule))
		var got []string
		checkMerging(unlimited(), schema, doc, func(options ...validator.ErrorOption) {
			e := newError("", "")
			for _, option := range options {
				option(e)
			}
			got = append(got, e.Message)
		})
		if len(want) > 0 != (len(got) > 0) {
			t.Fatalf("%q, want %v: %s", got, want, text)
		}
		conflicts += min(1, len(got))
	})
	t.Logf("%d documents with conflicts", conflicts)
}
