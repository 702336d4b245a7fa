package config

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/caarlos0/env/v11"
)

// Load makes a configuration out of a file (Source.Path), or of DIFY_API_KEY
// and DIFY_BASE_URL, which name one app with the key "default", or of nothing
// (Config.Demo). DIFYGRAPH_LISTEN, DIFYGRAPH_HOSTS (names with commas between),
// DIFYGRAPH_AUTH (none), DIFYGRAPH_METRICS_LISTEN, DIFYGRAPH_METRICS_OPEN (true) and DIFYGRAPH_TOKEN_SHA256 (of one token that may read
// all) win over the file.
//
// In texts of the file ${NAME} is the environment variable NAME; $${ is a
// plain ${.
//
// A configuration with mistakes gives [Mistakes]: all of them, except that a
// file that is no YAML has its first one only. A file that can't be read gives
// the reader's error.
func Load(src Source) (*Config, error) {
	variables := env.ToMap(src.Environ)
	environ, err := parseEnvironment(variables)
	if err != nil {
		return nil, err
	}
	cfg, found := newConfig(), newReport(src.Path)
	switch {
	case src.Path != "" && environ.namesApp():
		return nil, Problems{{Message: "DIFY_API_KEY and DIFY_BASE_URL name an app for use without a file; unset both, or leave out " + src.Path}}
	case src.Path != "":
		err = loadFile(src, variables, cfg, found)
	case environ.namesApp():
		environ.addApp(cfg, found)
	default:
		cfg.Demo = true
	}
	if err != nil {
		return nil, err
	}
	environ.override(cfg, found)
	check(cfg, found)
	return finish(cfg, found)
}

// loadFile fills cfg from the file at src.Path. The error is of a file that
// can't be read or parsed; all else goes to found.
func loadFile(src Source, variables map[string]string, cfg *Config, found *report) error {
	content, err := src.ReadFile(src.Path)
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	doc, err := parse(src.Path, content)
	if err != nil {
		return err
	}
	cfg.text, cfg.finished = NewSecret(string(content)), bytes.HasSuffix(content, []byte("\n"))
	decode(doc, variables, cfg, found)
	readKeyFiles(src, cfg, found)
	return nil
}

// finish gives either the mistakes or the configuration in its normal form.
func finish(cfg *Config, found *report) (*Config, error) {
	if err := found.err(); err != nil {
		return nil, err
	}
	for i := range cfg.Apps {
		cfg.Apps[i].BaseURL = strings.TrimRight(cfg.Apps[i].BaseURL, "/")
	}
	for i := range cfg.Auth.Tokens {
		cfg.Auth.Tokens[i].SHA256 = strings.ToLower(cfg.Auth.Tokens[i].SHA256)
	}
	return cfg, nil
}
