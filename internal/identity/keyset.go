package identity

import (
	"context"
	"crypto"
	"sync"
	"time"
)

const (
	// refetchInterval is the least time from a fetch to the next, whatever asks for it: strangers can name keys that are not there.
	refetchInterval = time.Minute
	// retryInterval is the least time after a fetch that failed. It doubles with each further failure, up to refetchInterval.
	retryInterval = time.Second
	// freshFor is the age from which keys are fetched again when one of them is used, so that a key that was taken back ends.
	freshFor = time.Hour
	// keptFor is the age up to which keys hold while the issuer does not answer.
	keptFor = 24 * time.Hour
)

// keySet is the keys of one issuer, fetched when they are needed.
//
// While the issuer does not answer, tokens with known keys are taken, and of others it can't be said whether they are right.
type keySet struct {
	// fetch gets the keys, within a time of its own. It tells of failures itself.
	fetch func() ([]publicKey, error)

	mu        sync.Mutex
	keys      []publicKey
	fetchedAt time.Time     // of keys
	triedAt   time.Time     // the last fetch began, or failed
	failures  int           // of fetches in a row
	underWay  chan struct{} // closed when the fetch under way has ended; nil while there is none
}

// find gives the key of that id that verifies signatures by alg. It waits for the issuer only where no key is known: as
// long as ctx and the fetch last. An empty kid means the only key there is for alg. Either the key is nil or the refusal.
func (s *keySet) find(ctx context.Context, kid, alg string) (crypto.PublicKey, *refusal) {
	key, fetched := s.look(kid, alg)
	if key == nil && fetched != nil {
		select {
		case <-fetched:
			key, _ = s.look(kid, alg)
		case <-ctx.Done():
		}
	}
	switch {
	case key != nil:
		return key, nil
	case s.isAway():
		return nil, issuerAway
	default:
		return nil, strangeKey
	}
}

// isAway tells whether the issuer did not give its keys when it was asked last, or has not given any yet.
func (s *keySet) isAway() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failures > 0 || s.fetchedAt.IsZero()
}

// look gives the key, or nil. The channel is closed when better is known; nil means that nothing better is to come soon.
func (s *keySet) look(kid, alg string) (key crypto.PublicKey, fetched <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	age := time.Since(s.fetchedAt)
	if age > keptFor {
		s.keys = nil
	}
	key = pick(s.keys, kid, alg)
	if key == nil || age > freshFor {
		s.refresh()
	}
	return key, s.underWay
}

// refresh begins a fetch, unless one is under way or was a short time ago. It does not depend on the request that it is
// for: others wait for the same keys.
func (s *keySet) refresh() {
	if s.underWay != nil || time.Since(s.triedAt) < s.pause() {
		return
	}
	s.triedAt, s.underWay = time.Now(), make(chan struct{})
	go func() {
		keys, err := s.fetch()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.note(keys, err)
		close(s.underWay)
		s.underWay = nil
	}()
}

// note takes what a fetch has brought.
func (s *keySet) note(keys []publicKey, err error) {
	now := time.Now()
	if err != nil {
		s.failures, s.triedAt = s.failures+1, now
		return
	}
	s.keys, s.fetchedAt, s.failures = keys, now, 0
}

// pause is the least time since the last fetch.
func (s *keySet) pause() time.Duration {
	if s.failures == 0 {
		return refetchInterval
	}
	const doublings = 6 // which are more than refetchInterval
	return min(retryInterval<<min(s.failures-1, doublings), refetchInterval)
}

// pick gives the first key of that id for alg, or nil. Without an id it must be the only one: with two, which of them was
// meant would have to be tried.
func pick(keys []publicKey, kid, alg string) crypto.PublicKey {
	var found crypto.PublicKey
	for _, key := range keys {
		switch {
		case !key.verifies(alg) || kid != "" && kid != key.id:
		case kid != "":
			return key.PublicKey
		case found != nil:
			return nil
		default:
			found = key.PublicKey
		}
	}
	return found
}
