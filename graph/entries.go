package graph

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/graph/feed"
	"github.com/difygraph/difygraph/graph/list"
	"github.com/difygraph/difygraph/graph/model"
	"github.com/difygraph/difygraph/graph/viewer"
)

// entriesTogether finds log entries that stand near each other in their apps' logs, as those of a list do, many by one call. It
// knows nothing of the rest, which are to be looked for one by one: those that stand alone, are gone, or could not be read.
func (r *Resolver) entriesTogether(ctx context.Context, ids []model.ID) map[model.ID]*model.WorkflowLog {
	found := make(map[model.ID]*model.WorkflowLog)
	if viewer.Needs(ctx, viewer.Logs) != nil {
		return found
	}
	wanted := make(map[string][]model.ID)
	for _, id := range ids {
		if id.Kind == model.KindLog && id.Run == uuid.Nil && r.app(ctx, id.App) != nil {
			wanted[id.App] = append(wanted[id.App], id)
		}
	}
	var mu sync.Mutex
	var reading sync.WaitGroup
	for _, ofApp := range wanted {
		reading.Go(func() {
			defer func() { _ = recover() }() // who looks for one alone meets the same, and reports it
			r.neighbours(ctx, ofApp, func(id model.ID, entry *model.WorkflowLog) {
				mu.Lock()
				defer mu.Unlock()
				found[id] = entry
			})
		})
	}
	reading.Wait()
	return found
}

// neighbours reads an app's log from the newest of the entries down, as long as pages have two of them each, but for one or two: then
// they are far apart, and better looked for side by side.
func (r *Resolver) neighbours(ctx context.Context, ids []model.ID, found func(model.ID, *model.WorkflowLog)) {
	left := make(map[model.ID]bool, len(ids))
	for _, id := range ids {
		left[id] = true
	}
	for pages, hits := 1, 0; len(left) > 1; pages++ {
		rows, err := r.rowsAround(ctx, slices.Collect(maps.Keys(left)))
		if err != nil {
			return
		}
		for _, row := range rows {
			id := model.ID{Kind: model.KindLog, App: row.App, UUID: row.WorkflowLog.ID, Second: row.CreatedAt.Unix()}
			if left[id] {
				hits++
				found(id, r.log(row))
				delete(left, id)
			}
		}
		if 2*pages > hits+2 || len(rows) < feed.OneCallRows {
			return
		}
		oldest := rows[len(rows)-1].CreatedAt.Unix()
		maps.DeleteFunc(left, func(id model.ID, _ bool) bool { return id.Second >= oldest })
	}
}

// rowsAround is a page of an app's log from the second of the newest of the entries, down to that of the oldest at most.
func (r *Resolver) rowsAround(ctx context.Context, ids []model.ID) ([]list.Row, error) {
	bySecond := func(a, b model.ID) int { return cmp.Compare(a.Second, b.Second) }
	since, last := time.Unix(slices.MinFunc(ids, bySecond).Second, 0), time.Unix(slices.MaxFunc(ids, bySecond).Second, 0)
	l, err := list.New([]string{ids[0].App}, false, list.Filter{CreatedAt: &list.TimeRange{Since: &since, Until: new(last.Add(time.Second))}}, list.NewestFirst)
	if err != nil {
		return nil, err
	}
	slice, err := list.NewSlice(l, new(feed.OneCallRows), nil, nil, nil)
	if err != nil {
		return nil, err
	}
	page, err := r.reader(ctx).Read(ctx, list.Request{List: l, Slice: slice, Rows: true})
	if err != nil {
		return nil, err
	}
	return page.Rows, nil
}
