package graphqlhttp

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/difygraph/difygraph/graph/code"
)

// maxValidationErrors is how many errors of a document, or of variables, are worded. One can take as long as to read a hundred bytes:
// it suggests names, with which all of the schema's are compared.
const maxValidationErrors = 20

// ruleSet is what a document must keep to.
type ruleSet struct {
	schema *ast.Schema
	rules  []validator.Rule
	most   int // errors that are kept
}

func newRuleSet(schema *ast.Schema, o Options) ruleSet {
	standard := rules.NewDefaultRules()
	standard.RemoveRule(rules.OverlappingFieldsCanBeMergedRule.Name) // merge.go is in its place
	if o.NoSuggestions {
		withoutSuggestions(standard)
	}
	set := ruleSet{schema: schema, most: min(o.MaxErrors, maxValidationErrors), rules: []validator.Rule{literalsRule}}
	if o.NoIntrospection {
		set.rules = append(set.rules, noIntrospectionRule)
	}
	inner := standard.GetInner()
	values := rules.ValuesOfCorrectTypeRule.Name
	inner[values] = withEnumMessages(inner[values], o.NoSuggestions)
	for _, name := range slices.Sorted(maps.Keys(inner)) {
		set.rules = append(set.rules, validator.Rule{Name: name, RuleFunc: inner[name]})
	}
	return set
}

func withoutSuggestions(r *rules.Rules) {
	for name, quiet := range map[string]validator.Rule{
		rules.FieldsOnCorrectTypeRule.Name: rules.FieldsOnCorrectTypeRuleWithoutSuggestions,
		rules.KnownArgumentNamesRule.Name:  rules.KnownArgumentNamesRuleWithoutSuggestions,
		rules.KnownTypeNamesRule.Name:      rules.KnownTypeNamesRuleWithoutSuggestions,
		rules.ScalarLeafsRule.Name:         rules.ScalarLeafsRuleWithoutSuggestions,
		rules.ValuesOfCorrectTypeRule.Name: rules.ValuesOfCorrectTypeRuleWithoutSuggestions,
	} {
		r.ReplaceRule(name, quiet.RuleFunc)
	}
}

// validate also links the document to the schema. It ends at the first error that is one too many: a short document can have
// as many as the square of its length, and each takes some time to word.
func (s ruleSet) validate(m *meter, doc *ast.QueryDocument) *failure {
	found := &failure{}
	addError := func(options ...validator.ErrorOption) {
		if len(found.errors) == s.most {
			found.more = true
			panic(abort{found})
		}
		e := newError(code.GraphQLValidationFailed, "")
		for _, option := range options {
			option(e)
		}
		e.Message = cutMessage(e.Message)
		found.errors = append(found.errors, e)
	}
	observers := &validator.Events{}
	countSteps(m, observers)
	for _, rule := range s.rules {
		rule.RuleFunc(observers, addError)
	}
	validator.Walk(s.schema, doc, observers)
	if len(found.errors) == 0 {
		checkMerging(m, s.schema, doc, addError)
	}
	if len(found.errors) > 0 {
		return found
	}
	return nil
}

// bytesPerStep is how much of a text is read in the time of a step: rules put values into messages, and compare them with
// those of an enum.
const bytesPerStep = 16

// countSteps comes before the rules: it ends the walk before they look.
func countSteps(m *meter, observers *validator.Events) {
	observers.OnOperation(func(*validator.Walker, *ast.OperationDefinition) { m.step(1) })
	observers.OnFragment(func(*validator.Walker, *ast.FragmentDefinition) { m.step(1) })
	observers.OnField(func(*validator.Walker, *ast.Field) { m.step(1) })
	observers.OnInlineFragment(func(*validator.Walker, *ast.InlineFragment) { m.step(1) })
	observers.OnFragmentSpread(func(*validator.Walker, *ast.FragmentSpread) { m.step(1) })
	observers.OnDirective(func(*validator.Walker, *ast.Directive) { m.step(1) })
	observers.OnVariable(func(*validator.Walker, *ast.VariableDefinition) { m.step(1) })
	observers.OnValue(func(_ *validator.Walker, v *ast.Value) { m.step(1 + len(v.Raw)/bytesPerStep) })
}

// noIntrospectionRule refuses the fields by which a schema is read.
var noIntrospectionRule = validator.Rule{
	Name: "NoIntrospection",
	RuleFunc: func(observers *validator.Events, addError validator.AddErrFunc) {
		observers.OnField(func(_ *validator.Walker, f *ast.Field) {
			if f.Name == "__schema" || f.Name == "__type" {
				addError(validator.Message("introspection is switched off: %s is not served", f.Name), at(f.Position))
			}
		})
	},
}

func at(p *ast.Position) validator.ErrorOption {
	return func(e *gqlerror.Error) {
		if p != nil {
			e.Locations = append(e.Locations, gqlerror.Location{Line: p.Line, Column: p.Column})
		}
	}
}

// literalsRule finds the values in a document that gqlparser's own rule lets pass: an Int of more than 32 bits, {} for a
// scalar or an enum, and numbers within custom scalars that no Go type holds (execution would panic on those).
var literalsRule = validator.Rule{
	Name: "StrictLiterals",
	RuleFunc: func(observers *validator.Events, addError validator.AddErrFunc) {
		observers.OnValue(func(_ *validator.Walker, v *ast.Value) {
			if problem := literalProblem(v); problem != "" {
				addError(validator.Message("%s", problem), at(v.Position))
			}
		})
	},
}

func literalProblem(v *ast.Value) string {
	switch v.Kind {
	case ast.IntValue, ast.FloatValue:
		return numberProblem(v)
	case ast.ObjectValue:
		return objectProblem(v)
	default:
		return ""
	}
}

func objectProblem(v *ast.Value) string {
	if v.Definition != nil && (v.Definition.Kind == ast.Enum || isStandardScalar(v.Definition)) {
		return fmt.Sprintf("Expected value of type %q, found an object.", v.Definition.Name)
	}
	return ""
}

func numberProblem(v *ast.Value) string {
	_, err := v.Value(nil)
	switch {
	case v.Definition == nil || v.Definition.Kind == ast.Scalar && !isStandardScalar(v.Definition):
		if err != nil {
			return fmt.Sprintf("The number %s is out of range.", shorten(v.Raw))
		}
	case err == nil && v.Kind == ast.IntValue && v.Definition.Name == "Int":
		if _, err := strconv.ParseInt(v.Raw, 10, 32); err != nil {
			return "Int cannot represent non 32-bit signed integer value: " + v.Raw
		}
	}
	return "" // gqlparser finds what else is wrong with it
}

// isStandardScalar tells whether the specification says which values the type has.
func isStandardScalar(d *ast.Definition) bool {
	switch d.Name {
	case "Int", "Float", "String", "Boolean", "ID":
		return d.Kind == ast.Scalar
	default:
		return false
	}
}
