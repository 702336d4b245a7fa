package difyapi

import (
	"cmp"
	"container/list"
)

// line is what a caller waits for. Its operations take turns, and each of them has its calls in order. Operations are kept by app,
// too, so that those that wait for an app which is full need not be looked at.
type line struct {
	caller     string
	place      *list.Element // among the lines
	turns      int
	operations map[any]*operation
	apps       map[string]*list.List // of operations that have calls to the app, the next first
}

type operation struct {
	id     any
	turn   int               // the latest; lower is longer ago
	number int               // of the next call
	calls  map[string]*calls // by app
}

// calls are those of one operation to one app.
type calls struct {
	waiting list.List     // of waiters
	place   *list.Element // of the operation among the app's
}

func newLine(caller string) *line {
	return &line{caller: caller, operations: map[any]*operation{}, apps: map[string]*list.List{}}
}

func (l *line) push(w *waiter) {
	o := l.operations[w.operation]
	if o == nil {
		o = &operation{id: w.operation, calls: map[string]*calls{}}
		l.operations[o.id] = o
		l.take(o)
	}
	w.number = o.number
	o.number++
	c := o.calls[w.app]
	if c == nil {
		c = new(calls)
		c.place = l.enlist(o, w.app)
		o.calls[w.app] = c
	}
	w.place = c.waiting.PushBack(w)
}

// take gives an operation the latest turn.
func (l *line) take(o *operation) {
	l.turns++
	o.turn = l.turns
	for app, c := range o.calls {
		l.apps[app].MoveToBack(c.place)
	}
}

// enlist puts an operation among those that have calls to the app, by its turn: mostly at the end.
func (l *line) enlist(o *operation, app string) *list.Element {
	of := l.apps[app]
	if of == nil {
		of = list.New()
		l.apps[app] = of
	}
	for e := of.Back(); e != nil; e = e.Prev() {
		if e.Value.(*operation).turn < o.turn {
			return of.InsertAfter(o, e)
		}
	}
	return of.PushFront(o)
}

// next is the first call that may go, of the operation whose turn it is; that operation is the last one then.
func (l *line) next(may func(claim) bool) (next *waiter) {
	var first *operation
	for app, of := range l.apps {
		o := of.Front().Value.(*operation)
		w := o.calls[app].waiting.Front().Value.(*waiter)
		if (next == nil || cmp.Or(cmp.Compare(o.turn, first.turn), cmp.Compare(w.number, next.number)) < 0) && may(w.claim) {
			first, next = o, w
		}
	}
	if next != nil {
		l.take(first)
	}
	return next
}

// remove takes a call out, and its operation where that has none left.
func (l *line) remove(w *waiter) {
	o := l.operations[w.operation]
	c := o.calls[w.app]
	if c.waiting.Remove(w.place); c.waiting.Len() > 0 {
		return
	}
	delete(o.calls, w.app)
	if l.apps[w.app].Remove(c.place); l.apps[w.app].Len() == 0 {
		delete(l.apps, w.app)
	}
	if len(o.calls) == 0 {
		delete(l.operations, o.id)
	}
}
