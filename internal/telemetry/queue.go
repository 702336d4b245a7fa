package telemetry

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync/atomic"
)

// What a queue holds at most: room for a burst, not for a reader that is gone.
const (
	maxQueueLines = 4096
	maxQueueBytes = 1 << 20
)

// Queue is a writer that never waits: a pipe may be full because nobody reads it, or a disk may hang, and no request is to wait
// for that. What is written is kept in memory, up to 4,096 writes or 1 MiB, and a goroutine passes it on, each write by
// itself. What finds no room, or can't be passed on, is dropped and counted. It is safe for concurrent use.
type Queue struct {
	to     io.Writer
	notice func(dropped int64) error // nil: nobody is told

	lines   chan []byte
	bytes   atomic.Int64
	dropped atomic.Int64
	told    int64 // of dropped; the goroutine's

	closing context.Context
	close   context.CancelFunc
	ended   chan struct{}
}

// NewQueue passes on to a writer, until it is closed. The notice, which may be nil, writes there, past the queue, how many
// writes were dropped since it was called last; it is called once something can be written again.
func NewQueue(to io.Writer, notice func(dropped int64) error) *Queue {
	q := &Queue{to: to, notice: notice, lines: make(chan []byte, maxQueueLines), ended: make(chan struct{})}
	q.closing, q.close = context.WithCancel(context.Background())
	go q.run()
	return q
}

// Write keeps a copy of the line, or drops it. It never fails.
func (q *Queue) Write(line []byte) (int, error) {
	size := int64(len(line))
	if over := q.bytes.Add(size) > maxQueueBytes; over || q.isClosed() {
		q.bytes.Add(-size)
		q.dropped.Add(1)
		return len(line), nil
	}
	select {
	case q.lines <- bytes.Clone(line):
	default:
		q.bytes.Add(-size)
		q.dropped.Add(1)
	}
	return len(line), nil
}

func (q *Queue) isClosed() bool { return q.closing.Err() != nil }

// Dropped is how many writes are lost so far.
func (q *Queue) Dropped() int64 { return q.dropped.Load() }

// Close passes on what is kept, for as long as ctx lasts. What is written from now on is dropped. The error says that
// something could not be passed on in time.
func (q *Queue) Close(ctx context.Context) error {
	q.close()
	select {
	case <-q.ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%d lines were not taken in time: %w", len(q.lines)+1, ctx.Err())
	}
}

func (q *Queue) run() {
	defer close(q.ended)
	for {
		select {
		case line := <-q.lines:
			q.pass(line)
		case <-q.closing.Done():
			q.passRest()
			return
		}
	}
}

func (q *Queue) passRest() {
	for {
		select {
		case line := <-q.lines:
			q.pass(line)
		default:
			return
		}
	}
}

func (q *Queue) pass(line []byte) {
	q.bytes.Add(-int64(len(line)))
	if dropped := q.dropped.Load(); dropped > q.told && q.notice != nil && q.notice(dropped-q.told) == nil {
		q.told = dropped
	}
	if _, err := q.to.Write(line); err != nil {
		q.dropped.Add(1) // whoever read it is gone, or the disk is full: both may come to an end
	}
}
