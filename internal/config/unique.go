package config

import (
	"fmt"
	"strings"
)

// checkUniqueness reports values that tell things apart and stand twice.
func checkUniqueness(cfg *Config, found *report) {
	checkUnique("apps[%d].key", cfg.Apps, func(a App) string { return a.Key }, found)
	checkUnique("auth.tokens[%d].name", cfg.Auth.Tokens, func(t Token) string { return t.Name }, found)
	checkUnique("auth.tokens[%d].sha256", cfg.Auth.Tokens, func(t Token) string { return strings.ToLower(t.SHA256) }, found)
	checkUnique("auth.issuers[%d].issuer", cfg.Auth.Issuers, func(i Issuer) string { return i.Issuer }, found)
}

// checkUnique reports each item whose value is an earlier one's. The path has
// a %d for the item's index.
func checkUnique[T any](path string, items []T, value func(T) string, found *report) {
	first := map[string]string{}
	for i, item := range items {
		at := fmt.Sprintf(path, i)
		other, taken := first[value(item)]
		if !taken {
			first[value(item)] = at
			continue
		}
		place := found.nearest(other)
		found.require(at, fmt.Sprintf("must be unique; %s at line %d, column %d is the same", other, place.line, place.column))
	}
}
