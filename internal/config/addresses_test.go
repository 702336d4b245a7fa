package config

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name         string
		holds        func(string) bool
		right, wrong []string
	}{
		{
			"issuer", isIssuerURL,
			[]string{
				"https://idp.example", "https://idp.example/", "https://idp.example:8443/realms/a", "HTTPS://idp.example",
				"http://localhost:9000", "http://127.0.0.1/a", "http://[::1]:9000",
			},
			[]string{
				"", "idp.example", "http://idp.example", "http://localhost.evil.example", "ftp://localhost", "https://",
				"https://user@idp.example", "https://idp.example?a", "https://idp.example#a", "https://a b", "https://idp.example/a b", "https://a:99999",
			},
		},
		{
			"keys", isGuardedURL,
			[]string{"https://idp.example/keys?p=1", "http://localhost/keys?p=1"},
			[]string{"", "http://idp.example/keys", "https://idp.example/keys#a", "file:///keys.json", "https://u:p@idp.example"},
		},
		{
			"origin", isOrigin,
			[]string{"https://dash.example", "http://dash.example:8080", "http://localhost:3000", "https://[::1]:8443", "https://DASH.example", "https://10.0.0.1"},
			[]string{
				"", "*", "null", "dash.example", "https://*.example", "https://dash.example/", "https://dash.example?", "https://dash.example#",
				"https://user@dash.example", "https://dash.example:", "https://dash.example:99999", "chrome-extension://abc", "https://d\u00e4sh.example",
			},
		},
		{
			"host", isHostName,
			[]string{"logs.example", "LOGS", "a-b_c.d", "10.0.0.1", "::1", "[::1]", "[fd00::1]"},
			[]string{"", "*", "*.example", "a:80", "10.0.0.1:80", "[::1]:80", "[10.0.0.1]", "[::1", "[]", "http://a", "a/b", "a b", "d\u00e4sh.example"},
		},
		{
			"pattern", isAppPattern,
			[]string{"*", "shop-*", "a?c", "[a-c]*", "[^a]", "shop"},
			[]string{"", "[", "a[", "[a", "Shop", "a/b", "a b", "a,b", `\a`, "a_b"},
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

func TestHostNames(t *testing.T) {
	t.Parallel()
	for listen, want := range map[string][]string{
		":8080":            {"logs.example"},
		"0.0.0.0:8080":     {"logs.example"},
		"[::]:8080":        {"logs.example"},
		"127.0.0.2:8080":   {"logs.example", "127.0.0.2"},
		"box.example:8080": {"logs.example", "box.example"},
		"[fd00::1]:8080":   {"logs.example", "fd00::1"},
	} {
		configured := append(make([]string, 0, 9), "logs.example")
		got := (&Config{Listen: listen, Hosts: configured}).HostNames()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", listen, diff)
		}
		if !slices.Equal(configured[:cap(configured)], append([]string{"logs.example"}, make([]string, 8)...)) {
			t.Errorf("%s: the configuration has changed", listen)
		}
	}
}
