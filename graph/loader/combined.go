package loader

import (
	"sync"

	"github.com/difygraph/difygraph/difyapi"
)

// combinations remembers which apps' servers take a keyword together with a session id, for each client identity and version.
type combinations struct{ known sync.Map }

type combinationKey struct {
	identity string
	version  difyapi.Version
}

// Combines tells whether the app's Dify takes a keyword together with a session id, if that was tried.
func (l *Loaders) Combines(app string, v difyapi.Version) (works, tried bool) {
	known, tried := l.upstream.combinations.known.Load(combinationKey{l.upstream.clients[app].Identity(), v})
	return tried && known.(bool), tried
}

// NoteCombines remembers what came of trying it.
func (l *Loaders) NoteCombines(app string, v difyapi.Version, works bool) {
	l.upstream.combinations.known.Store(combinationKey{l.upstream.clients[app].Identity(), v}, works)
}
