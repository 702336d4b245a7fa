package list

import (
	"slices"
	"strings"

	"github.com/difygraph/difygraph/difyapi"
)

// Matches tells whether a row that Dify gave meets the whole filter as far as a row shows it. It repeats the status that
// Dify was asked for: Dify filters first and loads the run later, when it may be another.
func (f Filter) Matches(row *difyapi.WorkflowLog) bool {
	return f.matchesEntry(row) && (!f.looksAtRun() || row.WorkflowRun != nil && f.matchesRun(row.WorkflowRun))
}

// Has tells whether a row of one of the list's apps is in it, by all conditions but the keyword, which takes the run's detail.
func (l List) Has(row *difyapi.WorkflowLog) bool {
	first, last := l.Seconds()
	second := row.CreatedAt.Unix()
	return first <= second && second <= last && l.filter.Matches(row) && l.filter.matchesAccount(row.CreatedByAccount)
}

func (f Filter) matchesAccount(account *difyapi.Account) bool {
	return f.AccountEmail == nil || account != nil && oneOf([]string{*f.AccountEmail}, account.Email)
}

// Changes tells whether a row can come to meet the filter, or cease to: whether it looks at what becomes of a run.
func (f Filter) Changes() bool {
	return f.Status != nil || f.ElapsedTime != nil || f.TotalTokens != nil || f.looksAtError() || f.Keyword != nil
}

func (f Filter) matchesEntry(row *difyapi.WorkflowLog) bool {
	return oneOf(f.CreatedFrom, &row.CreatedFrom) && (f.EndUserSessionID == nil || oneOf(f.EndUserSessionID, row.SessionID()))
}

// looksAtRun tells whether there is a condition on the run. A row without a run meets none of them.
func (f Filter) looksAtRun() bool {
	return f.Status != nil || f.TriggeredFrom != nil || f.ElapsedTime != nil || f.TotalTokens != nil || f.looksAtError()
}

func (f Filter) matchesRun(run *difyapi.WorkflowRun) bool {
	return f.matchesStatus(run.Status) && oneOf(f.TriggeredFrom, run.TriggeredFrom) &&
		(f.ElapsedTime == nil || within(run.TimeTaken(), f.ElapsedTime.Min, f.ElapsedTime.Max)) &&
		(f.TotalTokens == nil || within(run.TokensUsed(), f.TotalTokens.Min, f.TotalTokens.Max)) &&
		(!f.looksAtError() || !run.Unreadable.Has("error") && f.matchesError(run.Error))
}

func (f Filter) looksAtError() bool { return f.HasError != nil || f.Error != nil }

func (f Filter) matchesError(message *string) bool {
	has := message != nil && *message != ""
	return (f.HasError == nil || *f.HasError == has) &&
		(f.Error == nil || has && strings.Contains(strings.ToLower(*message), f.Error.Contains))
}

// MayMatch tells whether a row that does not match could, if all of it could be read that the filter looks at.
func (f Filter) MayMatch(row *difyapi.WorkflowLog) bool {
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
		f.looksAtError() && run.Unreadable.Has("error"))
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
