package follow

import (
	"time"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/list"
)

// Kind is what an event tells.
type Kind int

// The kinds of events.
const (
	// Appeared: a row was not there before.
	Appeared Kind = iota + 1
	// Changed: a row is not what it was.
	Changed
	// Skipped: more has happened between two seconds than is told one by one.
	Skipped
	// Failed: the app can't be read.
	Failed
	// Recovered: the app can be read again. What has happened meanwhile is told next.
	Recovered
)

// Event is something that was found in an app's log. It is not to be changed.
type Event struct {
	// App is the key of the app.
	App  string
	Kind Kind
	// Number counts the events of a follower from 1; 0 for what is told to one subscriber alone.
	Number int64
	// Found is when the answer came that showed it.
	Found time.Time
	// Row is as it is now, of those that appeared or changed.
	Row *difyapi.WorkflowLog
	// Before is what a row was that has changed; nil where that is not known. Of one that somebody was told of elsewhere only the
	// status of its run is as it was.
	Before *difyapi.WorkflowLog
	// Gap is what was skipped.
	Gap Gap
	// Err is why the app can't be read.
	Err error

	settled int64 // the last settled second, once the event was found
}

// Gap is a part of a log: all rows of the seconds from First to Last.
type Gap struct {
	First, Last int64
	// Count is how many rows were skipped; nil where they were not counted.
	Count *int
}

// Newest and Oldest are the positions between which the rows are, in a list in either order. They are no row's.
func (g Gap) Newest() list.Position { return list.Edge(g.Last + 1) }

// Oldest is the other one.
func (g Gap) Oldest() list.Position { return list.Edge(g.First) }
