package difyapi

import (
	"cmp"
	"compress/flate"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Errors of net, net/http and tls name hosts, addresses and proxies, and errors of JSON repeat the body. The functions
// below keep what such an error says of the failure, and leave out what it says of the server.

// Reason is why a call failed, in words that callers may read: it names neither server nor key, and repeats nothing of an
// answer. Errors of calls wrap one where more is known than their kind.
type Reason string

func (r Reason) Error() string { return string(r) }

// Why no answer came.
const (
	ReasonHostNotFound       Reason = "the host name cannot be resolved"
	ReasonUnknownAuthority   Reason = "the server's certificate is of an authority that is not known here"
	ReasonCertificateExpired Reason = "the server's certificate has expired, or is not valid yet"
	ReasonCertificateName    Reason = "the server's certificate is for another host name"
	ReasonCertificate        Reason = "the server's certificate is not valid"
	ReasonProxyCredentials   Reason = "a proxy on the way wants credentials" //nolint:gosec // G101 takes the name for some
	ReasonProxyRefused       Reason = "a proxy on the way does not let the connection through"
	ReasonNetworkLogin       Reason = "the network on the way wants a login"
	ReasonClosed             Reason = "the connection was closed without an answer"
)

// Why an answer is none of Dify's.
const (
	ReasonNoRoute        Reason = "nothing is at this address; is the app's base URL right?"
	ReasonForeignRefusal Reason = "a refusal that Dify did not write, as from a proxy or a firewall"
	ReasonForeignLimit   Reason = "a proxy before Dify limits the calls"
	ReasonRedirect       Reason = "a redirect, which is not followed"
	ReasonNotJSON        Reason = "an answer that is not JSON"
	ReasonNotEvents      Reason = "an answer that is not a stream of events"
	ReasonStatus         Reason = "a status that Dify does not give"
)

// Why an answer, which may be Dify's, did not come or not whole.
const (
	ReasonTooLarge         Reason = "the answer is too large, more than 16 MiB; ask for fewer rows, or without inputs and outputs"
	ReasonTooLargeForProxy Reason = "a proxy before Dify finds the answer or the request too large; raise its limit, or ask for fewer rows"
	ReasonTooLongForProxy  Reason = "a proxy before Dify finds the request too large; raise its limit, or filter by shorter texts"
	ReasonCut              Reason = "the answer is cut"
	ReasonGarbled          Reason = "the answer can't be decompressed"
	ReasonEventTooLarge    Reason = "an event of the run is too large, more than 16 MiB"
	ReasonTooManyEvents    Reason = "the stream has more events than are read of one"
)

// ReasonNoSuchRoute is why a server that is Dify does not answer one question.
const ReasonNoSuchRoute Reason = "the server does not have this part of Dify's API: its Dify is too old for it, or a proxy keeps it back"

// ReasonUnreadableRun is why Dify does not show a run.
const ReasonUnreadableRun Reason = "Dify can't read what the run has stored"

// Why Dify refuses the app's calls.
const (
	ReasonKeyRefused        Reason = "Dify does not accept the app's API key"
	ReasonNoOwner           Reason = "the app's workspace has no owner, or is not active"
	ReasonAppGone           Reason = "the app no longer exists in Dify"
	ReasonAppAbnormal       Reason = "the app is not in its normal state in Dify"
	ReasonAPIDisabled       Reason = "the app's API is switched off in Dify"
	ReasonAppArchived       Reason = "the app is archived in Dify"
	ReasonWorkspaceArchived Reason = "the app's workspace is archived in Dify"
	ReasonWorkspaceGone     Reason = "the app's workspace no longer exists in Dify"
)

// refusals are what Dify's messages tell apart, of which the code is the same; the first that is contained counts.
var refusals = []struct {
	status  int
	message string
	reason  Reason
}{
	{http.StatusUnauthorized, "Tenant owner", ReasonNoOwner},
	{http.StatusUnauthorized, "", ReasonKeyRefused},
	{http.StatusForbidden, "no longer exists", ReasonAppGone},
	{http.StatusForbidden, "API service has been disabled", ReasonAPIDisabled},
	{http.StatusForbidden, "workspace's status is archived", ReasonWorkspaceArchived},
	{http.StatusForbidden, "status is abnormal", ReasonAppAbnormal},
}

// proxyReasons are what statuses mean that Dify has no use for.
var proxyReasons = map[int]Reason{
	http.StatusNetworkAuthenticationRequired: ReasonNetworkLogin,
	http.StatusProxyAuthRequired:             ReasonProxyCredentials,
	http.StatusRequestEntityTooLarge:         ReasonTooLargeForProxy,
	http.StatusRequestURITooLong:             ReasonTooLongForProxy,
	http.StatusRequestHeaderFieldsTooLarge:   ReasonTooLongForProxy,
}

// statusCause tells what an error status comes from, as far as that is known.
func statusCause(e *Error) error {
	switch {
	case isArchived(e):
		return ReasonAppArchived
	case isOfNoWorkspace(e):
		return ReasonWorkspaceGone
	case IsUnauthorized(e):
		for _, refusal := range refusals {
			if e.Status == refusal.status && strings.Contains(e.Message, refusal.message) {
				return refusal.reason
			}
		}
		return nil
	case e.Status == http.StatusTooManyRequests && e.Code == "":
		return ReasonForeignLimit
	case proxyReasons[e.Status] != "":
		return proxyReasons[e.Status]
	case e.Status == http.StatusNotFound:
		return nil // see [Client.judgeMissing]
	case IsBadResponse(e):
		return ReasonForeignRefusal
	default:
		return nil
	}
}

var (
	errNoAnswer = errors.New("no answer")
	errNotJSON  = errors.New("the body is not JSON")
)

// fault is where a body is not what the endpoint answers, and how; the place is empty of the body itself. It is made of this
// package's words and names alone.
type fault struct{ place, how string }

func (f *fault) Error() string { return cmp.Or(f.place, "the body") + " " + f.how }

// Unwrap gives the words to callers, too.
func (f *fault) Unwrap() error { return Reason(f.Error()) }

// transportCause tells why no answer came.
func transportCause(err error) error {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return systemCause(errno)
	}
	if reason, ok := errors.AsType[Reason](err); ok {
		return reason
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return ReasonHostNotFound
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return certificateCause(err)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: %w", ReasonClosed, io.ErrUnexpectedEOF)
	}
	return errNoAnswer
}

