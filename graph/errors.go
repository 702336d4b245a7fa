package graph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/code"
	"github.com/difygraph/difygraph/graph/feed"
	"github.com/difygraph/difygraph/graph/list"
	"github.com/difygraph/difygraph/graph/model"
	"github.com/difygraph/difygraph/graph/viewer"
	"github.com/difygraph/difygraph/internal/rescue"
)

// Present decides what leaves the house: each error gets a code of the schema and a text that shows nothing of Dify's
// URLs, keys or bodies. What it does not know is logged with an id, and shown as that id.
func Present(ctx context.Context, err error) *gqlerror.Error {
	shown := gqlError(ctx, err)
	if _, ok := shown.Extensions["code"]; ok {
		return shown // gqlgen's own, of parsing and validation
	}
	if field := graphql.GetFieldContext(ctx); field != nil && len(shown.Path) > len(field.Path()) {
		if rest := shown.Path[len(field.Path()):]; isArgument(rest) {
			err, shown.Path = unreadable(ctx, err, rest), field.Path()
		}
	}
	if len(shown.Locations) == 0 {
		shown.Locations = locations(ctx)
	}
	shown.Extensions = map[string]any{}
	if app, ok := errors.AsType[*list.AppError](err); ok {
		shown.Extensions["app"] = app.App
	}
	if argument := argumentOf(err); argument != "" {
		shown.Extensions["argument"] = argument
	}
	addNumbers(shown.Extensions, err)
	c, message := classify(err)
	if c == code.InternalServerError {
		id := uuid.NewString()
		slog.ErrorContext(ctx, "internal error", "id", id, "field", coordinates(ctx), "error", loggable(err))
		shown.Extensions["id"], message = id, "internal error "+id
	}
	shown.Extensions["code"], shown.Message = c, message
	return shown
}

// addNumbers gives clients what they would have to read in the message.
func addNumbers(extensions map[string]any, err error) {
	if e, ok := errors.AsType[*priceError](err); ok {
		extensions["cost"] = map[string]int{"price": e.Price, "limit": e.Limit}
	}
	if e, ok := errors.AsType[*RetryError](err); ok {
		extensions["retryAfter"] = e.seconds()
	}
}

// gqlError is a copy of the error with its place in the answer and in the query.
func gqlError(ctx context.Context, err error) *gqlerror.Error {
	if e, ok := errors.AsType[*gqlerror.Error](err); ok {
		return &gqlerror.Error{Err: err, Message: e.Message, Path: e.Path, Locations: e.Locations, Extensions: e.Extensions}
	}
	return &gqlerror.Error{Err: err, Path: graphql.GetPath(ctx)}
}

// isArgument tells whether the rest of a path below a field is one of its arguments, and not an element of its list.
func isArgument(rest ast.Path) bool {
	_, isName := rest[0].(ast.PathName)
	return isName
}

// locations are where the field under way stands in the query. Gqlgen knows of some errors only.
func locations(ctx context.Context) []gqlerror.Location {
	field := graphql.GetFieldContext(ctx)
	for field != nil && field.Field.Field == nil { // an element of a list
		field = field.Parent
	}
	if field == nil || field.Field.Position == nil {
		return nil
	}
	return []gqlerror.Location{{Line: field.Field.Position.Line, Column: field.Field.Position.Column}}
}

// unreadable is the error for a value that an argument's type does not have. gqlgen places it below the field, at the
// argument; no scalar knows where it stands, nor that it is a variable's null.
func unreadable(ctx context.Context, err error, argument ast.Path) error {
	if null := nullArgument(ctx); null != nil {
		return null
	}
	reason := "not a value of the type that the schema gives it"
	if e, ok := errors.AsType[*list.InputError](err); ok {
		reason = e.Reason
	}
	return &list.InputError{Argument: argument.String(), Reason: reason}
}

func argumentOf(err error) string {
	if e, ok := errors.AsType[*list.InputError](err); ok {
		return e.Argument
	}
	if e, ok := errors.AsType[*list.CursorError](err); ok {
		return e.Argument
	}
	if e, ok := errors.AsType[*viewer.ForbiddenError](err); ok {
		return e.Argument
	}
	return ""
}

// recovered makes an error of a panic; [Present] logs it.
func recovered(_ context.Context, panicked any) error { return rescue.New(panicked) }

