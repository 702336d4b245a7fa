package graph

import (
	"context"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/difygraph/difygraph/graph/feed"
	"github.com/difygraph/difygraph/graph/fields"
	"github.com/difygraph/difygraph/graph/loader"
	"github.com/difygraph/difygraph/graph/model"
)

// What an operation's price is made of.
const (
	beginPrice = 1
	callPrice  = 10 // for a request to Dify
	// unsentPrice is for a call of which no request was sent, as where an app is known to give no answer.
	unsentPrice = 1
	// fieldsAtOnce is how many fields an object of a list shows for 1: a log entry, an app, what is asked for by its id.
	fieldsAtOnce = 50
	// describedAtOnce is how many fields of the schema's own description cost 1.
	describedAtOnce = 10
	// freeBytes is how large an answer may be without a price for its size. What an operation pays for fields pays for some bytes,
	// too: so many for 1. Of further bytes, bytesAtOnce cost 1.
	freeBytes   = 1 << 20
	fieldsBytes = 8 << 10
	bytesAtOnce = 16 << 10
)

// What an operation that has calls may take beside those that are foreseen: for calls that fail and are tried again and for
// what nobody can know; and if it reads lists, for one second with many rows, and for each list of Dify's some more.
const (
	spareCalls       = 2
	callsForOneSpare = 5
	streamCalls      = 4
)

// maxPrice is more than any limit, so that prices can't overflow.
const maxPrice = 1 << 40

// quote is what a part of an operation is foreseen to take.
type quote struct {
	calls   int  // requests to Dify, but for those for what it tells of an app
	infos   int  // the latter, of which each app has one at most
	fixed   int  // price of what is there in any case
	rows    int  // price of rows of lists
	streams int  // lists of Dify's that are read or looked into
	texts   bool // whether its answer can be of any size
}

func (q quote) plus(o quote) quote {
	return quote{
		calls: plus(q.calls, o.calls), infos: plus(q.infos, o.infos), fixed: plus(q.fixed, o.fixed), rows: plus(q.rows, o.rows),
		streams: plus(q.streams, o.streams), texts: q.texts || o.texts,
	}
}

// times is as much for each of n.
func (q quote) times(n int) quote {
	return quote{
		calls: times(n, q.calls), infos: times(n, q.infos), fixed: times(n, q.fixed), rows: times(n, q.rows),
		streams: times(n, q.streams), texts: q.texts && n > 0,
	}
}

func plus(a, b int) int { return min(a+b, maxPrice) }

func times(n, price int) int {
	if price > 0 && n > maxPrice/price {
		return maxPrice
	}
	return n * price
}

// estimate is what is known of the cost of an operation, or of each event of a subscription, before it is executed: by its selection and
// arguments alone.
type estimate struct {
	// foreseen is what the operation mostly costs at most: 10 for each call, 1 for each row, and what [fieldsAtOnce] and
	// [describedAtOnce] say.
	foreseen int
	// price is what it can cost at most: what was foreseen and a reserve for calls and bytes that can't be, as far as the limit
	// has room for it. The operation is held to it by its allowance.
	price     int
	allowance loader.Allowance
	fixed     int   // part of what was foreseen, which is spent in any case
	free      int64 // bytes of the answer that have no price of their own
	described int   // fields of the schema's own description
	extents   map[*ast.Field]extent
	taken     *atomic.Int64 // the price of what its answers have taken so far
}

// reserve adds to what was foreseen what an operation may take beyond.
func (e *estimate) reserve(calls int, q quote, limits Limits, answer int64) {
	extra, bytes := 0, 0
	if calls > 0 {
		extra = spareCalls + calls/callsForOneSpare
	}
	if q.streams > 0 {
		extra = plus(extra, plus(feed.SecondCalls, times(q.streams, streamCalls)))
	}
	if e.free = freeBytes + int64(plus(q.fixed, q.rows))*fieldsBytes; q.texts {
		bytes = bytesPrice(answer - e.free)
	}
	room := max(0, limits.Price-e.foreseen)
	extra = min(extra, max(room-bytes, room/2)/callPrice)
	bytes = min(bytes, room-extra*callPrice)
	e.price = e.foreseen + extra*callPrice + bytes
	e.allowance = loader.Allowance{Calls: calls, Extra: extra, AnswerBytes: e.free + int64(bytes)*bytesAtOnce}
}

func bytesPrice(bytes int64) int { return int(max(0, bytes+bytesAtOnce-1) / bytesAtOnce) }

// spent is the price of what an operation has taken, at most that of its estimate.
func (e *estimate) spent(t loader.Taken, rows int) int {
	return beginPrice + e.fixed + rows + t.Requests*callPrice + t.Unsent*unsentPrice + bytesPrice(t.AnswerBytes-e.free)
}

// pricer makes the estimate. Each argument is read once, however many aliases share it, and fields that share a call count once
// for each object.
type pricer struct {
	r        *Resolver
	op       *graphql.OperationContext
	apps     int // that the viewer may read
	read     *read
	estimate *estimate
}

