package graph

import (
	"context"
	"maps"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/difygraph/difygraph/graph/feed"
	"github.com/difygraph/difygraph/graph/model"
)

// What an operation's price is made of.
const (
	callPrice = 10 // for a request to Dify
	rowPrice  = 1  // for a row of an answer
)

// maxPrice is more than any limit, so that prices can't overflow.
const maxPrice = 1 << 40

// pricer says what an operation can cost at most, before it is executed: by its selection and arguments alone. Fields that
// share a call count once for each object. Seconds with more rows than an answer are not foreseen.
type pricer struct {
	ctx  context.Context
	r    *Resolver
	op   *graphql.OperationContext
	apps int // that the viewer may read
}

// price is at least 1.
func (r *Resolver) price(ctx context.Context, op *graphql.OperationContext) int {
	p := pricer{ctx: ctx, r: r, op: op, apps: len(r.appsOf(ctx))}
	sum := 1
	for _, field := range p.fields(selections{op.Operation.SelectionSet}, "Query") {
		sum = plus(sum, p.root(field))
	}
	return sum
}

func plus(a, b int) int { return min(a+b, maxPrice) }

func times(n, price int) int {
	if price > 0 && n > maxPrice/price {
		return maxPrice
	}
	return n * price
}

// root is the price of a field of Query.
func (p pricer) root(field graphql.CollectedField) int {
	args := field.ArgumentMap(p.op.Variables)
	switch field.Name {
	case "difyApps":
		return times(p.apps, p.app(selections{field.Selections}))
	case "difygraphViewer":
		return times(p.apps, p.app(p.children(selections{field.Selections}, "DifygraphViewer", "apps")))
	case "difyApp":
		return p.app(selections{field.Selections})
	case "workflowLogs":
		return p.list(field, p.appsIn(args), nil)
	case "workflowRun":
		return plus(callPrice, p.run(selections{field.Selections}, false))
	case "endUser":
		return plus(callPrice, p.endUser(selections{field.Selections}, true))
	case "node":
		return p.object(kindOfID(args["id"]), selections{field.Selections})
	case "nodes":
		return p.sum(listOf(args["ids"]), kindOfID, selections{field.Selections})
	case "_entities":
		return p.sum(listOf(args["representations"]), kindOfReference, selections{field.Selections})
	default: // __schema, __type, _service
		return 0
	}
}

// sum is the price of objects that are asked for by ids or references, one for each.
func (p pricer) sum(keys []any, kindOf func(any) model.Kind, of selections) int {
	prices := make(map[model.Kind]int)
	sum := times(len(keys), rowPrice)
	for _, key := range keys {
		kind := kindOf(key)
		if _, known := prices[kind]; !known {
			prices[kind] = p.object(kind, of)
		}
		sum = plus(sum, prices[kind])
	}
	return sum
}

// object is the price of an object that is asked for by itself. A log entry can take two calls: by its run, and by its
// second. A member of the workspace takes none, and neither does what is no id.
func (p pricer) object(kind model.Kind, of selections) int {
	switch kind {
	case model.KindApp:
		return p.app(of)
	case model.KindLog:
		return plus(2*callPrice, p.log(of))
	case model.KindRun:
		return plus(callPrice, p.run(of, false))
	case model.KindEndUser:
		return plus(callPrice, p.endUser(of, true))
	default:
		return 0
	}
}

func kindOfID(id any) model.Kind {
	text, _ := id.(string)
	parsed, _ := model.ParseID(text) // the zero value of what is no id
	return parsed.Kind
}

func kindOfReference(representation any) model.Kind {
	of, _ := representation.(map[string]any)
	name, _ := of["__typename"].(string)
	return kinds[name]
}

func (p pricer) app(of selections) int {
	price := 0
	if p.any(of, "DifyApp", "name", "description", "tags", "mode", "authorName", "difyVersion") {
		price = callPrice
	}
	for _, field := range p.fields(of, "DifyApp") {
		if field.Name == "workflowLogs" {
			price = plus(price, p.list(field, 1, nil))
		}
	}
	return price
}

// list is the price of a connection of logs of so many apps, of an end user's if session is given.
func (p pricer) list(field graphql.CollectedField, apps int, session []string) int {
	args := field.ArgumentMap(p.op.Variables)
	size := feed.PlanSize(apps, filterOf(args["filter"], session))
	rows := rowsIn(args)
	calls := size.Streams
	if size.Scans {
		calls = times(calls, p.r.Limits.ScanCalls)
	} else if rows > oneCallRows || fromOldEnd(args) {
		calls = times(calls, 2)
	}
	if size.Details {
		calls = plus(calls, p.r.Limits.ScanDetails)
	}
	if isCursor(args["after"]) || isCursor(args["before"]) {
		if p.any(selections{field.Selections}, "WorkflowLogConnection", "totalCount") {
			calls = plus(calls, size.Streams)
		}
	}
	failed := p.children(p.children(selections{field.Selections}, "WorkflowLogConnection", "scan"), "ScanReport", "failedApps")
	price := times(apps, p.app(p.children(failed, "AppFailure", "app")))
	return plus(price, plus(times(calls, callPrice), times(rows, p.rows(selections{field.Selections}))))
}

