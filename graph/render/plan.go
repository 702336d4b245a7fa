package render

import (
	"context"
	"slices"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/difygraph/difygraph/graph/fields"
)

// plan is how a row is written for a selection: a flat program, and what gqlgen has to do for it.
type plan struct {
	steps []step
	parts []part
	// serial tells plans that are kept apart; 0 of others.
	serial uint64
}

// step writes its lead, which is what is the same in all rows: names, braces, commas. One of the others comes after it, if any:
// a value, a part, or null and a leap where an object is not there.
type step struct {
	lead  string
	write func(b []byte, r *row) []byte
	there func(r *row) bool
	leap  int // the step to go on with
	part  int // its number among the parts, counted from 1
}

// part is a run of fields of one object that gqlgen resolves.
type part struct {
	place
	selections ast.SelectionSet
}

// place is where an object stands in a row.
type place struct {
	of    string                   // its type
	path  []graphql.CollectedField // from the row to it
	there []func(r *row) bool      // what has to hold for it to be there
}

func (p place) exists(r *row) bool {
	for _, there := range p.there {
		if !there(r) {
			return false
		}
	}
	return true
}

// child is a place below.
func (p place) child(known column, field graphql.CollectedField) place {
	below := place{known.object, append(slices.Clip(p.path), field), p.there}
	if known.there != nil {
		below.there = append(slices.Clip(p.there), known.there)
	}
	return below
}

// compiler makes a plan.
type compiler struct {
	plan
	ctx   context.Context //nolint:containedctx // lives for one call
	types map[string][]string
	lead  []byte
}

// compile plans the selections of an object of a list.
func compile(ctx context.Context, types map[string][]string, of string, selections ast.SelectionSet) *plan {
	c := compiler{ctx: ctx, types: types}
	c.object(place{of: of}, selections)
	c.add(step{})
	return &c.plan
}

// add ends the lead that has been gathered.
func (c *compiler) add(s step) {
	s.lead, c.lead = string(c.lead), nil
	c.steps = append(c.steps, s)
}

// object plans the fields of one type, in the order and merged as gqlgen collects them.
func (c *compiler) object(at place, selections ast.SelectionSet) {
	fields := graphql.CollectFields(graphql.GetOperationContext(c.ctx), selections, c.types[at.of])
	separator := byte('{')
	for i, field := range fields {
		if slices.ContainsFunc(fields[:i], func(f graphql.CollectedField) bool { return f.Alias == field.Alias }) {
			continue // the same field, through a fragment on an interface
		}
		c.lead = append(c.lead, separator)
		separator = ','
		c.field(at, field)
	}
	if separator == '{' {
		c.lead = append(c.lead, separator)
	}
	c.lead = append(c.lead, '}')
}

func (c *compiler) field(at place, field graphql.CollectedField) {
	known, written := columns[at.of][field.Name]
	about, _ := fields.Of(at.of, field.Name)
	switch {
	case field.Name == "__typename":
		c.lead = strconv.AppendQuote(c.name(field), at.of)
	case !written, !about.Plain(c.ctx):
		c.call(at, field)
	case known.object == "":
		c.lead = c.name(field)
		c.add(step{write: known.write})
	default:
		c.lead = c.name(field)
		c.child(known, at.child(known, field), field.Selections)
	}
}

// name is a field's in the answer. GraphQL's names need no escapes.
func (c *compiler) name(field graphql.CollectedField) []byte {
	return append(strconv.AppendQuote(c.lead, field.Alias), ':')
}

// child plans an object below the row's.
func (c *compiler) child(known column, at place, selections ast.SelectionSet) {
	if known.there == nil {
		c.object(at, selections)
		return
	}
	first := len(c.steps)
	c.add(step{there: known.there})
	c.object(at, selections)
	c.add(step{})
	c.steps[first].leap = len(c.steps)
}

// call leaves a field to gqlgen, together with the one before it if that is gqlgen's, too. Its directives have been looked at.
func (c *compiler) call(at place, field graphql.CollectedField) {
	selected := *field.Field
	selected.SelectionSet, selected.Directives = field.Selections, nil
	if n := len(c.steps); n > 0 && string(c.lead) == "," && c.steps[n-1].part > 0 {
		last := &c.parts[c.steps[n-1].part-1]
		last.selections = append(last.selections, &selected)
		c.lead = nil
		return
	}
	c.parts = append(c.parts, part{at, ast.SelectionSet{&selected}})
	c.add(step{part: len(c.parts)})
}

// append writes a row, as far as there is room for it. parts are what gqlgen made for it.
func (p *plan) append(b []byte, r *row, parts []graphql.Marshaler, out *pieces) []byte {
	for i := 0; i < len(p.steps) && out.room.holds(b); i++ {
		s := &p.steps[i]
		b = append(b, s.lead...)
		switch {
		case s.write != nil:
			b = s.write(b, r)
		case s.part > 0:
			b = out.members(b, parts[s.part-1])
		case s.there != nil && !s.there(r):
			b = append(b, null...)
			i = s.leap - 1
		}
	}
	return b
}
