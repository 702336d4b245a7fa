package loader

import (
	"context"
	"log/slog"

	"github.com/difygraph/difygraph/difyapi"
)

// mostPlaces bounds how many places of one answer are logged.
const mostPlaces = 5

// received is an answer that knows what of it could not be read.
type received interface {
	comparable
	Unread() []string
}

// logUnread logs that an answer, or a part of it, can't be read: the app and the places, never the content.
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
