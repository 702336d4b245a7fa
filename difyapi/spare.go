package difyapi

import "context"

// Spare reserves a slot for a call of the context's caller that nobody waits for, until done, which is to be called after the
// call. It is false where the call could hold up others: where calls wait for the server, half of its slots are taken, counting
// those of spare calls twice, the caller may have no further one, or the app is doubted.
func (c *Client) Spare(ctx context.Context) (done func(), ok bool) {
	if c.guard().current() != BreakerClosed {
		return nil, false
	}
	return c.server.spare(claim{caller: CallerOf(ctx), app: c.identity, appSlots: c.maxInFlight})
}

func (s *server) spare(c claim) (done func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	half := s.semaphore.slots / 2 // of one slot none is spare
	if s.semaphore.queue.all > 0 || s.semaphore.held.all+s.spares >= half || !s.semaphore.mayHold(c) {
		return nil, false
	}
	s.spares++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.spares--
	}, true
}
