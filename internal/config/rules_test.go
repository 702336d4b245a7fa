package config

import (
	"reflect"
	"strings"
	"testing"
)

func TestIsBaseURL(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"https://api.dify.ai/v1":       true,
		"http://localhost:5001/v1/":    true,
		"http://[::1]:5001":            true,
		"HTTPS://api.dify.ai/v1":       true,
		"https://dify.example/a/b/v1":  true,
		"":                             false,
		"api.dify.ai/v1":               false,
		"/v1":                          false,
		"//api.dify.ai/v1":             false,
		"https:api.dify.ai":            false,
		"https:///v1":                  false,
		"https://:443/v1":              false,
		"ftp://api.dify.ai/v1":         false,
		"https://user@api.dify.ai/v1":  false,
		"https://u:p@api.dify.ai/v1":   false,
		"https://api.dify.ai/v1?":      false,
		"https://api.dify.ai/v1?a=b":   false,
		"https://api.dify.ai/v1#":      false,
		"https://api.dify.ai:99999/v1": false,
		"https://api.dify.ai/v1 ":      false,
		"https://api.dify.ai/v1\n":     false,
	} {
		if got := isBaseURL(text); got != want {
			t.Errorf("isBaseURL(%q) = %v", text, got)
		}
	}
}

func TestPatterns(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name         string
		holds        func(string) bool
		right, wrong []string
	}{
		{
			"app key", appKey.MatchString,
			[]string{"a", "0", "-", "shop-2", strings.Repeat("a", 64)},
			[]string{"", "A", "a_b", "a b", "é", "a\n", strings.Repeat("a", 65)},
		},
		{
			"Dify version", difyVersion.MatchString,
			[]string{"1.14.2", "0.15.3", "1.0.0-beta.1", "1.14.2-fix.1"},
			[]string{"", "1.14", "v1.14.2", "1.14.2.3", "latest", "1.14.2 ", "1.14.2-", "1.14.99999"},
		},
		{
			"API key", isAPIKey,
			[]string{"app-x", "~!"},
			[]string{"", " ", "app x", "app-x\n", "app-x\t", "app-é", "app\x00"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for _, text := range test.right {
				if !test.holds(text) {
					t.Errorf("refuses %q", text)
				}
			}
			for _, text := range test.wrong {
				if test.holds(text) {
					t.Errorf("takes %q", text)
				}
			}
		})
	}
}

func TestListen(t *testing.T) {
	t.Parallel()
	const malformed, open, loopback = 0, 1, 2
	for listen, want := range map[string]int{
		"127.0.0.1:8080":          loopback,
		"127.255.0.9:0":           loopback,
		"localhost:8080":          loopback,
		"LocalHost:8080":          loopback,
		"[::1]:8080":              loopback,
		"[::ffff:127.0.0.1]:8080": loopback,
		":8080":                   open,
		"0.0.0.0:8080":            open,
		"[::]:8080":               open,
		"192.168.1.2:8080":        open,
		"[fe80::1%eth0]:8080":     open,
		"127.1:8080":              open, // a name, and only the resolver knows of what
		"localhost.example:8080":  open,
		"":                        malformed,
		"8080":                    malformed,
		"localhost":               malformed,
		"::1:8080":                malformed,
		"127.0.0.1:http":          malformed,
		"127.0.0.1:65536":         malformed,
		"127.0.0.1:-1":            malformed,
		"http://127.0.0.1:8080":   malformed,
		"two words:8080":          malformed,
	} {
		if got := isHostPort(listen); got != (want != malformed) {
			t.Errorf("isHostPort(%q) = %v", listen, got)
		}
		if got := isLoopback(listen); want != malformed && got != (want == loopback) {
			t.Errorf("isLoopback(%q) = %v", listen, got)
		}
	}
}

// Without a sentence of its own a field's mistakes would say nothing.
func TestEveryFieldHasAnExpectation(t *testing.T) {
	t.Parallel()
	for _, part := range []struct {
		prefix    string
		structure reflect.Type
	}{
		{"", reflect.TypeFor[Config]()},
		{"apps.", reflect.TypeFor[App]()},
		{"auth.tokens.", reflect.TypeFor[Token]()},
		{"auth.issuers.", reflect.TypeFor[Issuer]()},
		{"auth.issuers.apps.", reflect.TypeFor[Grant]()},
		{"auth.issuers.scopes.", reflect.TypeFor[Grant]()},
		{"metrics.", reflect.TypeFor[Metrics]()},
		{"graphql.", reflect.TypeFor[GraphQL]()},
		{"cors.", reflect.TypeFor[CORS]()},
		{"limits.", reflect.TypeFor[Limits]()},
		{"cache.", reflect.TypeFor[Cache]()},
		{"live.", reflect.TypeFor[Live]()},
	} {
		for _, name := range fieldsOf(part.structure).names {
			field := part.structure.Field(fieldsOf(part.structure).index[name])
			isMapping := field.Type.Kind() == reflect.Struct && field.Type != reflect.TypeFor[Secret]()
			if requirements[part.prefix+name] == "" && !isMapping {
				t.Errorf("no expectation of %s%s", part.prefix, name)
			}
		}
	}
}

func TestDefaultsAreValid(t *testing.T) {
	t.Parallel()
	cfg, found := newConfig(), newReport("")
	cfg.Demo = true
	check(cfg, found)
	if err := found.err(); err != nil {
		t.Error(err)
	}
}
