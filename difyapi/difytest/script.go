package difytest

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Script is what happens in a run that is played in time: see [App.Play]. Times
// count from the run's start.
type Script struct {
	Nodes  []ScriptNode
	Pauses []ScriptPause
	Others []ScriptEvent
	// Lasts is how long the run takes; 0 stands for until all else is over.
	Lasts time.Duration
	// Status is how the run ends, StatusSucceeded where empty.
	Status  string
	Outputs string // JSON; empty: an object without members
}

// ScriptNode is the execution of a node.
type ScriptNode struct {
	ID                      uuid.UUID // zero: [App.Play] makes one
	NodeID, NodeType, Title string
	Begins, Lasts           time.Duration
	Status                  string // how it ends, "succeeded" where empty
	Inputs, Outputs         string // JSON; empty: null
	ProcessData             string // JSON; empty: an object without members
	Error                   *string
	Text                    []string // what it streams, evenly while it lasts
	Retries                 int      // tries that fail before the last, evenly likewise
	Tokens                  int64
}

// ScriptPause is a wait for a human's input, which comes after a while. It is
// the execution of a node, too.
type ScriptPause struct {
	ID            uuid.UUID // zero: [App.Play] makes one
	NodeID, Title string
	At, Lasts     time.Duration
	Content       string // of the form
}

// ScriptEvent is any other event of Dify's, such as iteration_started.
type ScriptEvent struct {
	At   time.Duration
	Name string
	Data string // JSON
}

// Sequence lays nodes one after another: each begins when the one before ends.
func Sequence(nodes ...ScriptNode) []ScriptNode {
	var at time.Duration
	for i := range nodes {
		nodes[i].Begins = at
		at += nodes[i].Lasts
	}
	return nodes
}

// play is a run under way: its script, and when it began.
type play struct {
	script Script
	start  time.Time
	task   uuid.UUID

	mu      sync.Mutex
	changes []change // of the row that are to come, in order
}

type change struct {
	at   time.Duration
	make func(*Run)
}

// Play starts a run of the row that goes on by itself as the script says, and
// returns the row as it is stored. Lists and the run's detail show how it stands
// at each time, and [EventsRoute] tells what happens inside. The row needs an
// end user if anybody is to watch it.
func (a *App) Play(row Row, script Script) Row {
	script = script.complete()
	stored := *a.complete(row)
	if stored.Run == nil {
		stored.Run = &Run{}
		a.completeRun(stored.Run, stored.CreatedAt)
	}
	stored.Run.begin(a.server.options.Now())
	stored = a.Insert(stored)[0]
	p := &play{script: script, start: time.Now(), task: uuid.New(), changes: script.changes()}
	a.plays.Store(stored.Run.ID, p)
	for _, c := range p.changes {
		time.AfterFunc(c.at, func() { p.happen(a, stored.ID, c.at) })
	}
	return stored
}

// happen makes the changes that are due after so long. A row that is gone by
// then is not missed.
func (p *play) happen(a *App, log uuid.UUID, at time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.changes) > 0 && p.changes[0].at <= at {
		_ = a.Update(log, func(row *Row) {
			if row.Run != nil {
				p.changes[0].make(row.Run)
			}
		})
		p.changes = p.changes[1:]
	}
}

// changes are what becomes of the row.
func (s Script) changes() []change {
	var all []change
	for _, pause := range s.Pauses {
		all = append(all,
			change{pause.At, func(r *Run) { r.Status = StatusPaused }},
			change{pause.At + pause.Lasts, func(r *Run) { r.Status = StatusRunning }})
	}
	all = append(all, change{s.Lasts, func(r *Run) {
		r.Status, r.Outputs = s.Status, s.Outputs
		r.TotalSteps, r.TotalTokens = s.steps(), s.tokens()
		r.FinishedAt, r.ElapsedTime = r.CreatedAt.Add(s.Lasts), s.Lasts.Seconds()
	}})
	slices.SortStableFunc(all, func(a, b change) int { return cmp.Compare(a.at, b.at) })
	return all
}

func (a *App) playOf(run uuid.UUID) *play {
	p, _ := a.plays.Load(run)
	found, _ := p.(*play)
	return found
}

// complete copies a script and fills in defaults.
func (s Script) complete() Script {
	s.Nodes, s.Pauses = slices.Clone(s.Nodes), slices.Clone(s.Pauses)
	s.Status, s.Outputs = cmp.Or(s.Status, StatusSucceeded), cmp.Or(s.Outputs, "{}")
	end := s.Lasts
	for i := range s.Nodes {
		n := &s.Nodes[i]
		n.ID, n.Status = cmp.Or(n.ID, uuid.New()), cmp.Or(n.Status, StatusSucceeded)
		end = max(end, n.Begins+n.Lasts)
	}
	for i := range s.Pauses {
		p := &s.Pauses[i]
		p.ID = cmp.Or(p.ID, uuid.New())
		end = max(end, p.At+p.Lasts)
	}
	for _, other := range s.Others {
		end = max(end, other.At)
	}
	s.Lasts = end
	slices.SortStableFunc(s.Nodes, func(a, b ScriptNode) int { return cmp.Compare(a.Begins, b.Begins) })
	return s
}

func (s Script) steps() int { return len(s.Nodes) + len(s.Pauses) }

func (s Script) tokens() (n int64) {
	for _, node := range s.Nodes {
		n += node.Tokens
	}
	return n
}

// Executions returns the executions of a run that is played, in the order in
// which they begin: the oracle of what its watchers are told. Those of pauses
// are among them.
func (a *App) Executions(run uuid.UUID) []ScriptNode {
	p := a.playOf(run)
	if p == nil {
		return nil
	}
	return p.script.executions()
}

func (s Script) executions() []ScriptNode {
	all := slices.Clone(s.Nodes)
	for _, pause := range s.Pauses {
		all = append(all, ScriptNode{
			ID: pause.ID, NodeID: pause.NodeID, NodeType: humanInput, Title: pause.Title,
			Begins: pause.At, Lasts: pause.Lasts, Status: StatusSucceeded,
		})
	}
	slices.SortStableFunc(all, func(a, b ScriptNode) int { return cmp.Compare(a.Begins, b.Begins) })
	return all
}

const humanInput = "human-input"
