package live

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
)

// scripted is a Dify whose run tells events at times of its own.
type scripted struct {
	asked, streams int
	events         func(yield func(difyapi.RunEvent) bool)
}

var bob = &difyapi.EndUser{Type: "service-api", SessionID: new("bob")}

func (s *scripted) Find(context.Context) (*Found, error) {
	s.asked++
	return &Found{
		Run:   &difyapi.WorkflowRunDetail{WorkflowRun: difyapi.WorkflowRun{Status: difyapi.StatusRunning}},
		Entry: &difyapi.WorkflowLog{CreatedByRole: "end_user", CreatedByEndUser: bob},
	}, nil
}

func (*scripted) Detail(context.Context) (*difyapi.WorkflowRunDetail, error) {
	return nil, errors.New("nobody asks")
}

func (s *scripted) Events(context.Context, difyapi.RunEventsQuery) iter.Seq2[difyapi.RunEvent, error] {
	s.streams++
	return func(yield func(difyapi.RunEvent, error) bool) {
		s.events(func(e difyapi.RunEvent) bool { return yield(e, nil) })
	}
}

func (*scripted) Snapshot(context.Context, difyapi.RunEventsQuery) ([]difyapi.RunEvent, error) {
	return nil, errors.New("no place is free")
}

// texts tells so many texts, and then the end.
func texts(n int, pause time.Duration, variable func(i int) string) func(yield func(difyapi.RunEvent) bool) {
	return func(yield func(difyapi.RunEvent) bool) {
		time.Sleep(time.Second)
		for i := range n {
			time.Sleep(pause)
			if !yield(&difyapi.TextChunk{Text: "x", FromVariable: []string{variable(i)}}) {
				return
			}
		}
		yield(&difyapi.RunFinished{Run: &difyapi.WorkflowRunDetail{}})
	}
}

func same(int) string { return "text" }

// hear takes all in.
func hear(t *testing.T, w *Watcher) (count int, text string, err error) {
	t.Helper()
	for {
		event, err := w.Next(t.Context())
		if err != nil {
			return count, text, err
		}
		count++
		if chunk, ok := event.(*difyapi.TextChunk); ok {
			text += chunk.Text
		}
	}
}

// TestAThousandWatchersShareOneStream, and each is told all, once.
func TestAThousandWatchersShareOneStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		runs := New(Options{})
		defer runs.Close()
		dify := &scripted{events: texts(20, time.Millisecond, same)}
		key := Key{Run: uuid.New()}
		watchers := make([]*Watcher, 1000)
		for i := range watchers {
			watchers[i] = runs.Watch(key, dify)
		}
		for i, w := range watchers {
			if count, text, err := hear(t, w); count != 21 || len(text) != 20 || !errors.Is(err, io.EOF) {
				t.Fatalf("%d: %d events, text %q, %v", i, count, text, err)
			}
			w.Close()
		}
		if dify.asked != 1 || dify.streams != 1 || runs.Watching() != 0 {
			t.Errorf("asked %d times, %d streams, %d runs are watched", dify.asked, dify.streams, runs.Watching())
		}
	})
}

// TestWhoIsSlowMissesNoText: what a variable goes on with is one event then; of what can't be put together the subscription ends.
func TestWhoIsSlowMissesNoText(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		variable func(int) string
		want     string
	}{
		"text of one variable": {same, "EOF"},
		"text of many":         {func(i int) string { return fmt.Sprint(i) }, "takes in"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				runs := New(Options{})
				defer runs.Close()
				w := runs.Watch(Key{}, &scripted{events: func(yield func(difyapi.RunEvent) bool) {
					texts(5*maxQueued, time.Millisecond, test.variable)(func(e difyapi.RunEvent) bool {
						if _, ok := e.(*difyapi.RunFinished); ok {
							time.Sleep(time.Minute)
						}
						return yield(e)
					})
				}})
				defer w.Close()
				time.Sleep(10 * time.Second)
				count, text, err := hear(t, w)
				if !strings.Contains(err.Error(), test.want) || test.want == "EOF" && (len(text) != 5*maxQueued || count > maxQueued+1) {
					t.Errorf("%d events, %d of text, %v", count, len(text), err)
				}
			})
		})
	}
}

// TestAPanicEndsTheWatching of one run alone.
func TestAPanicEndsTheWatching(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		runs := New(Options{})
		defer runs.Close()
		w := runs.Watch(Key{}, &scripted{events: func(func(difyapi.RunEvent) bool) { panic("oops") }})
		if _, _, err := hear(t, w); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("ended by %v", err)
		}
		w.Close()
	})
}
