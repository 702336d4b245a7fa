package config

import (
	"fmt"
	"reflect"

	"github.com/caarlos0/env/v11"
)

const (
	// The app of the environment, where no file names any.
	defaultAppKey  = "default"
	defaultBaseURL = "https://api.dify.ai/v1"

	// The name of the caller whose token the environment has.
	environmentCaller = "environment"
)

// environment is what the process's variables may say. An empty variable is
// an unset one: container files can't leave a variable out.
type environment struct {
	Listen      string   `env:"DIFYGRAPH_LISTEN"`
	Auth        string   `env:"DIFYGRAPH_AUTH"`
	TokenSHA256 string   `env:"DIFYGRAPH_TOKEN_SHA256"`
	Hosts       []string `env:"DIFYGRAPH_HOSTS"`
	Log         string   `env:"DIFYGRAPH_LOG"`
	Metrics     string   `env:"DIFYGRAPH_METRICS_LISTEN"`
	MetricsOpen string   `env:"DIFYGRAPH_METRICS_OPEN"`
	APIKey      Secret   `env:"DIFY_API_KEY"`
	BaseURL     string   `env:"DIFY_BASE_URL"`
}

// parseEnvironment reads variables, a map from name to value.
func parseEnvironment(variables map[string]string) (environment, error) {
	var e environment
	if err := env.ParseWithOptions(&e, env.Options{
		Environment: variables,
		FuncMap:     map[reflect.Type]env.ParserFunc{reflect.TypeFor[Secret](): parseSecret},
	}); err != nil {
		return environment{}, fmt.Errorf("read the environment: %w", err)
	}
	return e, nil
}

func parseSecret(text string) (any, error) { return NewSecret(text), nil }

// namesApp tells whether the environment has an app of its own.
func (e environment) namesApp() bool {
	return e.APIKey != Secret{} || e.BaseURL != ""
}

// addApp gives cfg the one app of the environment.
func (e environment) addApp(cfg *Config, found *report) {
	found.places["apps[0].apiKey"] = place{variable: "DIFY_API_KEY"}
	found.places["apps[0].baseURL"] = place{variable: "DIFY_BASE_URL"}
	if (e.APIKey == Secret{}) {
		found.require("apps[0].apiKey", "is not set; DIFY_BASE_URL alone names no app, the app's API key belongs to it")
	}
	app := newApp()
	app.Key, app.APIKey, app.BaseURL = defaultAppKey, e.APIKey, e.BaseURL
	if app.BaseURL == "" {
		app.BaseURL = defaultBaseURL
	}
	cfg.Apps = []App{app}
}

// override puts what the environment says above what the file says.
func (e environment) override(cfg *Config, found *report) {
	if e.Listen != "" {
		cfg.Listen = e.Listen
		found.places["listen"] = place{variable: "DIFYGRAPH_LISTEN"}
	}
	if e.Log != "" {
		cfg.Log = e.Log
		found.places["log"] = place{variable: "DIFYGRAPH_LOG"}
	}
	if e.Metrics != "" {
		cfg.Metrics.Listen = e.Metrics
		found.places["metrics.listen"] = place{variable: "DIFYGRAPH_METRICS_LISTEN"}
	}
	if e.MetricsOpen != "" {
		found.places["metrics.open"] = place{variable: "DIFYGRAPH_METRICS_OPEN"}
		if !assign(&cfg.Metrics.Open, e.MetricsOpen) {
			found.require("metrics.open", requirement("metrics.open"))
		}
	}
	if len(e.Hosts) > 0 {
		cfg.Hosts = e.Hosts
		for i := range e.Hosts {
			found.places[fmt.Sprintf("hosts[%d]", i)] = place{variable: "DIFYGRAPH_HOSTS"}
		}
	}
	e.overrideAuth(cfg, found)
}

// overrideAuth puts one token, or none, in the place of all that the file says
// of callers.
func (e environment) overrideAuth(cfg *Config, found *report) {
	if e.TokenSHA256 != "" {
		cfg.Auth = Auth{Tokens: []Token{{
			Name: environmentCaller, SHA256: e.TokenSHA256, Apps: []string{"*"}, Scopes: scopes(),
		}}}
		found.places["auth.tokens[0].sha256"] = place{variable: "DIFYGRAPH_TOKEN_SHA256"}
	}
	if e.Auth == "" {
		return
	}
	found.places["auth"] = place{variable: "DIFYGRAPH_AUTH"}
	switch {
	case e.Auth != authNone:
		found.require("auth", "must be none, or be left out")
	case e.TokenSHA256 != "":
		found.require("auth", "must not stand beside DIFYGRAPH_TOKEN_SHA256; set one of the two")
	default:
		cfg.Auth = Auth{None: true}
	}
}
