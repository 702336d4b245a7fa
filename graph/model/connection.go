package model

import "github.com/difygraph/difygraph/graph/feed"

// Connection is a page of a list of nodes, as Relay has it.
type Connection[T any] struct {
	page   *feed.Page
	node   func(feed.Row) T
	report *ScanReport
}

// NewConnection shows a page. node makes a node of a row; report says how the page came about.
func NewConnection[T any](page *feed.Page, node func(feed.Row) T, report *ScanReport) *Connection[T] {
	return &Connection[T]{page: page, node: node, report: report}
}

// Edges are the rows with their cursors.
func (c *Connection[T]) Edges() []*Edge[T] {
	edges := make([]*Edge[T], len(c.page.Rows))
	for i, row := range c.page.Rows {
		edges[i] = &Edge[T]{Node: c.node(row), page: c.page, row: row}
	}
	return edges
}

// Nodes are the rows alone.
func (c *Connection[T]) Nodes() []T {
	nodes := make([]T, len(c.page.Rows))
	for i, row := range c.page.Rows {
		nodes[i] = c.node(row)
	}
	return nodes
}

// PageInfo says how to go on from the page.
func (c *Connection[T]) PageInfo() *PageInfo { return &PageInfo{c.page} }

// TotalCount is nil where Dify can't count by the filter. It fails alone.
func (c *Connection[T]) TotalCount() (*int, error) { return c.page.Total, c.page.TotalErr }

// Scan says how the page came about.
func (c *Connection[T]) Scan() *ScanReport { return c.report }

// Edge is a row of a connection.
type Edge[T any] struct {
	Node T
	page *feed.Page
	row  feed.Row
}

// Cursor is a bookmark of the row.
func (e *Edge[T]) Cursor() string { return e.page.Cursor(e.row) }

// gqlgen looks for the schema's types by their names.
type (
	// WorkflowLogConnection is a page of workflow logs.
	WorkflowLogConnection = Connection[*WorkflowLog]
	// WorkflowLogEdge is a workflow log in a page.
	WorkflowLogEdge = Edge[*WorkflowLog]
)

// PageInfo says how to go on from a page.
type PageInfo struct{ *feed.Page }

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
	feed.Scan
	FailedApps []*AppFailure
}

// AppFailure is an app that could not be read.
type AppFailure struct {
	App     *DifyApp
	Code    ErrorCode
	Message string
}