// isCursor is false of what means none.
func isCursor(arg any) bool { return arg != nil && arg != "" }

// oneCallRows is how many rows of a page come by one call where seconds have two at most.
const oneCallRows = 95

// fromOldEnd tells whether a page is read toward newer rows, which takes another call to find where they are.
func fromOldEnd(args map[string]any) bool {
	oldest := args["order"] == "OLDEST_FIRST"
	return oldest != (args["last"] != nil)
}

// rows is the price of a row: what it takes itself, and what all of its nodes select together.
func (p pricer) rows(connection selections) int {
	var nodes selections
	rows := 0
	for _, field := range p.fields(connection, "WorkflowLogConnection") {
		switch field.Name {
		case "nodes":
			rows, nodes = rows+1, append(nodes, field.Selections)
		case "edges":
			rows, nodes = rows+1, append(nodes, p.children(selections{field.Selections}, "WorkflowLogEdge", "node")...)
		}
	}
	return plus(times(rows, rowPrice), p.log(nodes))
}

func (p pricer) log(of selections) int {
	price := p.run(p.children(of, "WorkflowLog", "workflowRun"), true)
	price = plus(price, p.endUser(p.children(of, "WorkflowLog", "createdByEndUser"), false))
	return plus(price, p.app(p.children(of, "WorkflowLog", "app")))
}

// run is the price of a run's fields. listed says that it comes from a list, which has some that its detail lacks.
func (p pricer) run(of selections, listed bool) int {
	price := p.app(p.children(of, "WorkflowRun", "app"))
	if p.any(of, "WorkflowRun", slices.Collect(maps.Keys(detailFields))...) {
		price = plus(price, callPrice)
	}
	if !listed && p.any(of, "WorkflowRun", "version", "exceptionsCount", "triggeredFrom") {
		price = plus(price, callPrice)
	}
	return price
}

// endUser is the price of an end user's fields. fetched says that their profile has been paid for.
func (p pricer) endUser(of selections, fetched bool) int {
	price := p.app(p.children(of, "EndUser", "app"))
	if !fetched && p.any(of, "EndUser", slices.Collect(maps.Keys(profileFields))...) {
		price = plus(price, callPrice)
	}
	for _, field := range p.fields(of, "EndUser") {
		if field.Name == "workflowLogs" {
			price = plus(price, p.list(field, 1, []string{"theirs"}))
		}
	}
	return price
}

// selections are of one object, by different aliases. They can't be merged: the same alias may be another field in each.
type selections []ast.SelectionSet

// fields are those of a type that the selections have, through fragments; those that @skip and @include leave out are none.
func (p pricer) fields(of selections, typeName string) (fields []graphql.CollectedField) {
	for _, set := range of {
		fields = append(fields, graphql.CollectFields(p.op, set, []string{typeName, "Node", "_Entity"})...)
	}
	return fields
}

func (p pricer) any(of selections, typeName string, names ...string) bool {
	return slices.ContainsFunc(p.fields(of, typeName), func(f graphql.CollectedField) bool {
		return slices.Contains(names, f.Name)
	})
}

// children are the selections of all fields of a name.
func (p pricer) children(of selections, typeName, name string) (children selections) {
	for _, field := range p.fields(of, typeName) {
		if field.Name == name {
			children = append(children, field.Selections)
		}
	}
	return children
}

// appsIn is how many apps a list is of.
func (p pricer) appsIn(args map[string]any) int {
	if args["apps"] == nil {
		return p.apps
	}
	return len(listOf(args["apps"]))
}

// rowsIn is how many rows a page may have. What is out of range is refused later, and costs what is in it.
func rowsIn(args map[string]any) int {
	count := feed.DefaultPageSize
	for _, name := range []string{"first", "last"} {
		if n, err := graphql.UnmarshalInt(args[name]); args[name] != nil && err == nil {
			count = n
		}
	}
	return min(max(count, 1), feed.MaxPageSize)
}

// filterOf reads as much of a filter as its price takes.
func filterOf(arg any, session []string) feed.Filter {
	f := feed.Filter{EndUserSessionID: session}
	given, _ := arg.(map[string]any)
	for name, value := range given {
		if value == nil {
			continue
		}
		switch name {
		case "status":
			for _, v := range listOf(value) {
				status, _ := model.UnmarshalWorkflowRunStatus(v)
				f.Status = append(f.Status, status)
			}
		case "endUserSessionId":
			if session == nil {
				f.EndUserSessionID = textsOf(value)
			}
		case "keyword":
			if keyword, ok := value.(string); ok {
				f.Keyword = &keyword
			}
		case "createdFrom", "triggeredFrom", "elapsedTime", "totalTokens", "hasError":
			f.HasError = new(true) // any of them is looked at here
		}
	}
	return f
}

// listOf is a list as GraphQL coerces it: a value that is none is a list of one.
func listOf(value any) []any {
	if list, ok := value.([]any); ok || value == nil {
		return list
	}
	return []any{value}
}

func textsOf(value any) (texts []string) {
	for _, v := range listOf(value) {
		if text, ok := v.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}
