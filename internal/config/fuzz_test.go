package config

import (
	"errors"
	"strings"
	"testing"
)

// FuzzLoad holds that any file gives either a valid configuration or errors
// with a place and without the key.
func FuzzLoad(f *testing.F) {
	for _, seed := range []string{
		"", "apps: []", validFile, "apps: &a [*a]", "apps: [&a {<<: *a}]", "listen: *nope", "{", "a: |x",
		"apps:\n- &a {key: a, baseURL: http://h, apiKey: ${KEY}}\n- {<<: [*a, *a], key: b}\n",
		validFile + validAuth, "auth: none", "auth: {tokens: [{apps: {claim: a}}], issuers: [{apps: [a], scopes: {claim: [b]}}]}",
		"hosts: [a]\ncors: {origins: [b]}\n",
		"apps:\n- {key: a, baseURL: http://h, apiKeyFile: key}\n", "? [a]\n: b", "--- a\n--- b", "cache: {ttl: !!str 0}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file string) {
		cfg, err := Load(Source{
			Path:     "config.yaml",
			Environ:  []string{"KEY=" + sentinel},
			ReadFile: texts{"config.yaml": file, "key": sentinel}.read,
		})
		if err == nil {
			if again := newReport(""); len(cfg.Apps) == 0 {
				t.Errorf("a file without apps is valid")
			} else if check(cfg, again); again.err() != nil {
				t.Errorf("loaded, but %v", again.err())
			}
			return
		}
		var mistakes Problems
		if !errors.As(err, &mistakes) {
			t.Fatalf("error of type %T", err)
		}
		lines := 1 + strings.Count(file, "\n") + strings.Count(file, "\r")
		for _, m := range mistakes {
			if m.Line < 1 || m.Line > lines || m.Column < 1 || m.Message == "" {
				t.Errorf("no mistake of a file of %d lines: %+v", lines, m)
			}
		}
		if strings.Contains(err.Error(), sentinel) {
			t.Errorf("shows the key: %v", err)
		}
	})
}
