package graphqlhttp

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/difygraph/difygraph/graph/code"
)

const shapesSchema = `
type Query { node: Node item: Item echo(level: Level, ints: [Int], text: String, any: Any, box: Box): String }
interface Node { id: ID! node: Node }
type Item implements Node {
	id: ID! key: ID! name: String size: Int node: Node item: Item
	echo(level: Level, ints: [Int]): String
}
type Other implements Node { id: ID! key: ID! name: String! size: String node: Node }
enum Level { LOW HIGH }
input Box { name: String, boxes: [Box] }
scalar Any
`

func shapesDocuments(l Limits) *documents {
	o := Options{Limits: l}.withDefaults()
	return newDocuments(gqlparser.MustLoadSchema(&ast.Source{Name: "test", Input: shapesSchema}), o)
}

// readWhole takes a document through all passes, and counts their steps.
func (d *documents) readWhole(ctx context.Context, text string) (steps int, f *failure) {
	m := newMeter(ctx, d.limits.Steps)
	f = orAborted(func() *failure {
		doc, f := d.read(m, text)
		if f != nil {
			return f
		}
		return d.validate(m, text, doc)
	})
	return m.taken, f
}

// repeat writes a text n times, each time with its number for # and the next one for ##.
func repeat(n int, text string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.NewReplacer("##", strconv.Itoa(i+1), "#", strconv.Itoa(i)).Replace(text))
	}
	return b.String()
}

// Each shape once made some pass grow faster than its text.
var shapes = []struct {
	name string
	of   func(n int) string
	// says is of the error where the shape is large; empty if it stays valid.
	says string
}{
	{"fragments without fields, forty spreads each, of none at last", func(n int) string {
		return "{ ...F0 }" + repeat(n/10, "fragment F# on Query { "+strings.Repeat("...F## ", 40)+"}")
	}, "Unknown fragment"},
	{"fragments without fields, two spreads each", func(n int) string {
		return "{ ...F0 }" + repeat(n, "fragment F# on Query { ...F## ...F## } ") + fmt.Sprintf("fragment F%d on Query { id }", n)
	}, "fields, fragments put in place"},
	{"spreads of one empty cycle", func(n int) string {
		return "{ ...F0 }" + repeat(n, "fragment F# on Query { ...F## ...F0 } ") + fmt.Sprintf("fragment F%d on Query { ...F0 }", n)
	}, "spreads itself"},
	{"a chain of fragments", func(n int) string {
		return "{ ...F0 }" + repeat(n, "fragment F# on Query { ...F## } ") + fmt.Sprintf("fragment F%d on Query { __typename }", n)
	}, "deep; 20 are allowed"},
	{"many fragments of a few", func(n int) string {
		return "{ item {" + repeat(n, "...F# ") + "} }" + repeat(n, "fragment F# on Item { ...G } ") +
			"fragment G on Item { echo(ints: [" + strings.Repeat("1 ", 8*n) + "]) }"
	}, "pairs of fields"},
	{"many fragments of a long value", func(n int) string {
		return "{ item {" + repeat(n/2, "...F# ") + "} }" + repeat(n/2, "fragment F# on Item { ...G } ") +
			"fragment G on Item { echo(ints: [" + strings.Repeat("1 ", 12*n) + "]) }"
	}, "more than 30000 steps"},
	{"spreads beside each other", func(n int) string {
		return "{ item {" + strings.Repeat("...F ", 8*n) + "} } fragment F on Item { id }"
	}, "inline fragments and spreads"},
	{"inline fragments beside each other", func(n int) string {
		return "{ item {" + strings.Repeat("...{ id } ", 4*n) + "} }"
	}, "pairs of fields"},
	{"inline fragments in each other", func(n int) string {
		return "{" + strings.Repeat("...{", n) + "__typename " + strings.Repeat("}", n) + "}"
	}, "deep"},
	{"one field again and again", func(n int) string { return "{ item {" + strings.Repeat("id ", 8*n) + "} }" }, "pairs of fields"},
	{"fields with selections, again and again", func(n int) string {
		return "{ node {" + strings.Repeat("node { node { id } } ", n) + "} }"
	}, "pairs of fields"},
	{"pairs of spreads below fields of one name", func(n int) string {
		return "{" + strings.Repeat("item {"+repeat(n, "...F# ")+"} ", 4) + "}" + repeat(n, "fragment F# on Item { id } ")
	}, "pairs of fields"},
	{"unknown fields", func(n int) string { return "{ item {" + repeat(9*n, "a# ") + "} }" }, "Cannot query field"},
	{"unknown types", func(n int) string {
		return "{ item {" + repeat(n/2, "...F# ") + "} }" + repeat(n/2, "fragment F# on Ite# { a } ")
	}, "Unknown type"},
	{"a long name", func(n int) string { return "{ " + strings.Repeat("a", 1000*n) + " }" }, "choose shorter names"},
	{"a long text for an enum", func(n int) string {
		return `{ item {` + repeat(n/3, "...F# ") + `} }` + repeat(n/3, "fragment F# on Item { ...G } ") +
			`fragment G on Item { echo(level: "` + strings.Repeat("é", 500*n) + `") }`
	}, "more than 30000 steps"},
	{"a list in lists", func(n int) string {
		return "{ echo(any: " + strings.Repeat("[", n) + strings.Repeat("]", n) + ") }"
	}, "nested too deep"},
	{"an object in objects", func(n int) string {
		return "{ echo(any: " + strings.Repeat("{a: ", n) + "1" + strings.Repeat("}", n) + ") }"
	}, "nested too deep"},
	{"a type of lists of lists", func(n int) string {
		return "query($v: " + strings.Repeat("[", n) + "Int" + strings.Repeat("]", n) + ") { echo(any: $v) }"
	}, "nested too deep"},
	{"a default of lists in lists", func(n int) string {
		return "query($v: Any = " + strings.Repeat("[", n) + strings.Repeat("]", n) + ") { echo(any: $v) }"
	}, "nested too deep"},
	{"a long list", func(n int) string { return "{ echo(ints: [" + strings.Repeat("1 ", 15*n) + "]) }" }, ""},
	{"wrong values", func(n int) string { return "{ echo(ints: [" + strings.Repeat(`"x" `, 15*n) + "]) }" }, "non-integer"},
	{"variables that are not declared", func(n int) string { return "{ echo(ints: [" + strings.Repeat(`$x `, 9*n) + "]) }" }, "not defined"},
	{"variables that are not used", func(n int) string { return "query(" + repeat(4*n, `$v#: Int `) + ") { __typename }" }, "never used"},
	{"variables", func(n int) string {
		return "query(" + repeat(3*n, `$v#: Int `) + ") { echo(ints: [" + repeat(3*n, "$v# ") + "]) }"
	}, ""},
	{"arguments of one name", func(n int) string { return "{ echo(" + strings.Repeat(`text: "x" `, 5*n) + ") }" }, "only one argument"},
	{"unknown arguments", func(n int) string { return "{ echo(" + repeat(5*n, `t#: 1 `) + ") }" }, "Unknown argument"},
	{"directives", func(n int) string { return "{ __typename " + strings.Repeat("@skip(if: false) ", 2*n) + "}" }, "directives"},
	{"operations over the same fragments", func(n int) string {
		return repeat(n, "query Q# { ...F } ") + "fragment F on Query { item {" + repeat(n, "...F# ") + "} }" +
			repeat(n, "fragment F# on Item { id } ")
	}, "fields, fragments put in place"},
	{"unused fragments", func(n int) string {
		return "{ __typename }" + repeat(2*n, "fragment F# on Query { __typename } ")
	}, "never used"},
	{"comments", func(n int) string { return "{ __typename }" + strings.Repeat("#x\n", 15*n) }, ""},
	{"block strings", func(n int) string { return `{ echo(text: """` + strings.Repeat("\n  x\"\"", 100*n) + ` """) }` }, ""},
	{"escapes", func(n int) string { return `{ echo(text: "` + strings.Repeat(`\u0041`, 100*n) + `") }` }, ""},
	{"digits", func(n int) string { return `{ echo(any: ` + strings.Repeat(`9`, 1000*n) + `) }` }, "out of range"},
	{"an input object in lists", func(n int) string {
		return `{ echo(box: {boxes: [` + strings.Repeat(`{name: "x", boxes: []} `, 2*n) + `]}) }`
	}, ""},
}

