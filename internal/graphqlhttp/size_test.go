package graphqlhttp

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"pgregory.net/rapid"
)

func parse(t interface{ Fatalf(string, ...any) }, text string) *ast.QueryDocument {
	doc, err := parser.ParseQuery(&ast.Source{Input: text})
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return doc
}

// unlimited is a meter that only counts.
func unlimited() *meter { return newMeter(context.Background(), uncountable) }

// doubling is a document whose fragments spread the next one twice each.
func doubling(fragments int) string {
	var b strings.Builder
	b.WriteString("{ ...F0 }")
	for i := range fragments {
		fmt.Fprintf(&b, " fragment F%d on Q { ...F%d ...F%d }", i, i+1, i+1)
	}
	fmt.Fprintf(&b, " fragment F%d on Q { a }", fragments)
	return b.String()
}

func TestNestedFragmentsAreMeasuredOnce(t *testing.T) {
	t.Parallel()
	for _, fragments := range []int{10, 25, 200} { // 25 are a kilobyte, and 33,554,432 fields
		doc := parse(t, doubling(fragments))
		s := sizer{meter: unlimited(), fragments: indexFragments(doc)}
		total, f := s.document(doc)
		if f != nil {
			t.Fatal(f.errors)
		}
		want := uncountable
		if fragments < 30 {
			want = 1 << fragments
		}
		if total.fields != want || s.meter.taken > 2*fragments+2 {
			t.Errorf("%d fragments: %d fields in %d steps", fragments, total.fields, s.meter.taken)
		}
	}
}

func TestNestedFragmentsAreRefusedBeforeValidation(t *testing.T) {
	t.Parallel()
	_, f := Limits{}.withDefaults().check(unlimited(), parse(t, doubling(100)))
	if f == nil || !strings.Contains(f.errors.Error(), "more than 1000000000 fields") {
		t.Errorf("%v", f)
	}
}

// placed is the size of a set, counted with every fragment in its place: slow, and plain to see.
func placed(doc *ast.QueryDocument, set ast.SelectionSet) size {
	total := size{depth: 1}
	for _, selection := range set {
		switch selection := selection.(type) {
		case *ast.Field:
			total.fields++
			total.direct++
			total.directives += len(selection.Directives)
			if selection.Alias != selection.Name {
				total.aliases++
			}
			if selection.SelectionSet != nil {
				inner := placed(doc, selection.SelectionSet)
				inner.direct = 0
				total = placedBeside(total, inner)
			}
		case *ast.InlineFragment:
			total.fragments++
			total.directives += len(selection.Directives)
			total = placedBeside(total, placed(doc, selection.SelectionSet))
		case *ast.FragmentSpread:
			f := doc.Fragments.ForName(selection.Name)
			total.fragments++
			total.directives += len(selection.Directives) + len(f.Directives)
			total = placedBeside(total, placed(doc, f.SelectionSet))
		}
	}
	return total
}

func placedBeside(outer, inner size) size {
	return size{
		max(outer.depth, inner.depth+1), outer.direct + inner.direct, outer.fields + inner.fields,
		outer.aliases + inner.aliases, outer.directives + inner.directives, outer.fragments + inner.fragments,
	}
}

// placedPairs counts the pairs of fields with one path of response names, each path written out.
func placedPairs(doc *ast.QueryDocument, set ast.SelectionSet, path string, seen map[string]int) int {
	pairs := 0
	for _, selection := range set {
		switch selection := selection.(type) {
		case *ast.Field:
			at := path + "." + selection.Alias
			pairs += seen[at]
			seen[at]++
			pairs += placedPairs(doc, selection.SelectionSet, at, seen)
		case *ast.InlineFragment:
			pairs += placedPairs(doc, selection.SelectionSet, path, seen)
		case *ast.FragmentSpread:
			pairs += placedPairs(doc, doc.Fragments.ForName(selection.Name).SelectionSet, path, seen)
		}
	}
	return pairs
}

// drawDocument draws a document with one operation that reaches all of its fragments. Each spreads later ones alone.
func drawDocument(t *rapid.T) string {
	fragments := rapid.IntRange(0, 4).Draw(t, "fragments")
	var b strings.Builder
	for i := range fragments + 1 {
		head := fmt.Sprintf("fragment F%d on Q", i)
		if i == 0 {
			head = "query"
		}
		fmt.Fprintf(&b, "%s%s %s\n", head, drawDirectives(t), drawSet(t, 3, i+1, fragments))
	}
	return b.String()
}

func drawDirectives(t *rapid.T) string {
	return strings.Repeat(" @d", max(0, rapid.IntRange(-3, 2).Draw(t, "directives")))
}

func drawSet(t *rapid.T, depth, from, to int) string {
	var b strings.Builder
	b.WriteString("{ ")
	for range rapid.IntRange(1, 4).Draw(t, "selections") {
		b.WriteString(drawSelection(t, depth, from, to) + " ")
	}
	if from <= to {
		fmt.Fprintf(&b, "...F%d ", from) // so that it is reached
	}
	return b.String() + "}"
}

func drawSelection(t *rapid.T, depth, from, to int) string {
	kinds := []string{"a", "b", "x: a", "a: b"}
	if depth > 0 {
		kinds = append(kinds, "a {", "x: a {", "... {")
	}
	if from <= to {
		kinds = append(kinds, "...")
	}
	kind, directives := rapid.SampledFrom(kinds).Draw(t, "kind"), drawDirectives(t)
	switch {
	case kind == "...":
		return fmt.Sprintf("...F%d%s", rapid.IntRange(from, to).Draw(t, "spread"), directives)
	case strings.HasSuffix(kind, "{"):
		return strings.TrimSuffix(kind, "{") + directives + " " + drawSet(t, depth-1, from, to)
	default:
		return kind + directives
	}
}

func TestSizesAreThoseOfTheDocumentWithoutFragments(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := drawDocument(t)
		doc := parse(t, text)
		want := placed(doc, doc.Operations[0].SelectionSet)
		if want.fields > 20_000 {
			t.Skip("too long for the oracle")
		}
		want.directives += len(doc.Operations[0].Directives)
		s := sizer{meter: unlimited(), fragments: indexFragments(doc)}
		got, f := s.document(doc)
		if f != nil || got != want {
			t.Fatalf("%+v, %v; want %+v: %s", got, f, want, text)
		}
		wantPairs := placedPairs(doc, doc.Operations[0].SelectionSet, "", map[string]int{})
		if pairs := overlaps(s.meter, s.fragments, doc); pairs != wantPairs {
			t.Fatalf("%d pairs, want %d: %s", pairs, wantPairs, text)
		}
	})
}
