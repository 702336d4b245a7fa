package graph

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/model"
	"github.com/difygraph/difygraph/graph/viewer"
)

// onePerField leaves one error of those that say the same of the objects of a list, one by one: that the viewer lacks a scope, or
// that what Dify has there can't be read. It says that of all of them, at the first, with `extensions.count`. The others keep their
// places: a call that failed for one object can have succeeded for another.
func onePerField(errs gqlerror.List) gqlerror.List {
	first, counts := make(map[string]*gqlerror.Error), make(map[string]int)
	for _, e := range errs {
		if field, ok := fieldAtFault(e); ok {
			counts[field]++
			if met := first[field]; met == nil || before(e.Path, met.Path) {
				first[field] = e
			}
		}
	}
	errs = slices.DeleteFunc(errs, func(e *gqlerror.Error) bool {
		field, ok := fieldAtFault(e)
		return ok && first[field] != e
	})
	for field, e := range first {
		if n := counts[field]; n > 1 {
			e.Message += fmt.Sprintf("; so it is in %d places", n)
			e.Extensions["count"] = n
		}
	}
	return errs
}

// fieldAtFault is the field of an error that is its field's, not its object's: its path without indexes, and what is said.
func fieldAtFault(e *gqlerror.Error) (string, bool) {
	if !isOfField(e) {
		return "", false
	}
	var field strings.Builder
	for _, element := range e.Path {
		if name, ok := element.(ast.PathName); ok {
			field.WriteString(string(name) + ".")
		}
	}
	return field.String() + e.Message, true
}

func isOfField(e *gqlerror.Error) bool {
	_, forbidden := errors.AsType[*viewer.ForbiddenError](e)
	_, beyond := errors.AsType[model.RangeError](e)
	return forbidden || beyond || difyapi.IsUnreadable(e) || errors.Is(e, model.ErrNoStart)
}

// before tells whether a place comes earlier in an answer than another of the same field.
func before(a, b ast.Path) bool {
	for i := range min(len(a), len(b)) {
		x, isIndex := a[i].(ast.PathIndex)
		y, isToo := b[i].(ast.PathIndex)
		if isIndex && isToo && x != y {
			return x < y
		}
	}
	return false
}