// stepsPerByte and someSteps bound what any document may take of steps, by its text's length. The latter is what few bytes can
// come to when fragments are put in place, within the limits of fields, fragments and overlaps.
const (
	stepsPerByte = 16
	someSteps    = 6000
)

func TestStepsGrowWithTheTextAlone(t *testing.T) {
	t.Parallel()
	d := shapesDocuments(Limits{})
	for _, shape := range shapes {
		for _, n := range []int{30, 100} {
			text := shape.of(n)
			steps, f := d.readWhole(t.Context(), text)
			if steps > someSteps+stepsPerByte*len(text) || steps > d.limits.Steps+len(text) {
				t.Errorf("%s: %d steps for %d bytes", shape.name, steps, len(text))
			}
			if n == 100 && shape.says == "" && f != nil {
				t.Errorf("%s: %v", shape.name, f.errors)
			}
			if n == 100 && shape.says != "" && (f == nil || !strings.Contains(f.errors.Error(), shape.says)) {
				t.Errorf("%s: %v, want %q", shape.name, f, shape.says)
			}
			if f != nil && (codeOf(f.errors[0]) != code.GraphQLValidationFailed || f.status != 0 || len(f.errors) > 100) {
				t.Errorf("%s: %d errors, the first %v", shape.name, len(f.errors), f.errors[0])
			}
		}
	}
}

func TestPassesEndWithTheRequest(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("the client is gone")
	cancel(gone)
	d := shapesDocuments(Limits{Tokens: 10_000})
	text := "{ item { echo(ints: [" + strings.Repeat("1 ", 3000) + "]) } }"
	steps, f := d.readWhole(ctx, text)
	if f == nil || !errors.Is(f.errors, gone) || steps > stepsBetweenLooks {
		t.Errorf("%v after %d steps", f, steps)
	}
	if steps, f := d.readWhole(t.Context(), text); f != nil || steps < 3000 {
		t.Errorf("%v after %d steps", f, steps)
	}
}

// TestEachPassEndsWithTheRequest ends it between two passes.
func TestEachPassEndsWithTheRequest(t *testing.T) {
	t.Parallel()
	d := shapesDocuments(Limits{})
	doc := parse(t, "{ item { ...F } } fragment F on Item { id id name item { id } }")
	if f := d.rules.validate(unlimited(), doc); f != nil {
		t.Fatal(f.errors)
	}
	for name, pass := range map[string]func(*meter){
		"sizes":    func(m *meter) { (&sizer{meter: m, fragments: indexFragments(doc)}).document(doc) },
		"overlaps": func(m *meter) { overlaps(m, indexFragments(doc), doc) },
		"rules":    func(m *meter) { d.rules.validate(m, doc) },
		"merging":  func(m *meter) { checkMerging(m, d.schema, doc, nil) },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		m := newMeter(ctx, uncountable)
		f := orAborted(func() *failure { pass(m); return nil })
		if f == nil || !errors.Is(f.errors, context.Canceled) || m.taken != 1 {
			t.Errorf("%s: %v after %d steps", name, f, m.taken)
		}
	}
}
