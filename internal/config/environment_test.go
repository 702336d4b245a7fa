package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEnvironment(t *testing.T) {
	t.Parallel()
	const key, base = "DIFY_API_KEY=" + sentinel, "DIFY_BASE_URL=http://localhost/v1"
	asDefault := func(change func(*Config)) *Config {
		cfg := defaults(change)
		cfg.Apps[0].Key = "default"
		return cfg
	}
	environmentAuth := Auth{Tokens: []Token{{
		Name: "environment", SHA256: digest, Apps: []string{"*"}, Scopes: []string{"logs", "content", "people"},
	}}}
	tests := map[string]struct {
		file    string
		environ []string
		want    *Config
	}{
		"key alone": {"", []string{key}, asDefault(nil)},
		"key and base": {
			"", []string{key, base}, asDefault(func(c *Config) { c.Apps[0].BaseURL = "http://localhost/v1" }),
		},
		"empty is unset": {"", []string{key, "DIFY_BASE_URL=", "DIFYGRAPH_LISTEN=", "DIFYGRAPH_AUTH="}, asDefault(nil)},
		"listen over the file": {
			"listen: 127.0.0.1:1\n" + validFile,
			[]string{"DIFYGRAPH_LISTEN=127.0.0.1:2"},
			defaults(func(c *Config) { c.Listen = "127.0.0.1:2" }),
		},
		"listen over a refused one": {
			"listen: :1\n" + validFile,
			[]string{"DIFYGRAPH_LISTEN=localhost:2"},
			defaults(func(c *Config) { c.Listen = "localhost:2" }),
		},
		"metrics opened over the file": {
			"metrics: {listen: '127.0.0.1:1'}\n" + validFile,
			[]string{"DIFYGRAPH_METRICS_LISTEN=:2", "DIFYGRAPH_METRICS_OPEN=true"},
			defaults(func(c *Config) { c.Metrics = Metrics{Listen: ":2", Open: true} }),
		},
		"auth opens the file's address": {
			"listen: :1\n" + validFile,
			[]string{"DIFYGRAPH_AUTH=none"},
			defaults(func(c *Config) { c.Listen, c.Auth = ":1", Auth{None: true} }),
		},
		"a token opens the file's address": {
			"listen: :1\n" + validFile,
			[]string{"DIFYGRAPH_TOKEN_SHA256=" + strings.ToUpper(digest)},
			defaults(func(c *Config) { c.Listen, c.Auth = ":1", environmentAuth }),
		},
		"a token instead of the file's": {
			validFile + "auth: {tokens: [{name: a, sha256: '" + digest[1:] + "0', apps: [a], scopes: [logs]}]}\n",
			[]string{"DIFYGRAPH_TOKEN_SHA256=" + digest},
			defaults(func(c *Config) { c.Auth = environmentAuth }),
		},
		"none instead of the file's token": {
			validFile + "auth: {tokens: [{name: a, sha256: '" + digest + "', apps: [a], scopes: [logs]}]}\n",
			[]string{"DIFYGRAPH_AUTH=none"},
			defaults(func(c *Config) { c.Auth = Auth{None: true} }),
		},
		"a token for the demo": {"", []string{"DIFYGRAPH_TOKEN_SHA256=" + digest}, defaults(func(c *Config) {
			c.Apps, c.Demo, c.Auth = nil, true, environmentAuth
		})},
		"hosts instead of the file's": {
			"hosts: [a]\n" + validFile,
			[]string{"DIFYGRAPH_HOSTS=b,c.example"},
			defaults(func(c *Config) { c.Hosts = []string{"b", "c.example"} }),
		},
		"both without a file": {
			"",
			[]string{key, "DIFYGRAPH_AUTH=none", "DIFYGRAPH_LISTEN=0.0.0.0:80"},
			asDefault(func(c *Config) { c.Listen, c.Auth = "0.0.0.0:80", Auth{None: true} }),
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Load(environmentSource(test.file, test.environ))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got, sameSecret); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestEnvironmentMistakes(t *testing.T) {
	t.Parallel()
	const key = "DIFY_API_KEY=" + sentinel
	tests := map[string]struct {
		file    string
		environ []string
		want    string
	}{
		"base alone": {
			"",
			[]string{"DIFY_BASE_URL=http://localhost/v1"},
			"DIFY_API_KEY: is not set; DIFY_BASE_URL alone names no app, the app's API key belongs to it",
		},
		"key beside a file": {
			validFile,
			[]string{key},
			"DIFY_API_KEY and DIFY_BASE_URL name an app for use without a file; unset both, or leave out config.yaml",
		},
		"base beside a file": {
			validFile,
			[]string{"DIFY_BASE_URL=http://localhost/v1"},
			"DIFY_API_KEY and DIFY_BASE_URL name an app for use without a file; unset both, or leave out config.yaml",
		},
		"bad values": {
			"",
			[]string{"DIFY_API_KEY=" + sentinel + " ", "DIFY_BASE_URL=dify.ai", "DIFYGRAPH_AUTH=token", "DIFYGRAPH_LISTEN=here"},
			"DIFYGRAPH_AUTH: must be none, or be left out\n" +
				"DIFYGRAPH_LISTEN: must be a host and a port, such as 127.0.0.1:8080\n" +
				"DIFY_BASE_URL: " + requirements["apps.baseURL"] + "\n" +
				"DIFY_API_KEY: must be the key of a Dify app, without blanks",
		},
		"a token in its digest's place": {
			"",
			[]string{"DIFYGRAPH_TOKEN_SHA256=" + sentinel},
			"DIFYGRAPH_TOKEN_SHA256: " + requirements["auth.tokens.sha256"],
		},
		"a token, and none": {
			"",
			[]string{"DIFYGRAPH_TOKEN_SHA256=" + digest, "DIFYGRAPH_AUTH=none"},
			"DIFYGRAPH_AUTH: must not stand beside DIFYGRAPH_TOKEN_SHA256; set one of the two",
		},
		"an address among the hosts": {
			"",
			[]string{"DIFYGRAPH_HOSTS=a,http://" + sentinel},
			"DIFYGRAPH_HOSTS: " + requirements["hosts[]"],
		},
		"open listen": {"", []string{key, "DIFYGRAPH_LISTEN=:8080"}, "DIFYGRAPH_LISTEN: " + unguarded},
		"open demo":   {"", []string{"DIFYGRAPH_LISTEN=0.0.0.0:8080"}, "DIFYGRAPH_LISTEN: " + unguarded},
		"before the file's": {
			"limits: 1\n" + validFile,
			[]string{"DIFYGRAPH_LISTEN=:8080"},
			"DIFYGRAPH_LISTEN: " + unguarded + "\nconfig.yaml:1:9: limits: must be a mapping of scanCalls, scanDetails, price, rate, burst, operations, waiting, deadline, connections, connectionsPerAddress, connectionsPerServer, subscriptions, subscriptionsPerCaller, subscriptionsPerSocket, operationBytes, bytes",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Load(environmentSource(test.file, test.environ))
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if strings.Contains(err.Error(), sentinel) {
				t.Error("shows a secret")
			}
		})
	}
}

// environmentSource has a file unless its text is empty.
func environmentSource(file string, environ []string) Source {
	if file == "" {
		return Source{Environ: environ}
	}
	return Source{Path: "config.yaml", Environ: environ, ReadFile: texts{"config.yaml": file}.read}
}
