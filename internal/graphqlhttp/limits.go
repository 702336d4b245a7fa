package graphqlhttp

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"

	"github.com/difygraph/difygraph/graph/code"
)

// Limits bound a document before it is validated, and variables before they are read, so that what validation and execution do
// is bounded too. Those from Depth to Overlaps count what the document's operations have once each fragment stands wherever it
// is spread; an unused fragment counts by itself. The defaults let the standard introspection query pass, with some room.
type Limits struct {
	// Bytes bounds the document's text; 128 KiB if 0. Long values belong into variables.
	Bytes int
	// Tokens bounds what the parser reads, comments included; 2,000 if 0.
	Tokens int
	// NameBytes bounds each name in the document; 128 if 0. Suggestions compare an unknown name with those of the schema.
	NameBytes int
	// Nesting bounds how deep lists and objects stand in each other, in a value of the document or of the variables, and lists
	// in a variable's type; 32 if 0.
	Nesting int
	// Depth bounds how deep selection sets stand in each other, those of fragments included; 20 if 0.
	Depth int
	// Fields bounds the fields; 1,000 if 0.
	Fields int
	// RootFields bounds the fields directly in an operation; 30 if 0.
	RootFields int
	// Aliases bounds the fields with an alias; 100 if 0.
	Aliases int
	// Directives bounds the directives; 100 if 0.
	Directives int
	// Fragments bounds the inline fragments and the spreads of fragments; 500 if 0.
	Fragments int
	// Overlaps bounds the pairs of fields that come to stand in one place of the answer; 2,000 if 0. Validation compares
	// each two of them: 63 times the same field is 1,953 pairs.
	Overlaps int
	// Steps bounds what is looked at in all passes over a document; 30,000 if 0. A pass looks at a fragment again for each
	// operation and each fragment that reaches it. A text is a step for each 16 bytes.
	Steps int
	// Values bounds the values in a request's JSON, lists, objects and their members included; 10,000 if 0.
	Values int
	// ValueUses bounds the values of an operation's arguments, each variable's values counted wherever it is used; 20,000 if 0.
	// A text is a value for each 256 bytes. A price is made of them, and resolvers are given them.
	ValueUses int
}

func (l Limits) withDefaults() Limits {
	return Limits{
		Bytes:      orDefault(l.Bytes, 128<<10),
		Tokens:     orDefault(l.Tokens, 2000),
		NameBytes:  orDefault(l.NameBytes, 128),
		Nesting:    orDefault(l.Nesting, 32),
		Depth:      orDefault(l.Depth, 20),
		Fields:     orDefault(l.Fields, 1000),
		RootFields: orDefault(l.RootFields, 30),
		Aliases:    orDefault(l.Aliases, 100),
		Directives: orDefault(l.Directives, 100),
		Fragments:  orDefault(l.Fragments, 500),
		Overlaps:   orDefault(l.Overlaps, 2000),
		Steps:      orDefault(l.Steps, 30_000),
		Values:     orDefault(l.Values, 10_000),
		ValueUses:  orDefault(l.ValueUses, 20_000),
	}
}

// checkLength bounds a document before anything is done with its text.
func (l Limits) checkLength(text string) *failure {
	if len(text) > l.Bytes {
		return exceeds("the document has %s bytes; %s are allowed: send long values in variables", len(text), l.Bytes)
	}
	return nil
}

// checkText bounds what will be parsed, and returns the number of tokens. Where the text can't be read any further it
// leaves the error to the parser.
func (l Limits) checkText(text string) (tokens int, f *failure) {
	if f := l.checkLength(text); f != nil {
		return 0, f
	}
	lex := lexer.New(&ast.Source{Input: text})
	nested := nesting{}
	for {
		token, err := lex.ReadToken()
		if err != nil || token.Kind == lexer.EOF {
			break
		}
		tokens++
		nested.read(token.Kind)
		if token.Kind == lexer.Name && len(token.Value) > l.NameBytes {
			return 0, exceeds("a name in the document has %s bytes; %s are allowed: choose shorter names", len(token.Value), l.NameBytes)
		}
	}
	switch {
	case tokens > l.Tokens:
		return 0, exceeds("the document has %s tokens; %s are allowed: ask for less at once", tokens, l.Tokens)
	case nested.deepest > l.Nesting:
		return 0, exceeds("the document is nested too deep: lists and objects stand in each other %s deep, and %s are allowed: "+
			"send flatter values", nested.deepest, l.Nesting)
	}
	return tokens, nil
}

