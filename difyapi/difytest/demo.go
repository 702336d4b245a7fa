package difytest

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Demo is a server with three sample apps, a month of their runs up to now, and
// new runs that start while [Demo.Run] does.
type Demo struct {
	*Server
	Apps []*App

	generators []*generator // one per app
	pending    []pending    // by due, soonest first
}

// pending is a run under way and what is to become of it.
type pending struct {
	due   time.Time
	app   *App
	logID uuid.UUID
	ended *Run
}

const (
	demoRuns     = 20_000           // of each app
	demoKept     = demoRuns * 5 / 4 // rows of an app beyond which the oldest go
	demoRequests = 1_000
)

// Weights of allStatuses in the demo's past and future. Now and then a run of
// the past hangs, as after a crash of Dify's worker; what starts now is told to
// be running by itself.
var (
	pastStatuses   = []int{780, 100, 50, 50, 19, 1}
	futureStatuses = []int{78, 10, 5, 5, 2, 0}
)

// NewDemo makes the sample world. Options are those of [New]; of requests, the
// newest thousand are kept.
func NewDemo(options Options) *Demo {
	if options.KeepRequests == 0 {
		options.KeepRequests = demoRequests
	}
	demo := &Demo{Server: New(options)}
	demo.add(0, &translation, AppOptions{
		Name: "Translator", APIKey: "app-demo-translator", Tags: []string{"language"},
		Description: new("Translates short texts between six languages."),
	})
	demo.add(1, &supportTriage, AppOptions{
		Name: "Support triage", APIKey: "app-demo-support-triage", Tags: []string{"support", "internal"},
		Description: new("Reads a support request and says who should answer it, and how soon."),
	})
	demo.add(2, &invoiceReader, AppOptions{
		Name: "Invoice reader", APIKey: "app-demo-invoice-reader", Tags: []string{"finance"},
		Description: new("Finds supplier and total on an invoice."),
	})
	return demo
}

// add makes an app with its past.
func (d *Demo) add(index uint64, about *scenario, options AppOptions) {
	past := newGenerator(d.options.Seed+index, about)
	past.statuses = pastStatuses
	options.AuthorName, options.ID = new(members[0].Name), past.appID
	app := d.AddApp(options)
	app.Insert(past.rows(&GenerateOptions{Rows: demoRuns, Until: d.options.Now(), ByDay: true})...)
	past.statuses = futureStatuses
	d.Apps = append(d.Apps, app)
	d.generators = append(d.generators, past)
}

// Run lets new runs start, one each second or two, and end after their time,
// until ctx ends. The oldest rows go when there are too many, so that the demo
// may stay up. Only one Run at a time.
func (d *Demo) Run(ctx context.Context) {
	arrival := d.options.Now().Add(d.pause())
	for {
		next := arrival
		if len(d.pending) > 0 && d.pending[0].due.Before(next) {
			next = d.pending[0].due
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(next.Sub(d.options.Now())):
		}
		now := d.options.Now()
		d.finishDue(now)
		if !now.Before(arrival) {
			d.arrive(now)
			arrival = now.Add(d.pause())
		}
	}
}

// pause draws the time to the next arrival.
func (d *Demo) pause() time.Duration {
	return time.Second + time.Duration(d.generators[0].rng.Int64N(int64(time.Second)))
}

// arrive starts a run of one of the apps.
func (d *Demo) arrive(now time.Time) {
	index := d.generators[0].rng.IntN(len(d.Apps))
	app, g := d.Apps[index], d.generators[index]
	row := g.row(now)
	ended := *row.Run
	row.Run.begin(now)
	stored := app.Insert(row)[0]
	d.schedule(pending{
		due: now.Add(max(time.Duration(ended.ElapsedTime*float64(time.Second)), time.Second)),
		app: app, logID: stored.ID, ended: &ended,
	})
	if surplus := app.Len() - demoKept; surplus > 0 {
		app.Delete(app.store.oldest(surplus)...)
	}
}

// begin takes a run back to its first moment.
func (r *Run) begin(now time.Time) {
	r.Status, r.CreatedAt, r.FinishedAt = StatusRunning, now, time.Time{}
	r.Error, r.Outputs = nil, "{}"
	r.ElapsedTime, r.TotalTokens, r.TotalSteps, r.ExceptionsCount = 0, 0, 0, 0
}

func (d *Demo) schedule(p pending) {
	at, _ := slices.BinarySearchFunc(d.pending, p.due, func(q pending, due time.Time) int { return q.due.Compare(due) })
	d.pending = slices.Insert(d.pending, at, p)
}

// finishDue ends the runs whose time has come.
func (d *Demo) finishDue(now time.Time) {
	for len(d.pending) > 0 && !d.pending[0].due.After(now) {
		due := d.pending[0]
		d.pending = d.pending[1:]
		// A row that is gone by now has no end to be told of.
		_ = due.app.Update(due.logID, func(row *Row) { row.Run.endAs(due.ended, now) })
	}
}

// endAs gives the run the end that was drawn for it.
func (r *Run) endAs(ended *Run, now time.Time) {
	if r == nil {
		return
	}
	created := r.CreatedAt
	*r = *ended
	r.CreatedAt = created
	if r.Ended() {
		r.ElapsedTime = now.Sub(created).Truncate(time.Microsecond).Seconds()
		r.FinishedAt = now
	}
}
