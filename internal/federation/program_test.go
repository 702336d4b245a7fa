package federation

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// difygraph runs a command of the program to its end, and returns what it printed.
func difygraph(t *testing.T, args ...string) string {
	t.Helper()
	return runs(t, ".", "go", append([]string{"run", "../.."}, args...)...)
}

// build builds the program, and returns its path. What go run starts outlives it.
func build(t *testing.T) string {
	t.Helper()
	path := t.TempDir() + "/difygraph"
	runs(t, ".", "go", "build", "-o", path, "../..")
	return path
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

// needNode skips the test where there is no Node.js, or where npm has not installed the packages.
func needNode(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Skipf("no Node.js: %v", err)
	}
	if _, err := os.Stat("node_modules"); err != nil {
		t.Skipf("no packages, run npm ci in internal/federation: %v", err)
	}
}

// served is what a program says of where its GraphQL is.
var served = regexp.MustCompile(`^GraphQL +(http://\S+)$`)

// serve starts a program, and returns the URL of its GraphQL. It is killed when the test ends.
func serve(t *testing.T, name string, args ...string) (url string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, args...)
	var stderr strings.Builder
	command.Stderr = &stderr
	stdout, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if match := served.FindStringSubmatch(lines.Text()); match != nil {
			t.Cleanup(func() { _ = command.Wait() }) // the context has ended, and killed it
			return match[1]
		}
	}
	err = command.Wait()
	t.Fatalf("%s %q does not serve: %v\n%s", name, args, err, stderr.String())
	return ""
}
