package difyapi_test

import (
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
