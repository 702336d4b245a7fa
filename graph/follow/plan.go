package follow

import (
	"time"

	"github.com/difygraph/difygraph/difyapi"
)

const (
	// quiet is after how long without a new row the seconds before are settled, by the answer's date alone.
	quiet = 10 * time.Minute
	// sweep is how often all is read that is not settled.
	sweep = 10 * time.Second
	// politeness is how many times as long as the last answer took the pause after it is, at least.
	politeness = 4

	// lookbackCalls bounds what is read before the first event, and catchUpCalls what is read for those who come back.
	lookbackCalls, catchUpCalls = 5, 10
	// windowCalls bounds any other reading: after a long outage of a busy app more may have happened than can be told.
	windowCalls = 100

	// callRows is how many rows cost Dify what a call does.
	callRows = 20
)

// nextLook is when the row is to be asked for again: the older its run is, the longer are the pauses. A run that has not ended
// after a week never will: Dify up to 1.13 leaves some that were stopped, or have crashed, as running.
func nextLook(row *difyapi.WorkflowLog, now time.Time) time.Time {
	const day = 24 * time.Hour
	age := now.Sub(row.CreatedAt)
	switch {
	case !isOpen(row) || age > 7*day:
		return time.Time{}
	case age > day:
		return now.Add(time.Hour)
	default:
		return now.Add(min(max(age/10, 2*time.Second), 5*time.Minute))
	}
}

// task is what is asked next: the rows of a window, in up to so many calls, or the detail of a run.
type task struct {
	window span
	calls  int
	run    *known
}

// answer is what came of it.
type answer struct {
	rows    []*difyapi.WorkflowLog // of the window, oldest first
	from    int64                  // the first of its seconds that was read
	partial bool                   // there may be more rows in a crowded second
	run     *difyapi.WorkflowRunDetail
	date    time.Time // of the first answer to a reading
	took    time.Duration
	err     error
}

// plan is what is asked of an app, and when. It is pure, as the picture is.
type plan struct {
	picture
	interval, idleInterval time.Duration
	lookback               time.Duration

	wanted  int64 // the second from which on somebody who comes back wants to know all; latest where nobody does
	reached bool  // no more is read for those who come back: it was too much
	failure error // why the app can't be read

	pause                  time.Duration // between two looks at the log
	logAt, sweepAt, restTo time.Time
}

func newPlan(o Options) plan {
	return plan{
		picture: newPicture(o.Settle), interval: o.Interval, idleInterval: o.IdleInterval, lookback: o.Lookback,
		wanted: latest, pause: o.Interval,
	}
}

// next is what to ask, and not before when.
func (p *plan) next(now time.Time) (t task, at time.Time) {
	t, at = p.choose(now)
	if at.Before(p.restTo) {
		at = p.restTo
	}
	return t, at
}

func (p *plan) choose(now time.Time) (task, time.Time) {
	switch {
	case p.from == latest:
		return task{window: span{now.Add(-p.lookback).Unix(), latest}, calls: lookbackCalls}, now
	case !p.isReady():
		return task{window: span{p.settled + 1, p.from - 1}, calls: windowCalls}, now
	case p.wanted < p.from:
		return task{window: span{p.wanted, p.from - 1}, calls: catchUpCalls}, now
	}
	open := p.firstDue()
	switch {
	case !now.Before(p.logAt) || open == nil:
		return p.log(now), p.logAt
	case !now.Before(open.due):
		return p.look(open), now
	case open.due.Before(p.logAt):
		return task{}, open.due
	default:
		return task{}, p.logAt
	}
}

// log is the quick look at what is new or, now and then, all that is not settled. Dify rounds seconds, so rows of one appear
// while the next has begun.
func (p *plan) log(now time.Time) task {
	from := p.settled + 1
	if now.Before(p.sweepAt) {
		from = max(from, p.newest-1)
	}
	return task{window: span{from, latest}, calls: windowCalls}
}

func (p *plan) firstDue() (first *known) {
	for _, k := range p.rows {
		if !k.due.IsZero() && (first == nil || k.due.Before(first.due)) {
			first = k
		}
	}
	return first
}

// look asks for an open row in the cheapest way: its run's detail or, where others are due at about the same time, one list of
// their second, or of all since.
func (p *plan) look(open *known) task {
	second := span{open.second(), open.second()}
	since := second
	if second.from > p.settled {
		since.to = latest
		for _, k := range p.rows {
			if k.dueWith(open) && k.second() > p.settled {
				since.from = min(since.from, k.second())
			}
		}
	}
	switch {
	case p.saves(since, open):
		return task{window: since, calls: windowCalls}
	case open.bySecond || p.saves(second, open):
		return task{window: second, calls: windowCalls}
	default:
		return task{run: open}
	}
}

