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
	return supported(bounded(s.query, s.rest, 0, 0), s.keyword, v)
}

// supported refuses what a version of Dify would ignore silently, or read otherwise. An unknown version is taken for a
// current one: then the look at the rows decides.
func supported(q difyapi.LogQuery, keyword string, v difyapi.Version) error {
	if difyapi.KeywordHasWildcards(keyword, v) {
		return &UnsupportedError{Filter: `keyword with "%", "_" or "\"`, Has: v, Needs: difyapi.SinceLiteralKeyword}
	}
	switch parameter, since := q.UnsupportedBy(v); parameter {
	case "":
		return nil
	case difyapi.ParamSession:
		return &UnsupportedError{Filter: "endUserSessionId", Has: v, Needs: since}
	case difyapi.ParamAccount:
		return &UnsupportedError{Filter: "accountEmail", Has: v, Needs: since}
	default:
		return &UnsupportedError{Filter: "createdAt (which reading on from a cursor needs too)", Has: v, Needs: since}
	}
}
