package admission

import "context"

// Operation is one that was admitted. It is safe for concurrent use.
type Operation struct {
	gate   *Gate
	caller string

	// What follows is guarded by the gate's lock.
	hasSlot bool
	granted chan struct{}  // while it is in a queue; closed when it need not wait any more
	waits   map[string]int // what it waits for, by app
	left    bool
}

// Leave ends the operation. A second one does nothing.
func (o *Operation) Leave() {
	o.gate.mu.Lock()
	defer o.gate.mu.Unlock()
	if o.left {
		return
	}
	o.left = true
	for app := range o.waits {
		o.gate.leaveApp(o, app)
	}
	o.gate.release(o)
	o.gate.admitted.giveBack(o.caller)
}

// Wait says that the operation begins to wait for an app. Until it waits for nothing any more, its slot is others'. The last
// resume waits for a slot, or until its context ends: then what is left is done without one, which should be little. A resume
// may be called twice, and after Leave.
//
// Where more of the caller's operations wait for the app than could still be admitted, ok is false: what an app that does not
// answer holds leaves room for the same caller's operations at others.
func (o *Operation) Wait(app string) (resume func(context.Context), ok bool) {
	if !o.suspend(app) {
		return nil, false
	}
	resumed := false
	return func(ctx context.Context) {
		if called := o.resume(app, &resumed); called != nil {
			o.await(ctx, called)
		}
	}, true
}

// suspend begins one waiting.
func (o *Operation) suspend(app string) bool {
	o.gate.mu.Lock()
	defer o.gate.mu.Unlock()
	switch {
	case o.left:
		return true
	case o.waits[app] == 0 && !o.gate.joinApp(o, app):
		return false
	case o.waits == nil:
		o.waits = make(map[string]int)
	}
	o.waits[app]++
	o.gate.release(o)
	return true
}

// resume ends one waiting. The channel is nil where there is nothing to wait for.
func (o *Operation) resume(app string, resumed *bool) (called <-chan struct{}) {
	o.gate.mu.Lock()
	defer o.gate.mu.Unlock()
	if *resumed || o.left {
		return nil
	}
	*resumed = true
	if o.waits[app]--; o.waits[app] == 0 {
		delete(o.waits, app)
		o.gate.leaveApp(o, app)
	}
	if len(o.waits) > 0 {
		return nil
	}
	return o.gate.queue(o, &o.gate.returning)
}

func (o *Operation) await(ctx context.Context, called <-chan struct{}) {
	select {
	case <-called:
	case <-ctx.Done():
		o.giveUp(called)
	}
}

// giveUp leaves the line, if it is still the one that was to be waited in.
func (o *Operation) giveUp(called <-chan struct{}) {
	o.gate.mu.Lock()
	defer o.gate.mu.Unlock()
	if o.granted == called {
		o.gate.release(o)
	}
}

// grant ends the waiting in the queue. It is called with the lock held, as joinApp and leaveApp are.
func (o *Operation) grant() {
	close(o.granted)
	o.granted = nil
}

func (g *Gate) joinApp(o *Operation, app string) bool {
	key := callerAtApp{o.caller, app}
	if g.atApps[key] > g.admitted.free() {
		g.refused.AtApp++
		return false
	}
	g.atApps[key]++
	return true
}

func (g *Gate) leaveApp(o *Operation, app string) {
	key := callerAtApp{o.caller, app}
	if g.atApps[key]--; g.atApps[key] == 0 {
		delete(g.atApps, key)
	}
}
