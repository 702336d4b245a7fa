package difytest

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"
)

// GenerateOptions says what rows [Generate] makes. Rows and Until must be
// given.
type GenerateOptions struct {
	Seed  uint64
	Rows  int
	Until time.Time     // no row is newer
	Span  time.Duration // no row is older than this before Until; 0 stands for 30 days
	// Crowded lists seconds by their number of rows, which count as part of
	// Rows; nil stands for one of 50 and one of 150 where Rows is at least twice
	// as many, an empty list for none.
	Crowded []int
	// Complete gives each row its run and its creator. Otherwise one row in a
	// hundred lacks the one, and one in a hundred the other.
	Complete bool
	// ByDay makes office hours (UTC) denser than the night.
	ByDay bool
}

const defaultSpan = 30 * 24 * time.Hour

// Generate makes rows from a seed, oldest first: the same options give the
// same rows. All statuses, origins, triggers and kinds of creators occur, in
// believable shares; inputs and outputs are as Dify stores them, some with text
// beyond ASCII, quotes and line breaks. Members are the same for all seeds, as
// they belong to the workspace; end users are each seed's own, with profiles of
// which some lack a name or an external id.
func Generate(options GenerateOptions) []Row {
	return newGenerator(options.Seed, &translation).rows(&options)
}

// Evenly makes n complete rows whose seconds are spread evenly over span: the
// newest at until, each other span/n before the next.
func Evenly(seed uint64, n int, until time.Time, span time.Duration) []Row {
	g := newGenerator(seed, &translation)
	rows := make([]Row, n)
	for i := range rows {
		age := time.Duration(float64(span) / float64(n) * float64(i))
		rows[n-1-i] = g.row(until.Add(-age).UTC().Truncate(time.Second))
	}
	return rows
}

// generator draws rows. One seed always gives the same.
type generator struct {
	rng      *rand.Rand
	scenario *scenario
	statuses []int // weights of allStatuses
	appID    uuid.UUID
	users    map[string][]EndUser // by type
	buf      []byte
}

// Where the statuses' weights are.
var (
	allStatuses = []string{
		StatusSucceeded, StatusFailed, StatusStopped, StatusPartialSucceeded, StatusPaused, StatusRunning,
	}
	mixedStatuses = []int{74, 10, 5, 5, 3, 3}
)

const usersPerApp = 40

func newGenerator(seed uint64, about *scenario) *generator {
	g := &generator{
		rng: rand.New(rand.NewPCG(seed, 0)), scenario: about, statuses: mixedStatuses, users: map[string][]EndUser{},
	}
	g.appID = g.uuid()
	g.add(EndUser{ID: g.uuid(), Type: "trigger", SessionID: "DEFAULT-USER", IsAnonymous: true}) // shared by all webhooks
	for i := range usersPerApp {
		g.add(visitor(g.uuid(), i))
	}
	return g
}

func (g *generator) add(user EndUser) { g.users[user.Type] = append(g.users[user.Type], user) }

// rows draws all rows, oldest first.
func (g *generator) rows(options *GenerateOptions) []Row {
	seconds := g.seconds(options)
	rows := make([]Row, 0, len(seconds))
	for _, second := range seconds {
		row := g.row(second)
		if !options.Complete {
			g.damage(&row)
		}
		rows = append(rows, row)
	}
	return rows
}

// seconds draws the times of all rows, oldest first.
func (g *generator) seconds(options *GenerateOptions) []time.Time {
	span := options.Span
	if span == 0 {
		span = defaultSpan
	}
	until := options.Until.UTC().Truncate(time.Second)
	draw := func() time.Time {
		return until.Add(-time.Duration(g.rng.Int64N(int64(span)))).Truncate(time.Second)
	}
	seconds := make([]time.Time, 0, options.Rows)
	for _, size := range options.crowds() {
		seconds = append(seconds, slices.Repeat([]time.Time{draw()}, size)...)
	}
	for len(seconds) < options.Rows {
		if second := draw(); !options.ByDay || g.rng.Float64() < dayShare(second) {
			seconds = append(seconds, second)
		}
	}
	slices.SortFunc(seconds, time.Time.Compare)
	return seconds
}

func (options *GenerateOptions) crowds() []int {
	if options.Crowded != nil {
		return options.Crowded
	}
	usual := []int{50, 150}
	if options.Rows < 2*(usual[0]+usual[1]) {
		return nil
	}
	return usual
}

// dayShare is how busy an hour is, compared with the busiest.
func dayShare(t time.Time) float64 {
	switch hour := t.Hour(); {
	case t.Weekday() == time.Saturday || t.Weekday() == time.Sunday:
		return 0.2
	case hour >= 8 && hour < 18:
		return 1
	case hour >= 6 && hour < 22:
		return 0.4
	default:
		return 0.1
	}
}

// row draws a row of a second.
func (g *generator) row(second time.Time) Row {
	row := Row{ID: g.uuid(), CreatedAt: second}
	run := g.start(second)
	g.creator(&row, run)
	g.finish(run, allStatuses[weighted(g.rng, g.statuses...)])
	row.Run = run
	g.describe(&row)
	return row
}

