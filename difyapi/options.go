package difyapi

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// DefaultTimeout bounds a call where [Options] say nothing.
const DefaultTimeout = 30 * time.Second

const (
	defaultMaxInFlight          = 8
	defaultConnectionsPerServer = 4
	defaultStreamsPerServer     = 2
)

// Options configures a [Client]. Its formatted and logged forms show neither the key nor the base URL.
type Options struct {
	// BaseURL is where the Service API lives, e.g. https://api.dify.ai/v1. A trailing slash does no harm.
	// User names, queries and fragments are refused.
	BaseURL string `json:"-"`
	// APIKey is the app's key, app-…
	APIKey string `json:"-"`
	// Version is the server's version where a proxy hides Dify's X-Version. What an answer's header says wins over it.
	Version Version
	// MaxInFlight is the number of calls to this app at once; 0 means 8. Where calls have callers ([WithCaller]), one alone gets
	// three quarters of them.
	MaxInFlight int
	// ConnectionsPerServer is the number of connections, in use or idle, and so of calls at once, to one server, which is a scheme, a
	// host and a port, by all clients of a [Pool]; 0 means 4. By default a Dify has ten for everybody, and who needs an eleventh
	// gets no answer.
	ConnectionsPerServer int
	// StreamsPerServer is how many of these connections may be streams of events at once; 0 means 2. One connection always stays for
	// calls, so that a server of one connection has no streams.
	StreamsPerServer int
	// Timeout bounds one call, from its start to the last byte of its answer. The wait for a free slot is not part of it.
	// 0 means 30 seconds.
	Timeout time.Duration
	// Resilience is what to do about failures that may pass; by default nothing.
	Resilience Resilience
	// HealthChanged is told when the app goes down, and when it comes back; it may be nil. It is called by whoever's call showed it. Of
	// several clients of an app, the latest that has one says who is told.
	HealthChanged func(Health) `json:"-"`
	// Transport sends the requests; nil means the pool's. It must honour the request's context, as [http.Transport] does. Another
	// than the pool's, or one around it, has no bound on connections but that on calls.
	Transport http.RoundTripper
}

// OptionError says which of the [Options] [New] refuses, and what would be right. It repeats no value: what was put into
// the wrong option may be a secret.
type OptionError struct {
	Option string // name of the field in Options, e.g. "BaseURL"
	Reason string
}

func (e *OptionError) Error() string {
	return "difyapi: invalid " + e.Option + ": " + e.Reason
}

// Format writes the options without key and base URL, whatever the verb.
func (o Options) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, o.String())
}

// String tells the options that are no secret.
func (o Options) String() string {
	return fmt.Sprintf("difyapi.Options{Version: %q, MaxInFlight: %d, Timeout: %v}", o.Version.String(), o.MaxInFlight, o.Timeout)
}

// LogValue gives slog what [Options.String] gives fmt.
func (o Options) LogValue() slog.Value {
	return slog.StringValue(o.String())
}

// withDefaults checks the limits and puts defaults in the place of zeros.
func (o Options) withDefaults() (Options, error) {
	if o.MaxInFlight < 0 {
		return o, &OptionError{Option: "MaxInFlight", Reason: "must not be negative"}
	}
	if o.Timeout < 0 {
		return o, &OptionError{Option: "Timeout", Reason: "must not be negative"}
	}
	if o.ConnectionsPerServer < 0 {
		return o, &OptionError{Option: "ConnectionsPerServer", Reason: "must not be negative"}
	}
	if o.StreamsPerServer < 0 {
		return o, &OptionError{Option: "StreamsPerServer", Reason: "must not be negative"}
	}
	if o.StreamsPerServer == 0 {
		o.StreamsPerServer = defaultStreamsPerServer
	}
	if o.ConnectionsPerServer == 0 {
		o.ConnectionsPerServer = defaultConnectionsPerServer
	}
	if o.MaxInFlight == 0 {
		o.MaxInFlight = defaultMaxInFlight
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	return o, nil
}

// parseBaseURL reads a base URL into one canonical form, with one trailing slash, which makes the path absolute where it is
// empty. Errors of url.Parse repeat their input, user name and password included, so they are not passed on.
func parseBaseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(raw, "/") + "/")
	if reason := baseURLFault(raw, u, err); reason != "" {
		return nil, &OptionError{Option: "BaseURL", Reason: reason + "; what is right looks like https://api.dify.ai/v1"}
	}
	u.Host = strings.ToLower(u.Host)
	return u, nil
}

func baseURLFault(raw string, u *url.URL, err error) string {
	switch {
	case raw == "":
		return "it is empty"
	case err != nil:
		return "it cannot be read as a URL"
	case u.Scheme != "http" && u.Scheme != "https":
		return "its scheme must be http or https"
	case u.User != nil:
		return "it must not have a user name or password in it"
	case u.Hostname() == "":
		return "it names no host"
	case strings.ContainsAny(raw, "?#"):
		return "it must not have a query or a fragment"
	}
	return ""
}
