package graph_test

import (
	"bytes"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
)

// checksUnderRace is how many worlds each property draws where the race detector makes walks some ten times slower. It looks
// for races, which few worlds show as well as many.
const checksUnderRace = "25"

func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if raceDetector && !given {
		if err := flag.Set("rapid.checks", checksUnderRace); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(&logs, nil)))
	code := m.Run()
	told := strings.ReplaceAll(logs.text(), " host=127.0.0.1:", " host=") // of an app that goes down or comes back
	for _, secret := range []string{"app-secret", "Sign in", "nginx", "<html", "127.0.0.1", "tenant"} {
		if strings.Contains(told, secret) {
			fmt.Fprintf(os.Stderr, "the log has %q\n", secret)
			code = 1
		}
	}
	os.Exit(code)
}

// logs are what all tests have logged.
var logs logged

type logged struct {
	mu   sync.Mutex
	kept bytes.Buffer
}

func (l *logged) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.kept.Write(line)
}

func (l *logged) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.kept.String()
}

// with are the lines that have a text.
func (l *logged) with(text string) (lines []string) {
	for line := range strings.Lines(l.text()) {
		if strings.Contains(line, text) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}
