package loader

import (
	"sync"

	"github.com/difygraph/difygraph/difyapi"
)

// maxLastInfos bounds the apps of which it is kept what Dify said last.
const maxLastInfos = 10_000

// LastInfos is what Dify said of apps last, by whom it was asked with: a digest of base URL and API key. It is for apps that
// can't be asked now, and can outlive an [Upstream]. It is safe for concurrent use.
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
