package progress_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/live/progress"
)

// TestExecutionsToldAreThoseThatWereRun, each once, whenever one subscribes and whatever is lost or cut; but for those of which Dify
// told nothing, and with an unknown end where it told none.
func TestExecutionsToldAreThoseThatWereRun(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		var run progress.Run
		told := newListener(t)
		for _, s := range w.watching {
			for _, c := range w.comings(s) {
				for _, event := range take(&run, c) {
					told.hear(event)
					w.checkPause(t, c.at, event)
				}
			}
		}
		if diff := cmp.Diff(w.want(), told.ends); diff != "" {
			t.Fatalf("executions (-run +told):\n%s", diff)
		}
		if run.Ended() != w.seesEnd() || told.ended != w.seesEnd() {
			t.Fatalf("ended %t, told so %t, want %t", run.Ended(), told.ended, w.seesEnd())
		}
		first := w.watching[0].from
		for _, n := range w.nodes {
			began, ended := told.replayed["start"+n.id.String()], told.replayed["finish"+n.id.String()]
			if began != (n.begin <= first && first < w.end) || ended != (n.end <= first && first < w.end) {
				t.Fatalf("%v: start replayed %t, end replayed %t, first heard at %d", n, began, ended, first)
			}
		}
		again := newListener(t)
		for _, event := range run.Replay() {
			again.hear(event)
		}
		if diff := cmp.Diff(told.order, again.order); diff != "" {
			t.Fatalf("(-told +replayed):\n%s", diff)
		}
	})
}

func take(run *progress.Run, c coming) []difyapi.RunEvent {
	if c.event == nil {
		return run.Settle(c.beside)
	}
	return run.Take(c.event)
}

// checkPause fails where the run is told to pause or to go on, and does not.
func (w *world) checkPause(t *rapid.T, now int, event difyapi.RunEvent) {
	switch e := event.(type) {
	case *difyapi.RunPaused:
		if !w.pausedAt(now) {
			t.Fatalf("told at %d to be paused", now)
		}
	case *difyapi.RunStarted:
		if e.Resumed && !w.wentOn(now) {
			t.Fatalf("told at %d to go on", now)
		}
	}
}

// want is the oracle: how the executions end of which anything is told.
func (w *world) want() map[uuid.UUID]string {
	want := map[uuid.UUID]string{}
	for _, n := range w.nodes {
		switch {
		case w.tells(n, n.end, "finish"):
			want[n.id] = string(n.status)
		case !w.tells(n, n.begin, "start", "again", "retry"):
		case w.seesEnd():
			want[n.id] = "unknown"
		default:
			want[n.id] = "open"
		}
	}
	return want
}

// listener hears what is told, and fails where anything comes twice or in the wrong order.
type listener struct {
	t              failer
	ends           map[uuid.UUID]string
	indexes        map[uuid.UUID]int
	replayed       map[string]bool
	order          []string
	started, ended bool
	paused         bool
	forms          map[string]bool // no node has two
}

// failer is a test, or what reports to one.
type failer interface {
	Fatalf(format string, args ...any)
}

func newListener(t failer) *listener {
	return &listener{t: t, ends: map[uuid.UUID]string{}, indexes: map[uuid.UUID]int{}, replayed: map[string]bool{}, forms: map[string]bool{}}
}

func (l *listener) hear(event difyapi.RunEvent) {
	if l.ended {
		l.t.Fatalf("%T after the end", event)
	}
	switch e := event.(type) {
	case *progress.ExecutionStarted:
		l.begin(e.Execution, e.Replayed)
	case *progress.ExecutionFinished:
		l.end(e.Execution, e.Replayed)
	case *difyapi.RunStarted:
		if l.started && !l.paused || l.started != e.Resumed {
			l.t.Fatalf("the run started: resumed %t, paused %t", e.Resumed, l.paused)
		}
		l.started, l.paused = true, false
	case *difyapi.RunPaused:
		if l.paused {
			l.t.Fatalf("paused twice")
		}
		l.paused = true
	case *difyapi.RunFinished:
		l.ended = true
	case *difyapi.NodeRetried:
		if l.ends[e.Execution.ID] != "open" {
			l.t.Fatalf("retried while %q", l.ends[e.Execution.ID])
		}
	case *difyapi.OtherRunEvent:
		if l.forms[string(e.Data)] {
			l.t.Fatalf("the form %s twice", e.Data)
		}
		l.forms[string(e.Data)] = true
	default:
		l.t.Fatalf("%T", event)
	}
}

func (l *listener) begin(e progress.Execution, replayed bool) {
	if l.ends[e.ID] != "" || e.Index != len(l.ends)+1 || e.Status.IsFinal() || e.Lost {
		l.t.Fatalf("began: %+v, before it %q", e, l.ends[e.ID])
	}
	l.ends[e.ID], l.indexes[e.ID], l.replayed["start"+e.NodeID] = "open", e.Index, replayed
	l.order = append(l.order, fmt.Sprint("start ", e.Index))
}

func (l *listener) end(e progress.Execution, replayed bool) {
	if l.ends[e.ID] != "open" || e.Index != l.indexes[e.ID] || e.Status.IsFinal() == e.Lost {
		l.t.Fatalf("ended: %+v, before it %q", e, l.ends[e.ID])
	}
	l.ends[e.ID], l.replayed["finish"+e.NodeID] = string(e.Status), replayed
	if e.Lost {
		l.ends[e.ID] = "unknown"
	}
	l.order = append(l.order, fmt.Sprint("finish ", e.Index))
}
