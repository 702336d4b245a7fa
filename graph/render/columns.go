package render

import (
	"github.com/difygraph/difygraph/graph/feed"
	"github.com/difygraph/difygraph/graph/model"
	"github.com/difygraph/difygraph/graph/viewer"
)

// row is a row of a page with its objects, whether they are there or not. One value serves all rows, one after the other.
type row struct {
	page    *feed.Page
	at      *feed.Row
	log     model.WorkflowLog
	run     model.WorkflowRun
	account model.DifyAccount
	endUser model.EndUser
}

func (r *row) set(app *model.DifyApp, page *feed.Page, at *feed.Row) {
	log := at.WorkflowLog
	r.page, r.at = page, at
	r.log = model.WorkflowLog{App: app, WorkflowLog: log}
	r.run = model.WorkflowRun{App: app, WorkflowRun: log.WorkflowRun, Listed: true}
	r.account = model.DifyAccount{App: app, Account: log.CreatedByAccount}
	r.endUser = model.EndUser{App: app, EndUser: log.CreatedByEndUser}
}

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
	// needs is the scope without which the field is gqlgen's to refuse.
	needs viewer.Scope
	// object is the type of what is below, if that has fields; there tells whether a row has it, always if nil.
	object string
	there  func(r *row) bool
	// called says that the field takes a call or arguments: it is gqlgen's to resolve.
	called bool
}

var called = column{called: true}

// columns are the fields of a row's objects. One that is missing here is resolved by gqlgen, at gqlgen's price; a test wants it
// to be entered all the same.
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
			needs: viewer.Content, write: func(b []byte, r *row) []byte { return appendJSON(b, r.log.WorkflowLog.Details) },
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
			needs: viewer.Content, write: func(b []byte, r *row) []byte { return appendOptional(b, r.run.WorkflowRun.Error, appendString) },
		},
		"elapsedTime":     {write: func(b []byte, r *row) []byte { return appendOptional(b, r.run.ElapsedTime, appendFloat) }},
		"totalTokens":     {write: func(b []byte, r *row) []byte { return appendOptional(b, r.run.TotalTokens, appendInt64) }},
		"totalSteps":      {write: func(b []byte, r *row) []byte { return appendOptional(b, r.run.TotalSteps, appendInt) }},
		"exceptionsCount": {write: func(b []byte, r *row) []byte { return appendOptional(b, r.run.ExceptionsCount, appendInt) }},
		"triggeredFrom":   {write: func(b []byte, r *row) []byte { return appendOptional(b, r.run.TriggeredFrom, appendString) }},
		"createdAt":       {write: func(b []byte, r *row) []byte { return appendOptional(b, r.run.CreatedAt, appendTime) }},
		"finishedAt":      {write: func(b []byte, r *row) []byte { return appendOptional(b, r.run.FinishedAt, appendTime) }},
		"workflowId":      called, "inputs": called, "outputs": called,
	},
	"DifyAccount": {
		"id":    {needs: viewer.People, write: func(b []byte, r *row) []byte { return appendID(b, r.account.NodeID()) }},
		"uuid":  {needs: viewer.People, write: func(b []byte, r *row) []byte { return model.AppendUUID(b, r.account.Account.ID) }},
		"name":  {needs: viewer.People, write: func(b []byte, r *row) []byte { return appendOptional(b, r.account.Account.Name, appendString) }},
		"email": {needs: viewer.People, write: func(b []byte, r *row) []byte { return appendOptional(b, r.account.Account.Email, appendString) }},
	},
	"EndUser": {
		"id":   {write: func(b []byte, r *row) []byte { return appendID(b, r.endUser.NodeID()) }},
		"uuid": {write: func(b []byte, r *row) []byte { return model.AppendUUID(b, r.endUser.UUID()) }},
		"app":  {object: "DifyApp"},
		"type": {write: func(b []byte, r *row) []byte { return appendString(b, r.endUser.Type) }},
		"sessionId": {
			needs: viewer.People, write: func(b []byte, r *row) []byte { return appendOptional(b, r.endUser.EndUser.SessionID, appendString) },
		},
		"name": called, "isAnonymous": called, "externalUserId": called, "createdAt": called, "updatedAt": called, "workflowLogs": called,
	},
	"DifyApp": {
		"id":   {write: func(b []byte, r *row) []byte { return appendID(b, r.log.App.NodeID()) }},
		"key":  {write: func(b []byte, r *row) []byte { return appendString(b, r.log.App.Key) }},
		"name": called, "description": called, "tags": called, "mode": called, "authorName": called, "difyVersion": called,
		"workflowLogs": called,
	},
}
