package graph

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/graph/code"
	"github.com/difygraph/difygraph/graph/list"
	"github.com/difygraph/difygraph/graph/loader"
)

// operations does for each operation what is not a field's affair: its price before it is executed, its loaders, its
// deadline, and the account of what it took.
type operations struct{ *Resolver }

// ExtensionName is how gqlgen calls it.
func (operations) ExtensionName() string { return "Operations" }

// Validate has nothing to find: any schema will do.
func (operations) Validate(graphql.ExecutableSchema) error { return nil }

// priceError says that an operation is foreseen to cost more than allowed.
type priceError struct{ Price, Limit int }

// Code is the error's code.
func (e *priceError) Code() code.Code { return code.CostLimitExceeded }

func (e *priceError) Error() string {
	return fmt.Sprintf("this operation can cost %d, and at most %d is allowed (%d for each call to Dify, %d for each row); ask for "+
		"fewer rows, for fewer fields that take a call for each, or for lists of fewer apps at once", e.Price, e.Limit, callPrice, 1)
}

const estimateStat = "estimate"

func estimateOf(ctx context.Context) *estimate {
	e, _ := graphql.GetOperationContext(ctx).Stats.GetExtension(estimateStat).(*estimate)
	return e
}

// MutateOperationContext refuses an operation that costs too much.
func (o operations) MutateOperationContext(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	e := o.estimate(ctx, op)
	price := e.foreseen
	if isSubscription(op) {
		price = plus(price, startPrice-beginPrice)
	}
	if price > o.Limits.Price {
		return Present(ctx, &priceError{price, o.Limits.Price})
	}
	op.Stats.SetExtension(estimateStat, e)
	return nil
}

// InterceptOperation executes an operation once it is admitted. It leaves with its answer; a subscription has begun by then, and its
// events are admitted each.
func (o operations) InterceptOperation(ctx context.Context, next graphql.OperationHandler) (respond graphql.ResponseHandler) {
	e := estimateOf(ctx)
	if e == nil {
		return next(ctx)
	}
	if isSubscription(graphql.GetOperationContext(ctx)) {
		return o.start(ctx, next)
	}
	ctx, leave, err := o.admit(ctx, e.foreseen)
	if err != nil {
		return graphql.OneShot(&graphql.Response{Errors: gqlerror.List{Present(ctx, err)}})
	}
	end := sync.OnceFunc(func() { leave(int(e.taken.Load())) })
	defer func() {
		if respond == nil { // a panic
			end()
		}
	}()
	execute := next(ctx)
	return func(ctx context.Context) *graphql.Response {
		defer end()
		return execute(ctx)
	}
}

// Cost is `extensions.cost` of an answer.
type Cost struct {
	// Price is what the operation can cost at most, Foreseen what it mostly costs at most. Limit is for the latter.
	Price    int `json:"price"`
	Foreseen int `json:"foreseen"`
	Limit    int `json:"limit"`
	// Spent is by the same measure what the operation has taken, never more than Price.
	Spent int `json:"spent"`
	// Rows is how many rows its lists have shown.
	Rows int `json:"-"`
	// FailedApps are the apps that its lists have left out, with the codes of their failures; nil if none.
	FailedApps map[string]code.Code `json:"-"`
}

// CostOf is the cost of the operation that the context is of, by its answer. Of one that was not executed it is the price
// alone, as far as it is known.
func CostOf(ctx context.Context, response *graphql.Response) Cost {
	if c, ok := response.Extensions[costExtension].(Cost); ok {
		return c
	}
	for _, e := range response.Errors {
		if refused, ok := errors.AsType[*priceError](e); ok {
			return Cost{Price: refused.Price, Limit: refused.Limit}
		}
	}
	if !graphql.HasOperationContext(ctx) {
		return Cost{}
	}
	e := estimateOf(ctx)
	if s := subscriptionOf(ctx); s != nil && e != nil {
		return s.cost(e)
	}
	if e != nil {
		return Cost{Price: e.price, Foreseen: e.foreseen}
	}
	return Cost{}
}

// InterceptResponse executes an operation, or a selection of a subscription's next event.
func (o operations) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	if !graphql.HasOperationContext(ctx) || estimateOf(ctx) == nil {
		return next(ctx) // a request that is no operation, or one that is not executed
	}
	if s := subscriptionOf(ctx); s != nil {
		return o.event(ctx, s, next)
	}
	return o.execute(ctx, next)
}

// execute answers within the operation's deadline and its price, by loaders of its own.
func (o operations) execute(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	e := estimateOf(ctx)
	ctx, done := o.Upstream.Attach(ctx, e.allowance)
	if o.Limits.Deadline > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.Limits.Deadline)
		defer cancel()
	}
	if op := graphql.GetOperationContext(ctx).Operation; isOneList(op.SelectionSet) {
		loader.For(ctx).ExpectOneList()
	}
	a := newAccount(e, loader.For(ctx))
	defer func() { e.taken.Add(int64(a.spent())) }() // also where nobody waits for an answer any more
	response := next(context.WithValue(ctx, accountKey{}, a))
	done(a.settle(ctx, response))
	if response != nil {
		response.Errors = onePerField(response.Errors)
		response.Extensions = withCost(response.Extensions, a.cost(o.Limits.Price))
	}
	return response
}

const costExtension = "cost"

func withCost(extensions map[string]any, c Cost) map[string]any {
	if extensions == nil {
		extensions = make(map[string]any, 1)
	}
	extensions[costExtension] = c
	return extensions
}

// RetryError says that an operation may be tried again after a time.
type RetryError struct {
	// Overloaded says that the server has too much to do; else the caller has.
	Overloaded bool
	After      time.Duration
}

// Code is the error's code.
func (e *RetryError) Code() code.Code {
	if e.Overloaded {
		return code.Overloaded
	}
	return code.RateLimited
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

// InterceptField makes null an error of the field in whose arguments it stands where the schema does not allow it, as the
// specification's "Coercing Field Arguments" has it. Validation lets a variable pass that can be null if it or the place has a
// default. gqlgen takes its null for 0 or an empty text, as far as the type has one; of others [Present] says what it was.
func (operations) InterceptField(ctx context.Context, next graphql.Resolver) (any, error) {
	if null := nullArgument(ctx); null != nil {
		return nil, null
	}
	return next(ctx)
}

// nullArgument is the error for a variable in the arguments of the field under way that is null and must not be; nil if there is
// none.
func nullArgument(ctx context.Context) error {
	arguments := graphql.GetFieldContext(ctx).Field.Arguments
	if len(arguments) == 0 {
		return nil
	}
	variables := graphql.GetOperationContext(ctx).Variables
	for _, argument := range arguments {
		if null, at := nullIn(argument.Value, variables); null != nil {
			reason := fmt.Sprintf("$%s is null, and %s is expected where it stands", null.Raw, null.ExpectedType)
			return &list.InputError{Argument: argument.Name + at, Reason: reason}
		}
	}
	return nil
}

// nullIn is a variable within a value that is null and must not be, and where in the value it stands; nil if there is none.
func nullIn(v *ast.Value, variables map[string]any) (null *ast.Value, at string) {
	if v.Kind == ast.Variable {
		value, given := variables[v.Raw]
		if given && value == nil && v.ExpectedType != nil && v.ExpectedType.NonNull {
			return v, ""
		}
		return nil, ""
	}
	for i, child := range v.Children {
		if null, at = nullIn(child.Value, variables); null == nil {
			continue
		}
		if v.Kind == ast.ListValue {
			return null, fmt.Sprintf("[%d]%s", i, at)
		}
		return null, "." + child.Name + at
	}
	return nil, ""
}
