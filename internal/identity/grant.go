package identity

import (
	"path"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/difygraph/difygraph/graph/viewer"
	"github.com/difygraph/difygraph/internal/config"
)

// granted gives the texts that the grant has for a token with these claims. A claim that is missing, or that is malformed in any
// part, gives none.
func granted(g config.Grant, claims jwt.MapClaims) []string {
	if g.Claim == "" {
		return g.List
	}
	switch claim := claims[g.Claim].(type) {
	case string:
		return strings.Fields(claim)
	case []any:
		return texts(claim)
	default:
		return nil
	}
}

// texts gives the list if all of it is texts.
func texts(list []any) []string {
	all := make([]string, len(list))
	for i, item := range list {
		text, ok := item.(string)
		if !ok {
			return nil
		}
		all[i] = text
	}
	return all
}

// maxPatterns bounds the patterns of a token, each of which is held against the key of every app.
const maxPatterns = 1000

// patternsOf gives the patterns in the texts, or none if one of them is malformed: what its author meant is unknown.
func patternsOf(texts []string) []string {
	if len(texts) > maxPatterns || slices.ContainsFunc(texts, isMalformed) {
		return nil
	}
	return texts
}

// scopesOf gives the scopes among the texts. Others are passed over: a token's scope claim names those of other services.
func scopesOf(texts []string) []viewer.Scope {
	return slices.DeleteFunc(viewer.Scopes(), func(scope viewer.Scope) bool { return !slices.Contains(texts, string(scope)) })
}

func isMalformed(pattern string) bool {
	// With a malformed pattern Match looks at all of it, whatever the key.
	_, err := path.Match(pattern, "")
	return pattern == "" || err != nil
}
