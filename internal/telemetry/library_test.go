package telemetry

import (
	"bytes"
	"errors"
	"log"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"go.opentelemetry.io/otel"
)

// TestLibrariesRepeatNobody has messages of net/http as it writes them.
func TestLibrariesRepeatNobody(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		`Unsolicited response received on idle HTTP channel starting with "app-planted"; err=<nil>`:  "Unsolicited response received on idle HTTP channel",
		"http: Accept error: accept tcp 127.0.0.1:80: accept4: too many open files; retrying in 5ms": "http: Accept error: accept tcp 127.0.0.1:80: accept4: too many open files; retrying in 5ms",
		"http: superfluous response.WriteHeader call from a/b.F (f.go:12)":                           "http: superfluous response.WriteHeader call from a/b.F (f.go:12)",
		"http: panic serving 192.0.2.1:80: planted":                                                  "http: panic serving",
		`http2: invalid header: planted`:                                                             "http2: invalid header",
		`net/http: invalid byte '"' in Cookie.Value; dropping invalid bytes planted`:                 "net/http: invalid byte",
		"planted": withheld,
		"":        withheld,
	} {
		var text syncBuffer
		log.New(libraries{NewLogger(&text, Text)}, "", 0).Print(message)
		if got := text.String(); !strings.Contains(got, "library: "+want) || strings.Contains(got, "planted") {
			t.Errorf("%q: %s", message, got)
		}
	}
}

// TestStackOfPanicIsTold, and not what the panic was about.
func TestStackOfPanicIsTold(t *testing.T) {
	t.Parallel()
	var text syncBuffer
	server := &http.Server{ErrorLog: log.New(libraries{NewLogger(&text, JSON)}, "", 0)}
	server.ErrorLog.Printf("http: panic serving %v: %v\n%s", "192.0.2.1:80", errors.New("planted\ngoroutine planted"), "goroutine 7 [running]:\nmain.f()")
	got := text.String()
	if !strings.Contains(got, `"stack":"goroutine 7 [running]:\nmain.f()`) || strings.Contains(got, "planted") || !strings.Contains(got, `"level":"ERROR"`) {
		t.Error(got)
	}
}

// TestLogTakesOverTheProcess: whoever writes to a log of the process's writes to this one, and waits for nobody.
func TestLogTakesOverTheProcess(t *testing.T) { //nolint:paralleltest // It changes the logs of the process.
	before, writer, flags := slog.Default(), log.Writer(), log.Flags()
	t.Cleanup(func() {
		slog.SetDefault(before)
		log.SetOutput(writer)
		log.SetFlags(flags)
	})
	var text bytes.Buffer
	taken := OpenLog(t.Context(), &text, Text)
	taken.TakeOver()
	slog.Info("by slog")
	log.Print(`Unsolicited response received on idle HTTP channel starting with "planted"`)
	otel.Handle(errors.New("failed to send to http://planted: 500 (body: planted)"))
	closeNow(t, taken.Queue)
	for _, want := range []string{`msg="by slog"`, "Unsolicited response", "failure=refused"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(text.String(), "planted") {
		t.Error(text.String())
	}
}
