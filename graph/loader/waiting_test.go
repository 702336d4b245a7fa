package loader

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/difygraph/difygraph/difyapi"
)

// waits are those of one operation.
type waits struct {
	begun, ended int
	refused      bool
}

func (w *waits) wait(app string) (func(context.Context), bool) {
	if app != "a" || w.refused {
		return nil, false
	}
	w.begun++
	return func(context.Context) { w.ended++ }, true
}

func (w *waits) check(t *testing.T, want int) {
	t.Helper()
	if w.begun != want || w.ended != want {
		t.Errorf("%d waits begun, %d ended, want %d", w.begun, w.ended, want)
	}
}

// TestOperationsTellThatTheyWait for calls that they make or join, however these end, and not for what is answered from memory.
func TestOperationsTellThatTheyWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var u upstreamOf
		var w waits
		s := newTestShared(t, 10*time.Second)
		ctx := withApp(WithWaiting(t.Context(), w.wait), "a")
		get := func(ctx context.Context, call func(context.Context) (answerOf, error)) error {
			_, _, err := s.get(ctx, "q", nobody, call)
			return err
		}
		other := make(chan error, 1)
		go func() { other <- get(t.Context(), u.call) }()
		synctest.Wait()
		_ = get(ctx, u.call) // joins
		if err := <-other; err != nil {
			t.Error(err)
		}
		w.check(t, 1)
		_ = get(ctx, u.call) // from memory
		w.check(t, 1)
		time.Sleep(time.Minute)
		_ = get(ctx, func(context.Context) (answerOf, error) { return 0, errors.New("failed") })
		w.check(t, 2)
		_ = get(ctx, func(context.Context) (answerOf, error) { panic("boom") })
		w.check(t, 3)
		ended, cancel := context.WithCancel(ctx)
		cancel()
		_ = get(ended, u.call)
		w.check(t, 4)
		w.refused = true
		time.Sleep(time.Minute)
		if err := get(ctx, u.call); !difyapi.IsOverloaded(err) {
			t.Errorf("refused: %v", err)
		}
	})
}

// TestCallsTellThatTheyWait: fresh windows, which are not shared, and the question for a version, which is.
func TestCallsTellThatTheyWait(t *testing.T) {
	t.Parallel()
	client, err := difyapi.New(difyapi.Options{
		BaseURL: "http://dify.test/v1", APIKey: "app-1",
		Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("refused") }),
	})
	if err != nil {
		t.Fatal(err)
	}
	u := New(map[string]*difyapi.Client{"a": client}, Options{})
	t.Cleanup(u.Close)
	var w waits
	ctx, done := u.Attach(WithWaiting(t.Context(), w.wait), plenty)
	_, _, _ = For(ctx).Logs(ctx, "a", difyapi.LogQuery{}, true)
	w.check(t, 1)
	_, _ = For(ctx).Version(ctx, "a")
	w.check(t, 2)
	done(0)
	w.refused = true
	ctx, done = u.Attach(WithWaiting(t.Context(), w.wait), plenty)
	_, _, err = For(ctx).Logs(ctx, "a", difyapi.LogQuery{}, true)
	_, versionErr := For(ctx).Version(ctx, "a")
	if !difyapi.IsOverloaded(err) || !difyapi.IsOverloaded(versionErr) {
		t.Errorf("refused: %v, %v", err, versionErr)
	}
	done(0)
}

// roundTrip is a transport without a network.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
