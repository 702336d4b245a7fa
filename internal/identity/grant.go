package identity

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/difygraph/difygraph/graph/viewer"

	"github.com/golang-jwt/jwt/v5"
)

// A Grant says where an issuer's callers have their apps or scopes from: a fixed list, or a claim of the token.
type Grant struct {
	// Fixed is the list, the same for every token of the issuer. It must be empty where Claim is set.
	Fixed []string
	// Claim is the name of a claim at the top of the token: a list of texts, or one text with blanks between, as OAuth's
	// scope. Names with dots are names, not paths.
	Claim string
}

// validate wants one of the two, and each of the fixed texts to be right.
func (g Grant) validate(right func(string) error) error {
	if (len(g.Fixed) == 0) == (g.Claim == "") {
		return errors.New("needs either a list or the name of a claim")
	}
	return validateAll(g.Fixed, right)
}

func validateAll(texts []string, right func(string) error) error {
	for _, text := range texts {
		if err := right(text); err != nil {
			return err
		}
	}
	return nil
}

// of gives the texts that the grant has for a token with these claims. A claim that is missing, or that is malformed in any
// part, gives none.
func (g Grant) of(claims jwt.MapClaims) []string {
	if g.Claim == "" {
		return g.Fixed
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
	if len(texts) > maxPatterns || validateAll(texts, validatePattern) != nil {
		return nil
	}
	return texts
}

// scopesOf gives the scopes among the texts. Others are passed over: a token's scope claim names those of other services.
func scopesOf(texts []string) []viewer.Scope {
	return slices.DeleteFunc(viewer.Scopes(), func(scope viewer.Scope) bool { return !slices.Contains(texts, string(scope)) })
}

func validatePattern(pattern string) error {
	if pattern == "" {
		return errors.New("an app pattern is empty")
	}
	// With a malformed pattern Match looks at all of it, whatever the key.
	if _, err := path.Match(pattern, ""); err != nil {
		return fmt.Errorf("an app pattern is malformed: %w", err)
	}
	return nil
}

func validateScope(text string) error {
	if !slices.Contains(viewer.Scopes(), viewer.Scope(text)) {
		return errors.New("a scope is none of logs, content, people")
	}
	return nil
}
