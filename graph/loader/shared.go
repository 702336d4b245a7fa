package loader

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
)

// shared answers questions for all operations. It takes a kept answer, joins a call under way, or makes a call: the first of these
// whose request began less than ttl ago. So an answer is never older than ttl. Errors are not kept.
type shared[K comparable, V sized] struct {
	ttl     time.Duration
	answers *otter.Cache[K, *dated[V]] // nil where ttl is 0
	calls   sharedCalls[K, V]
	stats   cacheCounters
	open    context.Context //nolint:containedctx // of renewals, which are nobody's
	end     context.CancelFunc
}

// sized is an answer that knows how large it was.
type sized interface{ Size() int }

// dated is an answer, the time when its request began, and how long that took.
type dated[V any] struct {
	value   V
	sent    time.Time
	took    time.Duration
	renewed atomic.Bool // whether it was asked for again, see [shared.renew]
}

// entryBytes is what an entry weighs beside its answer.
const entryBytes = 512

// newShared bounds the answers that are kept by their size in bytes.
func newShared[K comparable, V sized](ttl time.Duration, maxBytes uint64) *shared[K, V] {
	s := &shared[K, V]{ttl: ttl}
	s.open, s.end = context.WithCancel(context.Background()) //nolint:gosec // Close calls it.
	if ttl > 0 {
		s.answers = otter.Must(&otter.Options[K, *dated[V]]{
			MaximumWeight:    maxBytes,
			Weigher:          func(_ K, a *dated[V]) uint32 { return uint32(entryBytes + a.value.Size()) },
			ExpiryCalculator: otter.ExpiryWriting[K, *dated[V]](ttl),
		})
	}
	return s
}

// get answers at the payer's expense, and tells whether it took a request of its own.
func (s *shared[K, V]) get(ctx context.Context, key K, by payer, call func(context.Context) (V, error)) (v V, sent bool, err error) {
	if a, ok := s.young(key); ok {
		s.stats.hits.Add(1)
		by.pay()
		by.take(a.value.Size())
		s.renew(ctx, key, a, call)
		return a.value, false, nil
	}
	resume, err := suspend(ctx)
	if err != nil {
		return v, false, err
	}
	defer resume()
	v, sent, err = s.calls.join(ctx, key, s.ttl, by, s.keeping(key, call))
	s.stats.count(sent)
	return v, sent, err
}

// keeping is a call whose answer is kept. One that took too long is not: there may be a younger one by now.
func (s *shared[K, V]) keeping(key K, call func(context.Context) (V, error)) func(context.Context) (V, error) {
	return func(ctx context.Context) (V, error) {
		began := time.Now()
		v, err := call(ctx)
		if took := time.Since(began); err == nil && s.answers != nil && took < s.ttl {
			s.answers.Set(key, &dated[V]{value: v, sent: began, took: took})
		}
		return v, err
	}
}

// forget makes the kept answer of a key, if it is of the past, nobody's who asks from now on.
func (s *shared[K, V]) forget(key K, isPast func(V) bool) {
	if a, ok := s.young(key); ok && isPast(a.value) {
		s.answers.Invalidate(key)
	}
}

// young is the kept answer of a key, if it is young enough.
func (s *shared[K, V]) young(key K) (*dated[V], bool) {
	if s.answers == nil {
		return nil, false
	}
	a, ok := s.answers.GetIfPresent(key)
	return a, ok && time.Since(a.sent) < s.ttl
}

// close ends renewals, forgets all answers, and keeps none from now on.
func (s *shared[K, V]) close() {
	s.end()
	if s.answers != nil {
		s.answers.InvalidateAll()
		s.answers.StopAllGoroutines()
	}
}
