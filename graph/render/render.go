// Package render writes the rows of lists as they stand in an answer.
//
// Gqlgen resolves each field of each row by itself, with a context, a closure and a value for each. Nearly all of these only
// pass on what Dify wrote. Here the selection below a list is compiled once, into a [plan] of what is the same in all rows and
// of functions that append what is not; a row is then written straight into the answer.
//
// What a field is stands in columns.go. Fields that take a call or arguments, or that the viewer may not see, are gqlgen's as
// everywhere: they are resolved for all rows, side by side, before the list is written. So are whole rows that are odd.
package render

import (
	"bytes"
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/difygraph/difygraph/graph/list"
	"github.com/difygraph/difygraph/graph/model"
)

// Objects resolves selections of objects of the schema, as gqlgen does.
type Objects interface {
	Marshal(ctx context.Context, selections ast.SelectionSet, object any) graphql.Marshaler
}

// Renderer is a [model.Renderer]. It is safe for concurrent use.
type Renderer struct {
	// Ordinary leaves all rows to gqlgen.
	Ordinary bool
	// Expect is called with the context of a list's field before gqlgen resolves what it has to of all of its rows.
	Expect func(ctx context.Context, rows []list.Row)
	// Room makes room in the answer for so many bytes of rows, or says why there is none.
	Room func(ctx context.Context, bytes int) error

	objects Objects
	apps    map[string]*model.DifyApp
	types   map[string][]string // what each type of columns.go is, too: its interfaces and unions
	plans   plans
	texts   *texts
}

var _ model.Renderer = (*Renderer)(nil)

// New makes a renderer for rows of the apps, by their keys.
func New(schema *ast.Schema, objects Objects, apps map[string]*model.DifyApp) *Renderer {
	r := &Renderer{objects: objects, apps: apps, types: make(map[string][]string)}
	for name := range columns {
		r.types[name] = []string{name}
		for _, also := range schema.Implements[name] {
			r.types[name] = append(r.types[name], also.Name)
		}
	}
	return r
}

// Keep has lists kept ready to be written again, in so many bytes at most.
func (r *Renderer) Keep(bytes int) { r.texts = newTexts(bytes) }

// Edges writes the rows with their cursors.
func (r *Renderer) Edges(ctx context.Context, page *list.Page) *model.Rows {
	return r.render(ctx, writer{r, page, "WorkflowLogEdge"})
}

// Nodes writes the rows alone.
func (r *Renderer) Nodes(ctx context.Context, page *list.Page) *model.Rows {
	return r.render(ctx, writer{r, page, "WorkflowLog"})
}

func (r *Renderer) render(ctx context.Context, w writer) *model.Rows {
	if r.Ordinary {
		out := pieces{room: newRoom(ctx, w.Room)}
		b, ok := w.appendOrdinary(ctx, newBuffer(len(w.page.Rows)))
		out.end(b)
		return out.rows(ok)
	}
	field := graphql.GetFieldContext(ctx).Field
	plan := w.plans.of(ctx, field, func() *plan { return compile(ctx, w.types, w.of, field.Selections) })
	key := r.texts.key(plan, w.page)
	if kept := r.texts.find(key); kept != nil {
		return w.again(ctx, kept)
	}
	out := pieces{room: newRoom(ctx, w.Room)}
	ok := w.write(ctx, plan, &out)
	if ok && len(out.done) == 1 && !w.hasOdd() {
		r.texts.keep(key, out.done[0].JSON, out.room.size-roomAtOnce)
	}
	return out.rows(ok)
}

// again writes rows as they were written before. They take as much room as they did.
func (w writer) again(ctx context.Context, t *text) *model.Rows {
	if t.room > 0 {
		if err := w.Room(ctx, t.room); err != nil {
			graphql.AddError(ctx, err)
			return nil
		}
	}
	return model.NewRows(model.Piece{JSON: t.json, Done: keepAway})
}

// writer writes a page's rows as objects of a type.
type writer struct {
	*Renderer
	page *list.Page
	of   string
}

