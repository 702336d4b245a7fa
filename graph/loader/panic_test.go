package loader

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
)

// checkPanic holds that an error tells of a panic and of where it was.
func checkPanic(t *testing.T, err error) {
	t.Helper()
	if err == nil || !strings.HasPrefix(err.Error(), "panic: boom\n") || !strings.Contains(err.Error(), "goroutine ") {
		t.Errorf("error %v, want the panic and its stack", err)
	}
}

// TestPanicOfSharedCall: all who wait for it get the error, and the next one asks anew.
func TestPanicOfSharedCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newTestShared(t, time.Minute)
		errs := make(chan error, 2)
		for range cap(errs) {
			go func() {
				_, _, err := s.get(t.Context(), "q", nobody, func(context.Context) (answerOf, error) {
					time.Sleep(time.Second)
					panic("boom")
				})
				errs <- err
			}()
		}
		checkPanic(t, <-errs)
		checkPanic(t, <-errs)
		var u upstreamOf
		if v, sent, err := s.get(t.Context(), "q", nobody, u.call); v != 1 || !sent || err != nil {
			t.Errorf("the next question: %d, %v, %v", v, sent, err)
		}
	})
}

// TestPanicOfOneKey: the other keys of the batch have their values.
func TestPanicOfOneKey(t *testing.T) {
	t.Parallel()
	results := each("a", func(_ context.Context, _ string, key int) (int, error) {
		if key == 2 {
			panic("boom")
		}
		return 10 * key, nil
	})(t.Context(), []int{1, 2, 3})
	checkPanic(t, results[1].Error)
	if results[0].Data != 10 || results[2].Data != 30 || results[0].Error != nil || results[2].Error != nil {
		t.Errorf("results %+v, %+v", results[0], results[2])
	}
}

// TestPanicOfWindow: where the list's own code panics, before it joins a call.
func TestPanicOfWindow(t *testing.T) {
	t.Parallel()
	answer := new(windowAnswer)
	answer.ask(t.Context(), nil, "a", difyapi.LogQuery{})
	if answer.page != nil || answer.err == nil || !strings.HasPrefix(answer.err.Error(), "panic: ") {
		t.Errorf("page %v, error %v", answer.page, answer.err)
	}
}

// TestPanicOfTransport: by whatever loader Dify is asked.
func TestPanicOfTransport(t *testing.T) {
	t.Parallel()
	for _, ttl := range []time.Duration{0, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			ctx, l := upstreamTo(t, &slowDify{panics: true}, ttl, answerBytes).operation(t)
			for range 20 { // more than may be under way at once: none keeps its place
				_, _, err := l.Logs(ctx, "a", difyapi.LogQuery{Limit: 1}, false)
				checkPanic(t, err)
				_, err = l.Run(ctx, "a", uuid.New())
				checkPanic(t, err)
				_, err = l.EndUser(ctx, "a", uuid.New())
				checkPanic(t, err)
			}
			_, err := l.Info(ctx, "a")
			checkPanic(t, err)
		})
	}
}
