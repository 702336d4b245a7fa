package model

import (
	"context"

	"github.com/difygraph/difygraph/graph/code"
	"github.com/difygraph/difygraph/graph/list"
)

// WorkflowLogConnection is a page of workflow logs, as Relay has it.
type WorkflowLogConnection struct {
	page   *list.Page
	rows   Renderer
	report *ScanReport
}

// Renderer writes the rows of a page as the selection of the context's field wants them. Where a row can't be written, the list
// is nil, and the error is the context's.
type Renderer interface {
	Edges(ctx context.Context, page *list.Page) *Rows
	Nodes(ctx context.Context, page *list.Page) *Rows
}

// NewConnection shows a page. report says how the page came about.
func NewConnection(page *list.Page, rows Renderer, report *ScanReport) *WorkflowLogConnection {
	return &WorkflowLogConnection{page: page, rows: rows, report: report}
}

// Edges are the rows with their cursors.
func (c *WorkflowLogConnection) Edges(ctx context.Context) (*Rows, error) {
	return c.rows.Edges(ctx, c.page), nil
}

// Nodes are the rows alone.
func (c *WorkflowLogConnection) Nodes(ctx context.Context) (*Rows, error) {
	return c.rows.Nodes(ctx, c.page), nil
}

// PageInfo says how to go on from the page.
func (c *WorkflowLogConnection) PageInfo() *PageInfo { return &PageInfo{c.page} }

// TotalCount is nil where Dify can't count by the filter. It fails alone.
func (c *WorkflowLogConnection) TotalCount() (*int, error) { return c.page.Total, c.page.TotalErr }

// Scan says how the page came about.
func (c *WorkflowLogConnection) Scan() *ScanReport { return c.report }

// WorkflowLogEdge is a workflow log in a page.
type WorkflowLogEdge struct {
	Node   *WorkflowLog
	Cursor string
}

// PageInfo says how to go on from a page.
type PageInfo struct{ *list.Page }

// StartCursor is nil where there is nothing to go on from.
func (p *PageInfo) StartCursor() *string { return orNil(p.Page.StartCursor) }

// EndCursor is nil where there is nothing to go on from.
func (p *PageInfo) EndCursor() *string { return orNil(p.Page.EndCursor) }

func orNil(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// ScanReport is what it took to make a page.
type ScanReport struct {
	list.Scan
	FailedApps []*AppFailure
}

// AppFailure is an app that could not be read.
type AppFailure struct {
	App     *DifyApp
	Code    code.Code
	Message string
}
