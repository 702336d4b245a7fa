package graph

import (
	"context"
	"fmt"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/graph/list"
	"github.com/difygraph/difygraph/graph/model"
	"github.com/difygraph/difygraph/graph/viewer"
)

// maxNodes bounds Query.nodes.
const maxNodes = 100

// object can be fetched by its id, and referred to by other graphs.
type object interface {
	model.Node
	model.Entity
}

// node fetches an object by its id; nil if it, or its app, is not there.
func (r *Resolver) node(ctx context.Context, id string) (model.Node, error) {
	i, err := model.ParseID(id)
	switch {
	case err != nil:
		return nil, &list.InputError{Argument: "id", Reason: err.Error()}
	case i.Kind == model.KindAccount:
		return nil, &list.InputError{Argument: "id", Reason: "a member of the workspace can't be fetched: Dify has no way to ask for one"}
	case r.app(ctx, i.App) == nil:
		return nil, nil
	}
	return r.object(ctx, r.app(ctx, i.App), i)
}

// byUUID fetches what an app has under Dify's own id: the named app, or the only one.
func byUUID[T any](ctx context.Context, r *Resolver, key *string, id uuid.UUID, find func(context.Context, *model.DifyApp, uuid.UUID) (*T, error)) (*T, error) {
	if err := viewer.Needs(ctx, viewer.Logs); err != nil {
		return nil, err
	}
	app, err := r.oneApp(ctx, key)
	if err != nil {
		return nil, err
	}
	return find(ctx, app, id)
}

// object fetches what an id of an app says; nil if it is not there.
func (r *Resolver) object(ctx context.Context, app *model.DifyApp, id model.ID) (object, error) {
	if id.Kind == model.KindApp {
		return app, nil
	}
	if err := viewer.Needs(ctx, viewer.Logs); err != nil {
		return nil, err
	}
	switch id.Kind {
	case model.KindLog:
		return orNil(r.entry(ctx, app, id))
	case model.KindRun:
		return orNil(r.run(ctx, app, id.UUID))
	default:
		return orNil(r.endUser(ctx, app, id.UUID))
	}
}

// orNil makes a nil pointer a nil object.
func orNil[T any, P interface {
	*T
	object
}](o P, err error) (object, error) {
	if o == nil {
		return nil, err
	}
	return o, err
}

// nodes fetches objects side by side, and each of them once. Each that fails is null, with an error of its own.
func (r *Resolver) nodes(ctx context.Context, ids []string) ([]model.Node, error) {
	if len(ids) > maxNodes {
		return nil, &list.InputError{Argument: "ids", Reason: fmt.Sprintf("at most %d ids, not %d", maxNodes, len(ids))}
	}
	together := r.entriesTogether(ctx, parsed(ids))
	return eachOf(ctx, ids, func(ctx context.Context, text string) (model.Node, error) {
		if id, err := model.ParseID(text); err == nil && together[id] != nil {
			return together[id], nil
		}
		return r.node(ctx, text)
	}), nil
}

// parsed are the ids that can be read.
func parsed(texts []string) (ids []model.ID) {
	for _, text := range texts {
		if id, err := model.ParseID(text); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// eachOf resolves the elements of a list side by side, those that are equal once. What fails is nil, with an error at its
// index, in the list's order.
func eachOf[K comparable, V any](ctx context.Context, keys []K, resolve func(context.Context, K) (V, error)) []V {
	type result struct {
		value V
		err   error
	}
	results := make(map[K]*result, len(keys))
	var resolving sync.WaitGroup
	for i, key := range keys {
		if results[key] != nil {
			continue
		}
		one := new(result)
		results[key] = one
		resolving.Go(func() {
			ctx := graphql.WithPathContext(ctx, graphql.NewPathWithIndex(i))
			defer func() {
				if panicked := recover(); panicked != nil {
					one.err = recovered(ctx, panicked)
				}
			}()
			one.value, one.err = resolve(ctx, key)
		})
	}
	resolving.Wait()
	values := make([]V, len(keys))
	for i, key := range keys {
		if err := results[key].err; err != nil {
			graphql.AddError(graphql.WithPathContext(ctx, graphql.NewPathWithIndex(i)), err)
			continue
		}
		values[i] = results[key].value
	}
	return values
}
