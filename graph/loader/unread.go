package loader

import (
	"context"
	"log/slog"

	"github.com/difygraph/difygraph/difyapi"
)

// mostPlaces is how many places of one answer a log tells.
const mostPlaces = 5

// received is an answer that knows what of it could not be read.
type received interface {
	comparable
	Unread() []string
}

// logUnread tells the log of an answer that can't be read, or not all of it: of which app it is and where, never what it says.
func logUnread[V received](ctx context.Context, app, route string, answer V, err error) {
	var none V
	failure, failed := asFailure(err)
	switch {
	case failed && difyapi.IsBadResponse(failure):
		slog.WarnContext(ctx, "what answered is not Dify's API", "app", app, "failure", failure)
	case err == nil && answer != none && len(answer.Unread()) > 0:
		places := answer.Unread()
		slog.WarnContext(ctx, "parts of Dify's answer can't be read", "app", app, "route", "GET "+route,
			"places", places[:min(len(places), mostPlaces)], "count", len(places))
	}
}