// systemCause is the operating system's word, such as "connection refused". It names nobody, so that callers may read it.
type systemCause syscall.Errno

func (c systemCause) Error() string { return syscall.Errno(c).Error() }

func (c systemCause) Unwrap() []error { return []error{syscall.Errno(c), Reason(c.Error())} }

func certificateCause(err error) error {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return ReasonUnknownAuthority
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return ReasonCertificateName
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return ReasonCertificateExpired
	}
	return ReasonCertificate
}

// proxyCause is the error for a proxy that does not let a connection through; net/http's own repeats the proxy's words.
func proxyCause(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return proxyRefusal(answer.StatusCode)
}

// proxyRefusal is the status by which a proxy refused a connection.
type proxyRefusal int

func (r proxyRefusal) Error() string { return r.Unwrap().Error() }

func (r proxyRefusal) Unwrap() error {
	if r == http.StatusProxyAuthRequired {
		return ReasonProxyCredentials
	}
	return ReasonProxyRefused
}

// bodyCause tells why a body could not be read to its end.
func bodyCause(err error) error {
	if errors.Is(err, ReasonTooLarge) {
		return ReasonTooLarge
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return fmt.Errorf("%w: %w", ReasonCut, errno)
	}
	if isGarbled(err) {
		return ReasonGarbled
	}
	return fmt.Errorf("%w: %w", ReasonCut, io.ErrUnexpectedEOF)
}

// isGarbled tells whether a body is not what its Content-Encoding says.
func isGarbled(err error) bool {
	_, corrupt := errors.AsType[flate.CorruptInputError](err)
	return corrupt || errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum)
}

// decodeFault tells where a body is not what was expected, by position.
func decodeFault(err error) error {
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		return &fault{place(semantic.JSONPointer), "is not what the API has there"}
	}
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Errorf("malformed JSON at byte %d", syntactic.ByteOffset)
	}
	return errNotJSON
}

// judgeMissing tells what a 404 comes from. One is Dify's word that the app has no such run or end user. Any other is from a server
// that does not have the route, in whatever form it says so: that is Dify if the app has an answer to another question, and else the
// base URL is wrong.
func (c *Client) judgeMissing(ctx context.Context, path string, err error) error {
	failure := failureOf(err)
	if failure == nil || !hasStatus(failure, http.StatusNotFound) || failure.Code == codeNoEndUser {
		return err
	}
	found := c.isFound(ctx, path)
	if found && failure.Code == codeNoRun && (strings.HasPrefix(path, workflowRunPath) || strings.HasPrefix(path, runEventsPath)) {
		return err
	}
	missing := failure.as(KindStatus, ReasonNoRoute)
	if found {
		missing = failure.as(KindUnsupported, ReasonNoSuchRoute)
	}
	missing.Code, missing.Message = "", "" // not Dify's
	return missing
}

// isFound tells whether Dify answers at the base URL. Where it has not yet, GET /info tells, which all of its versions have: once for all
// that wait for it, each of whose callers' turns counts.
func (c *Client) isFound(ctx context.Context, path string) bool {
	if path == infoPath || c.found.Load() {
		return c.found.Load()
	}
	done := waitersOf(ctx).lend(&c.lookers)
	defer done()
	answered := c.lookup.DoChan(infoPath, func() (any, error) {
		return c.Info(WithWaiters(context.WithoutCancel(ctx), &c.lookers)) // others may wait for it, and it has a time limit of its own
	})
	select {
	case <-answered:
	case <-ctx.Done():
	}
	return c.found.Load()
}
