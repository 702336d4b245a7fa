package e2e

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// programs is the folder that the program is built in.
var programs string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "difygraph-e2e-")
	if err != nil {
		panic(err)
	}
	programs = folder
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

// build builds the program, with the race detector where the tests have it.
var build = sync.OnceValues(func() (path string, err error) {
	path = filepath.Join(programs, "difygraph")
	args := slices.Concat([]string{"build"}, raceFlags(), []string{"-o", path, "../.."})
	if out, err := exec.CommandContext(context.Background(), "go", args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("go %q: %w: %s", args, err, out)
	}
	return path, nil
})

// program is the path of the program.
func program(t *testing.T) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// difygraph runs a command of the program to its end, and returns what it printed.
func difygraph(t *testing.T, args ...string) string {
	t.Helper()
	return runs(t, ".", program(t), args...)
}

// runs takes a program in a folder to its end, which must be a success, and returns what it printed on its output.
func runs(t *testing.T, folder, name string, args ...string) string {
	t.Helper()
	var stdout, all strings.Builder
	command := exec.CommandContext(t.Context(), name, args...)
	command.Dir, command.Stdout, command.Stderr = folder, io.MultiWriter(&stdout, &all), &all
	if err := command.Run(); err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, all.String())
	}
	return stdout.String()
}

// needNode skips the test where there is no Node.js, or where npm has not installed the packages of a folder.
func needNode(t *testing.T, folder string) {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Skipf("no Node.js: %v", err)
	}
	if _, err := os.Stat(folder + "/node_modules"); err != nil {
		t.Skipf("no packages, run npm ci in internal/e2e/%s: %v", folder, err)
	}
}

// served is what a program says of where its GraphQL is: those of the tests in a line for people, ours in its log.
var served = regexp.MustCompile(`(?m)^GraphQL +(http://\S+)$|"graphql":"(http://[^"]+)"`)

// serve starts a program, and returns the URL of its GraphQL. It is killed when the test ends.
func serve(t *testing.T, name string, args ...string) (url string) {
	t.Helper()
	return serveBy(t, exec.CommandContext(t.Context(), name, args...))
}

// serveBy starts a program that is killed when the test ends, and returns the URL of its GraphQL.
func serveBy(t *testing.T, command *exec.Cmd) (url string) {
	t.Helper()
	output := &startOutput{more: command.Stderr, url: make(chan string, 1)}
	command.Stderr = output
	stdout, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(output, stdout)
	}()
	select {
	case url := <-output.url:
		t.Cleanup(func() { _ = command.Wait() }) // the context has ended, and killed it
		return url
	case <-ended:
		err = command.Wait()
		t.Fatalf("%s does not serve: %v\n%s", command, err, output.text.String())
		return ""
	}
}

// startOutput looks for the URL in all that a program writes to either of its streams.
type startOutput struct {
	more io.Writer // takes all of it too, unless it is nil
	url  chan string

	mu   sync.Mutex
	text strings.Builder
	told bool
}

func (o *startOutput) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.told {
		o.text.Write(text)
		if match := served.FindStringSubmatch(o.text.String()); match != nil {
			o.url <- match[1] + match[2]
			o.told = true
		}
	}
	if o.more == nil {
		return len(text), nil
	}
	return o.more.Write(text)
}
