package admission

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Gate admits operations. It is safe for concurrent use.
type Gate struct {
	mu       sync.Mutex
	maxWait  time.Duration
	admitted shares              // all operations
	slots    shares              // those that are executed
	atApps   map[callerAtApp]int // those that wait for an app
	// Those who come back from an app go before those who come new: what has begun is to end.
	returning, entering fairQueue
	refused             Refusals
}

type callerAtApp struct{ caller, app string }

// NewGate makes a gate.
func NewGate(o Options) *Gate {
	g := &Gate{atApps: make(map[callerAtApp]int)}
	g.Configure(o)
	return g
}

// Configure changes the limits. What is under way stays so.
func (g *Gate) Configure(o Options) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.maxWait, g.slots.limit, g.admitted.limit = o.MaxWait, o.Operations, o.Operations+o.Waiting
	g.grantSlots()
}

// Enter admits an operation of the context's caller, and waits for its slot. It is to be ended by [Operation.Leave]. Errors are
// [ErrOverloaded], where the caller has its share already or no slot came in time, and the context's.
func (g *Gate) Enter(ctx context.Context) (*Operation, error) {
	o := &Operation{gate: g, caller: CallerOf(ctx)}
	called, patience := g.admit(o)
	if called == nil {
		return nil, ErrOverloaded
	}
	select {
	case <-called:
		return o, nil
	default:
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, ErrOverloaded)
	defer cancel()
	select {
	case <-called:
		return o, nil
	case <-ctx.Done():
		o.Leave()
		err := context.Cause(ctx)
		if errors.Is(err, ErrOverloaded) {
			g.countLate()
		}
		return nil, err
	}
}

// admit counts an operation and puts it in line. The channel is closed once it has its slot; nil if it is not admitted.
func (g *Gate) admit(o *Operation) (called <-chan struct{}, patience time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.admitted.allows(o.caller) {
		g.refused.Share++
		return nil, 0
	}
	g.admitted.take(o.caller)
	return g.queue(o, &g.entering), g.maxWait
}

// The methods below are called with the lock held.

// queue has an operation wait in a line. The channel is closed when it needs to wait no longer.
func (g *Gate) queue(o *Operation, in *fairQueue) <-chan struct{} {
	called := make(chan struct{})
	o.granted = called
	in.push(o)
	g.grantSlots()
	return called
}

// grantSlots gives free slots to the operations whose turn it is.
func (g *Gate) grantSlots() {
	for {
		o := g.returning.pop(g.slots.allows)
		if o == nil {
			o = g.entering.pop(g.slots.allows)
		}
		if o == nil {
			return
		}
		g.slots.take(o.caller)
		o.hasSlot = true
		o.grant()
	}
}

// release takes the slot of an operation, or its place in line.
func (g *Gate) release(o *Operation) {
	switch {
	case o.hasSlot:
		o.hasSlot = false
		g.slots.giveBack(o.caller)
		g.grantSlots()
	case o.granted != nil:
		g.returning.remove(o)
		g.entering.remove(o)
		o.grant()
	}
}