// classify gives an error its code and its text.
func classify(err error) (code.Code, string) {
	if errors.Is(err, difyapi.ErrAllowanceSpent) {
		err = feed.ErrCallsSpent
	}
	if e, ok := code.Of(err); ok {
		return e.Code(), appOf(e.Code(), err) + e.Error()
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return code.OperationTimeout, "the operation took too long"
	case errors.Is(err, context.Canceled):
		return code.OperationTimeout, "the operation was given up"
	default:
		c, message := classifyUpstream(err)
		return c, appOf(c, err) + message
	}
}

// CodeOf is the code of an app's failure.
func CodeOf(err error) code.Code {
	c, _ := classify(err)
	return c
}

// appOf begins the message of an app's failure.
func appOf(c code.Code, err error) string {
	app, known := errors.AsType[*list.AppError](err)
	if known && (c.Upstream() || difyapi.IsOverloaded(err) || errors.Is(err, feed.ErrLate)) {
		return fmt.Sprintf("app %q: ", app.App)
	}
	return ""
}

// classifyUpstream gives Dify's failure its code and its text, in our words: Dify's may name tenants and people.
func classifyUpstream(err error) (code.Code, string) {
	tooOld, isTooOld := errors.AsType[*difyapi.UnsupportedError](err)
	switch {
	case isTooOld:
		return code.UpstreamUnsupported, tooOld.Error() + status(err)
	case difyapi.IsUnsupported(err):
		return code.UpstreamUnsupported, reason(err) + status(err)
	case difyapi.IsUnreadable(err):
		return code.UpstreamBadResponse, "what Dify has here can't be read" + because(err) + refusal(err)
	case difyapi.IsUnauthorized(err):
		return code.UpstreamUnauthorized, "Dify refuses the app's calls" + because(err) + status(err)
	case difyapi.IsRateLimited(err):
		return code.UpstreamRateLimited, cmp.Or(reason(err), "Dify limits the app's calls") + "; try again later" + status(err)
	case errors.Is(err, difyapi.ErrEndUserUnknown), errors.Is(err, difyapi.ErrEndUserWouldChange):
		return code.UpstreamUnsupported, "Dify shows what happens inside a run to the end user of type service-api who started it alone"
	case difyapi.IsStreamsInUse(err):
		return code.Overloaded, "as many runs of this Dify are watched as may be; try again later"
	case difyapi.IsSilent(err):
		return code.UpstreamTimeout, "Dify has told nothing of the run for five minutes"
	case difyapi.IsOverloaded(err):
		return code.Overloaded, "too many calls to this app wait; try again later"
	case difyapi.IsTimeout(err):
		return code.UpstreamTimeout, "Dify took too long to answer" + status(err)
	case difyapi.IsUnavailable(err):
		return code.UpstreamUnavailable, "Dify can't be reached or failed" + because(err) + status(err)
	case difyapi.IsNotWhole(err):
		return code.UpstreamBadResponse, reason(err) + status(err)
	case difyapi.IsBadResponse(err):
		return code.UpstreamBadResponse, "what answered is not Dify's API" + because(err) + status(err)
	default:
		return code.InternalServerError, "internal error"
	}
}

// reason is what is known of a failure beside its kind; empty if that is nothing.
func reason(err error) string {
	r, _ := errors.AsType[difyapi.Reason](err)
	return string(r)
}

// because ends a sentence with the reason, if there is one.
func because(err error) string {
	if r := reason(err); r != "" {
		return ": " + r
	}
	return ""
}

// status ends a message with the answer's status, if an answer came.
func status(err error) string {
	if e, ok := errors.AsType[*difyapi.Error](err); ok && e.Status != 0 {
		return fmt.Sprintf(" (HTTP %d)", e.Status)
	}
	return ""
}

// refusal is the status of an answer that should have been a success; of a value within a success there is nothing to say.
func refusal(err error) string {
	if e, ok := errors.AsType[*difyapi.Error](err); ok && !e.HasErrorStatus() {
		return ""
	}
	return status(err)
}

// atApp says which app an error is of.
func atApp(app *model.DifyApp, err error) error { return model.AtApp(app, err) }

// quoted puts a caller's text into a sentence, shortened.
func quoted(format, text string) string {
	const most = 64
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return fmt.Sprintf(format, fmt.Sprintf("%q", text))
}

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
	return forbidden || difyapi.IsUnreadable(e) || errors.Is(e, list.ErrBeyondInt) || errors.Is(e, model.ErrNoStart)
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
