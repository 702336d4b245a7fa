// Package progress puts together what streams of events tell of one run, so that each thing is told once: a snapshot and what
// follows it, a second snapshot, and the stream after one that was cut. Dify loses events between a snapshot and what follows; what
// is missing is made up where more is known by now.
//
// It is pure, over values: it makes no calls, and time plays no part in it.
package progress

import (
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
)

// Execution is the execution of a node, as far as it is known.
type Execution struct {
	*difyapi.NodeExecution
	// Index is its position in the order in which executions began, from 1, as they were seen to.
	Index int
	// Lost says that its run has ended and Dify has not told how the execution did: its status is the last that was known.
	Lost bool
}

// ExecutionStarted says that an execution has begun. Each does once.
type ExecutionStarted struct {
	Execution Execution
	Replayed  bool
}

// ExecutionFinished says that an execution has ended, after it has begun. Each does at most once; and once, when its run ends.
type ExecutionFinished struct {
	Execution Execution
	Replayed  bool
}

// IsReplayed is Replayed.
func (e *ExecutionStarted) IsReplayed() bool { return e.Replayed }

// IsReplayed is Replayed.
func (e *ExecutionFinished) IsReplayed() bool { return e.Replayed }

// Run is what is known of how far a run is. The zero value knows nothing. It is not safe for concurrent use.
type Run struct {
	started    *difyapi.RunStarted
	executions map[uuid.UUID]*execution
	log        []step // what was told of executions, in order
	forms      []*difyapi.OtherRunEvent
	paused     *difyapi.RunPaused
	finished   *difyapi.RunFinished
	live       bool // the first snapshot is over
}

type execution struct {
	known    Execution
	finished bool
}

// step is a start or an end that was told.
type step struct {
	*execution
	end bool
}

// Take takes the next event of a stream, and returns what is to be told now, in order: [*ExecutionStarted], [*ExecutionFinished], and
// what else difyapi has but [*difyapi.NodeStarted] and [*difyapi.NodeFinished]. What was told already is not told again.
//
// Events have to come in the order of their streams, one stream after the other.
func (r *Run) Take(event difyapi.RunEvent) []difyapi.RunEvent {
	if r.finished != nil {
		return nil
	}
	r.live = r.live || !event.IsReplayed()
	told := r.goesOn(event)
	return append(told, r.news(event)...)
}

// Settle takes the snapshot of a stream beside the one whose events are taken, which has what that one lost. It tells of an end
// without its outputs, and may be older than what was taken: so it is of use to wait a moment before it is given.
func (r *Run) Settle(snapshot []difyapi.RunEvent) (told []difyapi.RunEvent) {
	r.live = true
	for _, event := range snapshot {
		switch event.(type) {
		case *difyapi.NodeStarted, *difyapi.NodeFinished: // whether it is paused may have changed
			told = append(told, r.Take(event)...)
		}
	}
	return told
}

// goesOn tells that a paused run goes on, where something happens in it and Dify has not said so.
func (r *Run) goesOn(event difyapi.RunEvent) []difyapi.RunEvent {
	if r.paused == nil || event.IsReplayed() {
		return nil
	}
	switch event.(type) {
	case *difyapi.RunStarted, *difyapi.RunPaused, *difyapi.RunFinished:
		return nil
	default:
		return r.resume(&difyapi.RunStarted{Run: r.paused.Run, Resumed: true})
	}
}

// news are what is new in an event.
func (r *Run) news(event difyapi.RunEvent) []difyapi.RunEvent {
	switch e := event.(type) {
	case *difyapi.RunStarted:
		return r.begin(e)
	case *difyapi.NodeStarted:
		return r.start(e.Execution, e.Replayed)
	case *difyapi.NodeFinished:
		return r.end(e.Execution, e.Replayed)
	case *difyapi.NodeRetried:
		return r.retry(e)
	case *difyapi.RunPaused:
		return r.pause(e)
	case *difyapi.RunFinished:
		return r.finish(e)
	case *difyapi.OtherRunEvent:
		return r.other(e)
	default:
		return []difyapi.RunEvent{event}
	}
}

// Ended reports whether the run's end was told. Nothing is told after it.
func (r *Run) Ended() bool { return r.finished != nil }

// Paused reports whether the run waits for a human, as far as is known.
func (r *Run) Paused() bool { return r.paused != nil }

// Open is how many executions have begun and not ended, as far as is known.
func (r *Run) Open() int {
	open := 0
	for _, e := range r.executions {
		if !e.finished {
			open++
		}
	}
	return open
}

