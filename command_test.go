package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

// TestServeNeedsNoName: what serve takes can be said without its name.
func TestServeNeedsNoName(t *testing.T) {
	t.Parallel()
	err := run(t.Context(), process{[]string{"--operations", "nowhere"}, []string{"DIFYGRAPH_LISTEN=127.0.0.1:0"}, io.Discard, io.Discard})
	if err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("%v", err)
	}
}

func TestToken(t *testing.T) {
	t.Parallel()
	var stdout bytes.Buffer
	if err := run(t.Context(), process{[]string{"token", "--name", "dashboard"}, nil, &stdout, io.Discard}); err != nil || !strings.Contains(stdout.String(), "name: dashboard, sha256:") {
		t.Errorf("%v\n%s", err, stdout.String())
	}
	if line := stdout.String(); !strings.Contains(line, `apps: ["app-key"], scopes: [logs]}`) {
		t.Errorf("more than the least by default:\n%s", line)
	}
	stdout.Reset()
	if err := run(t.Context(), process{[]string{"token", "--apps", "shop-*,b", "--scopes", "logs,content"}, nil, &stdout, io.Discard}); err != nil ||
		!strings.Contains(stdout.String(), `apps: ["shop-*", "b"], scopes: [logs, content]}`) {
		t.Errorf("%v\n%s", err, stdout.String())
	}
	for _, wrong := range [][]string{{"--name", `a", apps: ["*"]`}, {"--apps", "["}, {"--apps", ""}, {"--scopes", "all"}} {
		if err := run(t.Context(), process{append([]string{"token"}, wrong...), nil, &stdout, io.Discard}); err == nil {
			t.Errorf("%q was taken", wrong)
		}
	}
}

// TestAskedForWords: who asks for help or for the version gets it, and a good exit code.
func TestAskedForWords(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"--help":       "Usage: difygraph <command>",
		"-h":           "Usage: difygraph <command>",
		"help":         "Usage: difygraph <command>",
		"serve --help": "Usage: difygraph serve",
		"token -h":     "Usage: difygraph token",
		"version":      "difygraph " + version(),
		"--version":    "difygraph " + version(),
	} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			var stdout bytes.Buffer
			if err := run(t.Context(), process{strings.Fields(args), nil, &stdout, io.Discard}); err != nil {
				t.Error(err)
			}
			if !strings.HasPrefix(stdout.String(), want) || strings.Count(stdout.String(), want) != 1 {
				t.Errorf("not once %q:\n%s", want, stdout.String())
			}
		})
	}
}

// TestMistakesAreNoHelp: a command line that is wrong is an error.
func TestMistakesAreNoHelp(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"serve --hurry", "hlep", "help me", "version 2"} {
		if err := run(t.Context(), process{strings.Fields(args), nil, io.Discard, io.Discard}); err == nil {
			t.Errorf("%s: no error", args)
		}
	}
}
