package service

import (
	"context"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/feed"
	"github.com/difygraph/difygraph/graph/list"
	"github.com/difygraph/difygraph/graph/loader"
)

// checkCalls are more than a look at a log takes, and at its app's clock.
const checkCalls = 20

// CheckLog reads the newest entry of an app's log as a list does, and holds the app's clock against it. Errors are those of
// [feed.Feed.Read]: a [feed.ClockError] where Dify shows other times than it filters by. None shows address or key.
func CheckLog(ctx context.Context, app string, client *difyapi.Client) error {
	upstream := loader.New(map[string]*difyapi.Client{app: client}, loader.Options{OperationBytes: 64 << 20})
	defer upstream.Close()
	ctx, done := upstream.Attach(ctx, loader.Allowance{Calls: checkCalls, Extra: checkCalls})
	defer done(0)
	l, err := list.New([]string{app}, false, list.Filter{}, list.NewestFirst)
	if err != nil {
		return err
	}
	newest, err := list.NewSlice(l, new(1), nil, nil, nil)
	if err != nil {
		return err
	}
	_, err = (&feed.Feed{Source: loader.For(ctx), ScanCalls: 1, ScanDetails: 1}).Read(ctx, list.Request{List: l, Slice: newest, Rows: true})
	return err
}
