package service

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/graph/code"
	"github.com/difygraph/difygraph/internal/admission"
	"github.com/difygraph/difygraph/internal/graphqlhttp"
	"github.com/difygraph/difygraph/internal/httpserver"
	"github.com/difygraph/difygraph/internal/identity"
	"github.com/difygraph/difygraph/internal/telemetry"
)

// What an address may have in requests that show no caller: in a second, and at once. Refusals and the playground's files count
// each for themselves.
const (
	strangerRate  = 10
	strangerBurst = 100
)

// addressOf is where a request came from, as far as one sender can't choose.
func addressOf(r *http.Request) string { return httpserver.ClientPrefix(r.RemoteAddr).String() }

// payer names who pays for a request: its caller, or where callers have no names of their own the address that it came from.
func payer(r *http.Request) string {
	if caller := identity.FromContext(r.Context()); caller.IsKnown() {
		return payerOf(caller)
	}
	return stranger(r)
}

// stranger names the sender of a request who has shown no token yet.
func stranger(r *http.Request) string { return "address " + addressOf(r) }

// payerOf is a caller who pays for itself.
func payerOf(caller *identity.Caller) string { return "caller " + caller.Name }

// floods tells whether the request's address has sent more than it may of what shows no caller. It then has an answer, which
// takes no work and leaves no line in the log.
func (p *Process) floods(w http.ResponseWriter, r *http.Request, kind string) bool {
	refused, ok := errors.AsType[*admission.RateError](p.strangers.Spend(kind+" "+addressOf(r), 1))
	if !ok {
		return false
	}
	telemetry.NoteRefusal(r.Context(), code.RateLimited)
	telemetry.Silence(r.Context())
	seconds := int(refused.After.Seconds()) + 1
	w.Header().Del("WWW-Authenticate")
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	w.WriteHeader(http.StatusTooManyRequests)
	_, _ = io.WriteString(w, tooMany) // Who has left does not want to be told.
	return true
}

const tooMany = `{"errors":[{"message":"your address has sent too many requests without a valid token or for what is refused; ` +
	`try again later","extensions":{"code":"RATE_LIMITED"}}]}` + "\n"

// mayTell tells whether the log may have one more line of what a sender was refused for nothing. They are as many as the answers of
// a stranger: else one that never rests would fill the log, and the lines of others would find no room there.
func (p *Process) mayTell(sender string) bool { return p.strangers.Spend("line "+sender, 1) == nil }

// mayTellStranger is mayTell for a request whose sender is known by its address.
func (p *Process) mayTellStranger(r *http.Request) bool { return p.mayTell(stranger(r)) }

// bounded serves what needs no caller, to each address at the strangers' rate.
func (p *Process) bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !p.floods(w, r, "page") {
			next.ServeHTTP(w, r)
		}
	})
}

// refuseBy refuses requests in GraphQL's form, at the strangers' rate.
func (p *Process) refuseBy(transport *graphqlhttp.Transport) func(w http.ResponseWriter, r *http.Request, status int, c code.Code, message string) {
	return func(w http.ResponseWriter, r *http.Request, status int, c code.Code, message string) {
		if p.floods(w, r, "refusal") {
			return
		}
		telemetry.NoteRefusal(r.Context(), c)
		transport.Refuse(w, r, status, &gqlerror.Error{Message: message, Extensions: map[string]any{"code": c}})
	}
}

// signaturesWaiting is how many tokens may wait for a check: more than one address has connections.
const signaturesWaiting = 1000

// signatureWait bounds how long a token waits for its check: whoever shows it may be a stranger, and should rather know.
const signatureWait = 5 * time.Second

// newSignatures bounds how many signatures of tokens are checked at once to half of the processors.
func newSignatures() *admission.Gate {
	return admission.NewGate(admission.Options{
		Operations: max(1, runtime.GOMAXPROCS(0)/2), Waiting: signaturesWaiting, MaxWait: signatureWait,
	})
}

// turn is an [identity.Turn]. Addresses take turns: whose a token is, is not known before it is checked, and one address that sends
// many keeps another's from no more than the check that is under way. A socket that has a caller already waits as that one.
func (p *Process) turn(ctx context.Context) (done func(), err error) {
	check, err := p.signatures.Enter(ctx)
	if err != nil {
		return nil, err
	}
	return check.Leave, nil
}
