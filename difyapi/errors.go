package difyapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
)

// Kind says how a call failed.
type Kind int

// The kinds of failure. The zero Kind is none of them.
const (
	// KindStatus: Dify, or a proxy before it, answered with an error status, 4xx or 5xx.
	KindStatus Kind = iota + 1
	// KindTimeout: the client's own deadline for the call ended ([Options.Timeout]).
	KindTimeout
	// KindUnavailable: no answer came, as where the connection is refused or reset, or the host is not found.
	KindUnavailable
	// KindBadResponse: an answer came that is not Dify's API: another status, no JSON, other JSON, cut, too large.
	KindBadResponse
	// KindNotFound: Dify says that the app has no such thing, by a 404 with its code or, before 1.13.0, by status 200 and nulls.
	KindNotFound
	// KindUnsupported: the server does not have the endpoint. The error wraps an [UnsupportedError] where it is known to be too
	// old, else [ReasonNoSuchRoute].
	KindUnsupported
	// KindOverloaded: too many calls to the server wait already, see [MaxWaiting]. Nothing was sent.
	KindOverloaded
	// KindStreamsInUse: as many streams of events of the server are open as may be, see [Options]. Nothing was sent.
	KindStreamsInUse
	// KindSilent: Dify ended a stream of events in silence, as it does after five minutes in which nothing happened.
	KindSilent
)

func (k Kind) String() string {
	switch k {
	case KindStatus:
		return "error status"
	case KindTimeout:
		return "timeout"
	case KindUnavailable:
		return "unavailable"
	case KindBadResponse:
		return "bad response"
	case KindNotFound:
		return "not found"
	case KindUnsupported:
		return "unsupported"
	case KindOverloaded:
		return "overloaded"
	case KindStreamsInUse:
		return "streams in use"
	case KindSilent:
		return "silent"
	}
	return fmt.Sprintf("Kind(%d)", int(k))
}

// Error is a call to Dify that failed. Its text names the endpoint, the kind, the status, Dify's code and the beginning
// of Dify's message; it never names the server or the key, and holds nothing of a body that is not Dify's.
//
// Where it is the caller's context that ended, the error is no Error, but wraps the context's error and its cause.
type Error struct {
	Kind Kind
	// Status is the HTTP status; 0 where none came. Of [KindUnavailable] it is that of a proxy which refused the connection.
	Status int
	// Code is Dify's name of the error, e.g. invalid_param. It is empty where the body was not Dify's JSON, and in the
	// refusal of parameters by servers before 1.11.0.
	Code string
	// Message is Dify's text, of up to 64 KiB and several lines; empty where the body was not Dify's JSON. It can repeat
	// parameters, such as an e-mail, and name the tenant.
	Message string
	// ContentType is the media type of the answer's body, such as text/html, if it is well known; "another type" if it is not, and
	// empty where the answer has none.
	ContentType string
	// Place is where in the body something is not of the API, such as data[3].created_at; empty where that is not known.
	Place string
	// Requests is how many requests were made, as in [Receipt]; one that found no server counts too. It is 0 where none was made.
	Requests int

	endpoint string
	version  Version // in the answer's header
	cause    error
}

const shownMessageBytes = 300

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("dify: ")
	if e.endpoint != "" {
		b.WriteString(e.endpoint + ": ")
	}
	b.WriteString(e.Kind.String())
	if e.Status != 0 {
		fmt.Fprintf(&b, " %d", e.Status)
	}
	if e.Code != "" {
		fmt.Fprintf(&b, " %q", beginning(e.Code))
	}
	if e.Message != "" {
		fmt.Fprintf(&b, ": %q", beginning(e.Message))
	}
	if e.cause != nil {
		b.WriteString(": " + e.cause.Error())
	}
	return b.String()
}

// Unwrap gives what lies behind the failure, such as syscall.ECONNREFUSED, without any text that names the server. The
// deadline of a timeout is not among it: it would pass for the end of the caller's context.
func (e *Error) Unwrap() error {
	return e.cause
}

func beginning(text string) string {
	if len(text) <= shownMessageBytes {
		return text
	}
	return strings.ToValidUTF8(text[:shownMessageBytes], "") + "…"
}

