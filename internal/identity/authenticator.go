package identity

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
)

// Options say who may call.
type Options struct {
	// Open is for a server that asks nobody who they are: every request is [Anyone]'s. It stands alone.
	Open bool
	// Tokens are the configured bearer tokens, with names and digests of their own.
	Tokens []Token
	// Issuers are those whose JWTs are taken, each with a URL of its own.
	Issuers []Issuer

	// Previous is an Authenticator that this one takes the place of, or nil. Keys of its issuers are known from the start where
	// their URLs are the same, and are not fetched anew.
	Previous *Authenticator

	// Transport fetches the issuers' keys; [http.DefaultTransport] if nil.
	Transport http.RoundTripper
	// Log is told when keys can't be fetched; [slog.Default] if nil.
	Log *slog.Logger
}

// An Authenticator finds the caller of a request. It may be used by many goroutines, and needs no closing: what it fetches
// in the background ends within seconds.
type Authenticator struct {
	open    bool
	tokens  []knownToken
	issuers issuers
}

// New returns an Authenticator. It makes no calls: an issuer's keys are fetched when its first token comes. The error says
// which option is wrong, without its value.
func New(options Options) (*Authenticator, error) {
	configured := len(options.Tokens) > 0 || len(options.Issuers) > 0
	if options.Open == configured {
		return nil, errors.New("identity: needs tokens or issuers, or to be open to anyone, not both")
	}
	a := &Authenticator{open: options.Open}
	if err := a.addTokens(options.Tokens); err != nil {
		return nil, err
	}
	fetcher := &fetcher{
		client: newClient(options.Transport),
		log:    cmp.Or(options.Log, slog.Default()),
	}
	var err error
	a.issuers, err = newIssuers(options.Issuers, fetcher)
	if options.Previous != nil {
		a.issuers.keepKeys(options.Previous.issuers)
	}
	return a, err
}

func (a *Authenticator) addTokens(tokens []Token) error {
	names, digests := map[string]bool{}, map[string]bool{}
	for i, token := range tokens {
		known, err := newKnownToken(token)
		if err != nil {
			return fmt.Errorf("identity: token %d: %w", i, err)
		}
		digest := strings.ToLower(token.SHA256)
		if names[token.Name] || digests[digest] {
			return fmt.Errorf("identity: token %d: its name or its digest is another token's", i)
		}
		names[token.Name], digests[digest] = true, true
		a.tokens = append(a.tokens, known)
	}
	return nil
}

// Authenticate finds who sent the request, by its Authorization header alone. Either the caller is nil or the refusal.
func (a *Authenticator) Authenticate(r *http.Request) (*Caller, *Refusal) {
	if a.open {
		return Anyone(), nil
	}
	token, refusal := bearerToken(r.Header)
	if refusal != nil {
		return nil, refusal
	}
	return a.callerOf(r.Context(), token)
}

func (a *Authenticator) callerOf(ctx context.Context, token string) (*Caller, *Refusal) {
	if caller := match(a.tokens, token); caller != nil {
		return caller, nil
	}
	return a.issuers.verify(ctx, token)
}
