package loader

import (
	"context"
	"time"
)

// renewalShare is the last part of an answer's TTL, in which it is asked for again if it is of use: an eighth. Where Dify is slow
// it is as long as twice the last request, but half of the TTL at most.
const renewalShare = 8

// due is how old an answer is that is to be renewed.
func (a *dated[V]) due(ttl time.Duration) time.Duration {
	return ttl - min(max(ttl/renewalShare, 2*a.took), ttl/2)
}

// renew asks again, in the background, for an answer that was of use and will soon be too old, so that whoever asks for it all the
// time need not wait. It is done on behalf of the context's caller, whose operation has paid for a call that it did not need; it
// costs nobody more. It is done once for each answer: where it fails, the answer stays until it is too old. It takes a slot of
// Dify's only where that holds up nobody, and ends after the TTL, or when nothing is kept any more.
func (s *shared[K, V]) renew(ctx context.Context, key K, a *dated[V], call func(context.Context) (V, error)) {
	if time.Since(a.sent) < a.due(s.ttl) || a.renewed.Load() {
		return
	}
	done, ok := spare(ctx)
	if !ok {
		return
	}
	if a.renewed.Swap(true) {
		done()
		return
	}
	s.stats.renewals.Add(1)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.ttl)
	closed := context.AfterFunc(s.open, cancel) //nolint:contextcheck // The cache outlives the operation that began it.
	go func() {
		defer done()
		defer cancel()
		defer closed()
		_, _, _ = s.calls.join(ctx, key, s.ttl, new(renewal), s.keeping(key, call))
	}()
}

// spare reserves a slot for a call that nobody waits for, see [difyapi.Client.Spare].
func spare(ctx context.Context) (done func(), ok bool) {
	l, _ := ctx.Value(contextKey{}).(*Loaders)
	app, _ := ctx.Value(appKey{}).(string)
	if l == nil || l.upstream.clients[app] == nil {
		return nil, false
	}
	return l.upstream.clients[app].Spare(ctx)
}

// renewal waits for a call for nobody in particular, and pays for nothing: nor can it have anything sent twice.
type renewal struct{ _ byte } // of a size, so that each is another

func (*renewal) take(int)          {}
func (*renewal) pay()              {}
func (*renewal) request(bool) bool { return false }