// estimate foresees an operation. Its price is at least 1.
func (r *Resolver) estimate(ctx context.Context, op *graphql.OperationContext) *estimate {
	apps := len(r.appsOf(ctx))
	variables, short := variablesKey(op.Variables)
	if !short {
		return r.reckon(op, apps)
	}
	kept, of := r.prices.Of(op.Doc), priced{operation: op.Operation, apps: apps, variables: variables}
	if e := kept.find(of); e != nil {
		return e
	}
	e := r.reckon(op, apps)
	of.estimate = *e
	kept.keep(of)
	return e
}

func (r *Resolver) reckon(op *graphql.OperationContext, apps int) *estimate {
	e := &estimate{extents: make(map[*ast.Field]extent), taken: new(atomic.Int64)}
	p := pricer{r: r, op: op, apps: apps, read: newRead(), estimate: e}
	var sum quote
	root, price := "Query", p.root
	if isSubscription(op) {
		root, price = "Subscription", p.event
	}
	for _, field := range p.fields(selections{op.Operation.SelectionSet}, root) {
		sum = sum.plus(price(field))
	}
	calls := plus(sum.calls, min(sum.infos, p.apps))
	e.fixed = sum.fixed
	e.foreseen = plus(plus(beginPrice, times(calls, callPrice)), plus(sum.fixed, sum.rows))
	e.reserve(calls, sum, r.Limits, r.Upstream.AnswerBytes())
	return e
}

// root is the price of a field of Query.
func (p pricer) root(field graphql.CollectedField) quote {
	args, of := p.args(field), selections{field.Selections}
	switch field.Name {
	case "difyApps":
		return p.each(of).times(p.apps)
	case "difygraphViewer":
		return p.single(of, "DifygraphViewer").plus(p.each(p.children(of, "DifygraphViewer", "apps")).times(p.apps))
	case "difyApp":
		return p.single(of, "DifyApp").plus(p.app(of))
	case "workflowLogs":
		return p.list(field, p.appsIn(args), nil)
	case "workflowRun":
		return p.single(of, "WorkflowRun").plus(p.object(reference{id: model.ID{Kind: model.KindRun}}, of))
	case "endUser":
		return p.single(of, "EndUser").plus(p.object(reference{id: model.ID{Kind: model.KindEndUser}}, of))
	case "node":
		return p.objects(p.read.ids(args["id"]), of)
	case "nodes":
		return p.objects(p.read.ids(args["ids"]), of)
	case "_entities":
		return p.objects(p.read.representations(args["representations"]), of)
	case "_service":
		return quote{fixed: times(len(p.fields(of, "_Service")), sdlPrice)}
	case "__schema", "__type":
		shown := p.introspected(field)
		p.estimate.described = plus(p.estimate.described, shown)
		return quote{fixed: (shown + describedAtOnce - 1) / describedAtOnce}
	default:
		return quote{}
	}
}

// sdlPrice is for the schema as text.
const sdlPrice = 2

// single is what an object that stands alone costs for more fields than an object of a list has for 1.
func (p pricer) single(of selections, typeName string) quote {
	e := p.extent(of, typeName)
	return quote{fixed: max(0, e.weight()-1), texts: e.texts}
}

// objects is the price of objects that are asked for by ids or references: of each what it shows, and of each that is
// different from the others the calls.
func (p pricer) objects(keys references, of selections) (sum quote) {
	for kind, n := range keys.kinds {
		e := p.extent(of, typeNames[kind])
		sum = sum.plus(quote{fixed: times(n, max(1, e.weight())), texts: e.texts})
	}
	for key, n := range keys.different {
		sum = sum.plus(p.object(key, of).times(n))
	}
	return sum
}

// object is the price of an object that is asked for by itself: by a call for the object, and further ones for fields that it
// does not have. A run or a log entry may have to be looked for elsewhere, which is not foreseen. A member of the workspace takes no
// call, and neither does what is no id.
func (p pricer) object(key reference, of selections) quote {
	switch key.id.Kind {
	case model.KindApp:
		return p.app(of)
	case model.KindLog:
		return quote{calls: 1, streams: 1}.plus(p.log(of))
	case model.KindRun:
		return quote{calls: 1, streams: 1}.plus(p.run(of, false))
	case model.KindEndUser:
		bySession := key.session != "" // then it is not the profile that tells of them, but the log
		return quote{calls: 1, streams: map[bool]int{true: 1}[bySession]}.plus(p.endUser(of, !bySession))
	default:
		return quote{}
	}
}

// each is the price of one app of a list.
func (p pricer) each(of selections) quote {
	e := p.extent(of, "DifyApp")
	return p.app(of).plus(quote{fixed: e.weight(), texts: e.texts})
}

