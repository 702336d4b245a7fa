package render

import (
	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/list"
	"github.com/difygraph/difygraph/graph/model"
)

// row is a row of a page with its objects, whether they are there or not. One value serves all rows, one after the other.
type row struct {
	page    *list.Page
	at      *list.Row
	log     model.WorkflowLog
	run     model.WorkflowRun
	account model.DifyAccount
	endUser model.EndUser
}

func (r *row) set(app *model.DifyApp, page *list.Page, at *list.Row) {
	log := at.WorkflowLog
	r.page, r.at = page, at
	r.log = model.WorkflowLog{App: app, WorkflowLog: log}
	r.run = model.WorkflowRun{App: app, WorkflowRun: log.WorkflowRun, Listed: true, Entry: &r.log}
	r.account = model.DifyAccount{App: app, Account: log.CreatedByAccount}
	r.endUser = model.EndUser{App: app, EndUser: log.CreatedByEndUser}
}

// odd tells whether something of the row could not be read, or is not what the schema says. What there is to say of that, gqlgen
// says.
func (r *row) odd() bool {
	log := r.log.WorkflowLog
	return log.Unreadable != nil || log.WorkflowRun != nil && isOdd(log.WorkflowRun) ||
		log.CreatedByAccount != nil && log.CreatedByAccount.Unreadable != nil ||
		log.CreatedByEndUser != nil && log.CreatedByEndUser.Unreadable != nil
}

func isOdd(run *difyapi.WorkflowRun) bool {
	return run.Unreadable != nil || run.CreatedAt == nil || isLarge(run.TotalSteps) || isLarge(run.ExceptionsCount)
}

// isLarge tells whether a number is beyond GraphQL's Int.
func isLarge(n *int) bool { return n != nil && !list.IsInt(*n) }

// object is the row's object of a type, which has to be there.
func (r *row) object(of string) any {
	switch of {
	case "WorkflowLogEdge":
		return &model.WorkflowLogEdge{Node: &r.log, Cursor: r.page.Cursor(r.at)}
	case "WorkflowLog":
		return &r.log
	case "WorkflowRun":
		return &r.run
	case "DifyAccount":
		return &r.account
	case "EndUser":
		return &r.endUser
	default:
		return r.log.App
	}
}

// column is what the renderer knows of a field of the schema: how its value is written, or whose fields come below it.
type column struct {
	write func(b []byte, r *row) []byte
	// object is the type of what is below, if that has fields; there tells whether a row has it, always if nil.
	object string
	there  func(r *row) bool
}

// columns are the fields that a row has. Those that take a call or arguments are gqlgen's to resolve.
var columns = map[string]map[string]column{
	"WorkflowLogEdge": {
		"cursor": {write: func(b []byte, r *row) []byte { return append(r.page.AppendCursor(append(b, '"'), r.at), '"') }},
		"node":   {object: "WorkflowLog"},
	},
	"WorkflowLog": {
		"id":               {write: func(b []byte, r *row) []byte { return appendID(b, r.log.NodeID()) }},
		"uuid":             {write: func(b []byte, r *row) []byte { return model.AppendUUID(b, r.log.UUID()) }},
		"app":              {object: "DifyApp"},
		"workflowRun":      {object: "WorkflowRun", there: func(r *row) bool { return r.run.WorkflowRun != nil }},
		"createdFrom":      {write: func(b []byte, r *row) []byte { return appendString(b, r.log.CreatedFrom) }},
		"createdByRole":    {write: func(b []byte, r *row) []byte { return appendEnum(b, model.RoleName(r.log.CreatedByRole)) }},
		"createdByAccount": {object: "DifyAccount", there: func(r *row) bool { return r.account.Account != nil }},
		"createdByEndUser": {object: "EndUser", there: func(r *row) bool { return r.endUser.EndUser != nil }},
		"createdAt":        {write: func(b []byte, r *row) []byte { return appendTime(b, r.log.CreatedAt) }},
		"details": {
			write: func(b []byte, r *row) []byte { return appendJSON(b, r.log.Details) },
		},
	},
	"WorkflowRun": {
		"id":         {write: func(b []byte, r *row) []byte { return appendID(b, r.run.NodeID()) }},
		"uuid":       {write: func(b []byte, r *row) []byte { return model.AppendUUID(b, r.run.UUID()) }},
		"app":        {object: "DifyApp"},
		"version":    {write: func(b []byte, r *row) []byte { return appendOptional(b, r.run.Version, appendString) }},
		"status":     {write: func(b []byte, r *row) []byte { return appendEnum(b, model.StatusName(r.run.Status)) }},
		"statusText": {write: func(b []byte, r *row) []byte { return appendString(b, r.run.StatusText()) }},
		"error": {
			write: func(b []byte, r *row) []byte { return appendOptional(b, r.run.WorkflowRun.Error, appendString) },
		},
		"elapsedTime":     {write: func(b []byte, r *row) []byte { return appendOptional(b, r.run.TimeTaken(), appendFloat) }},
		"totalTokens":     {write: func(b []byte, r *row) []byte { return appendOptional(b, r.run.TokensUsed(), appendInt64) }},
		"totalSteps":      {write: func(b []byte, r *row) []byte { return appendOptional(b, r.run.StepsTaken(), appendInt) }},
		"exceptionsCount": {write: func(b []byte, r *row) []byte { return appendOptional(b, r.run.ExceptionsCount, appendInt) }},
		"triggeredFrom":   {write: func(b []byte, r *row) []byte { return appendOptional(b, r.run.TriggeredFrom, appendString) }},
		"createdAt":       {write: func(b []byte, r *row) []byte { return appendTime(b, *r.run.WorkflowRun.CreatedAt) }},
		"finishedAt":      {write: func(b []byte, r *row) []byte { return appendOptional(b, r.run.WorkflowRun.FinishedAt, appendTime) }},
		"workflowLog":     {object: "WorkflowLog"},
	},
	"DifyAccount": {
		"id":    {write: func(b []byte, r *row) []byte { return appendID(b, r.account.NodeID()) }},
		"uuid":  {write: func(b []byte, r *row) []byte { return model.AppendUUID(b, r.account.Account.ID) }},
		"name":  {write: func(b []byte, r *row) []byte { return appendOptional(b, r.account.Account.Name, appendString) }},
		"email": {write: func(b []byte, r *row) []byte { return appendOptional(b, r.account.Account.Email, appendString) }},
	},
	"EndUser": {
		"id":   {write: func(b []byte, r *row) []byte { return appendID(b, r.endUser.NodeID()) }},
		"uuid": {write: func(b []byte, r *row) []byte { return model.AppendUUID(b, r.endUser.UUID()) }},
		"app":  {object: "DifyApp"},
		"type": {write: func(b []byte, r *row) []byte { return appendString(b, r.endUser.Type) }},
		"sessionId": {
			write: func(b []byte, r *row) []byte { return appendOptional(b, r.endUser.EndUser.SessionID, appendString) },
		},
	},
	"DifyApp": {
		"id":  {write: func(b []byte, r *row) []byte { return appendID(b, r.log.App.NodeID()) }},
		"key": {write: func(b []byte, r *row) []byte { return appendString(b, r.log.App.Key) }},
	},
}
