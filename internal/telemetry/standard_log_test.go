package telemetry

import (
	"bytes"
	"context"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestNothingOfAnAnswerReachesTheLog: an upstream that says more than it declared has net/http log what it said.
func TestNothingOfAnAnswerReachesTheLog(t *testing.T) { //nolint:paralleltest // The standard log is everybody's.
	before, flags, standard := slog.Default(), log.Flags(), log.Writer()
	t.Cleanup(func() {
		slog.SetDefault(before)
		log.SetFlags(flags)
		log.SetOutput(standard)
	})
	lines := &lineWriter{lines: make(chan string, 10)}
	taken := OpenLog(t.Context(), lines, JSON)
	t.Cleanup(func() { _ = taken.Close(context.WithoutCancel(t.Context())) })
	taken.TakeOver()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	var serving sync.WaitGroup
	serving.Go(func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = conn.Read(make([]byte, 4096))
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}{\"key\":\"app-secret\"}")
		_, _ = conn.Read(make([]byte, 4096))
	})
	transport := new(http.Transport)
	t.Cleanup(transport.CloseIdleConnections)
	answer, err := transport.RoundTrip(requestTo(t.Context(), "http://"+listener.Addr().String()))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	select {
	case line := <-lines.lines:
		if !strings.Contains(line, "Unsolicited response received on idle HTTP channel") || strings.Contains(line, "secret") {
			t.Errorf("the log has %s", line)
		}
	case <-time.After(10 * time.Second):
		t.Error("net/http logs nothing; the sieve of library.go may have no use any more")
	}
	serving.Wait()
}

type lineWriter struct{ lines chan string }

func (w *lineWriter) Write(line []byte) (int, error) {
	w.lines <- string(bytes.Clone(line))
	return len(line), nil
}
