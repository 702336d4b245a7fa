package live

import (
	"context"
	"slices"
	"sync"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/code"
)

// maxQueued is how many events wait for somebody who is slow. Text that goes on where the last event left off is added to that from
// then on, so that a few words more or less are no more events.
const maxQueued = 1000

// errTooSlow ends the watching of who takes less in than happens.
var errTooSlow = code.New(code.Overloaded,
	"more happens in this run than this subscription takes in; subscribe again, and what has happened is told first, but for text")

// Watcher is somebody who watches a run. Next is for one goroutine.
type Watcher struct {
	run   *run
	woken chan struct{}

	mu     sync.Mutex
	queue  []difyapi.RunEvent
	ending error // after the queue; nil while the run goes on
}

// Next waits for the next event: what package progress tells, or a [*Limited]. After the run's end the error is [io.EOF], and else why
// the run is not watched any more: [ErrNoRun], or a failure of Dify's.
func (w *Watcher) Next(ctx context.Context) (difyapi.RunEvent, error) {
	for {
		if event, err := w.poll(); event != nil || err != nil {
			return event, err
		}
		select {
		case <-w.woken:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (w *Watcher) poll() (difyapi.RunEvent, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) == 0 {
		return nil, w.ending
	}
	event := w.queue[0]
	w.queue[0] = nil
	w.queue = w.queue[1:]
	return event, nil
}

// Close ends the watching. It is to be called once.
func (w *Watcher) Close() { w.run.part(w) }

// tell puts events into the queue.
func (w *Watcher) tell(events ...difyapi.RunEvent) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, event := range events {
		switch {
		case w.ending != nil:
		case len(w.queue) < maxQueued:
			w.queue = append(w.queue, event)
		case !w.lengthen(event):
			w.queue, w.ending = nil, errTooSlow
		}
	}
	w.wake()
}

// lengthen adds text to the last event, if that is text of the same variable.
func (w *Watcher) lengthen(event difyapi.RunEvent) bool {
	more, ok := event.(*difyapi.TextChunk)
	last, isText := w.queue[len(w.queue)-1].(*difyapi.TextChunk)
	if !ok || !isText || !slices.Equal(more.FromVariable, last.FromVariable) {
		return false
	}
	w.queue[len(w.queue)-1] = &difyapi.TextChunk{Text: last.Text + more.Text, FromVariable: last.FromVariable}
	return true
}

// finish says that nothing comes after the queue.
func (w *Watcher) finish(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ending == nil {
		w.ending = err
	}
	w.wake()
}

func (w *Watcher) wake() {
	select {
	case w.woken <- struct{}{}:
	default:
	}
}
