package identity

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/difygraph/difygraph/internal/config"
)

// Options say who may call.
type Options struct {
	// Open is for a server that asks nobody who they are: every request is anyone's, and may read all. It stands alone.
	Open bool
	// Tokens are the bearer tokens and Issuers those whose JWTs are taken, as [config.Load] has found them right.
	Tokens  []config.Token
	Issuers []config.Issuer

	// Previous is an Authenticator that this one takes the place of, or nil. Keys of its issuers are known from the start where
	// their URLs are the same, and are not fetched anew.
	Previous *Authenticator

	// Transport fetches the issuers' keys; [http.DefaultTransport] if nil.
	Transport http.RoundTripper
	// Log is told when keys can't be fetched; [slog.Default] if nil.
	Log *slog.Logger
	// Turn has those who show JWTs wait for each other; none does if it is nil.
	Turn Turn
	// Refused is told why a request has no caller: one of a few words, which say more than the caller may read. It may be nil.
	Refused func(ctx context.Context, why string)
}

// An Authenticator finds the caller of a request. It may be used by many goroutines, and needs no closing: what it fetches
// in the background ends within seconds.
type Authenticator struct {
	open    bool
	tokens  []knownToken
	issuers issuers
	turn    Turn
	refused func(ctx context.Context, why string)
}

// New returns an Authenticator. It makes no calls: an issuer's keys are fetched when its first token comes. The errors are of
// options that say both that there are callers and that there are none, or neither; and of a digest that is none, without its
// value.
func New(options Options) (*Authenticator, error) {
	configured := len(options.Tokens) > 0 || len(options.Issuers) > 0
	if options.Open == configured {
		return nil, errors.New("identity: needs tokens or issuers, or to be open to anyone, not both")
	}
	fetcher := &fetcher{
		client: newClient(options.Transport),
		log:    cmp.Or(options.Log, slog.Default()),
	}
	a := &Authenticator{open: options.Open, issuers: newIssuers(options.Issuers, fetcher), turn: options.Turn, refused: options.Refused}
	if a.turn == nil {
		a.turn = atOnce
	}
	if a.refused == nil {
		a.refused = func(context.Context, string) {}
	}
	for i, token := range options.Tokens {
		known, err := newKnownToken(token)
		if err != nil {
			return nil, fmt.Errorf("identity: token %d: %w", i, err)
		}
		a.tokens = append(a.tokens, known)
	}
	if options.Previous != nil {
		a.issuers.keepKeys(options.Previous.issuers)
	}
	return a, nil
}

// authenticate finds who sent the request, by its Authorization header alone. Either the caller is nil or the refusal.
func (a *Authenticator) authenticate(r *http.Request) (*Caller, *refusal) {
	if a.open {
		return anyone(), nil
	}
	token, refusal := bearerToken(r.Header)
	if refusal != nil {
		return nil, refusal
	}
	return a.callerOf(r.Context(), token)
}

// Authorize finds the caller of a connection by what would be the value of an Authorization header, and puts it into the context. Where
// that is empty, the caller is the one that the context has. The text of an error is for the caller to read.
func (a *Authenticator) Authorize(ctx context.Context, authorization string) (context.Context, error) {
	if a.open {
		return withCaller(ctx, anyone()), nil
	}
	if authorization == "" {
		if FromContext(ctx).IsKnown() {
			return ctx, nil
		}
		a.refused(ctx, noToken.why)
		return nil, errors.New(noTokenSent)
	}
	token, refusal := bearerToken(http.Header{"Authorization": {authorization}})
	if refusal == nil {
		var caller *Caller
		if caller, refusal = a.callerOf(ctx, token); refusal == nil {
			return withCaller(ctx, caller), nil
		}
	}
	a.refused(ctx, refusal.why)
	return nil, errors.New(refusal.reason())
}

func (a *Authenticator) callerOf(ctx context.Context, token string) (*Caller, *refusal) {
	if caller := match(a.tokens, token); caller != nil {
		return caller, nil
	}
	return a.issuers.verify(ctx, token, a.turn)
}
