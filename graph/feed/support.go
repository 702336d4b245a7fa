package feed

import (
	"context"

	"github.com/difygraph/difygraph/difyapi"
)

// ensureSupported asks once for the version of the app's server, where the filter depends on it.
func (s *stream) ensureSupported(ctx context.Context) error {
	if !s.versioned {
		return nil
	}
	v, err := s.source.Version(ctx, s.app)
	if err != nil {
		return err
	}
	s.versioned = false
	return s.supported(s.rest, v)
}

// supported refuses what a version of Dify would ignore silently, read otherwise, or not tell.
func (s *stream) supported(w span, v difyapi.Version) error {
	if s.filter.TriggeredFrom != nil && !v.IsZero() && !v.AtLeast(difyapi.SinceTriggeredFrom) {
		return noTriggers(v)
	}
	return supported(bounded(s.query, w, 0, 0), s.keyword, v)
}

// noTriggers is the error for a server that does not tell what triggered a run: an empty list would say that there is none.
func noTriggers(v difyapi.Version) error {
	return &unsupportedError{Filter: "triggeredFrom", Has: v, Needs: difyapi.SinceTriggeredFrom}
}

// supported refuses what a version of Dify would ignore silently, or read otherwise. An unknown version is taken for a
// current one: then the look at the rows decides.
func supported(q difyapi.LogQuery, keyword string, v difyapi.Version) error {
	if difyapi.KeywordHasWildcards(keyword, v) {
		return &unsupportedError{Filter: `keyword with "%", "_" or "\"`, Has: v, Needs: difyapi.SinceLiteralKeyword}
	}
	switch parameter, since := q.UnsupportedBy(v); parameter {
	case "":
		return nil
	case difyapi.ParamSession:
		return &unsupportedError{Filter: "endUserSessionId", Has: v, Needs: since}
	case difyapi.ParamAccount:
		return &unsupportedError{Filter: "accountEmail", Has: v, Needs: since}
	default:
		return &unsupportedError{Filter: "createdAt (which reading on from a cursor needs too)", Has: v, Needs: since}
	}
}
