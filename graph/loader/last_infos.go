package loader

import (
	"sync"

	"github.com/difygraph/difygraph/difyapi"
)

// maxLastInfos bounds how many apps are remembered.
const maxLastInfos = 10_000

// LastInfos keeps the last answer of each app to /info, for when the app can't be asked. Apps are known by their clients' identities,
// a digest of base URL and API key. LastInfos can outlive an [Upstream], and is safe for concurrent use.
type LastInfos struct {
	mu         sync.Mutex
	byIdentity map[string]*difyapi.AppInfo
}

func (l *LastInfos) note(identity string, info *difyapi.AppInfo) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byIdentity == nil {
		l.byIdentity = make(map[string]*difyapi.AppInfo)
	}
	if l.byIdentity[identity] == nil && len(l.byIdentity) >= maxLastInfos {
		for other := range l.byIdentity {
			delete(l.byIdentity, other)
			break
		}
	}
	l.byIdentity[identity] = info
}

func (l *LastInfos) of(identity string) *difyapi.AppInfo {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.byIdentity[identity]
}
