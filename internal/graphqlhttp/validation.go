package graphqlhttp

import (
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// ruleSet is what a document must keep to.
type ruleSet struct {
	schema *ast.Schema
	rules  []validator.Rule
	most   int // errors that are kept
}

func newRuleSet(schema *ast.Schema, o Options) ruleSet {
	standard := rules.NewDefaultRules()
	if o.NoSuggestions {
		withoutSuggestions(standard)
	}
	set := ruleSet{schema: schema, most: o.MaxErrors}
	for name, f := range standard.GetInner() {
		set.rules = append(set.rules, validator.Rule{Name: name, RuleFunc: f})
	}
	set.rules = append(set.rules, literalsRule, noDeferRule)
	if o.NoIntrospection {
		set.rules = append(set.rules, noIntrospectionRule)
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

// validate also links the document to the schema. It returns the first errors, and how many it left out: a short document
// can have as many as the square of its length.
func (s ruleSet) validate(doc *ast.QueryDocument) (errs gqlerror.List, leftOut int) {
	found := 0
	bounded := rules.NewRules()
	for _, rule := range s.rules {
		bounded.AddRule(rule.Name, func(observers *validator.Events, addError validator.AddErrFunc) {
			rule.RuleFunc(observers, func(options ...validator.ErrorOption) {
				if found++; found <= s.most {
					addError(options...)
				}
			})
		})
	}
	errs = validator.ValidateWithRules(s.schema, doc, bounded)
	for _, e := range errs {
		e.Extensions = map[string]any{"code": CodeValidationFailed}
	}
	return errs, max(0, found-s.most)
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

// noDeferRule refuses a directive that gqlgen declares for every schema: the answer comes in one piece here, and what was
// deferred would be missing from it.
var noDeferRule = validator.Rule{
	Name: "NoDefer",
	RuleFunc: func(observers *validator.Events, addError validator.AddErrFunc) {
		observers.OnDirective(func(_ *validator.Walker, d *ast.Directive) {
			if d.Name == "defer" {
				addError(validator.Message("@defer is not served: answers come in one piece"), at(d.Position))
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