// HasErrorStatus tells whether the answer's status says that the request failed. It is false of a value that can't be read within the
// answer to one which did not, and where there was no answer.
func (e *Error) HasErrorStatus() bool { return e.Status >= http.StatusBadRequest }

// LogValue is what may stand in a log: where and how the call failed, and nothing of Dify's or the caller's words, nor an id.
func (e *Error) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("kind", e.Kind.String())}
	add := func(key, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(key, value))
		}
	}
	add("route", route(e.endpoint))
	if e.Status != 0 {
		attrs = append(attrs, slog.Int("status", e.Status))
	}
	add("contentType", e.ContentType)
	add("place", e.Place)
	if e.cause != nil {
		add("cause", e.cause.Error())
	}
	return slog.GroupValue(attrs...)
}

// route is an endpoint without the id of what was asked for.
func route(endpoint string) string {
	for _, path := range []string{workflowRunPath, endUserPath} {
		if before, _, found := strings.Cut(endpoint, path); found {
			return before + path + "{id}"
		}
	}
	if before, _, found := strings.Cut(endpoint, runEventsPath); found {
		return before + runEventsPath + "{id}" + runEventsSuffix
	}
	return endpoint
}

// contextError is the error for a call whose caller is gone. It matches both context.Canceled or DeadlineExceeded and
// the cause that the caller gave.
func contextError(ctx context.Context, endpoint string) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(cause, err) {
		return fmt.Errorf("dify: %s: %w", endpoint, cause)
	}
	return fmt.Errorf("dify: %s: %w: %w", endpoint, err, cause)
}

// The predicates below exclude each other, so that a switch over them needs no order. IsPossiblyNotFound and IsServerError alone go
// with another, IsUnavailable, and IsUnreadable and IsNotWhole with IsBadResponse.

// IsUnauthorized reports whether Dify refuses the key, or the app, its API or its workspace is switched off: a 401 or 403 with a
// code of Dify's, and a 400 for a workspace that is gone or, since Dify 1.13.0, for an archived app. The [Reason] tells which. A 401 or 403 without a code
// comes from something before Dify.
func IsUnauthorized(err error) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Kind != KindStatus {
		return false
	}
	return e.Code != "" && (e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden) || isArchived(err) || isOfNoWorkspace(err)
}

// isArchived reports whether Dify could not read its own record of an app: 'archived' is not a valid AppStatus.
func isArchived(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.hasCode(http.StatusBadRequest, "invalid_param") &&
		strings.HasPrefix(e.Message, "'") && strings.HasSuffix(e.Message, "' is not a valid AppStatus")
}

// isOfNoWorkspace reports whether Dify knows the app, but not its workspace.
func isOfNoWorkspace(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.hasCode(http.StatusBadRequest, "invalid_param") && e.Message == "Tenant does not exist."
}

// IsRateLimited reports whether Dify limits the app's calls, or a proxy before it: 429. [ReasonForeignLimit] tells them apart.
func IsRateLimited(err error) bool {
	return hasStatus(err, http.StatusTooManyRequests)
}

// IsTimeout reports whether the client's deadline for the call ended, or that of a proxy: 504.
func IsTimeout(err error) bool {
	return hasKind(err, KindTimeout) || hasStatus(err, http.StatusGatewayTimeout)
}

// IsUnavailable reports whether no answer came, or a 5xx other than 504.
func IsUnavailable(err error) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return false
	}
	return e.Kind == KindUnavailable ||
		e.Kind == KindStatus && e.Status >= http.StatusInternalServerError && e.Status != http.StatusGatewayTimeout
}

// IsServerError reports whether Dify itself failed: a 500, which it also answers to what it can't ask its database.
func IsServerError(err error) bool {
	return hasStatus(err, http.StatusInternalServerError)
}

// IsBadResponse reports whether the answer is not Dify's API: [KindBadResponse], or a 4xx that Dify gives to no question of
// this package: any but 401 and 403 with a code of Dify's, 429, and a 400 in one of the forms of Dify's errors. So proxies
// answer, and so does what is at a wrong base URL.
func IsBadResponse(err error) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Kind != KindStatus {
		return ok && e.Kind == KindBadResponse
	}
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return e.Code == ""
	case http.StatusTooManyRequests:
		return false
	case http.StatusBadRequest:
		return !e.fromDify()
	default:
		return e.Status < http.StatusInternalServerError
	}
}

