package graphqlhttp

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
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
		{"id", ""},
		{"a: id", ""},
		{"a: id", ""},
		{"a: name", ""},
		{"size", ""},
		{"node", "Node"},
		{"node: item", "Item"},
		{"echo(ints: [1])", ""},
		{"echo(ints: [2])", ""},
		{"echo(ints: [1] level: LOW)", ""},
		{"echo(level: LOW, ints: [1])", ""},
	},
	"Other": {{"id", ""}, {"a: key", ""}, {"a: key", ""}, {"a: name", ""}, {"size", ""}, {"node", "Node"}, {"echo: id", ""}},
}

// messagesOfMerging are those of a document that is valid otherwise.
func messagesOfMerging(m *meter, schema *ast.Schema, doc *ast.QueryDocument) (messages []string) {
	checkMerging(m, schema, doc, func(options ...validator.ErrorOption) {
		e := newError("", "")
		for _, option := range options {
			option(e)
		}
		messages = append(messages, e.Message)
	})
	return messages
}

func TestFieldsThatCanMerge(t *testing.T) {
	t.Parallel()
	schema := shapesDocuments(Limits{}).schema
	for fields, says := range map[string]string{
		"id id ... on Item { id } ... on Node { id }":                                            "",
		"... on Item { a: id } ... on Other { a: key }":                                          "", // never of one object
		"... on Item { a: id } ... on Item { a: key }":                                           `"id" and "key" are different fields`,
		"a: id ... on Other { a: key }":                                                          `"id" and "key" are different fields`,
		"... on Item { a: size } ... on Other { a: size }":                                       `conflicting types "Int" and "String"`,
		"... on Item { a: name } ... on Other { a: name }":                                       `conflicting types "String" and "String!"`,
		"... on Item { a: id } ... on Other { a: node { id } }":                                  `conflicting types "ID!" and "Node"`,
		"... on Item { a: node { b: id } } ... on Other { a: node { b: node { id } } }":          `subfields "b" conflict because`,
		"... on Item { a: item { b: id } } ... on Other { a: node { ... on Other { b: key } } }": "",
		"... on Item { a: item { b: id } a: node { ... on Item { b: key } } }":                   `"item" and "node" are different fields`,
		"node { a: id } node { ...on Item { a: key } }":                                          `subfields "a" conflict because "id" and "key" are`,
		"... on Item { echo(ints: [1, 2]) } ... on Item { echo(ints: [2, 1]) }":                  "differing arguments",
		"... on Item { echo(ints: [1], level: LOW) echo(level: LOW, ints: 1) }":                  "differing arguments",
		"... on Item { echo(ints: [1], level: LOW) echo(level: LOW, ints: [1]) }":                "",
		"... on Item { echo(level: LOW) echo }":                                                  "differing arguments",
	} {
		doc := parse(t, "{ node { "+fields+" } }")
		validator.Walk(schema, doc, &validator.Events{})
		got := messagesOfMerging(unlimited(), schema, doc)
		if (says == "") != (len(got) == 0) || says != "" && !strings.Contains(got[0], says) {
			t.Errorf("%s: %q, want %q", fields, got, says)
		}
		if theirs := validator.ValidateWithRules(schema, doc, rules.NewRules(rules.OverlappingFieldsCanBeMergedRule)); (says == "") != (len(theirs) == 0) {
			t.Errorf("%s: gqlparser says %v", fields, theirs)
		}
	}
}

func TestInputObjectsMergeInAnyOrder(t *testing.T) {
	t.Parallel()
	schema := shapesDocuments(Limits{}).schema
	doc := parse(t, `{ echo(box: {name: "a", boxes: [{}]}) echo(box: {boxes: [{}], name: "a"}) }`)
	validator.Walk(schema, doc, &validator.Events{})
	if got := messagesOfMerging(unlimited(), schema, doc); got != nil {
		t.Errorf("%q", got)
	}
}

// TestMergingEntersAFragmentOnce, whatever the limits let pass.
func TestMergingEntersAFragmentOnce(t *testing.T) {
	t.Parallel()
	schema := shapesDocuments(Limits{}).schema
	text := "{ ...F0 }" + repeat(30, "fragment F# on Query { ...F## ...F## } ") + "fragment F30 on Query { __typename }"
	doc := parse(t, text)
	validator.Walk(schema, doc, &validator.Events{})
	m := newMeter(t.Context(), 100)
	if f := orAborted(func() *failure { messagesOfMerging(m, schema, doc); return nil }); f != nil {
		t.Errorf("%v", f.errors)
	}
}

// TestMergingComparesEachTwoFieldsOnce, wherever fragments put them.
func TestMergingComparesEachTwoFieldsOnce(t *testing.T) {
	t.Parallel()
	schema := shapesDocuments(Limits{}).schema
	text := "{ node { ...F0 } }" + repeat(20, "fragment F# on Node { node { ...F## } node { ...F## } } ") + "fragment F20 on Node { id }"
	doc := parse(t, text)
	validator.Walk(schema, doc, &validator.Events{})
	m := newMeter(t.Context(), 500)
	if f := orAborted(func() *failure { messagesOfMerging(m, schema, doc); return nil }); f != nil {
		t.Errorf("%v", f.errors)
	}
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
		got := messagesOfMerging(unlimited(), schema, doc)
		if len(want) > 0 != (len(got) > 0) {
			t.Fatalf("%q, want %v: %s", got, want, text)
		}
		conflicts += min(1, len(got))
	})
	t.Logf("%d documents with conflicts", conflicts)
}
