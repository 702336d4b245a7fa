package graphqlhttp

import "maps"

// Inherit takes over what a transport of the same schema has kept, as far as it holds here too: the operations that clients
// have registered, documents where the same ones are valid, and what requests under way hold. To be called before the first request.
func (t *Transport) Inherit(from *Transport) {
	if t.options.InFlightBytes == from.options.InFlightBytes {
		t.pool = from.pool
	}
	own, old := t.persisted, from.persisted
	if own.registered != nil && old.registered != nil && own.options.AutomaticBytes == old.options.AutomaticBytes {
		own.registered = old.registered
	}
	if t.options.validatesAs(from.options) {
		t.documents.kept = from.documents.kept
	}
}

// validatesAs tells whether a document that one transport has kept is the same to the other.
func (o Options) validatesAs(other Options) bool {
	return o.Limits == other.Limits && o.DocumentBytes == other.DocumentBytes && o.NoIntrospection == other.NoIntrospection &&
		maps.Equal(o.Persisted.listed(), other.Persisted.listed())
}

func (p Persisted) listed() map[string]listed {
	if p.Listed == nil {
		return nil
	}
	return p.Listed.byHash
}
