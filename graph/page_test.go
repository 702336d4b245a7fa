package graph_test

import (
	"bytes"
	"cmp"
	"maps"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// listQuery asks for all that says how a page came about.
const listQuery = `query ($apps: [String!], $filter: WorkflowLogFilter, $order: WorkflowLogOrder!, $first: Int, $after: String, $last: Int, $before: String, $onAppFailure: AppFailurePolicy! = FAIL) {
  workflowLogs(apps: $apps, filter: $filter, order: $order, first: $first, after: $after, last: $last, before: $before, onAppFailure: $onAppFailure) {
    edges { cursor node { uuid createdAt app { key } } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    totalCount
    scan { complete reasons upstreamCalls detailCalls rowsScanned asOf failedApps { app { key } code message } }
  }
}`

// page is what listQuery gives.
type page struct {
	Edges []struct {
		Cursor string
		Node   struct {
			UUID      uuid.UUID
			CreatedAt time.Time
			App       struct{ Key string }
		}
	}
	PageInfo struct {
		HasNextPage, HasPreviousPage bool
		StartCursor, EndCursor       *string
	}
	TotalCount *int
	Scan       struct {
		Complete                   bool
		Reasons                    []string
		UpstreamCalls, RowsScanned int
		DetailCalls                int
		AsOf                       time.Time
		FailedApps                 []struct {
			App           struct{ Key string }
			Code, Message string
		}
	}
}

func (a *api) page(t tb, variables map[string]any) page {
	t.Helper()
	var data struct{ WorkflowLogs page }
	withOrder := map[string]any{"order": "NEWEST_FIRST"}
	maps.Copy(withOrder, variables)
	a.get(t, listQuery, withOrder, &data)
	return data.WorkflowLogs
}

// place is where a row is in the order of all lists.
type place struct {
	second int64
	id     uuid.UUID
	app    string
}

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.second, q.second), bytes.Compare(p.id[:], q.id[:]), strings.Compare(p.app, q.app))
}

func (p page) places() []place {
	places := make([]place, len(p.Edges))
	for i, e := range p.Edges {
		places[i] = place{e.Node.CreatedAt.Unix(), e.Node.UUID, e.Node.App.Key}
	}
	return places
}

func placeOf(key string, row difytest.Row) place { return place{row.CreatedAt.Unix(), row.ID, key} }
