package feed

import (
	"slices"

	"github.com/difygraph/difygraph/difyapi"
)

// These functions are all that the feed looks at in a row beside its second and its id.

// matches tells whether a row that Dify gave meets the whole filter as far as a row shows it. It repeats the status that
// Dify was asked for: Dify filters first and loads the run later, when it may be another.
func (f Filter) matches(row *difyapi.WorkflowLog) bool {
	return f.matchesEntry(row) && (!f.looksAtRun() || row.WorkflowRun != nil && f.matchesRun(row.WorkflowRun))
}

func (f Filter) matchesEntry(row *difyapi.WorkflowLog) bool {
	return oneOf(f.CreatedFrom, &row.CreatedFrom) && (f.EndUserSessionID == nil || oneOf(f.EndUserSessionID, sessionOf(row)))
}

// looksAtRun tells whether there is a condition on the run. A row without a run meets none of them.
func (f Filter) looksAtRun() bool {
	return f.Status != nil || f.TriggeredFrom != nil || f.ElapsedTime != nil || f.TotalTokens != nil || f.HasError != nil
}

func (f Filter) matchesRun(run *difyapi.WorkflowRun) bool {
	return f.matchesStatus(run.Status) && oneOf(f.TriggeredFrom, run.TriggeredFrom) &&
		(f.ElapsedTime == nil || within(run.TimeTaken(), f.ElapsedTime.Min, f.ElapsedTime.Max)) &&
		(f.TotalTokens == nil || within(run.TokensUsed(), f.TotalTokens.Min, f.TotalTokens.Max)) &&
		(f.HasError == nil || !run.Unreadable.Has("error") && *f.HasError == (run.Error != nil && *run.Error != ""))
}

// mayMatch tells whether a row that does not match could, if all of it could be read that the filter looks at.
func (f Filter) mayMatch(row *difyapi.WorkflowLog) bool {
	if row.Unreadable.Has("workflow_run") && f.looksAtRun() {
		return true
	}
	if user := row.CreatedByEndUser; f.EndUserSessionID != nil {
		if row.Unreadable.Has("created_by_end_user") || user != nil && user.Unreadable.Has("session_id") {
			return true
		}
	}
	run := row.WorkflowRun
	return run != nil && (f.TriggeredFrom != nil && run.Unreadable.Has("triggered_from") ||
		f.ElapsedTime != nil && run.Unreadable.Has("elapsed_time") ||
		f.TotalTokens != nil && run.Unreadable.Has("total_tokens") ||
		f.HasError != nil && run.Unreadable.Has("error"))
}

func (f Filter) matchesStatus(status difyapi.RunStatus) bool {
	if !status.Known() {
		status = StatusUnknown
	}
	return f.Status == nil || slices.Contains(f.Status, status)
}

func oneOf(set []string, value *string) bool {
	return set == nil || value != nil && slices.Contains(set, *value)
}

func within[T int64 | float64](value, lowest, highest *T) bool {
	return value != nil && (lowest == nil || *lowest <= *value) && (highest == nil || *value <= *highest)
}

func sessionOf(row *difyapi.WorkflowLog) *string {
	if row.CreatedByEndUser == nil {
		return nil
	}
	return row.CreatedByEndUser.SessionID
}

// contradiction names the filter that a row shows to be ignored by the server, or is empty. What a row lacks contradicts
// nothing: people who are gone leave nulls.
func contradiction(q difyapi.LogQuery, row *difyapi.WorkflowLog) string {
	switch {
	case !q.CreatedAfter.IsZero() && row.CreatedAt.Before(q.CreatedAfter),
		!q.CreatedBefore.IsZero() && row.CreatedAt.After(q.CreatedBefore):
		return "createdAt"
	case q.EndUserSessionID != "" && !mayBeOfSession(row, q.EndUserSessionID):
		return "endUserSessionId"
	case q.AccountEmail != "" && !mayBeOfAccount(row, q.AccountEmail):
		return "accountEmail"
	case q.Status != "" && !mayHaveHad(row, q.Status):
		return "status"
	default:
		return ""
	}
}

func mayBeOfSession(row *difyapi.WorkflowLog, id string) bool {
	session := sessionOf(row)
	return row.CreatedByAccount == nil && (session == nil || *session == id)
}

func mayBeOfAccount(row *difyapi.WorkflowLog, email string) bool {
	account := row.CreatedByAccount
	return row.CreatedByEndUser == nil && (account == nil || account.Email == nil || *account.Email == email)
}

// mayHaveHad tells whether a run can have had the status when Dify filtered, which it does before it loads the run. What is
// final stays, so that another final status was there already.
func mayHaveHad(row *difyapi.WorkflowLog, status difyapi.RunStatus) bool {
	return row.WorkflowRun == nil || row.WorkflowRun.Status == status || !row.WorkflowRun.Status.Final()
}

// lacksTrigger tells whether a row comes from a server that does not tell what triggered its run.
func lacksTrigger(row *difyapi.WorkflowLog) bool {
	run := row.WorkflowRun
	return run != nil && run.TriggeredFrom == nil && !run.Unreadable.Has("triggered_from")
}
