package identity

import (
	"net/http"
	"strings"
	"time"
)

// maxTokenBytes bounds a token, before anything of it is decoded. JWTs with many claims have some kilobytes.
const maxTokenBytes = 16 << 10

// A refusal says why a request has no caller. Neither text holds anything that the request had.
type refusal struct {
	// message is for the caller to read: it does not help to find out what is known here.
	message string
	// why is for the log and for metrics, and says more; of a fixed set.
	why        string
	tokenGiven bool
	status     int
	retryAfter time.Duration // where the status is 503
}

var (
	noToken = &refusal{
		message: "this API needs a bearer token: send the header Authorization: Bearer TOKEN", why: "no token", status: http.StatusUnauthorized,
	}
	malformedToken  = refuseToken("the Authorization header is not one Bearer and one token of at most 16 KiB", "malformed header")
	unknownToken    = refuseToken(notValid, "unknown token")
	strangeIssuer   = refuseToken(notValid, "unknown issuer")
	strangeKey      = refuseToken(notValid, "unknown key id")
	forgedToken     = refuseToken(notValid, "wrong signature or algorithm")
	malformedClaims = refuseToken(notValid, "malformed claims")
	expiredToken    = refuseToken("the token has expired", "expired")
	earlyToken      = refuseToken("the token is not valid yet", "not valid yet")
	strayToken      = refuseToken("the token is for another audience", "wrong audience")

	// issuerAway is no fault of the token's: nobody is to sign in again for it.
	issuerAway = &refusal{
		message: "the keys of the token's issuer can't be fetched at the moment; try again later", why: "issuer unreachable",
		tokenGiven: true, status: http.StatusServiceUnavailable, retryAfter: refetchInterval,
	}
	// busy is none either: its turn did not come.
	busy = &refusal{
		message: "the server checks too many tokens for now; try again in 1 s", why: "too many to check",
		tokenGiven: true, status: http.StatusServiceUnavailable, retryAfter: time.Second,
	}
)

const notValid = "the token is not valid here"

func refuseToken(message, why string) *refusal {
	return &refusal{message: message, why: why, tokenGiven: true, status: http.StatusUnauthorized}
}

// Error lets a refusal come through what else checks a token.
func (r *refusal) Error() string { return r.why }

// noTokenSent is for connections on which a token can come after the header.
const noTokenSent = "this API needs a bearer token: send Authorization, as in a header, with connection_init"

// reason is the refusal in words.
func (r *refusal) reason() string { return r.message }

// challenge is the value of WWW-Authenticate, as RFC 6750 (section 3) has it: with an error only where a token was given.
func (r *refusal) challenge() string {
	const challenge = `Bearer realm="difygraph"`
	if r.tokenGiven {
		return challenge + `, error="invalid_token"`
	}
	return challenge
}

// bearerToken reads the token of RFC 6750, section 2.1. Other schemes count as no token. Two headers are refused: whoever
// stands before this server may have looked at the other one.
func bearerToken(header http.Header) (string, *refusal) {
	values := header.Values("Authorization")
	if len(values) > 1 {
		return "", malformedToken
	}
	scheme, token, _ := strings.Cut(strings.Join(values, ""), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", noToken
	}
	token = strings.TrimLeft(token, " ")
	if len(token) > maxTokenBytes || !isToken68(token) {
		return "", malformedToken
	}
	return token, nil
}

// isToken68 tells whether text is the token68 of RFC 9110, section 11.2.
func isToken68(text string) bool {
	text = strings.TrimRight(text, "=")
	return text != "" && strings.IndexFunc(text, notOfToken) < 0
}

func notOfToken(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	default:
		return !strings.ContainsRune("-._~+/", r)
	}
}
