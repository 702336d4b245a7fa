package difyapi

import "testing"

// TestSpareSlotsAreThoseThatNobodyNeeds: half of all, of which none is promised twice.
func TestSpareSlotsAreThoseThatNobodyNeeds(t *testing.T) {
	t.Parallel()
	own := claim{caller: "ann", app: "a", appSlots: 100}
	for name, test := range map[string]struct {
		slots, held, spares int
		ok                  bool
	}{
		"the only one, idle": {1, 0, 0, false}, // who comes would wait for a call that nobody asked for
		"a busy one":         {1, 1, 0, false},
		"idle":               {8, 0, 0, true},
		"less than half":     {8, 3, 0, true},
		"half":               {8, 4, 0, false},
		"with other spares":  {8, 2, 2, false},
	} {
		s := newServer(test.slots)
		for range test.held {
			s.semaphore.grant(claim{app: "b", appSlots: 100})
		}
		s.spares = test.spares
		done, ok := s.spare(own)
		if ok != test.ok {
			t.Errorf("%s: %t", name, ok)
		}
		if ok {
			if done(); s.spares != test.spares {
				t.Errorf("%s: %d spares are left over", name, s.spares)
			}
		}
	}
}

// TestNoSlotIsSpareWhileCallsWait: a call that nobody waits for does not overtake one that somebody does.
func TestNoSlotIsSpareWhileCallsWait(t *testing.T) {
	t.Parallel()
	s := newServer(8)
	busy := claim{app: "a", appSlots: 1}
	s.semaphore.grant(busy)
	s.semaphore.wait(&waiter{claim: busy})
	if _, ok := s.spare(claim{app: "b", appSlots: 8}); ok {
		t.Error("a slot is spare")
	}
}

// TestNoSlotIsSpareOfAnAppThatIsFull or in doubt.
func TestNoSlotIsSpareOfAnAppThatIsFull(t *testing.T) {
	t.Parallel()
	c, err := New(Options{BaseURL: "http://dify.test/v1", APIKey: "app-a", MaxInFlight: 1, ConnectionsPerServer: 8, Resilience: Resilience{Breaker: true}})
	if err != nil {
		t.Fatal(err)
	}
	done, ok := c.Spare(t.Context())
	if !ok {
		t.Fatal("no slot is spare of an idle app")
	}
	done()
	c.breaker.become(BreakerOpen)
	if _, ok := c.Spare(t.Context()); ok {
		t.Error("a slot is spare of an app that gives no answer")
	}
	c.breaker.become(BreakerClosed)
	c.server.semaphore.grant(claim{app: c.identity, appSlots: 1})
	if _, ok := c.Spare(t.Context()); ok {
		t.Error("a slot is spare of a full app")
	}
}
