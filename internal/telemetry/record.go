package telemetry

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"strings"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/graph/code"
)

// record is what becomes known of a request while it is served. The goroutine that serves it writes it; calls alone come
// from others.
type record struct {
	caller  string
	name    string // of the operation, shortened
	kind    string // query, mutation or subscription; empty where no operation was found
	hash    string // SHA-256 of the query, in hexadecimal
	account Account
	codes   map[code.Code]int
	quiet   bool                 // it has no line in the log
	failed  map[string]code.Code // the apps that failed, be it that the rest was answered
	refused string               // why the request has no caller, of a fixed set
	calls   atomic.Int64         // requests to Dify on its behalf
}

type recordKey struct{}

func withRecord(ctx context.Context, r *record) context.Context {
	return context.WithValue(ctx, recordKey{}, r)
}

// recordOf is one that nobody reads where the request did not come through [Telemetry.Middleware].
func recordOf(ctx context.Context) *record {
	if r, ok := ctx.Value(recordKey{}).(*record); ok {
		return r
	}
	return new(record)
}

// NoteCaller says whose request the context is of, as the log is to have it. It is called by the goroutine that serves the
// request.
func NoteCaller(ctx context.Context, name string) { recordOf(ctx).caller = callerShown(name) }

// NoteRefusal says by which error code a request was refused that never became an operation. It is called by the goroutine
// that serves the request.
func NoteRefusal(ctx context.Context, c code.Code) { recordOf(ctx).codes = map[code.Code]int{c: 1} }

// NoteStranger says why a request has no caller, in words of a fixed set. It is called by the goroutine that serves the request.
func NoteStranger(ctx context.Context, why string) { recordOf(ctx).refused = why }

// Silence leaves a request out of the log: of what strangers can send at any rate, one line each would be a flood. Metrics count
// it. It is called by the goroutine that serves the request.
func Silence(ctx context.Context) { recordOf(ctx).quiet = true }

// describe notes which operation it is. A request without one may have a query and a name all the same.
func (r *record) describe(op *graphql.OperationContext) {
	if r.hash != "" {
		return
	}
	r.name = shorten(op.OperationName)
	if op.Operation != nil {
		r.kind, r.name = string(op.Operation.Operation), shorten(op.Operation.Name)
	}
	if op.RawQuery != "" {
		r.hash = digest(op.RawQuery)
	}
}

func (r *record) isSubscription() bool { return r.kind == string(ast.Subscription) }

// settle notes what came of it.
func (r *record) settle(account Account, errs gqlerror.List) {
	r.account, r.codes, r.failed = account, nil, maps.Clone(account.FailedApps)
	for _, e := range errs {
		r.noteApp(e)
		if r.codes == nil {
			r.codes = make(map[code.Code]int)
		}
		r.codes[cmp.Or(code.OfExtensions(e.Extensions), code.InternalServerError)]++ // what has none came past whatever gives codes
	}
}

// noteApp notes the app that an error is of, if it is one that failed.
func (r *record) noteApp(e *gqlerror.Error) {
	app, _ := e.Extensions["app"].(string)
	c := code.OfExtensions(e.Extensions)
	if app == "" || !c.Upstream() {
		return
	}
	if r.failed == nil {
		r.failed = make(map[string]code.Code)
	}
	r.failed[app] = c
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// shorten bounds a text that a client chose.
func shorten(text string) string {
	const most = 100 // bytes
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// callerShown is a caller's name as the log has it. Of a JWT's caller it is the issuer and, after a blank, the subject, which
// may be an e-mail. A digest in its place tells callers apart all the same.
func callerShown(name string) string {
	if !strings.Contains(name, "@") {
		return shorten(name)
	}
	issuer, subject, ok := strings.Cut(name, " ")
	if !ok || strings.Contains(issuer, "@") {
		return anonymous(name)
	}
	return shorten(issuer) + " " + anonymous(subject)
}

func anonymous(name string) string { return "sha256:" + digest(name)[:16] }
