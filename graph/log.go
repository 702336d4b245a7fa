package graph

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/99designs/gqlgen/graphql"

	"github.com/difygraph/difygraph/graph/list"
)

// loggable is what of an error may stand in a log: its types, and what those say of themselves that know a log's rules. Texts of
// errors repeat what Dify or the caller has said.
func loggable(err error) slog.Value {
	attrs := []slog.Attr{slog.String("type", typesOf(err))}
	if app, ok := errors.AsType[*list.AppError](err); ok {
		attrs = append(attrs, slog.String("app", app.App))
	}
	if value, ok := errors.AsType[interface {
		error
		slog.LogValuer
	}](err); ok {
		attrs = append(attrs, slog.Attr{Value: value.LogValue()}) // a group without a name is inlined
	}
	return slog.GroupValue(attrs...)
}

// typesOf are those of an error and of what it wraps.
func typesOf(err error) string {
	types := []string{fmt.Sprintf("%T", err)}
	switch wrapper := err.(type) { //nolint:errorlint // each layer is looked at
	case interface{ Unwrap() error }:
		if inner := wrapper.Unwrap(); inner != nil {
			types = append(types, typesOf(inner))
		}
	case interface{ Unwrap() []error }:
		for _, inner := range wrapper.Unwrap() {
			types = append(types, typesOf(inner))
		}
	}
	return strings.Join(types, " ")
}

// coordinates are those of the field under way, in the schema's names: aliases are the caller's.
func coordinates(ctx context.Context) string {
	field := graphql.GetFieldContext(ctx)
	if field == nil || field.Field.Field == nil {
		return ""
	}
	return field.Object + "." + field.Field.Name
}
