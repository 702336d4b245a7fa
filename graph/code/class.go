package code

// Class is the kind of thing that went wrong, for metrics. A larger one is graver.
type Class int

// The classes.
const (
	OK           Class = iota
	Canceled           // the client did not wait
	Input              // the client has to ask differently
	Denied             // the caller may not
	Refused            // the caller asks for too much, or all callers together
	FromUpstream       // an app's Dify failed
	Timeout            // time was up
	Internal           // the fault is here
)

func (c Class) String() string {
	return [...]string{"ok", "canceled", "input", "denied", "refused", "upstream", "timeout", "internal"}[c]
}

// Class is the code's.
func (c Code) Class() Class {
	switch c {
	case BadUserInput, GraphQLParseFailed, GraphQLValidationFailed, PersistedQueryNotFound, InvalidCursor:
		return Input
	case Unauthenticated, Forbidden:
		return Denied
	case CostLimitExceeded, RateLimited, Overloaded:
		return Refused
	case OperationTimeout:
		return Timeout
	case UpstreamUnauthorized, UpstreamRateLimited, UpstreamTimeout, UpstreamUnavailable, UpstreamBadResponse, UpstreamUnsupported:
		return FromUpstream
	default:
		return Internal
	}
}
