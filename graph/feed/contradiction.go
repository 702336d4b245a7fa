package feed

import "github.com/difygraph/difygraph/difyapi"

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
	session := row.SessionID()
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
