package admission

// Stats is how a gate stands.
type Stats struct {
	// Running is how many operations have a slot. Entering and Returning wait for one: before they begin, and after they had what
	// they waited for. AtApps wait for an app.
	Running, Entering, Returning, AtApps int
	Refused                              Refusals
}

// Refusals count from the beginning.
type Refusals struct {
	// Share is of operations whose caller had all that it may have under way, beside others'. Late got no slot in time. AtApp is
	// of calls to an app for which too many of the caller's operations waited already.
	Share, Late, AtApp int64
}

// Stats tells how the gate stands now.
func (g *Gate) Stats() Stats {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := Stats{Running: g.slots.taken, Entering: g.entering.length, Returning: g.returning.length, Refused: g.refused}
	s.AtApps = g.admitted.taken - s.Running - s.Entering - s.Returning
	return s
}

func (g *Gate) countLate() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refused.Late++
}
