package feed

import (
	"errors"
	"fmt"

	"github.com/difygraph/difygraph/graph/code"

	"github.com/difygraph/difygraph/difyapi"
)

// unsupportedError says that an app's Dify server would not apply a filter that was asked for.
type unsupportedError struct {
	// Filter is what was asked for, in the caller's terms.
	Filter string
	// Has is the server's version, zero if it is not known. Needs is the first that applies the filter, zero if its
	// answer gave it away.
	Has, Needs difyapi.Version
}

// Code is the error's code.
func (e *unsupportedError) Code() code.Code { return code.UpstreamUnsupported }

func (e *unsupportedError) Error() string {
	has := "this server (version unknown)"
	if !e.Has.IsZero() {
		has = "Dify " + e.Has.String()
	}
	if e.Needs.IsZero() && e.Filter == "createdAt" {
		return has + " answered with rows that the filter on createdAt excludes: either it ignores the filter, or it shows " +
			"times by another clock than it compares"
	}
	if e.Needs.IsZero() {
		return fmt.Sprintf("%s answered with rows that the filter on %s excludes: it ignores the filter, or something on the way does",
			has, e.Filter)
	}
	return fmt.Sprintf("%s does not support the filter on %s; Dify %s or newer does", has, e.Filter, e.Needs)
}

// ErrCallsSpent says that a list could not be read on, because the operation may make no more calls.
var ErrCallsSpent = code.New(code.CostLimitExceeded, "this operation may make no more calls to Dify, and its lists need more than they mostly do: many "+
	"runs started in one second, or calls failed and were tried again; ask for less at once")

// isUpstream tells whether a list that was asked to go on without failing apps may go on after err: the app or its server
// is at fault, not the question nor the caller's deadline.
func isUpstream(err error) bool {
	_, unsupported := errors.AsType[*unsupportedError](err)
	_, shifted := errors.AsType[*clockError](err)
	return errors.Is(err, ErrAppTimeout) || unsupported || shifted || difyapi.IsUnauthorized(err) || difyapi.IsRateLimited(err) || difyapi.IsTimeout(err) ||
		difyapi.IsUnavailable(err) || difyapi.IsBadResponse(err) || difyapi.IsUnsupported(err) || difyapi.IsOverloaded(err)
}
