package graph

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// startPrice is what a subscription costs before its first event.
const startPrice = 10

// subscription is one under way. Between events it holds nothing: each of them is executed and paid for like an operation of its own.
type subscription struct {
	next  func(context.Context) error // waits for the next event, and hands it to the field
	close func()
	// cursor is how far the caller was told before the event under way; nil where there is no such thing.
	cursor func() string
	field  string // its name in answers
	told   int    // events
	spent  int
	over   bool
}

type subscriptionKey struct{}

func subscriptionOf(ctx context.Context) *subscription {
	s, _ := ctx.Value(subscriptionKey{}).(*subscription)
	return s
}

// subscribe makes a field's answer of events. next waits for one, and ends the subscription by an error, [io.EOF] by none. close is
// called once nobody waits any more.
func subscribe[E any](ctx context.Context, next func(context.Context) (E, error), closing func()) <-chan E {
	events := make(chan E, 1) // the field takes each before the next is waited for
	s := subscriptionOf(ctx)
	s.field = graphql.GetFieldContext(ctx).Field.Alias
	s.close = sync.OnceFunc(closing)
	s.next = func(ctx context.Context) error {
		event, err := next(ctx)
		if err == nil {
			events <- event
		}
		return err
	}
	return events
}

func isSubscription(op *graphql.OperationContext) bool {
	return op.Operation != nil && op.Operation.Operation == ast.Subscription
}

// start begins a subscription once that is admitted.
func (o operations) start(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	s := new(subscription)
	ctx, leave, err := o.admit(context.WithValue(ctx, subscriptionKey{}, s), startPrice)
	if err != nil {
		return graphql.OneShot(&graphql.Response{Errors: gqlerror.List{Present(ctx, err)}})
	}
	defer leave(startPrice)
	s.spent = startPrice
	respond := next(ctx)
	if s.close != nil {
		context.AfterFunc(ctx, s.close)
	}
	return respond
}

// admit asks whether something may be executed.
func (o operations) admit(ctx context.Context, foreseen int) (context.Context, func(spent int), error) {
	if o.Admit == nil {
		return ctx, func(int) {}, nil
	}
	return o.Admit(ctx, foreseen)
}

// event waits for the next event of a subscription, and executes the selection of it. Its answer is nil once nothing comes, and has
// no data where the subscription ends by an error.
func (o operations) event(ctx context.Context, s *subscription, next graphql.ResponseHandler) *graphql.Response {
	if s.over {
		return nil
	}
	if err := s.next(ctx); err != nil {
		return s.end(ctx, err)
	}
	e := estimateOf(ctx)
	ctx, leave, err := o.admit(ctx, e.foreseen)
	if err != nil {
		return s.end(ctx, err)
	}
	before := e.taken.Load()
	defer func() {
		spent := int(e.taken.Load() - before)
		leave(spent)
		s.spent += spent - beginPrice
	}()
	response := o.execute(ctx, next)
	s.show(response)
	return response
}

// show gives errors their places, leaves the price in the first answer alone, and makes it that of the start and of one event.
func (s *subscription) show(response *graphql.Response) {
	if s.told++; response == nil {
		return
	}
	for _, e := range response.Errors {
		e.Path = append(ast.Path{ast.PathName(s.field)}, e.Path...) // gqlgen has them begin below the field
	}
	if s.told > 1 {
		delete(response.Extensions, costExtension)
		return
	}
	c, _ := response.Extensions[costExtension].(Cost)
	for _, price := range []*int{&c.Price, &c.Foreseen, &c.Spent} {
		*price = plus(*price, startPrice-beginPrice)
	}
	response.Extensions[costExtension] = c
}

// cost is what the subscription has cost so far.
func (s *subscription) cost(e *estimate) Cost {
	return Cost{Price: plus(e.price, startPrice-beginPrice), Foreseen: plus(e.foreseen, startPrice-beginPrice), Spent: s.spent, Rows: s.told}
}

// end closes the subscription.
func (s *subscription) end(ctx context.Context, err error) *graphql.Response {
	s.over = true
	s.close()
	if errors.Is(err, io.EOF) || ctx.Err() != nil {
		return nil
	}
	shown := Present(ctx, err)
	if s.cursor != nil {
		shown.Extensions["cursor"] = s.cursor()
	}
	return &graphql.Response{Errors: gqlerror.List{shown}}
}