func (p pricer) app(of selections) (q quote) {
	if p.any(of, "DifyApp", fields.From(fields.Info, "DifyApp")...) {
		q.infos = 1
	}
	for _, field := range p.fields(of, "DifyApp") {
		if field.Name == "workflowLogs" {
			q = q.plus(p.list(field, 1, nil))
		}
	}
	return q
}

// list is the price of a connection of logs of so many apps, of an end user's if session is given.
func (p pricer) list(field graphql.CollectedField, apps int, session []string) quote {
	args, of := p.args(field), selections{field.Selections}
	shape := p.shape(args, of)
	plan := p.r.feed(nil).Plan(apps, p.read.filter(args["filter"], session), shape)
	q := quote{calls: plus(plan.Calls, plan.Details), streams: plan.Streams}
	q = q.plus(p.single(of, "WorkflowLogConnection")).plus(p.failedApps(of, apps))
	return q.plus(p.rows(field).times(rowsIn(args)))
}

// shape is what a list's arguments and its selection make of a page.
func (p pricer) shape(args map[string]any, of selections) feed.Shape {
	backward := args["last"] != nil
	s := feed.Shape{Newer: (args["order"] == "OLDEST_FIRST") != backward, Cursor: isCursor(args["after"]), ScanCalls: p.scanCalls(args)}
	if backward {
		s.Cursor = isCursor(args["before"])
	}
	const connection = "WorkflowLogConnection"
	s.Total = p.any(of, connection, "totalCount")
	if p.any(of, connection, "edges", "nodes", "pageInfo") || !s.Total && p.any(of, connection, "scan") {
		s.Rows = rowsIn(args)
	}
	s.Flags = p.any(p.children(of, connection, "pageInfo"), "PageInfo", "hasNextPage", "hasPreviousPage")
	return s
}

// scanCalls is how many calls a stream may take; 0 if that is left to this server. What is out of range is refused later.
func (p pricer) scanCalls(args map[string]any) int {
	n, err := graphql.UnmarshalInt(args["scanCalls"])
	if args["scanCalls"] == nil || err != nil {
		return 0
	}
	return min(max(n, 1), p.r.Limits.ScanCalls)
}

// isCursor is false of what means none.
func isCursor(arg any) bool { return arg != nil && arg != "" }

func (p pricer) failedApps(of selections, apps int) quote {
	failed := p.children(p.children(of, "WorkflowLogConnection", "scan"), "ScanReport", "failedApps")
	return p.single(failed, "AppFailure").plus(p.app(p.children(failed, "AppFailure", "app"))).times(apps)
}

// rows is the price of a row of a list: what it takes itself, as nodes and as edges, and what all of its nodes select together.
func (p pricer) rows(list graphql.CollectedField) (q quote) {
	var nodes selections
	var shown extent
	for _, field := range p.fields(selections{list.Selections}, "WorkflowLogConnection") {
		row, typeName := selections{field.Selections}, "WorkflowLog"
		switch field.Name {
		case "nodes":
			nodes = append(nodes, field.Selections)
		case "edges":
			nodes, typeName = append(nodes, p.children(row, "WorkflowLogEdge", "node")...), "WorkflowLogEdge"
		default:
			continue
		}
		e := p.extent(row, typeName)
		q = q.plus(quote{rows: e.weight(), texts: e.texts})
		shown.fields, shown.price = plus(shown.fields, e.fields), plus(shown.price, e.weight())
	}
	p.estimate.extents[list.Field] = shown
	return q.plus(p.log(nodes))
}

func (p pricer) log(of selections) quote {
	q := p.run(p.children(of, "WorkflowLog", "workflowRun"), true)
	q = q.plus(p.endUser(p.children(of, "WorkflowLog", "createdByEndUser"), false))
	return q.plus(p.app(p.children(of, "WorkflowLog", "app")))
}

// run is the price of a run's fields. listed says that it comes from a list, which has some that its detail lacks.
func (p pricer) run(of selections, listed bool) quote {
	q := p.app(p.children(of, "WorkflowRun", "app"))
	if p.any(of, "WorkflowRun", fields.From(fields.Detail, "WorkflowRun")...) {
		q.calls++
	}
	if !listed && p.any(of, "WorkflowRun", fields.From(fields.Entry, "WorkflowRun")...) {
		q.calls++
	}
	if entry := p.children(of, "WorkflowRun", "workflowLog"); len(entry) > 0 {
		q = q.plus(p.log(entry))
	}
	return q
}

// endUser is the price of an end user's fields. fetched says that their profile has been paid for.
func (p pricer) endUser(of selections, fetched bool) quote {
	q := p.app(p.children(of, "EndUser", "app"))
	if !fetched && p.any(of, "EndUser", fields.From(fields.Profile, "EndUser")...) {
		q.calls++
	}
	for _, field := range p.fields(of, "EndUser") {
		if field.Name == "workflowLogs" {
			q = q.plus(p.list(field, 1, []string{"theirs"}))
		}
	}
	return q
}
