package live

import (
	"context"
	"io"
	"sync"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/live/progress"
)

// run is one that is watched.
type run struct {
	key      Key
	dify     Dify
	watchAll bool
	stop     context.CancelFunc
	leave    func() // what to do once nobody watches

	mu       sync.Mutex
	known    progress.Run
	limited  *Limited // in force; nil if none
	watchers map[*Watcher]bool
	over     bool // nothing more is told
}

// join makes somebody listen, who is told first what was told to the others. It is false once all is over.
func (r *run) join(w *Watcher) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return false
	}
	w.run = r
	r.watchers[w] = true
	if r.limited != nil {
		w.tell(r.limited)
	}
	w.tell(r.known.Replay()...)
	return true
}

// part makes somebody listen no more. With the last the stream ends at once.
func (r *run) part(w *Watcher) {
	r.mu.Lock()
	delete(r.watchers, w)
	last := len(r.watchers) == 0
	r.over = r.over || last
	r.mu.Unlock()
	if last {
		r.stop()
		r.leave()
	}
}

func (r *run) isOver() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.over
}

// take tells what an event of a stream has that is new.
func (r *run) take(event difyapi.RunEvent) {
	r.change(func() []difyapi.RunEvent { return r.known.Take(event) })
}

// change tells what came of it to all.
func (r *run) change(what func() []difyapi.RunEvent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	told := what()
	for w := range r.watchers {
		w.tell(told...)
	}
}

// hasEnded tells whether the run's end was told.
func (r *run) hasEnded() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.known.Ended()
}

// end says why nothing more comes: nil after the run's end.
func (r *run) end(err error) {
	if err == nil {
		err = io.EOF
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over = true
	for w := range r.watchers {
		w.finish(err)
	}
}

// limit tells once that what happens inside can't be told, and why.
func (r *run) limit(l Limit) {
	r.change(func() []difyapi.RunEvent {
		if r.limited != nil && r.limited.Limit == l {
			return nil
		}
		r.limited = &Limited{Limit: l}
		return []difyapi.RunEvent{r.limited}
	})
}

// unlimited is for those who come from now on: what happens inside is told.
func (r *run) unlimited() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.limited = nil
}
