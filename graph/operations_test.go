package graph_test

import (
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"pgregory.net/rapid"

	"github.com/difygraph/difygraph/graph"
)

// operationMaker draws operations of the schema. An alias says which field it is and with which arguments, so that all
// selections of an object can be merged.
type operationMaker struct {
	*rapid.T
	schema    *ast.Schema
	fragments strings.Builder
	named     int
	left      int // selections that may still be drawn
}

// drawOperation draws a list of logs with all that can be below it, and values for its variables.
func drawOperation(t *rapid.T) (query string, variables map[string]any) {
	m := &operationMaker{T: t, schema: graph.Schema(), left: 50}
	connection := m.schema.Types["WorkflowLogConnection"]
	body := fmt.Sprintf("{ workflowLogs(first: %d, onAppFailure: PARTIAL) %s }", m.number("first", 1, 12), m.selections(connection, 0))
	variables = make(map[string]any)
	for _, name := range []string{"a", "b", "c"} {
		variables[name] = rapid.Bool().Draw(t, name)
	}
	// Each variable has to be used.
	all := "{ __typename @include(if: $a) @skip(if: $b) __typename @include(if: $c) }"
	return "query($a: Boolean!, $b: Boolean!, $c: Boolean = true) { ...All " + strings.TrimPrefix(body, "{") + m.fragments.String() +
		" fragment All on Query " + all, variables
}

func (m *operationMaker) number(label string, least, most int) int {
	return rapid.IntRange(least, most).Draw(m.T, label)
}

// oneIn is true once in n times.
func (m *operationMaker) oneIn(n int) bool { return m.number("one in", 1, n) == n }

// deepest is how deep selections go.
const deepest = 8

func (m *operationMaker) selections(of *ast.Definition, depth int) string {
	var b strings.Builder
	b.WriteString("{ ")
	for range m.number("selections", 1, 6) {
		if m.left--; m.left < 0 {
			break
		}
		switch m.number("kind", 0, 9) {
		case 0:
			b.WriteString("..." + m.condition(of) + m.directive() + m.selections(of, depth+1))
		case 1:
			b.WriteString("..." + m.fragment(of, depth+1) + m.directive())
		case 2:
			if of.Kind == ast.Object && len(of.Interfaces) > 0 {
				b.WriteString("... on " + of.Interfaces[0] + m.directive() + m.selections(m.schema.Types[of.Interfaces[0]], depth+1))
			}
		case 3:
			b.WriteString([]string{"__typename", "t: __typename"}[m.number("name", 0, 1)] + m.directive())
		default:
			b.WriteString(m.field(of, depth))
		}
		b.WriteString(" ")
	}
	b.WriteString("__typename }")
	return b.String()
}

func (m *operationMaker) condition(of *ast.Definition) string {
	if rapid.Bool().Draw(m.T, "typed") {
		return " on " + of.Name
	}
	return ""
}

// fragment writes a named one.
func (m *operationMaker) fragment(of *ast.Definition, depth int) string {
	m.named++
	name := fmt.Sprintf("F%d", m.named)
	text := m.selections(of, depth)
	fmt.Fprintf(&m.fragments, " fragment %s on %s %s", name, of.Name, text)
	return name
}

func (m *operationMaker) directive() string {
	if !m.oneIn(4) {
		return " "
	}
	return fmt.Sprintf(" @%s(if: %s) ", rapid.SampledFrom([]string{"skip", "include"}).Draw(m.T, "directive"),
		rapid.SampledFrom([]string{"$a", "$b", "$c", "true", "false"}).Draw(m.T, "condition"))
}

// field is empty where it would lead too deep. When a request was sent is another time for each.
func (m *operationMaker) field(of *ast.Definition, depth int) string {
	field := rapid.SampledFrom(of.Fields).Draw(m.T, "field")
	below := m.schema.Types[field.Type.Name()]
	deep := below.Kind == ast.Object
	if strings.HasPrefix(field.Name, "__") || field.Name == "asOf" || deep && depth > deepest || field.Name == "workflowLogs" && depth > 4 {
		return ""
	}
	alias := m.number("alias", 0, 2)
	text := fmt.Sprintf("%s%d: %s", field.Name, alias, field.Name)
	if alias == 0 {
		text = field.Name
	}
	if field.Name == "workflowLogs" {
		text += fmt.Sprintf("(first: %d, filter: {hasError: %t})", alias+1, alias == 1)
	}
	text += m.directive()
	if deep {
		text += m.selections(below, depth+1)
	}
	return text
}
