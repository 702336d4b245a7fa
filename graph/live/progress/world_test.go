package progress_test

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/difygraph/difygraph/difyapi"
)

// world is a run, and how it is watched. Times are whole numbers from its start.
type world struct {
	nodes    []node
	end      int
	watching []span
}

// node is an execution; one of a human begins anew when the run goes on.
type node struct {
	id         uuid.UUID
	begin, end int
	retry      int // -1: none
	human      bool
	status     difyapi.NodeStatus
}

// span is a stream, from its snapshot until it is cut.
type span struct {
	from, to int
	lost     map[string]bool // live events that Dify loses, by name
	second   int             // another snapshot's time; -1: none
	given    int             // when that is taken
}

// moment is an event at its time.
type moment struct {
	at, order int
	name      string
	event     difyapi.RunEvent
}

func drawWorld(t *rapid.T) *world {
	w := &world{}
	for i, at := 0, 0; i < rapid.IntRange(0, 2).Draw(t, "pauses"); i++ {
		begin := at + rapid.IntRange(1, 30).Draw(t, "pause")
		end := begin + rapid.IntRange(1, 20).Draw(t, "waits")
		w.nodes = append(w.nodes, node{uuid.NewSHA1(uuid.Max, fmt.Append(nil, i)), begin, end, -1, true, difyapi.NodeSucceeded})
		at = end + 1
	}
	for i := range rapid.IntRange(0, 8).Draw(t, "nodes") {
		begin := rapid.IntRange(0, 60).Draw(t, "begin")
		end := begin + rapid.IntRange(0, 40).Draw(t, "lasts")
		n := node{id: uuid.NewSHA1(uuid.Nil, fmt.Append(nil, i)), begin: w.unpaused(begin), end: w.unpaused(end), retry: -1}
		n.status = rapid.SampledFrom([]difyapi.NodeStatus{difyapi.NodeSucceeded, difyapi.NodeFailed, difyapi.NodeException}).Draw(t, "status")
		if n.end > n.begin+2 && rapid.Bool().Draw(t, "retries") {
			n.retry = w.unpaused(n.begin + 1)
		}
		w.nodes = append(w.nodes, n)
	}
	for _, n := range w.nodes {
		w.end = max(w.end, n.end)
	}
	w.end++
	w.watch(t)
	return w
}

// unpaused is a time at which the run is not paused: nothing happens then.
func (w *world) unpaused(at int) int {
	for _, n := range w.nodes {
		if n.human && n.begin < at && at < n.end {
			return n.end
		}
	}
	return at
}

// watch draws streams, one after another, of which the last may be cut, too.
func (w *world) watch(t *rapid.T) {
	for at := 0; at <= w.end; {
		s := span{from: rapid.IntRange(at, w.end+2).Draw(t, "from"), lost: map[string]bool{}, second: -1}
		s.to = rapid.IntRange(s.from, w.end+20).Draw(t, "to")
		for _, m := range w.live() {
			if m.at > s.from && m.at <= s.from+10 && m.name != "end" {
				s.lost[m.name] = rapid.IntRange(0, 3).Draw(t, "lost") == 0
			}
		}
		if s.to > s.from && s.from < w.end && rapid.Bool().Draw(t, "twice") {
			s.second = rapid.IntRange(s.from, min(s.to, w.end-1)).Draw(t, "second")
			s.given = rapid.IntRange(s.second, s.to).Draw(t, "given")
		}
		w.watching = append(w.watching, s)
		at = s.to + 1
	}
}

func (n node) execution(status difyapi.NodeStatus) *difyapi.NodeExecution {
	return &difyapi.NodeExecution{ID: n.id, NodeID: n.id.String(), Status: status}
}

