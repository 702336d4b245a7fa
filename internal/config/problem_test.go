package config

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	appFields  = "key, name, baseURL, apiKey, apiKeyFile, version, maxInFlight, timeout"
	fileFields = "listen, auth, hosts, cors, apps, graphql, limits, cache, live, log, metrics"
	wantAuth   = "must be none, or a mapping of tokens and issuers with at least one of either"
	quoteIt    = "; YAML takes this for a number or a truth value, put it in quotes"
	wantURL    = "must be an absolute http or https URL without user, query and fragment, such as https://api.dify.ai/v1"
	wantTime   = "must be a duration from 1ms to 10m, such as 30s"
	wantCount  = "must be a whole number from 1 to 1000"
)

// mistakeTest is a file and the error of it, without "config.yaml:".
type mistakeTest struct {
	file string
	want []string
}

var shapeMistakes = map[string]mistakeTest{
	"empty":          {"", []string{"1:1: apps: is missing; it must be a list of at least one app"}},
	"comments":       {"# nothing\n", []string{"1:1: apps: is missing; it must be a list of at least one app"}},
	"null":           {"~\n", []string{"1:1: must be a mapping of " + fileFields}},
	"text":           {"just text\n", []string{"1:1: must be a mapping of " + fileFields}},
	"list":           {"- a\n", []string{"1:1: must be a mapping of " + fileFields}},
	"no apps":        {"apps: []\n", []string{"1:7: apps: must be a list of at least one app"}},
	"apps a mapping": {"apps: {key: a}\n", []string{"1:7: apps: must be a list of at least one app"}},
	"app a number":   {"apps: [5]\n", []string{"1:8: apps[0]: must be a mapping of " + appFields}},
	"app a null":     {"apps:\n  -\n", []string{"2:5: apps[0]: must be a mapping of " + appFields}},
	"app without all": {"apps:\n  - name: x\n", []string{
		"2:5: apps[0].apiKey: is missing; give the app's key, or as apiKeyFile the file that holds it",
		"2:5: apps[0].key: is missing; it must be 1 to 64 of the characters a-z, 0-9 and -",
		"2:5: apps[0].baseURL: is missing; it " + wantURL,
	}},
	"values where mappings belong": {validFile + "limits: []\ncache: 2s\n", []string{
		"5:9: limits: must be a mapping of scanCalls, scanDetails, price, rate, burst, operations, waiting, deadline, connections, connectionsPerAddress, connectionsPerServer, subscriptions, subscriptionsPerCaller, subscriptionsPerSocket, operationBytes, bytes",
		"6:8: cache: must be a mapping of ttl",
	}},
	"unknown, near": {"apps:\n  - ky: a\n    baseUrl: http://h\n    api_key: x\nlimit: {}\n", []string{
		"2:5: apps[0].ky: is no field here; did you mean key?",
		"3:5: apps[0].baseUrl: is no field here; did you mean baseURL?",
		"4:5: apps[0].api_key: is no field here; did you mean apiKey?",
		"5:1: limit: is no field here; did you mean limits?",
	}},
	"of an older version": {validFile + "limits: {maxInFlightPerServer: 32}\n", []string{
		"5:10: limits.maxInFlightPerServer: is no field here; did you mean connectionsPerServer?",
	}},
	"unknown, near to the key file": {
		"apps:\n  - {key: a, baseURL: http://h, apiKeyfil: x}\n",
		[]string{"2:33: apps[0].apiKeyfil: is no field here; did you mean apiKeyFile?"},
	},
	"unknown, far": {validFile + "    wibble: x\nttl: 2s\n", []string{
		"5:5: apps[0].wibble: is no field here; known: " + appFields,
		"6:1: ttl: is no field here; known: " + fileFields,
	}},
	"unknown, two of three letters wrong": {
		validFile + "cache: {tv: 2s}\n",
		[]string{"5:9: cache.tv: is no field here; known: ttl"},
	},
	"unknown, maybe secret": {validFile + "    " + sentinel + ": x\n    3: x\n", []string{
		"5:5: apps[0].…: is no field here; known: " + appFields,
		"6:5: apps[0].…: is no field here; known: " + appFields,
	}},
	"alias of nothing": {validFile + "listen: *nope\n", []string{"5:9: listen: is an alias without an anchor of that name before it"}},
	"alias before its anchor": {
		"listen: *l\n" + validFile + "    name: &l x\n",
		[]string{"1:9: listen: is an alias without an anchor of that name before it"},
	},
	"merge of a number":  {validFile + "    <<: 5\n", []string{"5:9: <<: must be the alias of a mapping"}},
	"merge of nothing":   {validFile + "    <<: *x\n", []string{"5:9: <<: must be the alias of a mapping"}},
	"list inside itself": {"apps: &a [*a]\n", []string{"1:11: apps[0]: must be a mapping of " + appFields}},
	"tag":                {validFile + "    version: !!str 1.14.2\n", []string{"5:14: apps[0].version: must stand without a YAML tag"}},
}

