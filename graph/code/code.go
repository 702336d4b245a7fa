// Package code has the error codes of the API, and what each of them means beside GraphQL: for HTTP and for metrics.
package code

import (
	"errors"
	"net/http"
	"strings"
)

// Code is `extensions.code` of an error.
type Code string

// The codes that this API gives so far; the schema has what they mean.
const (
	Unauthenticated         Code = "UNAUTHENTICATED"
	Forbidden               Code = "FORBIDDEN"
	BadUserInput            Code = "BAD_USER_INPUT"
	GraphQLParseFailed      Code = "GRAPHQL_PARSE_FAILED"
	GraphQLValidationFailed Code = "GRAPHQL_VALIDATION_FAILED"
	PersistedQueryNotFound  Code = "PERSISTED_QUERY_NOT_FOUND"
	InvalidCursor           Code = "INVALID_CURSOR"
	CostLimitExceeded       Code = "COST_LIMIT_EXCEEDED"
	RateLimited             Code = "RATE_LIMITED"
	Overloaded              Code = "OVERLOADED"
	OperationTimeout        Code = "OPERATION_TIMEOUT"
	UpstreamUnauthorized    Code = "UPSTREAM_UNAUTHORIZED"
	UpstreamRateLimited     Code = "UPSTREAM_RATE_LIMITED"
	UpstreamTimeout         Code = "UPSTREAM_TIMEOUT"
	UpstreamUnavailable     Code = "UPSTREAM_UNAVAILABLE"
	UpstreamBadResponse     Code = "UPSTREAM_BAD_RESPONSE"
	UpstreamUnsupported     Code = "UPSTREAM_UNSUPPORTED"
	InternalServerError     Code = "INTERNAL_SERVER_ERROR"
)

// Upstream tells whether the code is that of an app's failure.
func (c Code) Upstream() bool { return strings.HasPrefix(string(c), "UPSTREAM_") }

// Status is the HTTP status of an answer without data, whatever its media type, or 0 where HTTP has no word for the code.
// What HTTP has a word for is said in it: gateways and clients that know nothing of GraphQL act on it.
func (c Code) Status() int {
	switch c {
	case Unauthenticated:
		return http.StatusUnauthorized
	case RateLimited:
		return http.StatusTooManyRequests
	case Overloaded:
		return http.StatusServiceUnavailable
	case OperationTimeout:
		return http.StatusGatewayTimeout
	case InternalServerError:
		return http.StatusInternalServerError
	default:
		return 0
	}
}

// Refuse writes the answer to a request that is not served: the HTTP status, and a body in the form of GraphQL's errors, with
// the message and the code. Headers of the answer may be set already.
type Refuse func(w http.ResponseWriter, r *http.Request, status int, code Code, message string)

// Error is an error that knows its code, and whose text is for callers: it shows nothing of Dify's URLs, keys or bodies.
type Error interface {
	error
	Code() Code
}

// New is an [Error] of a constant text.
func New(c Code, text string) error { return &coded{c, text} }

type coded struct {
	code Code
	text string
}

func (e *coded) Error() string { return e.text }
func (e *coded) Code() Code    { return e.code }

// Of is the first error in the tree of err that knows its code.
func Of(err error) (Error, bool) { return errors.AsType[Error](err) }

// OfExtensions is the code in the extensions of a GraphQL error, of whatever type; empty if there is none.
func OfExtensions(extensions map[string]any) Code {
	switch c := extensions["code"].(type) {
	case Code:
		return c
	case string:
		return Code(c)
	default:
		return ""
	}
}
