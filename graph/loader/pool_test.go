package loader

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/difygraph/difygraph/difyapi"
)

func isFull(err error) bool {
	_, ok := errors.AsType[*fullError](err)
	return ok
}

// operationOf is one of a caller's, and its end.
func (u *Upstream) operationOf(t *testing.T, caller string) (l *Loaders, ctx context.Context, done func(answer int)) {
	t.Helper()
	ctx, done = u.Attach(difyapi.WithCaller(t.Context(), caller), plenty)
	return For(ctx), ctx, done
}

// TestGreedyCallerLeavesRoomForOthersAnswers: whatever number of operations it holds answers for, another's are not refused.
func TestGreedyCallerLeavesRoomForOthersAnswers(t *testing.T) {
	t.Parallel()
	const limit = 1200
	for name, fill := range map[string]func(*Loaders){
		"Dify's answers": func(l *Loaders) { l.Hold(50) },
		"its own":        func(l *Loaders) { _ = l.Write(25) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				u := upstreamTo(t, newSlowDify(), 0, limit)
				u.pool.resize(limit)
				for range 100 {
					l, _, done := u.operationOf(t, "greedy")
					defer done(0)
					fill(l)
				}
				if held := u.pool.bytes.Of("greedy"); held != limit/2 {
					t.Errorf("one caller holds %d of %d bytes", held, limit)
				}
				l, ctx, done := u.operationOf(t, "polite")
				l.Hold(200)
				if err := l.Write(50); err != nil || ctx.Err() != nil {
					t.Errorf("the other is refused: %v, %v", err, context.Cause(ctx))
				}
				done(0)
			})
		})
	}
}

// TestWhatIsBeyondTheShareIsNotHeld: it ends the operation that it is for, and takes nothing from others.
func TestWhatIsBeyondTheShareIsNotHeld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		u := upstreamTo(t, newSlowDify(), 0, 1<<20)
		u.pool.resize(1000)
		l, ctx, done := u.operationOf(t, "greedy")
		l.Hold(400)
		l.Hold(101)
		if !isFull(context.Cause(ctx)) || u.pool.bytes.Of("greedy") != 400 {
			t.Errorf("%v; %d are held", context.Cause(ctx), u.pool.bytes.Of("greedy"))
		}
		if err := l.Write(51); !isFull(err) || !strings.Contains(err.Error(), "yours") {
			t.Errorf("%v", err)
		}
		done(0)
		if held := u.pool.bytes.Of("greedy"); held != 0 {
			t.Errorf("%d are held at the end", held)
		}
	})
}

// TestAnswerIsItsCallersUntilItIsSent: it is held after its operation has ended, and counts for whose it is.
func TestAnswerIsItsCallersUntilItIsSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		u := upstreamTo(t, newSlowDify(), 0, 1<<20)
		u.pool.resize(1000)
		request, sent := context.WithCancel(difyapi.WithCaller(t.Context(), "slow reader"))
		ctx, done := u.Attach(request, plenty)
		For(ctx).Hold(100)
		_ = For(ctx).Write(100)
		done(100)
		if held := u.pool.bytes.Of("slow reader"); held != 100 {
			t.Errorf("%d are held, want the answer's 100", held)
		}
		sent()
		synctest.Wait()
		if held := u.pool.bytes.Of("slow reader"); held != 0 {
			t.Errorf("%d are held once it is sent", held)
		}
	})
}

// TestReloadDoesNotDoubleWhatIsHeld: operations of the configuration before hold what is of the next one's limit, too, whatever that is.
func TestReloadDoesNotDoubleWhatIsHeld(t *testing.T) {
	t.Parallel()
	var dify http.RoundTripper = newSlowDify()
	u := upstreamTo(t, dify, 0, 1<<20)
	u.pool.resize(1000)
	l, _, done := u.operationOf(t, "ann")
	l.Hold(500)
	next := u.Next(u.clients, Options{OperationBytes: 1 << 20, Bytes: 600})
	t.Cleanup(next.Close)
	other, ctx, end := next.operationOf(t, "ben")
	other.Hold(51)
	if !isFull(context.Cause(ctx)) {
		t.Errorf("there was room beside 500 of 600: %v", context.Cause(ctx))
	}
	end(0)
	done(0)
	other, ctx, end = next.operationOf(t, "ben")
	other.Hold(300)
	if ctx.Err() != nil {
		t.Errorf("there was no room: %v", context.Cause(ctx))
	}
	end(0)
}