// IsUnreadable reports whether a single value can't be read or passed on, while the answer that has it stands.
func IsUnreadable(err error) bool {
	if _, ok := errors.AsType[unreadableError](err); ok {
		return true
	}
	return isAny(err, ErrVariablesNotJSON, ErrVariablesTooDeep, ReasonUnreadableRun)
}

// IsNotWhole reports whether an answer, which may be Dify's, was too large for a proxy or for this package, was cut or garbled.
// It goes with [IsBadResponse].
func IsNotWhole(err error) bool {
	return isAny(err, ReasonTooLarge, ReasonTooLargeForProxy, ReasonTooLongForProxy, ReasonCut, ReasonGarbled, ReasonEventTooLarge, ReasonTooManyEvents)
}

func isAny(err error, causes ...error) bool {
	return slices.ContainsFunc(causes, func(cause error) bool { return errors.Is(err, cause) })
}

// IsNotFound reports whether the app has no run or end user of the id that was asked for: [KindNotFound].
func IsNotFound(err error) bool {
	return hasKind(err, KindNotFound)
}

// IsPossiblyNotFound reports whether the failure leaves open if the app has the run that was asked for: the 500 of Dify
// 1.13.0, which [IsUnavailable] takes too. The app's log knows: if it lists the run, Dify has failed.
func IsPossiblyNotFound(err error) bool {
	return errors.Is(err, errRunOrServer)
}

// IsUnsupported reports whether the server does not have the endpoint: [KindUnsupported].
func IsUnsupported(err error) bool {
	return hasKind(err, KindUnsupported)
}

// IsOverloaded reports whether nothing was sent because too many calls to the app wait already: [KindOverloaded].
func IsOverloaded(err error) bool {
	return hasKind(err, KindOverloaded)
}

// IsStreamsInUse reports whether nothing was sent because as many streams of events of the server are open as may be:
// [KindStreamsInUse].
func IsStreamsInUse(err error) bool {
	return hasKind(err, KindStreamsInUse)
}

// IsSilent reports whether Dify ended a stream of events in silence, while the run goes on: [KindSilent].
func IsSilent(err error) bool {
	return hasKind(err, KindSilent)
}

// IsAccountNotFound reports whether Dify says that the workspace has no account with the e-mail that was asked for: a 400
// whose message repeats it. The wording of the message does not count.
func IsAccountNotFound(err error, email string) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && email != "" && hasStatus(e, http.StatusBadRequest) && strings.Contains(e.Message, email) && !isArchived(e)
}

// fromDify reports whether the answer had a body in one of the forms of Dify's errors.
func (e *Error) fromDify() bool {
	return e.Code != "" || e.Message != ""
}

// failureOf is the failure in what [Client.get] returned. It is nil where the caller's context ended: an Error that is the
// cause of that belongs to the caller.
func failureOf(err error) *Error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	failure, _ := errors.AsType[*Error](err)
	return failure
}

// as is the failure as another kind, of another cause. An error that was returned may be another's too, so none is ever changed.
func (e *Error) as(kind Kind, cause error) *Error {
	other := *e
	other.Kind, other.cause = kind, cause
	return &other
}

// hasCode reports whether Dify answered with the status and the code.
func (e *Error) hasCode(status int, code string) bool {
	return hasStatus(e, status) && e.Code == code
}

func hasStatus(err error, status int) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Kind == KindStatus && e.Status == status
}

func hasKind(err error, kind Kind) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Kind == kind
}

// UnsupportedError says that a server is older than an endpoint. It comes within an [Error] of [KindUnsupported].
type UnsupportedError struct {
	// Has is the server's version, zero where it is not known and the answer gave it away. Needs is the first version that
	// has the endpoint.
	Has, Needs Version
}

func (e *UnsupportedError) Error() string {
	has := "the server's version is not known"
	if !e.Has.IsZero() {
		has = "the server has " + e.Has.String()
	}
	return "needs Dify " + e.Needs.String() + " or newer, " + has
}

// versionBehind is the version of the server that a failure comes from: that of its answer, else what the client knows.
func (c *Client) versionBehind(failure *Error) Version {
	return cmp.Or(failure.version, c.Version())
}
