package difyapi

import (
	"cmp"
	"container/list"
)

// MaxWaiting is how many calls to one server may wait for a slot. More fail at once ([IsOverloaded]): behind so many, an answer
// would come too late for whoever asks, and each of them holds memory while it waits. One caller alone may have half of them.
const MaxWaiting = 2000

// claim says for whom a slot is.
type claim struct {
	caller    string // empty: nobody's, to which no share applies
	operation any    // of the caller's
	app       string
	appSlots  int // how many the app may hold, all callers together
}

// waiter is a call that waits for a slot, in one caller's line.
type waiter struct {
	claim
	call    *queuedCall
	number  int           // in its operation
	element *list.Element // in its operation's queue
}

// semaphore has slots, and decides who gets one. It does not lock and does not wait.
//
// Slots are not taken back, and a call can take long. So a caller, and an app where there are several, may take a further one only
// while it holds less than three times what is free: of 4 one alone gets 3, and whoever comes next need not wait. What is left
// of that goes to the callers in turn, within a caller to its operations in turn, within an operation in order. A call that
// may not have a slot does not hold up those behind it.
type semaphore struct {
	slots int
	apps  int // how many apps share it
	held  tally
	queue tally
	lines map[string]*line
	order list.List // of lines, the next first
}

// How much of what is free one may have beside others.
const (
	slotShare       = 3
	callerLineShare = 1
	appLineShare    = 3
)

// share tells whether one that has so many may have one more.
func share(own, free, all, factor int) bool {
	return free > 0 && own < factor*free && own < max(1, all-1)
}

// grant tells whether the claim may have a slot now. It is for those that come: nobody that waits could take what is free.
func (s *semaphore) grant(c claim) bool {
	if !s.mayHold(c) {
		return false
	}
	s.held.add(c, 1)
	return true
}

// release gives back a slot. next is to be called after it.
func (s *semaphore) release(c claim) { s.held.add(c, -1) }

func (s *semaphore) mayHold(c claim) bool { return s.callerMayHold(c.caller) && s.appMayHold(c) }

func (s *semaphore) free() int { return s.slots - s.held.all }

func (s *semaphore) callerMayHold(caller string) bool {
	return s.free() > 0 && (caller == "" || share(s.held.callers[caller], s.free(), s.slots, slotShare))
}

// appMayHold tells whether there is room beside the app's other calls, and beside the caller's other calls to it.
func (s *semaphore) appMayHold(c claim) bool {
	ofApp := s.held.apps[c.app]
	return ofApp < c.appSlots &&
		(s.apps < 2 || share(ofApp, s.free(), s.slots, slotShare)) &&
		(c.caller == "" || share(s.held.both[callerAndApp{c.caller, c.app}], c.appSlots-ofApp, c.appSlots, slotShare))
}

// wait puts a call into its line, and tells whether there was room.
func (s *semaphore) wait(w *waiter) bool {
	free := MaxWaiting - s.queue.all
	if free <= 0 ||
		w.caller != "" && !share(s.queue.callers[w.caller], free, MaxWaiting, callerLineShare) ||
		s.apps > 1 && !share(s.queue.apps[w.app], free, MaxWaiting, appLineShare) {
		return false
	}
	s.queue.add(w.claim, 1)
	s.line(w.caller).push(w)
	return true
}

// next takes the call whose turn it is out of its line and gives it a slot; nil where none may have one. It looks at callers and
// their apps, however many of their calls wait.
func (s *semaphore) next() *waiter {
	for e := s.order.Front(); e != nil; e = e.Next() {
		l := e.Value.(*line)
		if !s.callerMayHold(l.caller) {
			continue
		}
		if w := l.next(s.appMayHold); w != nil {
			s.order.MoveToBack(e)
			s.remove(l, w)
			s.held.add(w.claim, 1)
			return w
		}
	}
	return nil
}

// leave takes a call that waits out of its line.
func (s *semaphore) leave(w *waiter) { s.remove(s.lines[w.caller], w) }

func (s *semaphore) remove(l *line, w *waiter) {
	s.queue.add(w.claim, -1)
	if l.remove(w); len(l.operations) == 0 {
		s.order.Remove(l.element)
		delete(s.lines, l.caller)
	}
}

func (s *semaphore) line(caller string) *line {
	l := s.lines[caller]
	if l == nil {
		l = newLine(caller)
		l.element = s.order.PushBack(l)
		s.lines[caller] = l
	}
	return l
}

func newSemaphore(slots int) *semaphore {
	return &semaphore{slots: slots, held: newTally(), queue: newTally(), lines: map[string]*line{}}
}

// tally counts claims.
type tally struct {
	all     int
	callers map[string]int
	apps    map[string]int
	both    map[callerAndApp]int
}

type callerAndApp struct{ caller, app string }

func newTally() tally {
	return tally{callers: map[string]int{}, apps: map[string]int{}, both: map[callerAndApp]int{}}
}

func (t *tally) add(c claim, n int) {
	t.all += n
	count(t.callers, c.caller, n)
	count(t.apps, c.app, n)
	count(t.both, callerAndApp{c.caller, c.app}, n)
}

// count forgets what is 0, so that a map holds what is there alone.
func count[K comparable](m map[K]int, key K, n int) {
	if m[key] += n; m[key] == 0 {
		delete(m, key)
	}
}

// line is what a caller waits for. Its operations take turns, and each of them has its calls in order. Operations are kept by app,
// too, so that those that wait for an app which is full need not be looked at.
type line struct {
	caller     string
	element    *list.Element // among the lines
	served     int
	operations map[any]*operation
	apps       map[string]*list.List // of operations that have calls to the app, the next first
}

type operation struct {
	id       any
	servedAt int               // the latest; lower is longer ago
	number   int               // of the next call
	calls    map[string]*calls // by app
}

// calls are those of one operation to one app.
type calls struct {
	waiting list.List     // of waiters
	element *list.Element // of the operation among the app's
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
		c.element = l.enlist(o, w.app)
		o.calls[w.app] = c
	}
	w.element = c.waiting.PushBack(w)
}

// take gives an operation the latest turn.
func (l *line) take(o *operation) {
	l.served++
	o.servedAt = l.served
	for app, c := range o.calls {
		l.apps[app].MoveToBack(c.element)
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
		if e.Value.(*operation).servedAt < o.servedAt {
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
		if (next == nil || cmp.Or(cmp.Compare(o.servedAt, first.servedAt), cmp.Compare(w.number, next.number)) < 0) && may(w.claim) {
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
	if c.waiting.Remove(w.element); c.waiting.Len() > 0 {
		return
	}
	delete(o.calls, w.app)
	if l.apps[w.app].Remove(c.element); l.apps[w.app].Len() == 0 {
		delete(l.apps, w.app)
	}
	if len(o.calls) == 0 {
		delete(l.operations, o.id)
	}
}
