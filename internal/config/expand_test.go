package config

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const brokenReference = "has a ${ that no variable name and } follow; write $${ for a plain ${"

var referenceMistakes = map[string]mistakeTest{
	"unset": {validFile + "listen: ${NOPE}\n", []string{"5:9: listen: the environment variable NOPE is not set"}},
	"unset key": {
		"apps: \n  - key: a\n    baseURL: http://h\n    apiKey: " + sentinel + "${NOPE}\n",
		[]string{"4:13: apps[0].apiKey: the environment variable NOPE is not set"},
	},
	"unset number":   {validFile + "    maxInFlight: ${NOPE}\n", []string{"5:18: apps[0].maxInFlight: the environment variable NOPE is not set"}},
	"the first only": {validFile + "    name: ${TWO}${NOPE}${NO}\n", []string{"5:11: apps[0].name: the environment variable NOPE is not set"}},
	"not closed":     {validFile + "    name: ${TWO\n", []string{"5:11: apps[0].name: " + brokenReference}},
	"no name":        {validFile + "    name: ${}\n", []string{"5:11: apps[0].name: " + brokenReference}},
	"secret for a name": {
		validFile + "    name: ${" + sentinel + "}\n",
		[]string{"5:11: apps[0].name: " + brokenReference},
	},
	"replaced, then judged": {
		validFile + "    maxInFlight: ${TWO}000\n",
		[]string{"5:18: apps[0].maxInFlight: " + wantCount},
	},
}

func TestReferencesInFile(t *testing.T) {
	t.Parallel()
	const file = `listen: "127.0.0.1:${PORT}"
apps:
  - key: ${KEY}
    name: 'a # ${YAML} $${KEY} $HOME'
    baseURL: ${BASE}/v1
    apiKey: ${SECRET}
    version: ${EMPTY}
    maxInFlight: ${COUNT}
    timeout: ${COUNT}s
`
	got, err := loadText(file, "PORT=81", "KEY=shop", "YAML=b: [\nc", "BASE=http://h", "SECRET="+sentinel, "EMPTY=", "COUNT=7")
	if err != nil {
		t.Fatal(err)
	}
	want := defaults(func(c *Config) {
		c.Listen = "127.0.0.1:81"
		app := &c.Apps[0]
		app.Key, app.Name, app.BaseURL = "shop", "a # b: [\nc ${KEY} $HOME", "http://h/v1"
		app.MaxInFlight, app.Timeout = 7, 7*time.Second
	})
	if diff := cmp.Diff(want, got, sameSecret); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	variables := map[string]string{"A": "1", "_b2": "two", "NESTED": "${A}", "EMPTY": ""}
	for text, want := range map[string]string{
		"":              "",
		"plain":         "plain",
		"${A}":          "1",
		"${A}${_b2}":    "1two",
		"x${EMPTY}y":    "xy",
		"${NESTED}":     "${A}", // values are taken as they are
		"$A {A} $ $$ }": "$A {A} $ $$ }",
		"$${A}":         "${A}",
		"$$${A}":        "$${A}",
		"$${${A}":       "${1",
	} {
		got, err := expand(text, variables)
		if err != nil || got != want {
			t.Errorf("expand(%q) = %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestExpandLeavesTextWithoutReferences(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`([^$]|\$[^${])*`).Draw(t, "text")
		if got, err := expand(text, nil); err != nil || got != text {
			t.Fatalf("expand(%q) = %q, %v", text, got, err)
		}
	})
}