// live are all events, as they happen.
func (w *world) live() (all []moment) {
	for _, n := range w.nodes {
		add := func(at, order int, name string, event difyapi.RunEvent) {
			all = append(all, moment{at, order, name + n.id.String(), event})
		}
		add(n.begin, 2, "start", &difyapi.NodeStarted{Execution: n.execution(difyapi.NodeRunning)})
		if n.retry >= 0 {
			add(n.retry, 3, "retry", &difyapi.NodeRetried{Execution: n.execution(difyapi.NodeRetry)})
		}
		order := 1
		if n.begin == n.end {
			order = 2
		}
		if n.human {
			add(n.begin, 4, "form", n.form(false))
			add(n.begin, 5, "pause", &difyapi.RunPaused{})
			add(n.end, 0, "resume", &difyapi.RunStarted{Resumed: true})
			add(n.end, 0, "again", &difyapi.NodeStarted{Execution: n.execution(difyapi.NodeRunning)})
		}
		add(n.end, order, "finish", &difyapi.NodeFinished{Execution: n.execution(n.status)})
	}
	all = append(all, moment{w.end, 9, "end", &difyapi.RunFinished{}})
	slices.SortStableFunc(all, func(a, b moment) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.order, b.order)) })
	return all
}

func (n node) form(replayed bool) *difyapi.OtherRunEvent {
	return &difyapi.OtherRunEvent{Name: "human_input_required", Data: fmt.Appendf(nil, `{"node_id":%q}`, n.id), Replayed: replayed}
}

// snapshot is what Dify tells first, at a time before the end.
func (w *world) snapshot(now int) (all []difyapi.RunEvent) {
	all = append(all, &difyapi.RunStarted{Replayed: true})
	var pause []difyapi.RunEvent
	for _, n := range w.nodes {
		if n.begin > now {
			continue
		}
		all = append(all, &difyapi.NodeStarted{Execution: n.execution(difyapi.NodeRunning), Replayed: true})
		status := n.status
		switch {
		case n.end <= now:
		case n.human:
			status = difyapi.NodePaused
			pause = append(pause, n.form(true), &difyapi.RunPaused{Replayed: true})
		case n.retry >= 0 && n.retry <= now:
			status = difyapi.NodeRetry
		default:
			continue
		}
		all = append(all, &difyapi.NodeFinished{Execution: n.execution(status), Replayed: true})
	}
	return append(all, pause...)
}

// coming is what comes at a time: an event of a stream, or the snapshot of one beside it.
type coming struct {
	at     int
	event  difyapi.RunEvent
	beside []difyapi.RunEvent
}

// comings are those of a stream, in order.
func (w *world) comings(s span) (all []coming) {
	if s.from >= w.end {
		return []coming{{at: s.from, event: &difyapi.RunFinished{}}}
	}
	for _, event := range w.snapshot(s.from) {
		all = append(all, coming{at: s.from, event: event})
	}
	for _, m := range w.live() {
		if m.at > s.from && m.at <= s.to && !s.lost[m.name] {
			all = append(all, coming{at: m.at, event: m.event})
		}
	}
	if s.second >= 0 {
		all = append(all, coming{at: s.given, beside: w.snapshot(s.second)})
	}
	slices.SortStableFunc(all, func(a, b coming) int { return cmp.Compare(a.at, b.at) })
	return all
}

// pausedAt tells whether the run is paused at a time.
func (w *world) pausedAt(now int) bool {
	return slices.ContainsFunc(w.nodes, func(n node) bool { return n.human && n.begin <= now && now < n.end })
}

// wentOn tells whether the run has gone on after a pause, and was not paused again before.
func (w *world) wentOn(now int) bool {
	again := slices.ContainsFunc(w.nodes, func(n node) bool { return n.human && n.begin < now && now < n.end })
	return !again && slices.ContainsFunc(w.nodes, func(n node) bool { return n.human && n.end <= now })
}

// seesEnd tells whether a watcher learns that the run has ended.
func (w *world) seesEnd() bool {
	return slices.ContainsFunc(w.watching, func(s span) bool { return s.to >= w.end })
}

// tells is whether anything that was given tells of an execution by one of the live events, or by a snapshot at or after a time.
func (w *world) tells(n node, since int, names ...string) bool {
	for _, s := range w.watching {
		if s.from >= w.end {
			break // all is over
		}
		if since <= s.from || s.second >= since && (s.given < w.end || s.to < w.end) {
			return true
		}
		for _, m := range w.live() {
			named := slices.ContainsFunc(names, func(name string) bool { return m.name == name+n.id.String() })
			if named && m.at > s.from && m.at <= s.to && !s.lost[m.name] {
				return true
			}
		}
		if s.to >= w.end {
			break
		}
	}
	return false
}
