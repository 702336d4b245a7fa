package loader

import (
	"context"
	"time"
)

// An answer that is of use is asked for again in the last part of its TTL: an eighth. Where Dify is slow that part is as long as twice
// the last request, but a quarter at most, so that Dify has a third more calls and not several times as many. Where that is too late,
// whoever comes after the TTL waits for the rest of the call.
const renewalShare, maxRenewalShare = 8, 4

// due is how old an answer is that is to be renewed.
func (a *dated[V]) due(ttl time.Duration) time.Duration {
	return ttl - min(max(ttl/renewalShare, 2*a.took), ttl/maxRenewalShare)
}

// renew asks again, in the background, for an answer that was of use and will soon be too old, so that whoever asks for it all the
// time need not wait. It is done on behalf of the context's caller, whose operation has paid for a call that it did not need; it
// costs nobody more. It is done once for each answer: where it fails, the answer stays until it is too old. It takes a slot of
// Dify's only where that holds up nobody, and ends after the TTL, or when nothing is kept any more.
func (s *shared[K, V]) renew(ctx context.Context, key K, a *dated[V], call func(context.Context) (V, error)) {
	if time.Since(a.sent) < a.due(s.ttl) || a.renewed.Load() {
		return
	}
	r, ok := spare(ctx)
	if !ok {
		return
	}
	if a.renewed.Swap(true) {
		r.done()
		return
	}
	s.stats.renewals.Add(1)
	ctx, r.end = context.WithTimeout(context.WithoutCancel(ctx), s.ttl)
	closed := context.AfterFunc(s.open, r.end) //nolint:contextcheck // The cache outlives the operation that began it.
	go func() {
		defer r.done()
		defer r.giveBack()
		defer r.end()
		defer closed()
		_, _, _ = s.calls.join(ctx, key, s.ttl, r, s.keeping(key, call))
	}()
}

// spare reserves a slot for a call that nobody waits for, see [difyapi.Client.Spare].
func spare(ctx context.Context) (*renewal, bool) {
	l, _ := ctx.Value(contextKey{}).(*Loaders)
	app, _ := ctx.Value(appKey{}).(string)
	if l == nil || l.upstream.clients[app] == nil {
		return nil, false
	}
	done, ok := l.upstream.clients[app].Spare(ctx)
	return &renewal{pool: l.upstream.pool, caller: l.budget.caller, done: done}, ok
}

// renewal waits for a call for nobody in particular, and pays for nothing: nor can it have anything sent twice. What is read for
// it is held like any answer, as its caller's. Where there is no room for that, it ends.
type renewal struct {
	pool   *pool
	caller string
	done   func() // with the slot
	end    context.CancelFunc
	held   int64
}

func (r *renewal) take(bytes int) {
	if !r.pool.claim(r.caller, int64(bytes)) {
		r.end()
		return
	}
	r.held += int64(bytes)
}

func (*renewal) pay()              {}
func (*renewal) request(bool) bool { return false }

// giveBack is called when nothing more comes.
func (r *renewal) giveBack() { r.pool.giveBack(r.caller, r.held) }
