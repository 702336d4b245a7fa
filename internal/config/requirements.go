package config

import (
	"regexp"
	"strings"
)

// requirements say for each field what would be right. A wrong type and a
// broken rule get the same sentence. A [] at the end is an item of a list.
var requirements = map[string]string{ //nolint:gosec // G101 takes the names of fields for credentials
	"listen":       "must be a host and a port, such as 127.0.0.1:8080",
	"hosts":        "must be a list of the names by which this server is asked for, such as logs.example",
	"hosts[]":      "must be a name or an address, without scheme and port, such as logs.example",
	"cors.origins": "must be a list of origins, such as https://dash.example",
	"cors.origins[]": "must be an origin, such as https://dash.example: http or https, a name, and the port if it is not " +
		"the scheme's own; there is none for all sites",
	"cors.headers":   "must be a list of names of request headers, such as X-Tenant",
	"cors.headers[]": "must be the name of a request header, such as X-Tenant; there is none for all headers",

	"auth":                          "must be none, or a mapping of tokens and issuers with at least one of either",
	"auth.tokens":                   "must be a list of tokens, each with name, sha256, apps and scopes",
	"auth.tokens.name":              "must be 1 to 64 of the characters A-Z, a-z, 0-9, -, _ and .",
	"auth.tokens.sha256":            "must be the SHA-256 of a token: 64 hexadecimal digits, as difygraph token prints them",
	"auth.tokens.apps":              "must be a list of at least one pattern of app keys" + patternSample,
	"auth.tokens.apps[]":            "must be a pattern of app keys" + patternSample,
	"auth.tokens.scopes":            "must be a list of at least one of logs, content, people",
	"auth.tokens.scopes[]":          "must be one of logs, content, people",
	"auth.issuers":                  "must be a list of issuers, each with issuer, audience, jwks, apps and scopes",
	"auth.issuers.issuer":           "must be the issuer's URL, to the letter as its tokens have it in iss: https, or http on this machine, without query",
	"auth.issuers.audience":         "must be what tokens for this server have in aud, such as difygraph",
	"auth.issuers.jwks":             "must be the URL of the issuer's keys, a JWK Set: https, or http on this machine",
	"auth.issuers.apps":             "must be a list of patterns of app keys" + patternSample + `, or {claim: NAME} to take it from the token`,
	"auth.issuers.apps[]":           "must be a pattern of app keys" + patternSample,
	"auth.issuers.apps.claim":       claimName,
	"auth.issuers.scopes":           "must be a list of at least one of logs, content, people, or {claim: NAME} to take it from the token",
	"auth.issuers.scopes[]":         "must be one of logs, content, people",
	"auth.issuers.scopes.claim":     claimName,
	"apps":                          "must be a list of at least one app",
	"apps.key":                      "must be 1 to 64 of the characters a-z, 0-9 and -",
	"apps.name":                     "must be a text",
	"apps.baseURL":                  "must be an absolute http or https URL without user, query and fragment, such as https://api.dify.ai/v1",
	"apps.apiKey":                   "must be the key of a Dify app, without blanks",
	"apps.apiKeyFile":               "must be the path of a file that holds the key of a Dify app and nothing else, relative to the folder of this file",
	"apps.version":                  "must be a Dify version, such as 1.14.2",
	"apps.maxInFlight":              "must be a whole number from 1 to 1000",
	"apps.timeout":                  "must be a duration from 1ms to 10m, such as 30s",
	"log":                           "must be json or text",
	"metrics.listen":                "must be a host and a port, such as 127.0.0.1:9090",
	"metrics.open":                  "must be true or false",
	"metrics.pprof":                 "must be true or false",
	"graphql.introspection":         "must be true or false",
	"graphql.suggestions":           "must be true or false",
	"limits.scanCalls":              "must be a whole number from 1 to 1000",
	"limits.scanDetails":            "must be a whole number from 1 to 10000",
	"limits.price":                  "must be a whole number from 10 to 10000000",
	"limits.rate":                   "must be a whole number from 10 to 10000000",
	"limits.burst":                  "must be a whole number from 10 to 10000000, at least limits.price",
	"limits.operations":             "must be a whole number from 0 to 10000; 0 stands for four for each processor",
	"limits.waiting":                "must be a whole number from 0 to 100000",
	"limits.connections":            "must be a whole number from 10 to 1000000",
	"limits.subscriptions":          "must be a whole number from 1 to 100000",
	"limits.subscriptionsPerCaller": "must be a whole number from 1 to 100000",
	"limits.subscriptionsPerSocket": "must be a whole number from 1 to 1000",
	"limits.connectionsPerAddress":  "must be a whole number from 10 to 1000000",
	"limits.deadline":               "must be a duration from 100ms to 10m, such as 60s",
	"limits.connectionsPerServer":   "must be a whole number from 1 to 1000",
	"limits.bytes":                  "must be a whole number of bytes from 1048576 (1 MiB) to 1099511627776 (1 TiB), at least limits.operationBytes",
	"limits.operationBytes":         "must be a whole number of bytes from 1048576 (1 MiB) to 17179869184 (16 GiB)",
	"live.streamsPerServer":         "must be a whole number from 1 to 1000",
	"live.watchAll":                 "must be true or false",
	"cache.ttl":                     "must be a duration from 0 to 10m, such as 2s; 0 switches the cache off",
}

const (
	// A * of its own is an alias to YAML.
	patternSample = `, such as shop-* or "*" (in quotes)`
	claimName     = "must be the name of a claim at the top of the token"
)

var listIndex = regexp.MustCompile(`\[\d+\]`)

// requirement is what would be right at the path of a field.
func requirement(path string) string {
	field := listIndex.ReplaceAllString(path, "[]")
	return requirements[strings.ReplaceAll(field, "[].", ".")]
}