var valueMistakes = map[string]mistakeTest{
	"all of an app": {
		"apps:\n  - key: A b\n    baseURL: dify.ai/v1\n    apiKey: a b\n    version: latest\n    maxInFlight: 0\n    timeout: 0s\n",
		[]string{
			"2:10: apps[0].key: must be 1 to 64 of the characters a-z, 0-9 and -",
			"3:14: apps[0].baseURL: " + wantURL,
			"4:13: apps[0].apiKey: must be the key of a Dify app, without blanks",
			"5:14: apps[0].version: must be a Dify version, such as 1.14.2",
			"6:18: apps[0].maxInFlight: " + wantCount,
			"7:14: apps[0].timeout: " + wantTime,
		},
	},
	"in the file's order, not the struct's": {
		"cache: {ttl: 11m}\nlimits: {scanCalls: 1001}\n" + validFile + "    timeout: 10m1s\nauth: tokens\nlisten: here\n",
		[]string{
			"1:14: cache.ttl: must be a duration from 0 to 10m, such as 2s; 0 switches the cache off",
			"2:21: limits.scanCalls: " + wantCount,
			"7:14: apps[0].timeout: " + wantTime,
			"8:7: auth: " + wantAuth,
			"9:9: listen: must be a host and a port, such as 127.0.0.1:8080",
		},
	},
	"in the line's order too": {
		"apps: [{timeout: 0s, version: x, key: A, baseURL: http://h, apiKey: x}]\n",
		[]string{
			"1:18: apps[0].timeout: " + wantTime,
			"1:31: apps[0].version: must be a Dify version, such as 1.14.2",
			"1:39: apps[0].key: must be 1 to 64 of the characters a-z, 0-9 and -",
		},
	},
	"wrong types": {validFile + "    maxInFlight: many\n    timeout: [1s]\n    name: {a: b}\nauth: {tokens: []}\n", []string{
		"5:18: apps[0].maxInFlight: " + wantCount,
		"6:14: apps[0].timeout: " + wantTime,
		"7:11: apps[0].name: must be a text",
		"8:7: auth: " + wantAuth,
	}},
	"number or truth for text": {validFile + "    version: 1.14\n    name: 007\nauth: true\nlisten: 8080\n", []string{
		"5:14: apps[0].version: must be a Dify version, such as 1.14.2" + quoteIt,
		"6:11: apps[0].name: must be a text" + quoteIt,
		"7:7: auth: " + wantAuth + quoteIt,
		"8:9: listen: must be a host and a port, such as 127.0.0.1:8080" + quoteIt,
	}},
	"unlike a whole number": {validFile + "    maxInFlight: 1.5\nlimits: {scanCalls: 0x10}\n", []string{
		"5:18: apps[0].maxInFlight: " + wantCount,
		"6:21: limits.scanCalls: " + wantCount,
	}},
	"duration without a unit": {validFile + "    timeout: 5\ncache: {ttl: -1s}\n", []string{
		"5:14: apps[0].timeout: " + wantTime,
		"6:14: cache.ttl: must be a duration from 0 to 10m, such as 2s; 0 switches the cache off",
	}},
	"the same key twice": {
		validFile + "  - {key: translator, baseURL: http://h, apiKey: x}\n",
		[]string{"5:11: apps[1].key: must be unique; apps[0].key at line 2, column 10 is the same"},
	},
	"empty texts": {"apps:\n  - {key: '', baseURL: '', apiKey: ''}\nlisten: ''\n", []string{
		"2:11: apps[0].key: must be 1 to 64 of the characters a-z, 0-9 and -",
		"2:24: apps[0].baseURL: " + wantURL,
		"2:36: apps[0].apiKey: must be the key of a Dify app, without blanks",
		"3:9: listen: must be a host and a port, such as 127.0.0.1:8080",
	}},
	"columns are characters": {
		"apps: [{name: 京都é, key: A, baseURL: http://h, apiKey: x}]\n",
		[]string{"1:25: apps[0].key: must be 1 to 64 of the characters a-z, 0-9 and -"},
	},
	"open listen with an auth that is none of ours": {validFile + "auth: x\nlisten: :80\n", []string{
		"5:7: auth: " + wantAuth,
		"6:9: listen: " + unguarded,
	}},
	"open listen": {validFile + "listen: 0.0.0.0:8080\n", []string{
		"5:9: listen: is more than a loopback address, so that anyone who reaches it reads the logs; " +
			"listen on 127.0.0.1, say under auth who may call, or set auth: none (DIFYGRAPH_AUTH=none) if that is what you want",
	}},
}