// start draws a run that has just begun. Its time is the app's clock, the
// row's the database's, rounded: up to a second apart.
func (g *generator) start(second time.Time) *Run {
	return &Run{
		ID:         g.uuid(),
		WorkflowID: g.scenario.workflowID,
		Version:    g.scenario.version,
		Status:     StatusRunning,
		CreatedAt:  second.Add(-time.Duration(g.rng.IntN(500)) * time.Millisecond),
	}
}

// creator draws who started the run and from where.
func (g *generator) creator(row *Row, run *Run) {
	row.CreatedFrom, row.CreatedByRole, run.TriggeredFrom = "service-api", "end_user", "app-run"
	member := func(account Account) {
		row.CreatedByRole, row.Account = "account", &account
	}
	user := func(kind string) {
		row.EndUser = new(pick(g.rng, g.users[kind]))
	}
	switch weighted(g.rng, 50, 20, 10, 8, 8, 4) {
	case 0:
		user("service-api")
	case 1:
		row.CreatedFrom = "web-app"
		user("browser")
	case 2:
		row.CreatedFrom = "installed-app"
		member(pick(g.rng, members))
	case 3:
		run.TriggeredFrom = "schedule" // always in the owner's name
		member(members[0])
	case 4:
		run.TriggeredFrom = "webhook"
		user("trigger")
	default:
		run.TriggeredFrom = "plugin"
		user("mcp")
	}
}

// finish takes a run to a state. A run that is paused has neither an end nor
// an elapsed time.
func (g *generator) finish(run *Run, status string) {
	run.Status = status
	run.TotalSteps = 2 + g.rng.IntN(6)
	switch status {
	case StatusRunning:
		run.TotalSteps = 0
		return
	case StatusPaused:
		run.TotalTokens = int64(g.rng.IntN(2_000))
		return
	case StatusFailed:
		run.Error = new(pick(g.rng, g.scenario.errors))
		run.ExceptionsCount = 1
	case StatusPartialSucceeded:
		run.ExceptionsCount = 1
	}
	run.TotalTokens = int64(200 + g.rng.IntN(6_000))
	run.ElapsedTime = g.elapsed().Seconds()
	run.FinishedAt = run.CreatedAt.Add(time.Duration(run.ElapsedTime * float64(time.Second)))
}

// elapsed draws how long a run takes: mostly seconds, at times a minute.
func (g *generator) elapsed() time.Duration {
	const usual, longest = 3 * float64(time.Second), 90 * time.Second
	drawn := time.Duration(g.rng.ExpFloat64() * usual)
	return min(drawn, longest).Truncate(time.Microsecond)
}

// describe writes what went in and came out, as Dify stores it. A failed run
// has no outputs, one that waits or was stopped has empty ones.
func (g *generator) describe(row *Row) {
	topic := pick(g.rng, g.scenario.topics)
	run := row.Run
	run.Inputs = g.object(slices.Concat(topic.inputs, []field{
		{"sys.user_id", row.caller()},
		{"sys.app_id", g.appID.String()},
		{"sys.workflow_id", run.WorkflowID.String()},
		{"sys.workflow_run_id", run.ID.String()},
	})...)
	switch run.Status {
	case StatusSucceeded, StatusPartialSucceeded:
		run.Outputs = g.object(topic.outputs...)
	case StatusFailed:
	default:
		run.Outputs = "{}"
	}
}

// caller is whom a run's inputs name: an end user as the caller of the API
// does, a member by id.
func (r *Row) caller() string {
	if r.EndUser != nil {
		return r.EndUser.SessionID
	}
	return r.Account.ID.String()
}

// object writes fields as Python's json.dumps does.
func (g *generator) object(fields ...field) string {
	g.buf = append(g.buf[:0], '{')
	for i, f := range fields {
		if i > 0 {
			g.buf = append(g.buf, ", "...)
		}
		g.buf = appendString(g.buf, f.name)
		g.buf = append(g.buf, ": "...)
		g.buf = appendString(g.buf, f.value)
	}
	return string(append(g.buf, '}'))
}

// damage takes the run or the creator from one row in a hundred each.
func (g *generator) damage(row *Row) {
	switch g.rng.IntN(100) {
	case 0:
		row.Run = nil
	case 1:
		row.Account, row.EndUser = nil, nil
	}
}

func (g *generator) uuid() uuid.UUID {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:8], g.rng.Uint64())
	binary.BigEndian.PutUint64(id[8:], g.rng.Uint64())
	id[6] = id[6]&0x0f | 0x40 // version 4
	id[8] = id[8]&0x3f | 0x80 // the usual variant
	return id
}

func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }

// weighted draws an index with the given weights.
func weighted(rng *rand.Rand, weights ...int) int {
	total := 0
	for _, weight := range weights {
		total += weight
	}
	index, left := 0, rng.IntN(total)
	for ; left >= weights[index]; index++ {
		left -= weights[index]
	}
	return index
}