// Replay tells what was told so far once more, for whoever comes later, as a snapshot of Dify's would: without what was streamed, and
// without inputs, outputs and errors of executions.
func (r *Run) Replay() []difyapi.RunEvent {
	var all []difyapi.RunEvent
	if r.started != nil {
		all = append(all, &difyapi.RunStarted{Run: r.started.Run, Replayed: true})
	}
	for _, s := range r.log {
		if s.end {
			all = append(all, &ExecutionFinished{s.known, true})
		} else {
			all = append(all, &ExecutionStarted{s.atStart(), true})
		}
	}
	for _, form := range r.forms {
		all = append(all, &difyapi.OtherRunEvent{Name: form.Name, Data: form.Data, Replayed: true})
	}
	if r.paused != nil {
		all = append(all, &difyapi.RunPaused{Run: r.paused.Run, Reasons: r.paused.Reasons, Replayed: true})
	}
	if r.finished != nil {
		all = append(all, r.finished)
	}
	return all
}

// begin tells the run's start once, and that it goes on where it was told to be paused.
func (r *Run) begin(e *difyapi.RunStarted) []difyapi.RunEvent {
	switch {
	case e.Resumed && r.paused != nil:
		return r.resume(e)
	case r.started != nil:
		r.live = true // by now this is a second snapshot
		return nil
	default:
		r.started = e
		return []difyapi.RunEvent{e}
	}
}

func (r *Run) resume(e *difyapi.RunStarted) []difyapi.RunEvent {
	r.paused, r.forms = nil, nil
	return []difyapi.RunEvent{e}
}

func (r *Run) start(node *difyapi.NodeExecution, replayed bool) []difyapi.RunEvent {
	if r.executions[node.ID] != nil {
		return nil
	}
	e := r.add(node)
	return []difyapi.RunEvent{&ExecutionStarted{Execution{NodeExecution: node, Index: e.known.Index}, r.replays(replayed)}}
}

// add keeps an execution, whose start is told by that.
func (r *Run) add(node *difyapi.NodeExecution) *execution {
	if r.executions == nil {
		r.executions = map[uuid.UUID]*execution{}
	}
	e := &execution{known: Execution{NodeExecution: outline(node), Index: len(r.executions) + 1}}
	r.executions[node.ID] = e
	r.log = append(r.log, step{e, false})
	return e
}

// end tells an end once, with the start before it where that was not told. One that waits has not ended.
func (r *Run) end(node *difyapi.NodeExecution, replayed bool) (told []difyapi.RunEvent) {
	e := r.executions[node.ID]
	if e == nil {
		told = r.start(beginning(node), replayed)
		e = r.executions[node.ID]
	}
	if e.finished {
		return nil
	}
	whole := e.complete(node)
	e.known.NodeExecution = outline(whole)
	if !node.Status.IsFinal() {
		return told
	}
	e.finished = true
	r.log = append(r.log, step{e, true})
	return append(told, &ExecutionFinished{Execution{NodeExecution: whole, Index: e.known.Index}, r.replays(replayed)})
}

// retry tells another try, of an execution whose start is told before it.
func (r *Run) retry(retried *difyapi.NodeRetried) (told []difyapi.RunEvent) {
	node := retried.Execution
	told = r.start(beginning(node), false)
	e := r.executions[node.ID]
	if e.finished {
		return nil
	}
	e.known.NodeExecution = outline(e.complete(node))
	return append(told, retried)
}

func (r *Run) pause(e *difyapi.RunPaused) []difyapi.RunEvent {
	if r.paused != nil {
		return nil
	}
	r.paused = e
	return []difyapi.RunEvent{e}
}

// finish tells of what is open that its end is not known, and then the end of all.
func (r *Run) finish(e *difyapi.RunFinished) (told []difyapi.RunEvent) {
	r.finished, r.paused, r.forms = e, nil, nil
	for _, s := range r.log {
		if s.end || s.finished {
			continue
		}
		s.finished, s.known.Lost = true, true
		r.log = append(r.log, step{s.execution, true})
		told = append(told, &ExecutionFinished{Execution: s.known})
	}
	return append(told, e)
}

// other tells an event of another kind. A snapshot has forms alone among them, which are told once until the run goes on.
func (r *Run) other(e *difyapi.OtherRunEvent) []difyapi.RunEvent {
	switch {
	case !isForm(e):
	case r.hasForm(nodeOf(e)):
		return nil
	default:
		r.forms = append(r.forms, e)
	}
	return []difyapi.RunEvent{e}
}

// replays tells whether what a snapshot has was there before anybody listened. What only a second one has was not.
func (r *Run) replays(replayed bool) bool { return replayed && !r.live }
