package identity

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/MicahParks/jwkset"

	"github.com/difygraph/difygraph/internal/config"
)

const (
	// fetchTimeout is for the whole answer. Requests with new keys wait for it.
	fetchTimeout = 5 * time.Second
	// maxJWKSBytes and maxKeys bound what one issuer's keys take. Sets have a few keys of half a kilobyte.
	maxJWKSBytes = 256 << 10
	maxKeys      = 100
	// minRSABits is the least that RFC 7518 (section 3.3) takes. maxRSABits is what a check may take, a millisecond: it grows by the
	// square, and a key of 190 KB would keep those who show tokens of other issuers for seconds.
	minRSABits, maxRSABits = 2048, 8192
)

// publicKey is one of an issuer's keys.
type publicKey struct {
	crypto.PublicKey // *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey
	id               string
	alg              string // the only algorithm that the issuer means it for, or empty
}

// verifies tells whether signatures by alg, one of methods, are made with such a key. An EC key's curve belongs to one alg
// (RFC 7518, section 3.4).
func (k publicKey) verifies(alg string) bool {
	if k.alg != "" && k.alg != alg {
		return false
	}
	switch key := k.PublicKey.(type) {
	case *rsa.PublicKey:
		return strings.HasPrefix(alg, "RS")
	case *ecdsa.PublicKey:
		return curves[alg] == key.Params().Name
	case ed25519.PublicKey:
		return alg == "EdDSA"
	default:
		return false
	}
}

var curves = map[string]string{"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}

// fetcher gets the keys of issuers.
type fetcher struct {
	client *http.Client
	log    *slog.Logger
}

// newClient makes a client that follows no redirect: keys come from the configured address, not from one that it names.
func newClient(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// keysOf gives the function that fetches the issuer's keys, and logs where it can't.
func (f *fetcher) keysOf(issuer config.Issuer) func() ([]publicKey, error) {
	return func() ([]publicKey, error) {
		ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
		defer cancel()
		keys, err := f.get(ctx, issuer.JWKS)
		if err != nil {
			f.log.WarnContext(ctx, "the keys of an issuer can't be fetched; tokens with keys that are not known are answered by 503",
				"issuer", issuer.Issuer, "error", err)
		}
		return keys, err
	}
}

func (f *fetcher) get(ctx context.Context, address string) ([]publicKey, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, withoutAddress(err)
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	response, err := f.client.Do(request)
	if err != nil {
		return nil, withoutAddress(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the answer is HTTP %d", response.StatusCode)
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, response.Body, maxJWKSBytes))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	return parseKeys(body)
}

// withoutAddress keeps the address out of the log: its query may be nobody's business.
func withoutAddress(err error) error {
	if failure, ok := errors.AsType[*url.Error](err); ok {
		return failure.Err
	}
	return err
}

var (
	errNoSet    = errors.New("the answer is no JWK Set")
	errNoKeys   = errors.New("no key in the answer verifies signatures of the kinds RS, ES and EdDSA")
	errManyKeys = fmt.Errorf("the answer has more than %d keys", maxKeys)
)

// parseKeys reads a JWK Set (RFC 7517). Keys for other uses, of other kinds or malformed are passed over, as its section 5
// has it.
func parseKeys(body []byte) ([]publicKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(body, &set) != nil {
		return nil, errNoSet
	}
	if len(set.Keys) > maxKeys {
		return nil, errManyKeys
	}
	var keys []publicKey
	for _, raw := range set.Keys {
		if key, ok := parseKey(raw); ok {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, errNoKeys
	}
	return keys, nil
}

func parseKey(raw json.RawMessage) (publicKey, bool) {
	var fields jwkset.JWKMarshal
	if json.Unmarshal(raw, &fields) != nil || !isForSignatures(fields) {
		return publicKey{}, false
	}
	// Certificates are not asked about: some would have to be fetched.
	fields.X5C, fields.X5T, fields.X5TS256, fields.X5U = nil, "", "", ""
	jwk, err := jwkset.NewJWKFromMarshal(fields, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
	if err != nil || !isVerificationKey(jwk.Key()) {
		return publicKey{}, false
	}
	return publicKey{PublicKey: jwk.Key(), id: fields.KID, alg: string(fields.ALG)}, true
}

func isForSignatures(fields jwkset.JWKMarshal) bool {
	return (fields.USE == "" || fields.USE == jwkset.UseSig) &&
		(len(fields.KEYOPS) == 0 || slices.Contains(fields.KEYOPS, jwkset.KeyOpsVerify))
}

func isVerificationKey(key any) bool {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return key.N.BitLen() >= minRSABits && key.N.BitLen() <= maxRSABits
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return true
	default:
		return false
	}
}
