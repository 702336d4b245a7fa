package difytest

import "net/url"

// workflowLogs answers GET /workflows/logs: one page of the app's log. In Dify
// it is api/services/workflow_app_service.py.
func (s *Server) workflowLogs(app *App, values url.Values) answer {
	version := s.release()
	params, refusal := parseListParams(version, values)
	if refusal != nil {
		return *refusal
	}
	where, refusal := s.filterOf(version, params)
	if refusal != nil {
		return *refusal
	}

	s.announce(StatementCount, app)
	total := app.store.count(where)
	s.announce(StatementSelect, app)
	page := app.store.page(where, params.offset(), params.limit, s.disorder())
	s.announce(StatementLoad, app)
	return okAnswer(s.listBody(params, total, app.store.load(page)))
}

// filterOf turns the parameters into what the database is asked, or into the
// answer to what it cannot be asked.
func (s *Server) filterOf(version release, params listParams) (filter, *answer) {
	where := everything()
	where.status = params.status
	if version.has(timeBoundsAdded) {
		where.after, where.before = params.after, params.before
	}
	if version.has(peopleFiltersAdded) {
		where.session, where.account = params.session, params.account
	}
	if where.account != "" && !s.knowsAddress(where.account) {
		if version.has(unknownAccountError) {
			return filter{}, new(invalidParam("Account not found: " + where.account))
		}
		where.nobody = true
	}
	if params.keyword == "" {
		return where, nil
	}
	// Both conditions join end_users, and the database refuses the second join.
	if where.session != "" && !version.has(peopleJoinedOnce) {
		return filter{}, new(unknownError())
	}
	where.keyword = newKeyword(version, params.keyword)
	return where, nil
}
