package config

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// sentinel is the key of the tests' apps, to be found where it leaks.
const sentinel = "app-SeNtInEl0123456789"

// validFile is the shortest file.
const validFile = `apps:
  - key: translator
    baseURL: https://api.dify.ai/v1
    apiKey: app-SeNtInEl0123456789
`

// texts is a file system of texts.
type texts map[string]string

func (f texts) read(path string) ([]byte, error) {
	text, ok := f[path]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	return []byte(text), nil
}

// loadText loads a file of that text.
func loadText(text string, environ ...string) (*Config, error) {
	return Load(Source{Path: "config.yaml", Environ: environ, ReadFile: texts{"config.yaml": text}.read})
}

// defaults is the configuration of validFile, changed.
func defaults(change func(*Config)) *Config {
	cfg := &Config{
		Listen: "127.0.0.1:8080",
		Apps: []App{{
			Key: "translator", BaseURL: "https://api.dify.ai/v1", APIKey: NewSecret(sentinel),
			MaxInFlight: 8, Timeout: 30 * time.Second,
		}},
		GraphQL: GraphQL{Introspection: true, Suggestions: true},
		Log:     "json",
		Limits: Limits{
			ScanCalls: 10, ScanDetails: 200, Price: 20_000, Rate: 2000, Burst: 40_000, Waiting: 2000, Deadline: time.Minute,
			Connections: 2048, ConnectionsPerAddress: 512, ConnectionsPerServer: 4,
			Subscriptions: 2000, SubscriptionsPerCaller: 200, SubscriptionsPerSocket: 50, OperationBytes: 64 << 20, Bytes: 384 << 20,
		},
		Cache: Cache{TTL: 2 * time.Second},
		Live:  Live{StreamsPerServer: 2},
	}
	if change != nil {
		change(cfg)
	}
	return cfg
}

var sameSecret = cmp.Options{
	cmp.Comparer(func(a, b Secret) bool { return a == b }),
	cmpopts.IgnoreUnexported(Config{}),
}

