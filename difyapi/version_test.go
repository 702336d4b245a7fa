package difyapi_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/difygraph/difygraph/difyapi"
)

func TestParseVersion(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"1.14.2":                           "1.14.2",
		"v1.14.2":                          "1.14.2",
		"1.14":                             "1.14.0",
		"1.14.2-fix.1":                     "1.14.2-fix.1",
		"1.0.0-beta.1+build":               "1.0.0-beta.1+build",
		"0.15.8":                           "0.15.8",
		"10.200.3000":                      "10.200.3000",
		"1.13.0rc1":                        "1.13.0rc1",
		"":                                 "",
		"1":                                "",
		"latest":                           "",
		"1.14.2\n":                         "",
		"1.14.2 <b>":                       "",
		"99999999.0.0":                     "",
		"-1.2.3":                           "",
		"1.2.3-" + strings.Repeat("a", 50): "",
	}
	for text, want := range tests {
		v := difyapi.ParseVersion(text)
		if v.String() != want || v.IsZero() != (want == "") {
			t.Errorf("ParseVersion(%q) = %q (zero: %v), want %q", text, v, v.IsZero(), want)
		}
	}
}

func TestVersionOrder(t *testing.T) {
	t.Parallel()
	ascending := []string{"", "0.15.8", "1.0.1", "1.5.0", "1.9.2", "1.10.1", "1.11.3", "1.14.2", "2.0.0"}
	for i, low := range ascending {
		for j, high := range ascending {
			a, b := difyapi.ParseVersion(low), difyapi.ParseVersion(high)
			if got := a.AtLeast(b); got != (i >= j) {
				t.Errorf("%q at least %q: %v", low, high, got)
			}
			if got := a.Compare(b); (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("%q compared with %q: %d", low, high, got)
			}
		}
	}
	plain, fixed := difyapi.ParseVersion("1.14.2"), difyapi.ParseVersion("v1.14.2-fix.1")
	if plain.Compare(fixed) != 0 || plain == fixed {
		t.Error("a suffix must not count in the order, and must be kept")
	}
}

const infoBody = `{"name":"Echo","description":"","tags":[],"mode":"workflow","author_name":"Admin"}`

// probedBy makes a client whose calls get the answers one after another, the last one again and again, and counts them.
func probedBy(t *testing.T, calls *int, configured string, answers ...roundTrip) *difyapi.Client {
	t.Helper()
	version := difyapi.ParseVersion(configured)
	return newClient(t, difyapi.Options{Version: version, Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
		if req.URL.Path != "/v1/info" {
			t.Errorf("asked for %s", req.URL.Path)
		}
		*calls++
		return answers[min(*calls, len(answers))-1](req)
	})})
}

func TestSettledVersion(t *testing.T) {
	t.Parallel()
	var (
		unreachable roundTrip = func(*http.Request) (*http.Response, error) { return nil, errors.New("no network") }
		html                  = []string{"Content-Type", "text/html"}
		told                  = answering(200, infoBody, "X-Version", "1.14.2")
		hidden                = answering(200, infoBody)
	)
	tests := map[string]struct {
		configured string
		answers    []roundTrip
		want       string // after it was wanted three times
		calls      int
	}{
		"configured":              {"1.13.3", []roundTrip{told}, "1.13.3", 0},
		"told":                    {"", []roundTrip{told}, "1.14.2", 1},
		"told by 401":             {"", []roundTrip{answering(401, `{"code":"unauthorized"}`, "X-Version", "1.10.1")}, "1.10.1", 1},
		"told by HTML 404":        {"", []roundTrip{answering(404, htmlPage, append(html, "X-Version", "1.10.1")...)}, "1.10.1", 1},
		"hidden":                  {"", []roundTrip{hidden}, "", 1},
		"hidden in an error":      {"", []roundTrip{answering(403, `{"code":"forbidden"}`)}, "", 1},
		"unreadable":              {"", []roundTrip{answering(200, infoBody, "X-Version", "main")}, "", 1},
		"proxy without Dify":      {"", []roundTrip{answering(502, htmlPage, html...), told}, "1.14.2", 2},
		"unreachable at first":    {"", []roundTrip{unreachable, told}, "1.14.2", 2},
		"unreachable, then hides": {"", []roundTrip{unreachable, hidden}, "", 2},
		"unreachable":             {"", []roundTrip{unreachable}, "", 3},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			client := probedBy(t, &calls, test.configured, test.answers...)
			var got difyapi.Version
			for range 3 {
				var settled bool
				if got, settled = client.SettledVersion(); !settled {
					_, _ = client.Info(t.Context()) // What it tells of the version is what is looked at.
					got = client.Version()
				}
			}
			if got.String() != test.want || calls != test.calls {
				t.Errorf("version %q after %d calls, want %q after %d", got, calls, test.want, test.calls)
			}
		})
	}
}

// TestHeaderWinsOverConfiguration holds that the latest answer decides, and one that tells nothing changes nothing.
func TestHeaderWinsOverConfiguration(t *testing.T) {
	t.Parallel()
	calls := 0
	client := probedBy(t, &calls, "1.10.1", answering(200, infoBody), answering(200, infoBody, "X-Version", "1.14.2"),
		answering(200, infoBody), answering(200, infoBody, "X-Version", "1.13.3"))
	for _, want := range []string{"1.10.1", "1.14.2", "1.14.2", "1.13.3"} {
		if _, err := client.Info(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := client.Version().String(); got != want {
			t.Errorf("version %q, want %q", got, want)
		}
	}
}
