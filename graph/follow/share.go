package follow

import (
	"context"

	"golang.org/x/time/rate"
)

// What all followers of one server may ask together: callers' own queries come first.
const (
	callsPerSecond = 2
	places         = 2
)

// share is what the followers of a server divide.
type share struct {
	rate   *rate.Limiter
	places chan struct{}
}

func newShare() *share {
	return &share{rate: rate.NewLimiter(callsPerSecond, 1), places: make(chan struct{}, places)}
}

// enter waits for a place and a turn, which the call has until leave.
func (s *share) enter(ctx context.Context) (leave func(), err error) {
	select {
	case s.places <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	leave = func() { <-s.places }
	if err := s.rate.Wait(ctx); err != nil {
		leave()
		return nil, err
	}
	return leave, nil
}
