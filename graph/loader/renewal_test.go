package loader

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/difygraph/difygraph/difyapi"
)

// newestPage is the question of every dashboard.
var newestPage = difyapi.LogQuery{Page: 1, Limit: 20}

// countingDify answers after its delay, by how many questions it has had, unless it is down.
type countingDify struct {
	mu     sync.Mutex
	delay  time.Duration
	sent   []time.Time
	down   bool
	gaveUp int // callers
}

func newCountingDify() *countingDify { return &countingDify{delay: 100 * time.Millisecond} }

func (d *countingDify) RoundTrip(r *http.Request) (*http.Response, error) {
	d.mu.Lock()
	d.sent = append(d.sent, time.Now())
	n, status, delay := len(d.sent), http.StatusOK, d.delay
	if d.down {
		status = http.StatusBadRequest
	}
	d.mu.Unlock()
	select {
	case <-time.After(delay):
	case <-r.Context().Done():
		d.mu.Lock()
		defer d.mu.Unlock()
		d.gaveUp++
		return nil, r.Context().Err()
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(fmt.Sprintf(`{"total":%d,"data":[]}`, n))),
	}, nil
}

func (d *countingDify) calls() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.sent)
}

func (d *countingDify) becomes(delay time.Duration, down bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.delay, d.down = delay, down
}

func (d *countingDify) givenUp() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.gaveUp
}

func (d *countingDify) sentAt(n int) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sent[n-1]
}

// look is an operation of a caller's that reads the newest page alone. It returns which of Dify's answers it got.
func (u *Upstream) look(ctx context.Context, caller string) (n int, err error) {
	ctx, done := u.Attach(difyapi.WithCaller(ctx, caller), plenty)
	defer done(0)
	For(ctx).ExpectOneList()
	page, _, err := For(ctx).Logs(ctx, "a", newestPage, false)
	if err != nil {
		return 0, err
	}
	return page.Total, nil
}

// TestDashboardOfAThousandCostsOneCallForEachTTL, which is renewed when seven eighths of it are over. Nobody has to wait but for the
// first answer, and none is older than its TTL.
func TestDashboardOfAThousandCostsOneCallForEachTTL(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const clients, polls, interval, ttl = 1000, 20, 500 * time.Millisecond, 2 * time.Second
		dify := newCountingDify()
		u := upstreamTo(t, dify, ttl, 1<<20)
		var watching sync.WaitGroup
		for i := range clients {
			watching.Go(func() {
				for poll := range polls {
					asked := time.Now()
					n, err := u.look(t.Context(), fmt.Sprint("caller ", i%7))
					waited := time.Since(asked)
					if err != nil || time.Since(dify.sentAt(n)) >= ttl || poll > 0 && waited > 0 {
						t.Errorf("poll %d: answer %d after %v, %v", poll, n, waited, err)
					}
					if calls := dify.calls(); poll == 0 && calls != 1 {
						t.Errorf("%d calls for what all ask at once", calls)
					}
					time.Sleep(interval - waited)
					if poll == 0 { // they are no choir
						time.Sleep(time.Duration(i%10) * interval / 10)
					}
				}
			})
		}
		watching.Wait()
		const window = ttl - ttl/8
		if calls, most := dify.calls(), int(polls*interval/window)+1; calls != most {
			t.Errorf("%d calls in %v, want %d: one for each %v", calls, polls*interval, most, window)
		}
	})
}

// TestRenewalEndsWithThoseWhoAsk: an answer that nobody uses is not renewed, and one that was is renewed once.
func TestRenewalEndsWithThoseWhoAsk(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		asked []time.Duration // after the first question
		calls int
	}{
		"once":                    {nil, 1},
		"early":                   {[]time.Duration{time.Second}, 1},
		"late":                    {[]time.Duration{1800 * time.Millisecond}, 2},
		"late, many times":        {[]time.Duration{1800 * time.Millisecond, 1810 * time.Millisecond, 1890 * time.Millisecond}, 2},
		"late, and then early":    {[]time.Duration{1800 * time.Millisecond, 2500 * time.Millisecond}, 2},
		"late, and late again":    {[]time.Duration{1800 * time.Millisecond, 3600 * time.Millisecond}, 3},
		"when it is too old":      {[]time.Duration{2 * time.Second}, 2},
		"while it is renewed":     {[]time.Duration{1950 * time.Millisecond, 2 * time.Second}, 2},
		"late, and long after it": {[]time.Duration{1800 * time.Millisecond, 10 * time.Second}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				dify, began := newCountingDify(), time.Now()
				u := upstreamTo(t, dify, 2*time.Second, 1<<20)
				for _, at := range append([]time.Duration{0}, test.asked...) {
					time.Sleep(time.Until(began.Add(at)))
					if _, err := u.look(t.Context(), "ann"); err != nil {
						t.Error(err)
					}
				}
				time.Sleep(time.Minute)
				if calls := dify.calls(); calls != test.calls {
					t.Errorf("%d calls, want %d", calls, test.calls)
				}
			})
		})
	}
}