// nesting tells by the tokens alone how deep lists and objects stand in each other. They stand within parentheses, and
// selection sets don't.
type nesting struct{ parentheses, depth, deepest int }

func (n *nesting) read(kind lexer.Type) {
	switch {
	case kind == lexer.ParenL:
		n.parentheses++
	case kind == lexer.ParenR:
		n.parentheses--
	case n.parentheses <= 0:
	case kind == lexer.BracketL, kind == lexer.BraceL:
		n.depth++
		n.deepest = max(n.deepest, n.depth)
	case kind == lexer.BracketR, kind == lexer.BraceR:
		n.depth--
	}
}

// check bounds a document that was parsed, and returns its size. All limits that it exceeds are in the failure.
func (l Limits) check(m *meter, doc *ast.QueryDocument) (total size, f *failure) {
	s := &sizer{meter: m, fragments: indexFragments(doc)}
	if total, f = s.document(doc); f != nil {
		return total, f
	}
	found := gqlerror.List{}
	for _, each := range []struct {
		has, most int
		message   string
	}{
		{total.depth, l.Depth, "selections stand in each other %s deep; %s are allowed: ask for less at once"},
		{total.fields, l.Fields, "the document asks for %s fields, fragments put in place; %s are allowed: ask for less at once"},
		{total.direct, l.RootFields, "an operation has %s fields of its own; %s are allowed: send several operations"},
		{total.aliases, l.Aliases, "the document has %s aliases, fragments put in place; %s are allowed: send several operations"},
		{total.directives, l.Directives, "the document has %s directives, fragments put in place; %s are allowed: ask for less at once"},
		{total.fragments, l.Fragments, "the document has %s inline fragments and spreads, fragments put in place; %s are allowed: spread fewer"},
	} {
		if each.has > each.most {
			found = append(found, exceeds(each.message, each.has, each.most).errors...)
		}
	}
	if len(found) > 0 {
		return total, &failure{errors: found}
	}
	return total, l.checkOverlaps(m, s.fragments, doc)
}

func (l Limits) checkOverlaps(m *meter, fragments map[string]*ast.FragmentDefinition, doc *ast.QueryDocument) *failure {
	if pairs := overlaps(m, fragments, doc); pairs > l.Overlaps {
		return exceeds("the document has %s pairs of fields for one place in the answer; %s are allowed: "+
			"ask for each field once", pairs, l.Overlaps)
	}
	return nil
}

func exceeds(message string, has, most int) *failure {
	return invalid(code.GraphQLValidationFailed, message, describeCount(has), describeCount(most))
}

func describeCount(n int) string {
	if n >= uncountable {
		return fmt.Sprintf("more than %d", uncountable)
	}
	return strconv.Itoa(n)
}

// checkMethod wants POST for what changes something: a GET can come from a link, and may be sent again. An EventSource
// subscribes by GET.
func checkMethod(method string, op *ast.OperationDefinition, schema *ast.Schema) *failure {
	switch {
	case op.Operation == ast.Mutation && schema.Mutation != nil && method != http.MethodPost:
		return unsound(http.StatusMethodNotAllowed, "GET runs no mutations: send the mutation by POST").with("Allow", http.MethodPost)
	case op.Operation == ast.Subscription && schema.Subscription != nil && method == http.MethodHead:
		return unsound(http.StatusMethodNotAllowed, "a subscription has no HEAD").with("Allow", "GET, POST")
	default:
		return nil
	}
}

// chooseOperation is the operation that a request means.
func chooseOperation(doc *ast.QueryDocument, name string) (*ast.OperationDefinition, *failure) {
	if len(doc.Operations) == 0 {
		return nil, invalid(code.GraphQLValidationFailed, "the document has no operation")
	}
	if op := doc.Operations.ForName(name); op != nil && (name != "" || len(doc.Operations) == 1) {
		return op, nil
	}
	if name == "" {
		return nil, invalid(code.GraphQLValidationFailed, "the document has %d operations: operationName must say which", len(doc.Operations))
	}
	return nil, invalid(code.GraphQLValidationFailed, "the document has no operation %q", shorten(name))
}

// shorten cuts a text that a client sent, to be shown in a message.
func shorten(text string) string {
	const most = 60
	count := 0
	for i := range text {
		if count++; count > most {
			return strings.Clone(text[:i]) + "…"
		}
	}
	return text
}