var syntaxMistakes = map[string]mistakeTest{
	"two documents":   {validFile + "---\na: b\n", []string{"5:1: must be one YAML document; a second one starts here"}},
	"an empty second": {validFile + "---\n", []string{"5:1: must be one YAML document; a second one starts here"}},
	"field twice":     {validFile + "    apiKey: x\n", []string{"5:5: apiKey stands twice; the first is at line 4, column 5"}},
	"secret twice": {
		sentinel + ": 1\n" + sentinel + ": 2\n",
		[]string{"2:1: a field stands twice; the first is at line 1, column 1"},
	},
	"text of the file in the parser's message": {"apiKey: |" + sentinel + "\n", []string{"1:9: is not valid YAML here"}},
	"quote left open": {
		"apiKey: \"" + sentinel + "\n",
		[]string{"1:9: is not valid YAML: could not find end character of double-quoted text"},
	},
	"mapping inside a text": {
		"apiKey: " + sentinel + "\n foo: bar\n",
		[]string{"1:9: is not valid YAML: mapping value is not allowed in this context"},
	},
	"alone, whatever else is wrong": {"listen: 5\nauth: [\n", []string{"2:7: is not valid YAML: sequence end token ']' not found"}},
	"Latin-1":                       {"# é\nname: é\xe9\n", []string{"2:8: must be UTF-8"}},
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for group, tests := range map[string]map[string]mistakeTest{
		"shape": shapeMistakes, "value": valueMistakes, "syntax": syntaxMistakes, "reference": referenceMistakes,
	} {
		for name, test := range tests {
			t.Run(group+"/"+name, func(t *testing.T) {
				t.Parallel()
				_, err := loadText(test.file, "TWO=2")
				checkProblems(t, err, test.want)
			})
		}
	}
}

// checkProblems wants these problems of the file, and no secret in their texts.
func checkProblems(t *testing.T, err error, want []string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	text := "config.yaml:" + strings.Join(want, "\nconfig.yaml:")
	if diff := cmp.Diff(text, err.Error()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if strings.Contains(err.Error(), sentinel) {
		t.Error("shows a secret")
	}
}

func TestMistakesUnwrap(t *testing.T) {
	t.Parallel()
	_, err := loadText(validFile + "auth: x\n")
	mistake, ok := errors.AsType[Problem](err)
	want := Problem{File: "config.yaml", Line: 5, Column: 7, Path: "auth", Message: wantAuth}
	if !ok || mistake != want {
		t.Errorf("got %+v, %v", mistake, ok)
	}
}

// TestLimitsThatContradictEachOther: what one operation may cost or hold, a caller or the server has to be able to.
func TestLimitsThatContradictEachOther(t *testing.T) {
	t.Parallel()
	for limits, want := range map[string]string{
		"{price: 40001}":               "at least limits.price",
		"{price: 100, burst: 99}":      "limits.burst: must be a whole number from 10 to 10000000, at least limits.price",
		"{operationBytes: 536870913}":  "at least limits.operationBytes",
		"{operations: -1}":             "limits.operations: must be a whole number from 0 to 10000",
		"{waiting: -1}":                "limits.waiting: must be a whole number from 0 to 100000",
		"{deadline: 1ms}":              "limits.deadline: must be a duration from 100ms to 10m",
		"{connectionsPerServer: 1001}": "limits.connectionsPerServer: must be a whole number from 1 to 1000",
		"{subscriptions: 0}":           "limits.subscriptions: must be a whole number from 1 to 100000",
		"{subscriptionsPerCaller: 0}":  "limits.subscriptionsPerCaller: must be a whole number from 1 to 100000",
		"{subscriptionsPerSocket: 0}":  "limits.subscriptionsPerSocket: must be a whole number from 1 to 1000",
	} {
		_, err := loadText(validFile + "limits: " + limits + "\n")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", limits, err, want)
		}
	}
}
