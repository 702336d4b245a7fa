package follow

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
)

// This file says what of a row counts. A row of Dify's is not changed: other answers may share it.

func secondOf(row *difyapi.WorkflowLog) int64 { return row.CreatedAt.Unix() }

// isOpen tells whether the row's run has not ended.
func isOpen(row *difyapi.WorkflowLog) bool {
	return row.WorkflowRun != nil && !row.WorkflowRun.Status.Final()
}

// differs tells whether a row is to be told again. That its run is gone, or can't be read, is not: nor does a run go on that has
// ended.
func differs(before, after *difyapi.WorkflowLog) bool {
	was, is := before.WorkflowRun, after.WorkflowRun
	switch {
	case is == nil || is.Status == "":
		return false
	case was == nil:
		return true
	case was.Status.Final() && !is.Status.Final():
		return false
	case len(was.Unreadable) > 0 || len(is.Unreadable) > 0:
		return was.Status != is.Status
	}
	return was.Status != is.Status || !same(was.Error, is.Error) || !same(was.ElapsedTime, is.ElapsedTime) ||
		!same(was.TotalTokens, is.TotalTokens) || !same(was.TotalSteps, is.TotalSteps) ||
		!same(was.ExceptionsCount, is.ExceptionsCount) || !sameTime(was.FinishedAt, is.FinishedAt)
}

func same[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

func sameTime(a, b *time.Time) bool { return a == b || a != nil && b != nil && a.Equal(*b) }

// withDetail is the row as the detail of its run shows it. The detail lacks some of what the log has.
func withDetail(row *difyapi.WorkflowLog, detail *difyapi.WorkflowRunDetail) *difyapi.WorkflowLog {
	run := *row.WorkflowRun
	run.Status, run.Error, run.ElapsedTime = detail.Status, detail.Error, detail.ElapsedTime
	run.TotalTokens, run.TotalSteps, run.FinishedAt = detail.TotalTokens, detail.TotalSteps, detail.FinishedAt
	return withRun(row, &run)
}

func withRun(row *difyapi.WorkflowLog, run *difyapi.WorkflowRun) *difyapi.WorkflowLog {
	changed := *row
	changed.WorkflowRun = run
	return &changed
}

// suffices tells whether the detail shows all that the log would: not how many exceptions a run went on after, nor what can't be
// read in it.
func suffices(detail *difyapi.WorkflowRunDetail) bool {
	switch detail.Status {
	case "", difyapi.StatusFailed, difyapi.StatusPartialSucceeded:
		return false
	default:
		return len(detail.Unreadable) == 0
	}
}

// state is as much of a run as is remembered of those that were told: where it is in states.
type state byte

// states are part of the format of positions.
var states = []difyapi.RunStatus{
	"", // no run, or none that can be read
	difyapi.StatusRunning, difyapi.StatusPaused, difyapi.StatusSucceeded, difyapi.StatusFailed, difyapi.StatusStopped, difyapi.StatusPartialSucceeded,
}

// otherState is that of a status without a name here.
const otherState state = 255

func stateOf(row *difyapi.WorkflowLog) state {
	if row.WorkflowRun == nil {
		return 0
	}
	if i := slices.Index(states, row.WorkflowRun.Status); i >= 0 {
		return state(i)
	}
	return otherState
}

func (s state) known() bool { return int(s) < len(states) || s == otherState }

func (s state) status() difyapi.RunStatus {
	if s == otherState {
		return "?"
	}
	return states[s]
}

// isFinal tells whether the run has ended.
func (s state) isFinal() bool { return s.status().Final() }

// was is the row as it was told to somebody: of its run no more than the status is known. It is nil where there was no run.
func (s state) was(row *difyapi.WorkflowLog) *difyapi.WorkflowLog {
	if s == 0 {
		return nil
	}
	return withRun(row, &difyapi.WorkflowRun{
		ID: row.WorkflowRun.ID, Version: row.WorkflowRun.Version, TriggeredFrom: row.WorkflowRun.TriggeredFrom,
		CreatedAt: row.WorkflowRun.CreatedAt, Status: s.status(),
	})
}

// mark is what is remembered of a row's id: its last half, which is random in all versions of UUIDs that Dify makes.
type mark [8]byte

func markOf(id uuid.UUID) (m mark) {
	copy(m[:], id[8:])
	return m
}