// write is false where a row is null that must not be, or there is no room for it.
func (w writer) write(ctx context.Context, plan *plan, out *pieces) (ok bool) {
	parts, ok := w.resolve(ctx, plan)
	b := append(newBuffer(len(w.page.Rows)), '[')
	var one row
	for i := 0; i < len(w.page.Rows) && ok; i++ {
		if len(b) >= pieceBytes {
			b = out.next(b)
		}
		if i > 0 {
			b = append(b, ',')
		}
		if one.set(w.app(i), w.page, &w.page.Rows[i]); one.odd() {
			b, ok = w.appendOdd(ctx, b, i)
		} else {
			b = plan.append(b, &one, parts[i*len(plan.parts):][:len(plan.parts)], out)
		}
		if ok && !out.room.holds(b) {
			graphql.AddError(ctx, out.room.err)
			ok = false
		}
	}
	out.end(append(b, ']'))
	return ok
}

// hasOdd tells whether gqlgen has resolved a row, with whatever errors.
func (w writer) hasOdd() bool {
	var one row
	for i := range w.page.Rows {
		if one.set(w.app(i), w.page, &w.page.Rows[i]); one.odd() {
			return true
		}
	}
	return false
}

// resolve has gqlgen make the parts of all rows, each row's side by side with the others'. It returns those of the first row, then
// those of the second, and so on. They are no text yet: what is large in them is held once.
func (w writer) resolve(ctx context.Context, p *plan) (parts []graphql.Marshaler, ok bool) {
	n := len(p.parts)
	if n == 0 {
		return nil, true
	}
	w.Expect(ctx, w.page.Rows)
	parts = make([]graphql.Marshaler, n*len(w.page.Rows))
	whole := graphql.MarshalSliceConcurrently(ctx, len(w.page.Rows), 0, false, func(ctx context.Context, i int) graphql.Marshaler {
		var r row
		r.set(w.app(i), w.page, &w.page.Rows[i])
		for j, part := range p.parts {
			if r.odd() || !part.exists(&r) {
				continue
			}
			made := w.part(ctx, part, r.object(part.of))
			if made == graphql.Null {
				return graphql.Null
			}
			parts[i*n+j] = made
		}
		return graphql.True
	})
	return parts, !hasNull(whole)
}

// part is an object with the fields that gqlgen makes of it.
func (w writer) part(ctx context.Context, p part, object any) graphql.Marshaler {
	for _, field := range p.path {
		ctx = graphql.WithFieldContext(ctx, &graphql.FieldContext{Object: field.ObjectDefinition.Name, Field: field}) //nolint:fatcontext // A field stands in the one before.
	}
	return w.objects.Marshal(ctx, p.selections, object)
}

// appendOrdinary is gqlgen's own way. It is false where a row is null that must not be.
func (w writer) appendOrdinary(ctx context.Context, b []byte) ([]byte, bool) {
	w.Expect(ctx, w.page.Rows)
	field := graphql.GetFieldContext(ctx).Field
	rows := graphql.MarshalSliceConcurrently(ctx, len(w.page.Rows), 0, false, func(ctx context.Context, i int) graphql.Marshaler {
		return w.element(ctx, field, i)
	})
	if hasNull(rows) {
		return b, false
	}
	text := bytes.NewBuffer(b)
	rows.MarshalGQL(text)
	return text.Bytes(), true
}

// appendOdd has gqlgen resolve a single row.
func (w writer) appendOdd(ctx context.Context, b []byte, i int) ([]byte, bool) {
	field := graphql.GetFieldContext(ctx).Field
	made := w.element(graphql.WithFieldContext(ctx, &graphql.FieldContext{Index: &i}), field, i)
	text := bytes.NewBuffer(b)
	made.MarshalGQL(text)
	return text.Bytes(), made != graphql.Null
}

// element is a row as gqlgen resolves it.
func (w writer) element(ctx context.Context, field graphql.CollectedField, i int) graphql.Marshaler {
	r := new(row)
	r.set(w.app(i), w.page, &w.page.Rows[i])
	return w.objects.Marshal(ctx, field.Selections, r.object(w.of))
}

func hasNull(rows graphql.Array) bool {
	for _, row := range rows {
		if row == graphql.Null {
			return true
		}
	}
	return false
}

func (w writer) app(i int) *model.DifyApp { return w.apps[w.page.Rows[i].App] }
