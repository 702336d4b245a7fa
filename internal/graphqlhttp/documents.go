package graphqlhttp

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/maypok86/otter/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/difygraph/difygraph/graph/code"
)

// document is a text that was parsed, measured and validated. It is shared by requests, and never written to.
type document struct {
	ast    *ast.QueryDocument
	fields int // fragments put in place
	weight int // bytes, roughly
}

// bytesPerToken is what the tree of a document takes at most: 80 to 230 were measured.
const bytesPerToken = 256

// documents reads texts, and keeps those that are valid.
type documents struct {
	schema *ast.Schema
	limits Limits
	rules  ruleSet
	kept   *otter.Cache[string, *document]
}

func newDocuments(schema *ast.Schema, o Options) *documents {
	return &documents{
		schema: schema, limits: o.Limits, rules: newRuleSet(schema, o),
		kept: newWeighed(o.DocumentBytes, func(_ string, d *document) int { return d.weight }),
	}
}

// read parses and measures a text.
func (d *documents) read(m *meter, text string) (*document, *failure) {
	tokens, f := d.limits.checkText(text)
	if f != nil {
		return nil, f
	}
	parsed, err := parser.ParseQuery(&ast.Source{Input: text})
	if err != nil {
		return nil, parseFailure(err)
	}
	total, f := d.limits.check(m, parsed)
	if f != nil {
		return nil, f
	}
	return &document{ast: parsed, fields: total.fields, weight: 2*len(text) + tokens*bytesPerToken}, nil
}

func parseFailure(err error) *failure {
	e := gqlerror.WrapIfUnwrapped(err)
	e.Extensions = map[string]any{"code": code.GraphQLParseFailed}
	return &failure{errors: gqlerror.List{e}}
}

// validate does so, and keeps the document if it is valid.
func (d *documents) validate(m *meter, text string, doc *document) *failure {
	if f := d.rules.validate(m, doc.ast); f != nil {
		return f
	}
	d.kept.Set(text, doc)
	return nil
}

// checkListed wants each listed operation to be one that can be run.
func (d *documents) checkListed(o *Operations) error {
	if o == nil {
		return nil
	}
	var all []error
	for _, hash := range slices.Sorted(maps.Keys(o.byHash)) {
		operation := o.byHash[hash]
		f := orAborted(func() *failure {
			m := newMeter(context.Background(), d.limits.Steps)
			doc, f := d.read(m, operation.text)
			if f == nil {
				f = d.validate(m, operation.text, doc)
			}
			return f
		})
		if f != nil {
			all = append(all, fmt.Errorf("listed operation %q (%s): %w", operation.name, hash, f.errors))
		}
	}
	return errors.Join(all...)
}

// prepare makes the request's parameters such that the executor runs them without another look: the text of the operation,
// coerced variables, and the parsed document in the context, where [Documents] finds it. Of what is held it keeps what the
// variables take.
func (t *Transport) prepare(ctx context.Context, r *request, method string, held *lease) (context.Context, *failure) {
	register, f := t.persisted.resolve(&r.RawParams)
	if f != nil {
		return ctx, f
	}
	doc, op, f := t.choose(ctx, r, method)
	if f != nil {
		return ctx, f
	}
	t.persisted.register(register, r.Query)
	r.kind = op.Operation
	ctx = context.WithValue(ctx, documentKey{}, prepared{text: r.Query, document: doc})
	given, length := pick(r.variables, func(name string) bool { return op.VariableDefinitions.ForName(name) != nil })
	r.variables, r.extensions = nil, nil
	if r.Variables, f = coerceVariables(t.documents.schema, op, given, t.options.NoSuggestions); f != nil {
		return ctx, f
	}
	held.settle(decodedBytes(length, t.options.Limits.Values))
	if f := checkNulls(doc.ast, op, r.Variables); f != nil {
		return ctx, f
	}
	uses, f := t.options.Limits.checkUses(doc.ast, op, r.Variables)
	if f != nil {
		return ctx, f
	}
	return ctx, t.chargeReading(ctx, uses+perField*doc.fields)
}

// perField is what a field takes to make its price, in values of arguments.
const perField = 2

func (t *Transport) chargeReading(ctx context.Context, amount int) *failure {
	if t.options.ChargeReading == nil {
		return nil
	}
	if err := t.options.ChargeReading(ctx, amount); err != nil {
		return unpaid(err)
	}
	return nil
}

// choose takes the document that is kept, or reads it; and finds the operation in it that is meant.
func (t *Transport) choose(ctx context.Context, r *request, method string) (doc *document, op *ast.OperationDefinition, f *failure) {
	f = orAborted(func() (f *failure) {
		m := newMeter(ctx, t.options.Limits.Steps)
		var valid bool
		if doc, valid = t.documents.kept.GetIfPresent(r.Query); !valid {
			if doc, f = t.readPaidDocument(ctx, m, r.Query); f != nil {
				return f
			}
		}
		if op, f = chooseOperation(doc.ast, r.OperationName); f != nil {
			return f
		}
		if f = checkMethod(method, op, t.documents.schema); f != nil || valid {
			return f
		}
		return t.documents.validate(m, r.Query, doc)
	})
	return doc, op, f
}

// readPaidDocument reads a text that is paid for before anything is done with it. One that is too long takes nothing, and costs
// nothing.
func (t *Transport) readPaidDocument(ctx context.Context, m *meter, text string) (*document, *failure) {
	if f := t.documents.limits.checkLength(text); f != nil {
		return nil, f
	}
	if f := t.chargeReading(ctx, len(text)); f != nil {
		return nil, f
	}
	return t.documents.read(m, text)
}

type documentKey struct{}

// prepared is a request's document, and the text that it was read from.
type prepared struct {
	text string
	*document
}

// Documents hands gqlgen's executor the documents that a [Transport] prepared; without one the executor parses and validates
// itself. See [Transport.Mount].
type Documents struct{}

var _ graphql.Cache[*ast.QueryDocument] = Documents{}

// Get finds the document of the request that ctx belongs to.
func (Documents) Get(ctx context.Context, text string) (*ast.QueryDocument, bool) {
	if p, ok := ctx.Value(documentKey{}).(prepared); ok && p.text == text {
		return p.ast, true
	}
	return nil, false
}

// Add does nothing: the transport keeps what it prepared.
func (Documents) Add(context.Context, string, *ast.QueryDocument) {}