func TestLoadFile(t *testing.T) {
	t.Parallel()
	second := App{
		Key: "second", BaseURL: "https://api.dify.ai/v1", APIKey: NewSecret("app-2"),
		MaxInFlight: 3, Timeout: 30 * time.Second,
	}
	tests := map[string]struct {
		file string
		want *Config
	}{
		"the least": {validFile, defaults(nil)},
		"everything": {`
listen: "[::1]:9000"
auth: none
apps:
  - key: translator
    name: Translator
    baseURL: http://dify.example:5001/v1/
    apiKey: app-SeNtInEl0123456789
    version: 1.14.2
    maxInFlight: 1000
    timeout: 1m30s
graphql: {introspection: false, suggestions: false}
log: text
metrics: {listen: "0.0.0.0:9090", open: true}
limits:
  scanCalls: 1
  scanDetails: 10000
  operationBytes: 1048576
  bytes: 1048576
  price: 10
  rate: 10000000
  burst: 10
  operations: 1
  waiting: 100000
  deadline: 10m
  connections: 1000000
  connectionsPerAddress: 10
  connectionsPerServer: 1000
  subscriptions: 100000
  subscriptionsPerCaller: 1
  subscriptionsPerSocket: 1000
cache:
  ttl: 10m
live:
  streamsPerServer: 1000
  watchAll: true
`, &Config{
			Listen: "[::1]:9000", Auth: Auth{None: true},
			Apps: []App{{
				Key: "translator", Name: "Translator", BaseURL: "http://dify.example:5001/v1",
				APIKey: NewSecret(sentinel), Version: "1.14.2", MaxInFlight: 1000, Timeout: 90 * time.Second,
			}},
			Limits: Limits{
				ScanCalls: 1, ScanDetails: 10_000, Price: 10, Rate: 10_000_000, Burst: 10, Operations: 1, Waiting: 100_000, Deadline: 10 * time.Minute,
				Connections: 1_000_000, ConnectionsPerAddress: 10, ConnectionsPerServer: 1000,
				Subscriptions: 100_000, SubscriptionsPerCaller: 1, SubscriptionsPerSocket: 1000, OperationBytes: 1 << 20, Bytes: 1 << 20,
			}, Cache: Cache{TTL: 10 * time.Minute}, Live: Live{StreamsPerServer: 1000, WatchAll: true}, Log: "text", Metrics: Metrics{Listen: "0.0.0.0:9090", Open: true},
		}},
		"zero switches the cache off": {
			validFile + "cache: {ttl: 0}\n", defaults(func(c *Config) { c.Cache.TTL = 0 }),
		},
		"zero seconds too": {
			validFile + "cache: {ttl: 0s}\n", defaults(func(c *Config) { c.Cache.TTL = 0 }),
		},
		"null is absent": {validFile + "auth:\ncache: ~\nlimits: {scanCalls: null}\n", defaults(nil)},
		"CRLF":           {strings.ReplaceAll(validFile, "\n", "\r\n"), defaults(nil)},
		"CR":             {strings.ReplaceAll(validFile, "\n", "\r"), defaults(nil)},
		"byte order mark": {
			"\ufeff" + validFile, defaults(nil),
		},
		"document marks": {"---\n" + validFile + "...\n", defaults(nil)},
		"block scalar": {
			validFile + "    name: >-\n      Two\n      lines\n", defaults(func(c *Config) { c.Apps[0].Name = "Two lines" }),
		},
		"alias of a value": {
			"listen: &l 127.0.0.1:1\n" + validFile + "    name: *l\n",
			defaults(func(c *Config) { c.Listen, c.Apps[0].Name = "127.0.0.1:1", "127.0.0.1:1" }),
		},
		"alias means the last anchor before it": {
			"listen: &l 127.0.0.1:1\n" + validFile + "    name: *l\n    version: &l 1.2.3\n",
			defaults(func(c *Config) {
				c.Listen, c.Apps[0].Name, c.Apps[0].Version = "127.0.0.1:1", "127.0.0.1:1", "1.2.3"
			}),
		},
		"merged app": {
			"apps:\n  - &a {key: translator, baseURL: https://api.dify.ai/v1, apiKey: app-SeNtInEl0123456789}\n" +
				"  - <<: *a\n    key: second\n    apiKey: app-2\n    maxInFlight: 3\n",
			defaults(func(c *Config) { c.Apps = append(c.Apps, second) }),
		},
		"merged list, the first wins": {
			"apps:\n  - &a {key: translator, baseURL: https://api.dify.ai/v1, apiKey: app-SeNtInEl0123456789}\n" +
				"  - &b {<<: *a, key: second, apiKey: app-2, maxInFlight: 3}\n" +
				"  - {<<: [*b, *a], key: third}\n",
			defaults(func(c *Config) {
				third := second
				third.Key = "third"
				c.Apps = append(c.Apps, second, third)
			}),
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := loadText(test.file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got, sameSecret); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestLoadNothingIsDemo(t *testing.T) {
	t.Parallel()
	got, err := Load(Source{Environ: []string{"HOME=/root", "DIFY_API_KEY="}})
	if err != nil {
		t.Fatal(err)
	}
	want := defaults(func(c *Config) { c.Apps, c.Demo = nil, true })
	if diff := cmp.Diff(want, got, sameSecret); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestLoadUnreadableFile(t *testing.T) {
	t.Parallel()
	_, err := Load(Source{Path: "gone.yaml", ReadFile: texts{}.read})
	if !errors.Is(err, fs.ErrNotExist) || err.Error() != "read configuration: open gone.yaml: file does not exist" {
		t.Errorf("got %v", err)
	}
}

func TestLoadTwiceGivesConfigsOfTheirOwn(t *testing.T) {
	t.Parallel()
	first, err := loadText(validFile)
	if err != nil {
		t.Fatal(err)
	}
	first.Apps[0].Key = "changed"
	second, err := loadText(validFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(defaults(nil), second, sameSecret); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
