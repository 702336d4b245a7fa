package loader

import (
	"context"
	"time"
)

// An answer that is asked for in the last eighth of its TTL is renewed. Where Dify is slow, that part is twice as long as the last
// request took, but a quarter of the TTL at most: so Dify gets a third more calls at most. Where a renewal is not done in time,
// whoever comes after the TTL waits for the rest of its call.
const renewalShare, maxRenewalShare = 8, 4

// renewalAge is the age from which an answer is renewed.
func (a *dated[V]) renewalAge(ttl time.Duration) time.Duration {
	return ttl - min(max(ttl/renewalShare, 2*a.took), ttl/maxRenewalShare)
}

// renew asks again, in the background, for an answer that was of use and will soon be too old, so that whoever asks for it all the
// time need not wait. It is done on behalf of the context's caller, whose operation has paid for a call that it did not need; it
// costs nobody more. It is done once for each answer: where it fails, the answer stays until it is too old. It takes a slot of
// Dify's only where that holds up nobody, and ends after the TTL, or when nothing is kept any more.
func (s *shared[K, V]) renew(ctx context.Context, key K, a *dated[V], call func(context.Context) (V, error)) {
	if time.Since(a.sent) < a.renewalAge(s.ttl) || a.renewed.Load() {
		return
	}
	r, ok := reserveSpareSlot(ctx)
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

// reserveSpareSlot reserves a slot for a call that nobody waits for, see [difyapi.Client.Spare].
func reserveSpareSlot(ctx context.Context) (*renewal, bool) {
	l, _ := ctx.Value(contextKey{}).(*Loaders)
	app, _ := ctx.Value(appKey{}).(string)
	if l == nil || l.upstream.clients[app] == nil {
		return nil, false
	}
	done, ok := l.upstream.clients[app].Spare(ctx)
	return &renewal{pool: l.upstream.pool, caller: l.budget.caller, done: done}, ok
}

// renewal is the payer of a call that no operation waits for. It pays for no request, and allows no second one. The bytes that are
// read count in its caller's share of the pool, like those of any answer; where there is no room for them, the renewal ends.
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
