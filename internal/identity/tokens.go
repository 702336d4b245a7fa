package identity

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/difygraph/difygraph/graph/viewer"
	"github.com/difygraph/difygraph/internal/config"
)

// NewToken makes a token of 256 random bits, such as dg_k3J…, and the digest that a configuration holds of it. The token is
// to be shown once, and is not to be had again.
func NewToken() (token, digest string) {
	var random [32]byte
	_, _ = rand.Read(random[:]) // ends the program rather than to fail
	token = "dg_" + base64.RawURLEncoding.EncodeToString(random[:])
	sum := sha256.Sum256([]byte(token))
	return token, hex.EncodeToString(sum[:])
}

// TokenEntry is the line of a configuration file, below auth.tokens, for a token with that digest, for apps of these patterns.
func TokenEntry(name, digest string, apps []string, scopes []viewer.Scope) string {
	patterns, names := make([]string, len(apps)), make([]string, len(scopes))
	for i, pattern := range apps {
		patterns[i] = strconv.Quote(pattern)
	}
	for i, scope := range scopes {
		names[i] = string(scope)
	}
	return fmt.Sprintf(`- {name: %s, sha256: "%s", apps: [%s], scopes: [%s]}`, name, digest, strings.Join(patterns, ", "), strings.Join(names, ", "))
}

// knownToken is a configured token, ready to be compared.
type knownToken struct {
	digest [sha256.Size]byte
	caller *Caller
}

func newKnownToken(t config.Token) (knownToken, error) {
	digest, err := hex.DecodeString(t.SHA256)
	if err != nil || len(digest) != sha256.Size { // The error would show a token that stands in its digest's place.
		return knownToken{}, errors.New("the SHA-256 of a token is not 64 hexadecimal digits")
	}
	caller := &Caller{Name: t.Name, patterns: t.Apps, scopes: scopesOf(t.Scopes)}
	return knownToken{digest: [sha256.Size]byte(digest), caller: caller}, nil
}

// match finds the caller of a token, or nil. It takes the same time wherever in the list the token stands, and however much
// of a digest is right.
func match(known []knownToken, token string) *Caller {
	digest, found := sha256.Sum256([]byte(token)), -1
	for i := range known {
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(digest[:], known[i].digest[:]), i, found)
	}
	if found < 0 {
		return nil
	}
	return known[found].caller
}
