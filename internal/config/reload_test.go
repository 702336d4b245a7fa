package config

import (
	"strings"
	"testing"
)

const (
	guarded = "auth: {tokens: [{name: a, sha256: '" + digest + "', apps: ['*'], scopes: [logs]}]}\n"
	hidden  = "graphql: {introspection: false}\n"
)

// TestReloadNeverOpensByOmission: what a half-written file does not say yet opens nothing.
func TestReloadNeverOpensByOmission(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ before, after, want string }{
		"auth is not there yet":         {validFile + guarded, validFile, "auth"},
		"auth has no value yet":         {validFile + guarded, validFile + "auth:\n", "auth"},
		"no auth on purpose":            {validFile + guarded, validFile + "auth: none\n", "auth"},
		"the schema is shown again":     {validFile + hidden, validFile, "introspection"},
		"cut within a line":             {validFile, strings.TrimSuffix(validFile, "\n"), "end of a line"},
		"cut after a line":              {validFile + "limits:\n  price: 500\n  rate: 100\n", validFile + "limits:\n  price: 500\n", "beginning of the one before"},
		"cut below auth":                {validFile + guarded + "limits: {price: 500}\n", validFile + guarded, "beginning of the one before"},
		"cut, and something else":       {validFile + guarded + "limits: {price: 500}\n", "# meant\n" + validFile + guarded, ""},
		"a line more":                   {validFile, validFile + "limits: {price: 500}\n", ""},
		"the beginning of the key":      {validFile, strings.Replace(validFile, sentinel, sentinel[:6], 1), "apps[0].apiKey"},
		"the same":                      {validFile + guarded + hidden, validFile + guarded + hidden, ""},
		"more callers and scopes":       {validFile + guarded, validFile + strings.Replace(guarded, "logs", "logs, content", 1), ""},
		"fewer":                         {validFile + strings.Replace(guarded, "logs", "logs, content", 1), validFile + guarded, ""},
		"auth where there was none":     {validFile, validFile + guarded, ""},
		"none where there was no other": {validFile, validFile + "auth: none\n", ""},
		"the schema is hidden":          {validFile, validFile + hidden, ""},
		"another key":                   {validFile, strings.Replace(validFile, sentinel, "app-another", 1), ""},
		"never had the end of a line":   {strings.TrimSuffix(validFile, "\n"), strings.TrimSuffix(validFile, "\n"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, after := mustLoad(t, test.before), mustLoad(t, test.after)
			err := after.After(before)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), sentinel[:6]) {
				t.Errorf("the key is shown: %v", err)
			}
		})
	}
}

func mustLoad(t *testing.T, text string) *Config {
	t.Helper()
	cfg, err := Load(Source{Path: "config.yaml", ReadFile: texts{"config.yaml": text}.read})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// TestMetricsAreOpenedByAWord: on an address that others reach they are served only where that is wanted.
func TestMetricsAreOpenedByAWord(t *testing.T) {
	t.Parallel()
	for metrics, want := range map[string]string{
		"{listen: '127.0.0.1:9090'}":             "",
		"{listen: 'localhost:9090'}":             "",
		"{listen: '0.0.0.0:9090', open: true}":   "",
		"{open: true}":                           "",
		"{listen: '0.0.0.0:9090'}":               "metrics.open: true",
		"{listen: ':9090'}":                      "metrics.open: true",
		"{listen: '10.0.0.1:9090', open: false}": "metrics.open: true",
		"{listen: '0.0.0.0:9090', open: yes}":    "must be true or false",
	} {
		_, err := Load(Source{Path: "config.yaml", ReadFile: texts{"config.yaml": validFile + "metrics: " + metrics + "\n"}.read})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", metrics, err, want)
		}
	}
	_, err := Load(Source{Environ: []string{"DIFYGRAPH_METRICS_LISTEN=:9090", "DIFYGRAPH_METRICS_OPEN=perhaps"}})
	if err == nil || !strings.Contains(err.Error(), "DIFYGRAPH_METRICS_OPEN: must be true or false") {
		t.Errorf("%v", err)
	}
}
