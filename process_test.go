package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

const asProgram = "DIFYGRAPH_TEST_PROGRAM"

// TestMain is the program itself where a test starts it as one: signals and pipes are a process's own.
func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// program is the program in a process of its own.
type program struct {
	testServer

	command *exec.Cmd
	stderr  *os.File      // nobody reads on after the start unless a test does
	log     *bufio.Reader // of it
	stdout  io.Closer
}

// startProgram starts it on a free port, and waits for the line of its start.
func startProgram(t *testing.T, args ...string) *program {
	t.Helper()
	p := &program{command: exec.CommandContext(t.Context(), os.Args[0], args...)}
	p.command.Env = append(os.Environ(), asProgram+"=1", "DIFYGRAPH_LISTEN=127.0.0.1:0")
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stderr, p.command.Stderr = read, write
	stdout, err := p.command.StdoutPipe()
	if err = errors.Join(err, p.command.Start(), write.Close()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.command.Process.Kill()
		_ = p.command.Wait()
		_ = read.Close()
	})
	p.stdout, p.log = stdout, bufio.NewReader(read)
	p.url = startedURL(t, p.waitsFor(t, `"msg":"started"`))
	return p
}

func (p *program) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.command.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// ends wants the process to end well after a signal to do so.
func (p *program) ends(t *testing.T) {
	t.Helper()
	p.signal(t, syscall.SIGTERM)
	if err := p.command.Wait(); err != nil {
		t.Errorf("the end: %v", err)
	}
}

// asks sends more requests than a pipe has room for the lines of.
func (p *program) asks(t *testing.T) {
	t.Helper()
	for range 1000 {
		var data struct{ Typename string }
		p.query(t, `query AnOperationWithALongNameSoThatItsLineInTheLogIsLong {__typename}`, `{}`, &data)
	}
}

// TestLogThatNobodyReadsStopsNoAnswer fills the pipe that the log is written to. Neither answers nor the end wait for it.
func TestLogThatNobodyReadsStopsNoAnswer(t *testing.T) {
	t.Parallel()
	p := startProgram(t)
	p.asks(t)
	p.ends(t)
}

// TestReaderOfTheOutputThatIsGone: a write to a pipe without a reader is a signal, which ends a process that does not care.
func TestReaderOfTheOutputThatIsGone(t *testing.T) {
	t.Parallel()
	p := startProgram(t)
	if err := errors.Join(p.stderr.Close(), p.stdout.Close()); err != nil {
		t.Fatal(err)
	}
	p.asks(t)
	p.ends(t)
}

// TestReasonOfTheEndIsPrinted: that of a start that fails, and nothing else.
func TestReasonOfTheEndIsPrinted(t *testing.T) {
	t.Parallel()
	command := exec.CommandContext(t.Context(), os.Args[0], "--config", "nowhere")
	command.Env = append(os.Environ(), asProgram+"=1")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	err := command.Run()
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || exit.ExitCode() != 1 || !strings.HasPrefix(stderr.String(), `{"time":"`) ||
		!strings.HasSuffix(stderr.String(), `"level":"ERROR","msg":"ended","error":"read configuration: open nowhere: no such file or directory"}`+"\n") {
		t.Errorf("%v: %s", err, stderr.String())
	}
}

// waitsFor reads the log up to a line with the text, and returns that.
func (p *program) waitsFor(t *testing.T, text string) string {
	t.Helper()
	for seen := ""; ; {
		line, err := p.log.ReadString('\n')
		if strings.Contains(line, text) {
			return line
		}
		if seen += line; err != nil {
			t.Fatalf("no %q in the log:\n%s", text, seen)
		}
	}
}

// TestHalfWrittenConfigurationKeepsStrangersOut cuts the file where the callers come.
func TestHalfWrittenConfigurationKeepsStrangersOut(t *testing.T) {
	t.Parallel()
	const apps = "apps: [{key: echo, baseURL: 'http://localhost/v1', apiKey: app-0123456789}]\n"
	file := configFile(t, "%sauth: {tokens: [{name: a, sha256: '%064d', apps: ['*'], scopes: [logs]}]}\n", apps, 0)
	p := startProgram(t, "--config", file)
	if err := os.WriteFile(file, []byte(apps), 0o600); err != nil {
		t.Fatal(err)
	}
	p.signal(t, syscall.SIGHUP)
	p.waitsFor(t, `"level":"ERROR","msg":"configuration: not reloaded`)
	if status, answer := p.send(t, http.MethodPost, "/graphql", "application/json", `{"query": "{difyApps {key}}"}`); status != http.StatusUnauthorized {
		t.Errorf("a stranger got %d: %s", status, answer)
	}
	p.ends(t)
}

// TestSecondSignalEndsAtOnce: the first lets a request under way end, that never does.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	reached := make(chan struct{}, 100)
	dify := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		reached <- struct{}{}
		<-r.Context().Done()
	}))
	t.Cleanup(dify.Close)
	p := startProgram(t, "--config", configFile(t, "apps: [{key: echo, baseURL: %q, apiKey: %s}]\n", dify.URL+"/v1", goodKey))
	asking, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	request, err := http.NewRequestWithContext(asking, http.MethodPost, p.url+"/graphql", strings.NewReader(`{"query": "{workflowLogs {totalCount}}"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	go func() {
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close()
		}
	}()
	for range 2 { // the look at the app that the start begins, and the request
		<-reached
	}
	p.signal(t, syscall.SIGTERM)
	for draining := false; !draining; {
		status, _ := p.get(t, "/readyz")
		draining = status == http.StatusServiceUnavailable
	}
	p.signal(t, syscall.SIGTERM)
	exit, ok := errors.AsType[*exec.ExitError](p.command.Wait())
	if !ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
		t.Errorf("the end: %v", exit)
	}
}

// TestEndBeginsOnceSignalsAreLetGo: a second signal that comes as soon as the end shows must not be heard as the first was.
func TestEndBeginsOnceSignalsAreLetGo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		signalled, signal := context.WithCancel(t.Context())
		heard := true
		ctx := letGo(signalled, func() {
			time.Sleep(time.Second)
			heard = false
		})
		signal()
		<-ctx.Done()
		if heard {
			t.Error("the end began while signals were still heard")
		}
	})
}

// TestPipesAreNoFiles: whatever is to be read, a pipe, as the shell makes of <(…), does not hang the start.
func TestPipesAreNoFiles(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	named := configFile(t, "apps: [{key: echo, baseURL: 'http://localhost/v1', apiKeyFile: %q}]\n", pipe)
	for name, args := range map[string][]string{
		"configuration":        {"--config", pipe},
		"key":                  {"--config", named},
		"operations":           {"--operations", pipe},
		"configuration, check": {"check", "--config", pipe},
		"healthcheck":          {"healthcheck", "--config", pipe},
	} {
		environ := []string{"DIFYGRAPH_LISTEN=127.0.0.1:0"}
		if name == "healthcheck" {
			environ = nil
		}
		err := run(t.Context(), process{args, environ, io.Discard, io.Discard})
		if err == nil || !strings.Contains(fmt.Sprint(err), "no regular file") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
