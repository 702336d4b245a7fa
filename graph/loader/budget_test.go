package loader

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
)

// slowDify answers every request with body, a tenth of it each second, the first at once.
type slowDify struct {
	body   string
	mu     sync.Mutex
	calls  int
	ended  int // calls that their callers gave up
	panics bool
}

func (d *slowDify) RoundTrip(r *http.Request) (*http.Response, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls++
	if d.panics {
		panic("boom")
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(&slowBody{ctx: r.Context(), dify: d, rest: d.body, portion: len(d.body) / 10}),
	}, nil
}

type slowBody struct {
	ctx     context.Context
	dify    *slowDify
	rest    string
	portion int
	started bool
}

func (b *slowBody) Read(p []byte) (int, error) {
	if b.rest == "" {
		return 0, io.EOF
	}
	if b.started {
		select {
		case <-time.After(time.Second):
		case <-b.ctx.Done():
			b.dify.mu.Lock()
			defer b.dify.mu.Unlock()
			b.dify.ended++
			return 0, b.ctx.Err()
		}
	}
	b.started = true
	n := copy(p[:min(len(p), b.portion)], b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// answerBytes is how large an answer of newSlowDify is.
const answerBytes = 500

// newSlowDify answers with a page without rows, which passes for what tells of an app, too.
func newSlowDify() *slowDify {
	const page = `{"name":"A","tags":[],"total":0,"has_more":false,"data":[],"limit":1}`
	return &slowDify{body: page + strings.Repeat(" ", answerBytes-len(page))}
}

// upstreamTo is the upstream of one app, a, whose operations may hold up to limit bytes.
func upstreamTo(t *testing.T, dify http.RoundTripper, ttl time.Duration, limit int64) *Upstream {
	t.Helper()
	client, err := difyapi.New(difyapi.Options{BaseURL: "http://dify.test/v1", APIKey: "app-a", Timeout: time.Hour, Transport: dify})
	if err != nil {
		t.Fatal(err)
	}
	u := New(map[string]*difyapi.Client{"a": client}, Options{TTL: ttl, OperationBytes: limit})
	t.Cleanup(u.Close)
	return u
}

// plenty is more than any operation here takes.
var plenty = Allowance{Calls: 1000, Extra: 1000, AnswerBytes: 1 << 30}

// operation is one within a bubble, with its loaders.
func (u *Upstream) operation(t *testing.T) (context.Context, *Loaders) {
	t.Helper()
	ctx, done := u.Attach(t.Context(), plenty)
	t.Cleanup(func() {
		done(0)
		time.Sleep(batchWait) // for batches that nobody waits for any more
		synctest.Wait()
	})
	return ctx, For(ctx)
}

func isSize(err error) bool {
	_, ok := errors.AsType[*sizeError](err)
	return ok
}

// TestJoinedCallIsPaidByAll: whoever began it, and whenever the others came.
func TestJoinedCallIsPaidByAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dify := newSlowDify()
		u := upstreamTo(t, dify, time.Minute, answerBytes)
		var waiters sync.WaitGroup
		for _, late := range []time.Duration{0, 0, 5500 * time.Millisecond} {
			ctx, l := u.operation(t)
			waiters.Go(func() {
				time.Sleep(late)
				if _, err := l.Info(ctx, "a"); err != nil {
					t.Errorf("after %v: %v", late, err)
				}
				if taken := l.budget.taken; taken != answerBytes {
					t.Errorf("who came after %v paid for %d bytes, want %d", late, taken, answerBytes)
				}
			})
		}
		waiters.Wait()
		if dify.calls != 1 {
			t.Errorf("%d calls, want 1", dify.calls)
		}
	})
}

// TestOverdrawnBudgetEndsItsOwnWaitAlone: who has spent more before leaves while the answer still comes; the other gets it.
func TestOverdrawnBudgetEndsItsOwnWaitAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dify := newSlowDify()
		u := upstreamTo(t, dify, 0, answerBytes)
		poor, poorLoaders := u.operation(t)
		rich, richLoaders := u.operation(t)
		u.infos.ttl = time.Minute // so that the two share a call
		poorLoaders.budget.take(answerBytes / 2)
		began := time.Now()
		var waiters sync.WaitGroup
		waiters.Go(func() {
			_, err := poorLoaders.Info(poor, "a")
			if took := time.Since(began); !isSize(err) || took.Truncate(time.Second) != 5*time.Second {
				t.Errorf("overdrawn after %v: %v", took, err)
			}
		})
		waiters.Go(func() {
			_, err := richLoaders.Info(rich, "a")
			if took := time.Since(began); err != nil || took.Truncate(time.Second) != 9*time.Second {
				t.Errorf("with enough, after %v: %v", took, err)
			}
		})
		waiters.Wait()
		if dify.calls != 1 || dify.ended != 0 {
			t.Errorf("%d calls, %d ended, want 1 and 0", dify.calls, dify.ended)
		}
		if _, err := poorLoaders.EndUser(poor, "a", uuid.New()); !isSize(err) || dify.calls != 1 {
			t.Errorf("what it asks next: %v, %d calls", err, dify.calls)
		}
	})
}

