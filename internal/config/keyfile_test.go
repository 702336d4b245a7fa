package config

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	wantKeyFile = "must be the path of a file that holds the key of a Dify app and nothing else, relative to the folder of this file"
	keyFileApp  = "apps:\n  - key: translator\n    baseURL: https://api.dify.ai/v1\n    apiKeyFile: "
)

func TestKeyFile(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ path, opened, content string }{
		"relative to the configuration": {"secrets/key", "/etc/difygraph/secrets/key", sentinel},
		"upwards":                       {"../key", "/etc/key", sentinel},
		"absolute":                      {"/run/secrets/key", "/run/secrets/key", sentinel},
		"by a variable":                 {"${DIR}/key", "/run/key", sentinel},
		"line end":                      {"key", "/etc/difygraph/key", sentinel + "\n"},
		"line end of Windows":           {"key", "/etc/difygraph/key", sentinel + "\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const path = "/etc/difygraph/config.yaml"
			got, err := Load(Source{
				Path: path, Environ: []string{"DIR=/run"},
				ReadFile: texts{path: keyFileApp + test.path + "\n", test.opened: test.content}.read,
			})
			if err != nil {
				t.Fatal(err)
			}
			want := defaults(func(c *Config) { c.Apps[0].APIKeyFile = test.opened })
			if diff := cmp.Diff(want, got, sameSecret); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestKeyFileMistakes(t *testing.T) {
	t.Parallel()
	stored := texts{"empty": "", "blank": "\n", "two": sentinel + "\n" + sentinel + "\n", "spaced": " " + sentinel, "good": sentinel}
	at := "config.yaml:4:17: apps[0].apiKeyFile: "
	for name, test := range map[string]struct{ file, want string }{
		"not there":         {keyFileApp + "gone", at + wantKeyFile + "; cannot read it: file does not exist"},
		"the key itself":    {keyFileApp + sentinel, at + wantKeyFile + "; cannot read it: file does not exist"},
		"empty file":        {keyFileApp + "empty", at + wantKeyFile},
		"blank file":        {keyFileApp + "blank", at + wantKeyFile},
		"two keys":          {keyFileApp + "two", at + wantKeyFile},
		"blank before":      {keyFileApp + "spaced", at + wantKeyFile},
		"empty path":        {keyFileApp + "''", at + wantKeyFile},
		"a list":            {keyFileApp + "[good]", at + wantKeyFile},
		"beside a key":      {keyFileApp + "good\n    apiKey: x", at + "must not stand beside apiKey; give one of the two"},
		"unset variable":    {keyFileApp + "${NOPE}", at + "the environment variable NOPE is not set"},
		"null is no source": {keyFileApp + "~", "config.yaml:2:5: apps[0].apiKey: is missing; give the app's key, or as apiKeyFile the file that holds it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			read := func(path string) ([]byte, error) {
				if path == "config.yaml" {
					return []byte(test.file), nil
				}
				return stored.read(path)
			}
			_, err := Load(Source{Path: "config.yaml", ReadFile: read})
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if strings.Contains(err.Error(), sentinel) {
				t.Error("shows the key")
			}
		})
	}
}

func TestKeyFileReaderFailureIsNotRepeated(t *testing.T) {
	t.Parallel()
	_, err := Load(Source{Path: "config.yaml", ReadFile: func(path string) ([]byte, error) {
		if path == "config.yaml" {
			return []byte(keyFileApp + "key"), nil
		}
		return nil, errors.New("failed after " + sentinel)
	}})
	if want := "config.yaml:4:17: apps[0].apiKeyFile: " + wantKeyFile + "; cannot read it"; err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}
