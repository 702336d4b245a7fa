package telemetry

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// stuck is a pipe that nobody reads until it is released.
type stuck struct {
	syncBuffer

	released chan struct{}
}

func (s *stuck) Write(line []byte) (int, error) {
	<-s.released
	return s.syncBuffer.Write(line)
}

func closeNow(t *testing.T, q *Queue) {
	t.Helper()
	if err := q.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestLogThatNobodyReadsStopsNoRequest sends more requests than the log has room for; all are answered.
func TestLogThatNobodyReadsStopsNoRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const requests = maxQueueLines + 100
		pipe := &stuck{released: make(chan struct{})}
		log := OpenLog(t.Context(), pipe, JSON)
		told, err := New(t.Context(), Options{Log: log.Logger})
		if err != nil {
			t.Fatal(err)
		}
		served := told.Middleware("/graphql")(http.NotFoundHandler())
		for range requests {
			served.ServeHTTP(discardResponse{}, requestTo(t.Context(), "/graphql"))
		}
		close(pipe.released)
		synctest.Wait()
		lost := log.Dropped()
		if lines := int64(strings.Count(pipe.String(), `"msg":"operation"`)); lost == 0 || lines+lost != requests {
			t.Errorf("%d lines were written and %d dropped, want %d together", lines, lost, requests)
		}
		closeNow(t, log.Queue)
	})
}

// discardResponse is an answer that nobody reads.
type discardResponse struct{}

func (discardResponse) Header() http.Header         { return http.Header{} }
func (discardResponse) Write(p []byte) (int, error) { return len(p), nil }
func (discardResponse) WriteHeader(int)             {}

// TestDroppedLinesAreTold: in the log once it flows again, each of them once.
func TestDroppedLinesAreTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pipe := &stuck{released: make(chan struct{})}
		log := OpenLog(t.Context(), pipe, Text)
		log.Info("first")
		synctest.Wait() // it is being written
		for range maxQueueLines + 3 {
			log.Info("line")
		}
		close(pipe.released)
		synctest.Wait()
		log.Info("last")
		closeNow(t, log.Queue)
		text := pipe.String()
		if !strings.Contains(text, "dropped=3\n") || strings.Count(text, "dropped=") != 1 || !strings.HasSuffix(text, "msg=last\n") {
			t.Errorf("%d lines dropped; the log ends with %.300s", log.Dropped(), text[max(0, len(text)-300):])
		}
	})
}

func TestQueueIsBoundedInBytes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pipe := &stuck{released: make(chan struct{})}
		q := NewQueue(pipe, nil)
		large := make([]byte, maxQueueBytes/4)
		for range 10 {
			_, _ = q.Write(large)
		}
		close(pipe.released)
		closeNow(t, q)
		if kept := len(pipe.String()) / len(large); kept < 4 || kept > 5 || q.Dropped() != int64(10-kept) {
			t.Errorf("%d of 10 quarters were kept, %d dropped", kept, q.Dropped())
		}
	})
}

// TestQueueOutlivesItsReader: a disk that was full may have room again.
func TestQueueOutlivesItsReader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		disk := new(failing)
		disk.full.Store(true)
		log := OpenLog(t.Context(), disk, Text)
		log.Info("lost")
		synctest.Wait()
		disk.full.Store(false)
		log.Info("kept")
		closeNow(t, log.Queue)
		if text := disk.String(); !strings.Contains(text, "dropped=1") || !strings.Contains(text, "msg=kept") || strings.Contains(text, "msg=lost") {
			t.Errorf("%s", text)
		}
	})
}

// failing is a disk that may be full.
type failing struct {
	syncBuffer

	full atomic.Bool
}

func (f *failing) Write(line []byte) (int, error) {
	if f.full.Load() {
		return 0, io.ErrShortWrite
	}
	return f.syncBuffer.Write(line)
}

func TestQueueIsFlushed(t *testing.T) {
	t.Parallel()
	var text syncBuffer
	q := NewQueue(&text, nil)
	for range 1000 {
		_, _ = io.WriteString(q, "line\n")
	}
	closeNow(t, q)
	_, _ = io.WriteString(q, "late\n")
	if got := text.String(); got != strings.Repeat("line\n", 1000) || q.Dropped() != 1 {
		t.Errorf("%d bytes, %d dropped", len(got), q.Dropped())
	}
}

// TestFlushIsBounded: a pipe that nobody reads does not hold up the end.
func TestFlushIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pipe := &stuck{released: make(chan struct{})}
		q := NewQueue(pipe, nil)
		_, _ = io.WriteString(q, "line\n")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := q.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Close: %v", err)
		}
		close(pipe.released)
	})
}

// TestDroppedLinesAreCounted: by the metric too.
func TestDroppedLinesAreCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, healthy, func(o *Options) { o.Dropped = func() int64 { return 7 } })
	if text := w.scrape(t); !strings.Contains(text, "\ndifygraph_log_dropped_total 7\n") {
		t.Errorf("%s", text)
	}
}

// TestPipeThatNobodyReads has a pipe of the system, which no deadline can be set on.
func TestPipeThatNobodyReads(t *testing.T) {
	t.Parallel()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	q := NewQueue(write, nil)
	line := []byte(strings.Repeat("x", 1023) + "\n")
	for range 2 * maxQueueBytes / len(line) {
		_, _ = q.Write(line)
	}
	if q.Dropped() == 0 {
		t.Error("nothing was dropped")
	}
	_ = read.Close()
	closeNow(t, q)
	_ = write.Close()
}
