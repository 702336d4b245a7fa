package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// jsonLines wants each line to be a JSON object, and returns them.
func jsonLines(t *testing.T, text string) (lines []map[string]any) {
	t.Helper()
	for line := range strings.Lines(text) {
		var told map[string]any
		if err := json.Unmarshal([]byte(line), &told); err != nil {
			t.Errorf("no line of the log: %v: %s", err, line)
		}
		lines = append(lines, told)
	}
	return lines
}

// TestLifeOfTheServerIsToldOnce: its start with version, apps, callers and limits, its drain, what came of that, and its end; all
// lines of one format, on one stream, and none of them with a key.
func TestLifeOfTheServerIsToldOnce(t *testing.T) {
	t.Parallel()
	file := configFile(t, "apps: [{key: echo, baseURL: %q, apiKey: %s}]\nauth: {tokens: [{name: a, sha256: '%064d', apps: ['*'], scopes: [logs]}]}\n",
		startDify(t), goodKey, 0)
	command := exec.CommandContext(t.Context(), os.Args[0], "--config", file)
	command.Env = append(os.Environ(), asProgram+"=1", "DIFYGRAPH_LISTEN=127.0.0.1:0")
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stdout bytes.Buffer
	command.Stdout = &stdout
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	p := &program{command: command, log: bufio.NewReader(stderr)}
	started := p.waitsFor(t, `"msg":"started"`)
	p.signal(t, syscall.SIGTERM)
	rest, err := io.ReadAll(p.log)
	if err = errors.Join(err, command.Wait()); err != nil {
		t.Error(err)
	}
	var told []string
	for _, line := range jsonLines(t, started+string(rest)) {
		told = append(told, fmt.Sprint(line["msg"]))
	}
	if !slices.Equal(told, []string{"started", "draining", "drained", "ended"}) || stdout.Len() > 0 {
		t.Errorf("%v, and on the other stream %q", told, stdout.String())
	}
	for _, part := range []string{`"version":`, `"apps":["echo"]`, `"callers":["tokens"]`, `"connectionsPerServer":4`, `"sample":false`} {
		if !strings.Contains(started, part) {
			t.Errorf("no %s in %s", part, started)
		}
	}
	if strings.Contains(started, goodKey) {
		t.Error("an API key is shown")
	}
}

// TestMistakesAreLinesOfTheLog: each in the configuration has one, in the form that the environment names, and then the end.
func TestMistakesAreLinesOfTheLog(t *testing.T) {
	t.Parallel()
	file := configFile(t, "apps: [{key: A, baseURL: 'http://localhost/v1', apiKey: %s}, {key: b, baseURL: nowhere, apiKey: %s}]\n", goodKey, badKey)
	for format, want := range map[string][]string{
		"json": {`"level":"ERROR","msg":"configuration","error":"`, `"level":"ERROR","msg":"configuration","error":"`, `"level":"ERROR","msg":"ended","error":"mistakes in the configuration: 2"`},
		"text": {`level=ERROR msg=configuration error="`, `level=ERROR msg=configuration error="`, `level=ERROR msg=ended error="mistakes in the configuration: 2"`},
	} {
		var stderr bytes.Buffer
		err := run(t.Context(), process{[]string{"--config", file}, []string{"DIFYGRAPH_LISTEN=127.0.0.1:0", "DIFYGRAPH_LOG=" + format}, io.Discard, &stderr})
		if _, logged := errors.AsType[loggedError](err); !logged {
			t.Errorf("%s: would be told twice: %v", format, err)
		}
		lines := slices.Collect(strings.Lines(stderr.String()))
		if len(lines) != len(want) {
			t.Fatalf("%s: %d lines:\n%s", format, len(lines), stderr.String())
		}
		for i := range want {
			if !strings.Contains(lines[i], want[i]) {
				t.Errorf("%s: no %s in %s", format, want[i], lines[i])
			}
		}
		if strings.Contains(stderr.String(), goodKey) {
			t.Error("an API key is shown")
		}
	}
}