// TestCallEndsWithItsLastOverdrawnWaiter: an answer that nobody can hold is not read to its end.
func TestCallEndsWithItsLastOverdrawnWaiter(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]func(context.Context, *Loaders) error{
		"shared": func(ctx context.Context, l *Loaders) error { _, err := l.Info(ctx, "a"); return err },
		"fresh": func(ctx context.Context, l *Loaders) error {
			_, _, err := l.Logs(ctx, "a", difyapi.LogQuery{Limit: 1}, true)
			return err
		},
		"list": func(ctx context.Context, l *Loaders) error {
			_, _, err := l.Logs(ctx, "a", difyapi.LogQuery{Limit: 1}, false)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				dify := newSlowDify()
				ctx, l := upstreamTo(t, dify, 0, answerBytes-1).operation(t)
				began := time.Now()
				if err := ask(ctx, l); !isSize(err) || time.Since(began) > 10*time.Second {
					t.Errorf("after %v: %v", time.Since(began), err)
				}
				synctest.Wait()
				if ctx.Err() == nil || dify.calls != 1 {
					t.Errorf("the operation ended: %v; %d calls", ctx.Err(), dify.calls)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		dify := newSlowDify()
		ctx, l := upstreamTo(t, dify, 0, answerBytes/2).operation(t)
		if _, err := l.Info(ctx, "a"); !isSize(err) {
			t.Error(err)
		}
		synctest.Wait()
		if dify.ended != 1 {
			t.Error("the answer is read on")
		}
	})
}

// TestKeptAnswersCostTheirSize: an operation holds them, whoever asked for them.
func TestKeptAnswersCostTheirSize(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dify := newSlowDify()
		u := upstreamTo(t, dify, time.Minute, 2*answerBytes)
		for range 2 {
			ctx, l := u.operation(t)
			for i, id := range []int64{answerBytes, 2 * answerBytes} {
				if _, _, err := l.Logs(ctx, "a", difyapi.LogQuery{Page: i + 1, Limit: 1}, false); err != nil || l.budget.taken != id {
					t.Errorf("list %d: %v, %d bytes taken", i, err, l.budget.taken)
				}
			}
			if _, err := l.Info(ctx, "a"); !isSize(err) {
				t.Errorf("a third answer: %v", err)
			}
		}
		if dify.calls != 4 {
			t.Errorf("%d calls, want 2 lists once and an info that each time is given up", dify.calls)
		}
	})
}

// TestFreshCallsCost: they belong to one operation, which pays for each.
func TestFreshCallsCost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, l := upstreamTo(t, newSlowDify(), time.Minute, 2*answerBytes).operation(t)
		for n := range int64(2) {
			if _, sent, err := l.Logs(ctx, "a", difyapi.LogQuery{Limit: 1}, true); err != nil || sent != 1 || l.budget.taken != (n+1)*answerBytes {
				t.Errorf("%d sent, %v, %d bytes taken", sent, err, l.budget.taken)
			}
		}
		if _, _, err := l.Logs(ctx, "a", difyapi.LogQuery{Limit: 1}, true); !isSize(err) {
			t.Errorf("beyond the budget: %v", err)
		}
	})
}

func TestSizeErrorSaysHowMuch(t *testing.T) {
	t.Parallel()
	if text := (&sizeError{64 << 20}).Error(); !strings.Contains(text, "64 MiB") {
		t.Error(text)
	}
}

// TestKeptAnswerBeyondTheBudget: it is refused whichever is seen first, the answer or the end of the operation.
func TestKeptAnswerBeyondTheBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		u := upstreamTo(t, newSlowDify(), time.Minute, answerBytes)
		first, l := u.operation(t)
		if _, err := l.Info(first, "a"); err != nil {
			t.Fatal(err)
		}
		for range 30 {
			ctx, l := u.operation(t)
			l.budget.take(1)
			if _, err := l.Info(ctx, "a"); !isSize(err) {
				t.Fatalf("error %v", err)
			}
		}
	})
}
