package loader

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// nobody pays for nothing.
var nobody *budget

// answerOf is the number of the call that it came from.
type answerOf int

// Size is of no interest here.
func (answerOf) Size() int { return 1 }

// upstreamOf is a call that takes a second, and how often it was made and given up.
type upstreamOf struct {
	mu             sync.Mutex
	calls, givenUp int
	err            error
}

func (u *upstreamOf) call(ctx context.Context) (answerOf, error) {
	u.mu.Lock()
	u.calls++
	n := u.calls
	u.mu.Unlock()
	select {
	case <-time.After(time.Second):
		return answerOf(n), u.err
	case <-ctx.Done():
		u.mu.Lock()
		defer u.mu.Unlock()
		u.givenUp++
		return 0, ctx.Err()
	}
}

func newTestShared(t *testing.T, ttl time.Duration) *shared[string, answerOf] {
	t.Helper()
	s := newShared[string, answerOf](ttl, 1<<20)
	t.Cleanup(s.close)
	return s
}

func TestAnswersAreSharedUntilTheyAreTooOld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var u upstreamOf
		s := newTestShared(t, 3*time.Second)
		for _, step := range []struct {
			wait time.Duration
			want answerOf
			sent bool
		}{
			{0, 1, true},
			{0, 1, false},
			{1900 * time.Millisecond, 1, false}, // 2.9 s after its request was sent
			{100 * time.Millisecond, 2, true},
		} {
			time.Sleep(step.wait)
			v, sent, err := s.get(t.Context(), "q", nobody, u.call)
			if v != step.want || sent != step.sent || err != nil {
				t.Errorf("after %v: %d, %v, %v, want %d, %v", step.wait, v, sent, err, step.want, step.sent)
			}
		}
		if v, sent, _ := s.get(t.Context(), "another", nobody, u.call); v != 3 || !sent {
			t.Errorf("another question: %d, %v", v, sent)
		}
	})
}

func TestCallsUnderWayAreJoined(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var u upstreamOf
		s := newTestShared(t, 500*time.Millisecond)
		var waiters sync.WaitGroup
		sent := make([]bool, 3)
		for i, at := range []time.Duration{0, 400 * time.Millisecond, 600 * time.Millisecond} {
			waiters.Go(func() {
				time.Sleep(at)
				_, sent[i], _ = s.get(t.Context(), "q", nobody, u.call)
			})
		}
		waiters.Wait()
		if !sent[0] || sent[1] || !sent[2] || u.calls != 2 {
			t.Errorf("sent %v, %d calls; the second should join, the third finds a call that is too old", sent, u.calls)
		}
	})
}

func TestWithoutTTLNothingIsShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var u upstreamOf
		s := newTestShared(t, 0)
		var waiters sync.WaitGroup
		for range 3 {
			waiters.Go(func() { _, _, _ = s.get(t.Context(), "q", nobody, u.call) })
		}
		waiters.Wait()
		if u.calls != 3 {
			t.Errorf("%d calls, want 3", u.calls)
		}
	})
}

func TestErrorsAreNotKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		u := upstreamOf{err: errors.New("down")}
		s := newTestShared(t, time.Minute)
		for range 2 {
			if _, sent, err := s.get(t.Context(), "q", nobody, u.call); !sent || !errors.Is(err, u.err) {
				t.Errorf("sent %v, %v", sent, err)
			}
		}
	})
}

// A call goes on while somebody waits for it, whoever began it, and ends with its last waiter.
func TestCallEndsWithItsLastWaiter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var u upstreamOf
		s := newTestShared(t, time.Minute)
		gone := errors.New("gone")
		first, leave := context.WithCancelCause(t.Context())
		second, leaveToo := context.WithCancelCause(t.Context())
		var waiters sync.WaitGroup
		for _, ctx := range []context.Context{first, second} {
			waiters.Go(func() {
				if _, _, err := s.get(ctx, "q", nobody, u.call); !errors.Is(err, gone) {
					t.Errorf("waiter that left: %v", err)
				}
			})
			synctest.Wait()
		}
		leave(gone)
		synctest.Wait()
		if u.givenUp != 0 {
			t.Error("the call ended with its first waiter")
		}
		leaveToo(gone)
		waiters.Wait()
		synctest.Wait()
		if u.calls != 1 || u.givenUp != 1 {
			t.Errorf("%d calls, %d given up, want 1 and 1", u.calls, u.givenUp)
		}
		if v, sent, err := s.get(t.Context(), "q", nobody, u.call); v != 2 || !sent || err != nil {
			t.Errorf("the next question: %d, %v, %v", v, sent, err)
		}
	})
}

// sizedAnswer is an answer of so many bytes.
type sizedAnswer int

func (a sizedAnswer) Size() int { return int(a) }

// TestKeptAnswersAreBoundedByTheirSizes: a few large answers fill what many small ones do not.
func TestKeptAnswersAreBoundedByTheirSizes(t *testing.T) {
	t.Parallel()
	const maxBytes, answers = 1 << 20, 100
	for size, wantAll := range map[sizedAnswer]bool{10: true, maxBytes / 5: false} {
		s := newShared[int, sizedAnswer](time.Hour, maxBytes)
		t.Cleanup(s.close)
		for key := range answers {
			if _, _, err := s.get(t.Context(), key, nobody, func(context.Context) (sizedAnswer, error) { return size, nil }); err != nil {
				t.Fatal(err)
			}
		}
		s.answers.CleanUp()
		kept := 0
		for key := range answers {
			if _, ok := s.young(key); ok {
				kept++
			}
		}
		if kept == 0 || wantAll != (kept == answers) || kept*int(size) > maxBytes {
			t.Errorf("%d answers of %d bytes are kept, %d bytes may be", kept, size, maxBytes)
		}
	}
}