// dueWith tells whether the row is due at about the same time.
func (k *known) dueWith(open *known) bool {
	return !k.due.IsZero() && k.due.Before(open.due.Add(time.Second))
}

// saves tells whether a window costs less than the details of the runs in it that are due.
func (p *plan) saves(w span, open *known) bool {
	rows, due := 0, 0
	for _, k := range p.rows {
		if w.has(k.second()) {
			rows++
			if k.dueWith(open) {
				due++
			}
		}
	}
	return callRows*(1+rows/difyapi.MaxLimit)+rows < callRows*due
}

// resume goes on after nobody has listened for a while: all that is not settled is read at once. That the app could not be read then
// is over, as far as anybody knows.
func (p *plan) resume(now time.Time) (events []Event) {
	events = p.recover(now)
	p.pause, p.logAt, p.sweepAt = p.interval, now, now
	return events
}

// want is that somebody wants to know all from a second on.
func (p *plan) want(second int64) {
	if !p.reached {
		p.wanted = min(p.wanted, second)
	}
}

// take notes an answer, which came now, and returns what it tells.
func (p *plan) take(t task, a answer, now time.Time) (events []Event) {
	p.restTo = now.Add(politeness * a.took)
	settled := p.settled
	switch {
	case t.run != nil:
		events = p.takeRun(t.run, a, now)
	case a.err != nil:
		return p.fail(a.err, now)
	default:
		events = append(p.recover(now), p.takeWindow(t, a, now)...)
	}
	if len(events) > 0 {
		p.pause = p.interval
		p.logAt = earlier(p.logAt, now.Add(p.pause))
	}
	for i := range events {
		events[i].Found, events[i].settled = now, settled
	}
	if n := len(events); n > 0 {
		events[n-1].settled = p.settled // before that, rows of the seconds that are settled now are still to be told
	}
	return events
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// takeRun notes what the detail says, unless the log says more: then the second is read at once. So it is where there is no
// detail: whether the row is still there, and the app can be read, the log knows.
func (p *plan) takeRun(k *known, a answer, now time.Time) []Event {
	if a.err != nil || !suffices(a.run) {
		k.bySecond, k.due = true, now
		return nil
	}
	if e, happened := k.become(withDetail(k.row, a.run), now); happened {
		return []Event{e}
	}
	return nil
}

// takeWindow notes what a window has.
func (p *plan) takeWindow(t task, a answer, now time.Time) []Event {
	read := span{a.from, t.window.to}
	events := p.note(read, a.rows, a.partial, now)
	switch {
	case p.from == latest: // the first
		p.extend(a.from)
		p.advance(a.date)
		p.logLater(now)
	case t.window.to == latest:
		events = append(p.swept(t.window, a, now), events...)
		p.logLater(now)
	case t.window.to == p.from-1:
		p.extended(t, a)
	}
	p.trim()
	return events
}

// extended notes that all is known from an earlier second on. What it takes too many calls to get to is left.
func (p *plan) extended(t task, a answer) {
	p.extend(a.from)
	if t.window.from == p.wanted {
		p.wanted, p.reached = latest, a.from > t.window.from
	}
	if !p.isReady() {
		p.leave(p.from)
	}
}

// swept notes that all was read that is not settled, if it was. It tells what could not be read for its number of calls.
func (p *plan) swept(asked span, a answer, now time.Time) (events []Event) {
	if asked.from > p.settled+1 {
		return nil
	}
	if a.from > asked.from {
		events = []Event{{Kind: Skipped, Gap: Gap{First: asked.from, Last: a.from - 1}}}
		p.leave(a.from)
	}
	p.advance(a.date)
	p.sweepAt = now.Add(sweep)
	return events
}

// logLater makes the pause longer where nothing happens; where something does, take makes it short again.
func (p *plan) logLater(now time.Time) {
	p.logAt = now.Add(p.pause)
	p.pause = min(2*p.pause, p.idleInterval)
}

func (p *plan) fail(err error, now time.Time) []Event {
	p.logLater(now)
	if p.restTo.Before(p.logAt) {
		p.restTo = p.logAt
	}
	if p.failure != nil {
		return nil
	}
	p.failure = err
	return []Event{{Kind: Failed, Err: err, Found: now, settled: p.settled}}
}

func (p *plan) recover(now time.Time) []Event {
	if p.failure == nil {
		return nil
	}
	p.failure, p.pause, p.sweepAt = nil, p.interval, now
	return []Event{{Kind: Recovered, Found: now, settled: p.settled}}
}
