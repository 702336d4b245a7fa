package graph

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/graph/loader"
)

// operations does for each operation what is not a field's affair: its price before it is executed, its loaders, its
// deadline, and the account of what it took.
type operations struct{ *Resolver }

// ExtensionName is how gqlgen calls it.
func (operations) ExtensionName() string { return "Operations" }

// Validate has nothing to find: any schema will do.
func (operations) Validate(graphql.ExecutableSchema) error { return nil }

// PriceError says that an operation would cost more than allowed.
type PriceError struct{ Price, Limit int }

func (e *PriceError) Error() string {
	return fmt.Sprintf("this operation can cost %d, and at most %d is allowed (%d for each call to Dify, %d for each row); ask for "+
		"fewer rows, or for fewer fields that take a call for each", e.Price, e.Limit, callPrice, rowPrice)
}

const priceStat = "price"

// MutateOperationContext refuses an operation that costs too much.
func (o operations) MutateOperationContext(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	price := o.price(ctx, op)
	if price > o.Limits.Price {
		return Present(ctx, &PriceError{price, o.Limits.Price})
	}
	op.Stats.SetExtension(priceStat, price)
	return nil
}

// InterceptOperation executes an operation once it is admitted.
func (o operations) InterceptOperation(ctx context.Context, next graphql.OperationHandler) (respond graphql.ResponseHandler) {
	if o.Admit == nil {
		return next(ctx)
	}
	price, _ := graphql.GetOperationContext(ctx).Stats.GetExtension(priceStat).(int)
	ctx, leave, err := o.Admit(ctx, price)
	if err != nil {
		return graphql.OneShot(&graphql.Response{Errors: gqlerror.List{Present(ctx, err)}})
	}
	defer func() {
		if respond == nil { // a panic
			leave(0)
		}
	}()
	execute := next(ctx)
	return func(ctx context.Context) (response *graphql.Response) {
		defer func() { leave(spentBy(response)) }()
		return execute(ctx)
	}
}

// Cost is `extensions.cost` of an answer.
type Cost struct {
	Price int `json:"price"`
	Limit int `json:"limit"`
	// Spent is by the same measure what the operation has taken.
	Spent int `json:"spent"`
	// Rows is how many rows its lists have shown.
	Rows int `json:"-"`
}

// CostOf is the cost of the operation that the context is of, by its answer. Of one that was not executed it is the price
// alone, as far as it is known.
func CostOf(ctx context.Context, response *graphql.Response) Cost {
	if c, ok := response.Extensions["cost"].(Cost); ok {
		return c
	}
	for _, e := range response.Errors {
		if refused, ok := errors.AsType[*PriceError](e); ok {
			return Cost{Price: refused.Price, Limit: refused.Limit}
		}
	}
	if !graphql.HasOperationContext(ctx) {
		return Cost{}
	}
	price, _ := graphql.GetOperationContext(ctx).Stats.GetExtension(priceStat).(int)
	return Cost{Price: price}
}

// spentBy is what an operation took, by its answer.
func spentBy(response *graphql.Response) int {
	if response == nil {
		return 0
	}
	cost, _ := response.Extensions["cost"].(Cost)
	return cost.Spent
}

// InterceptResponse executes an operation within its deadline, by loaders of its own.
func (o operations) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	if !graphql.HasOperationContext(ctx) {
		return next(ctx) // a request that is no operation
	}
	price, executes := graphql.GetOperationContext(ctx).Stats.GetExtension(priceStat).(int)
	if !executes {
		return next(ctx)
	}
	ctx, done := o.Upstream.Attach(ctx)
	defer done()
	if o.Limits.Deadline > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.Limits.Deadline)
		defer cancel()
	}
	rows := new(atomic.Int64)
	response := next(context.WithValue(ctx, rowsKey{}, rows))
	if response != nil {
		response.Errors = onePerField(response.Errors)
		shown := int(rows.Load())
		spent := loader.For(ctx).Calls()*callPrice + shown*rowPrice
		response.Extensions = withCost(response.Extensions, Cost{Price: price, Limit: o.Limits.Price, Spent: spent, Rows: shown})
	}
	return response
}

type rowsKey struct{}

// countRows notes the rows of a page that an operation shows.
func countRows(ctx context.Context, n int) {
	if rows, ok := ctx.Value(rowsKey{}).(*atomic.Int64); ok {
		rows.Add(int64(n))
	}
}

func withCost(extensions map[string]any, c Cost) map[string]any {
	if extensions == nil {
		extensions = make(map[string]any, 1)
	}
	extensions["cost"] = c
	return extensions
}

// RetryError says that an operation may be tried again after a time.
type RetryError struct {
	// Overloaded says that the server has too much to do; else the caller has.
	Overloaded bool
	After      time.Duration
}

func (e *RetryError) Error() string {
	seconds := e.seconds()
	if e.Overloaded {
		return fmt.Sprintf("the server has too much to do; try again in %d s", seconds)
	}
	return fmt.Sprintf("you have spent what you may for now; try again in %d s", seconds)
}

// seconds are whole, and enough.
func (e *RetryError) seconds() int { return int((e.After + time.Second - 1) / time.Second) }
