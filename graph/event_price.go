package graph

import "github.com/99designs/gqlgen/graphql"

// event is the price of one event of a field of Subscription: that of the dearest that there may be.
func (p pricer) event(field graphql.CollectedField) (dearest quote) {
	of := selections{field.Selections}
	texts := false
	for _, member := range Schema().GetPossibleTypes(Schema().Types[field.Definition.Type.Name()]) {
		e := p.extent(of, member.Name)
		texts = texts || e.texts
		q := quote{fixed: max(1, e.weight())}.plus(p.told(of, member.Name))
		if q.price() > dearest.price() {
			dearest = q
		}
	}
	dearest.texts = texts
	return dearest
}

// told is the price of the objects that an event of a type is about.
func (p pricer) told(of selections, typeName string) quote {
	q := p.run(p.children(of, typeName, "run"), false)
	logs := append(p.children(of, typeName, "node"), p.children(p.children(of, typeName, "edge"), "WorkflowLogEdge", "node")...)
	q = q.plus(p.log(logs)).plus(p.app(p.children(of, typeName, "app")))
	return q.plus(p.app(p.children(p.children(of, typeName, "failure"), "AppFailure", "app")))
}

// price is what is foreseen, if it is of one app.
func (q quote) price() int {
	return plus(times(plus(q.calls, q.infos), callPrice), plus(q.fixed, q.rows))
}