// TestSlowAnswerIsRenewedInTime: the longer Dify takes, the sooner it is asked, within bounds.
func TestSlowAnswerIsRenewedInTime(t *testing.T) {
	t.Parallel()
	for took, due := range map[time.Duration]time.Duration{
		0: 7 * time.Second, 500 * time.Millisecond: 7 * time.Second, 750 * time.Millisecond: 6500 * time.Millisecond, time.Second: 6 * time.Second,
		2 * time.Second: 6 * time.Second, 7 * time.Second: 6 * time.Second,
	} {
		if got := (&dated[answerOf]{took: took}).renewalAge(8 * time.Second); got != due {
			t.Errorf("what took %v is renewed after %v, want %v", took, got, due)
		}
	}
}

// TestSlowDifyIsAskedLittleMoreOften than without renewals: a third more, whatever it takes for an answer. None is older than its TTL,
// and nobody waits for longer than a call takes beyond the quarter of it.
func TestSlowDifyIsAskedLittleMoreOften(t *testing.T) {
	t.Parallel()
	for _, delay := range []time.Duration{200 * time.Millisecond, 500 * time.Millisecond, 700 * time.Millisecond, 900 * time.Millisecond, 1500 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			const ttl, interval, during = 2 * time.Second, 50 * time.Millisecond, 60 * time.Second
			dify := newCountingDify()
			dify.becomes(delay, false)
			u := upstreamTo(t, dify, ttl, 1<<20)
			_, _ = u.look(t.Context(), "ann")
			for began := time.Now(); time.Since(began) < during; time.Sleep(interval) {
				asked := time.Now()
				n, err := u.look(t.Context(), "ann")
				waited := time.Since(asked)
				if err != nil || dify.sentAt(n).Add(ttl).Before(asked) || waited > max(0, delay-ttl/4+interval) {
					t.Errorf("a Dify of %v: answer %d after %v, %v", delay, n, waited, err)
				}
			}
			if calls, most := dify.calls(), int(during/(ttl-ttl/4))+2; calls > most {
				t.Errorf("a Dify of %v had %d calls in %v, want at most %d", delay, calls, during, most)
			}
			time.Sleep(ttl)
		})
	}
}

// TestRenewalThatFailsChangesNothing: the answer serves as long as it may, is not asked for again and again, and no longer.
func TestRenewalThatFailsChangesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dify := newCountingDify()
		u := upstreamTo(t, dify, 2*time.Second, 1<<20)
		_, _ = u.look(t.Context(), "ann") // takes 100 ms
		dify.becomes(0, true)
		time.Sleep(1650 * time.Millisecond)
		for range 24 { // until 10 ms before it is too old
			if n, err := u.look(t.Context(), "ann"); n != 1 || err != nil {
				t.Errorf("answer %d, %v", n, err)
			}
			time.Sleep(10 * time.Millisecond)
		}
		if calls := dify.calls(); calls != 2 {
			t.Errorf("%d calls, want the first and one renewal", calls)
		}
		time.Sleep(10 * time.Millisecond)
		if n, err := u.look(t.Context(), "ann"); err == nil {
			t.Errorf("answer %d is too old", n)
		}
	})
}

// TestRenewalOutlivesItsOperationAndCostsItNothing but the call that it would have been.
func TestRenewalOutlivesItsOperationAndCostsItNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dify := newCountingDify()
		u := upstreamTo(t, dify, 2*time.Second, 1<<20)
		_, _ = u.look(t.Context(), "ann")
		time.Sleep(1700 * time.Millisecond)
		request, leave := context.WithCancel(difyapi.WithCaller(t.Context(), "ben"))
		ctx, done := u.Attach(request, Allowance{Calls: 1})
		_, sent, err := For(ctx).Logs(ctx, "a", newestPage, false)
		synctest.Wait()
		if taken := For(ctx).Taken(); sent != 1 || err != nil || dify.calls() != 2 || taken.Requests != 1 || taken.Unsent != 0 {
			t.Errorf("%d requests told, %v; %d calls; taken %+v", sent, err, dify.calls(), taken)
		}
		done(0)
		leave()
		time.Sleep(time.Second) // the first answer is too old
		if n, err := u.look(t.Context(), "ann"); n != 2 || err != nil {
			t.Errorf("answer %d, %v, want the renewal's", n, err)
		}
	})
}

