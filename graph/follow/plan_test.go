package follow

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func rowOf(age time.Duration, status difyapi.RunStatus) *difyapi.WorkflowLog {
	return &difyapi.WorkflowLog{ID: uuid.New(), CreatedAt: noon.Add(-age), WorkflowRun: &difyapi.WorkflowRun{ID: uuid.New(), Status: status}}
}

// TestPausesGrowWithAge from two seconds to five minutes, then to an hour; after a week nobody asks.
func TestPausesGrowWithAge(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for age, want := range map[time.Duration]time.Duration{
		-time.Minute: 2 * time.Second, 0: 2 * time.Second, 20 * time.Second: 2 * time.Second, 10 * time.Minute: time.Minute,
		time.Hour: 5 * time.Minute, day: 5 * time.Minute, day + 1: time.Hour, 7 * day: time.Hour,
	} {
		if got := nextLook(rowOf(age, difyapi.StatusRunning), noon).Sub(noon); got != want {
			t.Errorf("a run of %v is asked for again after %v, want %v", age, got, want)
		}
	}
	if !nextLook(rowOf(8*day, difyapi.StatusRunning), noon).IsZero() || !nextLook(rowOf(0, difyapi.StatusFailed), noon).IsZero() {
		t.Error("a run that has ended, or never will, is asked for")
	}
}

// TestSettledSeconds: by the older of the two clocks, and by the date alone where nothing appears.
func TestSettledSeconds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ newest, date, want time.Duration }{
		"equal clocks":              {0, 0, -30 * time.Second},
		"database two minutes fast": {2 * time.Minute, 0, -30 * time.Second},
		"database two minutes slow": {-2 * time.Minute, 0, -150 * time.Second},
		"nothing for an hour":       {-time.Hour, 0, -10 * time.Minute},
	} {
		p := newPicture(30 * time.Second)
		p.newest = noon.Add(test.newest).Unix()
		p.advance(noon.Add(test.date))
		if got := time.Unix(p.settled, 0).Sub(noon); got != test.want {
			t.Errorf("%s: settled up to %v, want %v", name, got, test.want)
		}
		settled := p.settled
		if p.advance(noon.Add(-time.Hour)); p.settled != settled {
			t.Errorf("%s: a proxy's old date unsettles", name)
		}
	}
}

// atWork is a plan whose picture has rows, and is whole for an hour.
func atWork(rows ...*difyapi.WorkflowLog) *plan {
	p := newPlan(Options{Interval: time.Second, IdleInterval: 10 * time.Second, Settle: 30 * time.Second, Lookback: time.Hour})
	p.take(task{window: span{noon.Add(-time.Hour).Unix(), latest}}, answer{rows: rows, from: noon.Add(-time.Hour).Unix(), date: noon}, noon)
	return &p
}

// TestOpenRunsAreAskedForInTheCheapestWay: by detail, or by one list of their second where several are due.
func TestOpenRunsAreAskedForInTheCheapestWay(t *testing.T) {
	t.Parallel()
	old := func(n, ended int) (rows []*difyapi.WorkflowLog) {
		for range n {
			rows = append(rows, rowOf(10*time.Minute, difyapi.StatusRunning))
		}
		for range ended {
			rows = append(rows, rowOf(10*time.Minute, difyapi.StatusStopped))
		}
		return append(rows, rowOf(0, difyapi.StatusStopped))
	}
	for name, test := range map[string]struct {
		rows   []*difyapi.WorkflowLog
		detail bool
	}{
		"one":                          {old(1, 0), true},
		"one of many":                  {old(1, 50), true},
		"two":                          {old(2, 0), false},
		"two of many":                  {old(2, 50), true},
		"four of many":                 {old(4, 50), false},
		"hundred of more than a call":  {old(100, 20), false},
		"two of more than an answer's": {old(2, 150), true},
	} {
		p := atWork(test.rows...)
		p.logAt = noon.Add(time.Hour)
		got, _ := p.next(noon.Add(2 * time.Minute))
		if (got.run != nil) != test.detail {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestPauses: doubled while nothing happens, short again when something does, and four times as long as an answer took.
func TestPauses(t *testing.T) {
	t.Parallel()
	p, now := atWork(), noon
	look := func(a answer) time.Duration {
		asked, at := p.next(now)
		if at.After(now) {
			now = at
			asked, _ = p.next(now)
		}
		a.from, a.date = asked.window.from, now
		p.take(asked, a, now)
		_, at = p.next(now)
		return at.Sub(now)
	}
	growing := []float64{2, 4, 8, 10, 10}
	for _, want := range growing {
		if got := look(answer{}); got.Seconds() != want {
			t.Errorf("pause of %v, want %v s", got, want)
		}
	}
	if got := look(answer{rows: []*difyapi.WorkflowLog{rowOf(0, difyapi.StatusStopped)}}); got != time.Second {
		t.Errorf("pause of %v after news", got)
	}
	if got := look(answer{took: 5 * time.Second}); got != 20*time.Second {
		t.Errorf("pause of %v after an answer that took 5 s", got)
	}
	for _, want := range growing {
		if got := look(answer{err: errors.New("down")}); got.Seconds() != want {
			t.Errorf("pause of %v after a failure, want %v s", got, want)
		}
	}
}

// TestWhatTakesTooManyCallsIsSkipped, and the picture goes on from there.
func TestWhatTakesTooManyCallsIsSkipped(t *testing.T) {
	t.Parallel()
	p, later := atWork(), noon.Add(10*time.Hour)
	asked, _ := p.next(later)
	events := p.take(asked, answer{from: noon.Add(9 * time.Hour).Unix(), date: later}, later)
	if len(events) != 1 || events[0].Kind != Skipped || events[0].Gap.First != asked.window.from || events[0].Gap.Last != noon.Add(9*time.Hour).Unix()-1 {
		t.Errorf("%+v, asked for %+v", events, asked)
	}
	if !p.isReady() || p.from != noon.Add(9*time.Hour).Unix() {
		t.Errorf("from %d, settled %d", p.from, p.settled)
	}
}
