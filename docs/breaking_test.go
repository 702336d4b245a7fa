package docs_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// breaking says what of a schema a client may rely on that another schema no longer has, sorted. What is added breaks nothing,
// but for arguments that must be given.
func breaking(before, after *ast.Schema) (changes []string) {
	c := &changed{}
	for name, old := range before.Types {
		switch now := after.Types[name]; {
		case now == nil:
			c.note("%s is gone", name)
		case now.Kind != old.Kind:
			c.note("%s is %s no longer", name, old.Kind)
		default:
			c.definition(old, now)
		}
	}
	for name, old := range before.Directives {
		if now := after.Directives[name]; now == nil {
			c.note("@%s is gone", name)
		} else {
			c.arguments("@"+name, old.Arguments, now.Arguments)
		}
	}
	slices.Sort(c.found)
	return c.found
}

type changed struct{ found []string }

func (c *changed) note(format string, values ...any) {
	c.found = append(c.found, fmt.Sprintf(format, values...))
}

func (c *changed) definition(old, now *ast.Definition) {
	for _, name := range old.Interfaces {
		if !slices.Contains(now.Interfaces, name) {
			c.note("%s no longer is %s", old.Name, name)
		}
	}
	for _, name := range old.Types {
		if !slices.Contains(now.Types, name) {
			c.note("%s no longer has %s", old.Name, name)
		}
	}
	for _, value := range old.EnumValues {
		if now.EnumValues.ForName(value.Name) == nil {
			c.note("%s.%s is gone", old.Name, value.Name)
		}
	}
	if old.Kind == ast.InputObject {
		c.inputs(old, now)
		return
	}
	c.fields(old, now)
}

func (c *changed) fields(old, now *ast.Definition) {
	for _, field := range old.Fields {
		at, current := old.Name+"."+field.Name, now.Fields.ForName(field.Name)
		if current == nil {
			c.note("%s is gone", at)
			continue
		}
		if !serves(current.Type, field.Type) {
			c.note("%s: %s is %s now", at, field.Type, current.Type)
		}
		c.arguments(at, field.Arguments, current.Arguments)
	}
}

func (c *changed) arguments(at string, old, now ast.ArgumentDefinitionList) {
	for _, argument := range old {
		current := now.ForName(argument.Name)
		if current == nil {
			c.note("%s(%s:) is gone", at, argument.Name)
			continue
		}
		c.input(fmt.Sprintf("%s(%s:)", at, argument.Name), argument.Type, current.Type, argument.DefaultValue, current.DefaultValue)
	}
	for _, argument := range now {
		if old.ForName(argument.Name) == nil && argument.Type.NonNull && argument.DefaultValue == nil {
			c.note("%s(%s:) must be given now", at, argument.Name)
		}
	}
}

func (c *changed) inputs(old, now *ast.Definition) {
	for _, field := range old.Fields {
		current := now.Fields.ForName(field.Name)
		if current == nil {
			c.note("%s.%s is gone", old.Name, field.Name)
			continue
		}
		c.input(old.Name+"."+field.Name, field.Type, current.Type, field.DefaultValue, current.DefaultValue)
	}
	for _, field := range now.Fields {
		if old.Fields.ForName(field.Name) == nil && field.Type.NonNull && field.DefaultValue == nil {
			c.note("%s.%s must be given now", old.Name, field.Name)
		}
	}
}

func (c *changed) input(at string, old, now *ast.Type, oldDefault, nowDefault *ast.Value) {
	if !serves(old, now) {
		c.note("%s: %s is %s now", at, old, now)
	}
	if oldDefault.String() != nowDefault.String() {
		c.note("%s has another default", at)
	}
}

// serves tells whether each value of a type is one of the other, too.
func serves(value, wanted *ast.Type) bool {
	if wanted.NonNull && !value.NonNull {
		return false
	}
	if value.Elem == nil || wanted.Elem == nil {
		return value.Elem == nil && wanted.Elem == nil && value.NamedType == wanted.NamedType
	}
	return serves(value.Elem, wanted.Elem)
}

// replaceOnce wants the old text to be there, where it is not empty.
func replaceOnce(t *testing.T, text, old, replacement string) string {
	t.Helper()
	if old != "" && strings.Count(text, old) != 1 {
		t.Fatalf("%q stands %d times", old, strings.Count(text, old))
	}
	return strings.Replace(text, old, replacement, 1)
}