// TestRenewalTakesNoSlotThatOthersNeed: where half of Dify's connections are busy, whoever comes when the answer is too old waits.
func TestRenewalTakesNoSlotThatOthersNeed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dify := newCountingDify()
		u := upstreamTo(t, dify, 2*time.Second, 1<<20)
		_, _ = u.look(t.Context(), "ann")
		time.Sleep(1690 * time.Millisecond)
		var busy sync.WaitGroup
		for page := range 2 { // of four connections
			busy.Go(func() {
				ctx, done := u.Attach(difyapi.WithCaller(t.Context(), "ben"), plenty)
				defer done(0)
				_, _, _ = For(ctx).Logs(ctx, "a", difyapi.LogQuery{Page: 2 + page, Limit: 20}, true)
			})
		}
		synctest.Wait()
		_, _ = u.look(t.Context(), "ann")
		synctest.Wait()
		if calls := dify.calls(); calls != 3 {
			t.Errorf("%d calls, want no renewal beside two others", calls)
		}
		busy.Wait()
		_, _ = u.look(t.Context(), "ann")
		synctest.Wait()
		if calls := dify.calls(); calls != 4 {
			t.Errorf("%d calls, want the renewal once there is room", calls)
		}
		time.Sleep(time.Second)
	})
}

// TestWithoutTTLNothingIsRenewed: each operation asks for itself, and nobody else.
func TestWithoutTTLNothingIsRenewed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dify := newCountingDify()
		u := upstreamTo(t, dify, 0, 1<<20)
		for range 20 {
			_, _ = u.look(t.Context(), "ann")
		}
		time.Sleep(time.Minute)
		if calls := dify.calls(); calls != 20 {
			t.Errorf("%d calls, want 20", calls)
		}
	})
}

// TestRenewalEndsWithItsCache: nobody is left to use the answer.
func TestRenewalEndsWithItsCache(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dify := newCountingDify()
		u := upstreamTo(t, dify, 2*time.Second, 1<<20)
		_, _ = u.look(t.Context(), "ann")
		time.Sleep(1700 * time.Millisecond)
		_, _ = u.look(t.Context(), "ann")
		synctest.Wait()
		u.Close()
		synctest.Wait()
		if dify.calls() != 2 || dify.givenUp() != 1 {
			t.Errorf("%d calls, %d given up", dify.calls(), dify.givenUp())
		}
	})
}

// TestRenewalThatHangsEnds with the TTL: its slot is not lost.
func TestRenewalThatHangsEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dify := newCountingDify()
		u := upstreamTo(t, dify, 2*time.Second, 1<<20)
		_, _ = u.look(t.Context(), "ann")
		dify.becomes(time.Hour, false)
		time.Sleep(1700 * time.Millisecond)
		_, _ = u.look(t.Context(), "ann")
		time.Sleep(1900 * time.Millisecond)
		if dify.calls() != 2 || dify.givenUp() != 0 {
			t.Errorf("%d calls, %d given up, want a renewal under way", dify.calls(), dify.givenUp())
		}
		time.Sleep(200 * time.Millisecond)
		synctest.Wait()
		if dify.givenUp() != 1 {
			t.Error("the renewal goes on")
		}
	})
}

// TestRenewalHoldsTheBytesThatItReads, as its caller's, until it has ended; it ends where there is no room for them.
func TestRenewalHoldsTheBytesThatItReads(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ limit, held int64 }{"room": {4 << 10, 1 << 10}, "no room": {1500, 0}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				dify := &drippingDify{rest: make(chan struct{})}
				u := upstreamTo(t, dify, 2*time.Second, 1<<20)
				u.pool.resize(test.limit)
				_, _ = u.look(t.Context(), "ann")
				time.Sleep(1800 * time.Millisecond)
				_, _ = u.look(t.Context(), "ann")
				synctest.Wait()
				if held := u.pool.bytes.Of("ann"); held != test.held || dify.calls != 2 {
					t.Errorf("%d bytes are held during a renewal, want %d; %d calls", held, test.held, dify.calls)
				}
				if ended := dify.latest.Err() != nil; ended != (test.held == 0) {
					t.Errorf("the renewal has ended: %v", ended)
				}
				close(dify.rest)
				synctest.Wait()
				if held := u.pool.bytes.Of("ann"); held != 0 {
					t.Errorf("%d bytes are held after it", held)
				}
			})
		})
	}
}

// drippingDify answers the first question, and of its next answer 1 KiB, the rest later.
type drippingDify struct {
	calls  int
	latest context.Context //nolint:containedctx // of the latest question
	rest   chan struct{}
}

func (d *drippingDify) RoundTrip(r *http.Request) (*http.Response, error) {
	d.calls++
	d.latest = r.Context()
	var body io.Reader = strings.NewReader(`{"total":1,"data":[]}`)
	if d.calls > 1 {
		reader, writer := io.Pipe()
		context.AfterFunc(r.Context(), func() { _ = writer.CloseWithError(r.Context().Err()) })
		go func() {
			_, _ = io.WriteString(writer, `{"total":2,"data":[]`+strings.Repeat(" ", 1<<10-20))
			<-d.rest
			_, _ = io.WriteString(writer, "}")
			_ = writer.Close()
		}()
		body = reader
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(body)}, nil
}
