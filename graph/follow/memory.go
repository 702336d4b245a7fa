package follow

// memory has a follower's last events.
type memory struct {
	keep   int
	last   int64 // the number of the last event
	events []Event
}

func (m *memory) add(events []Event) {
	for _, e := range events {
		m.last++
		e.Number = m.last
		m.events = append(m.events, e)
	}
	if len(m.events) > 2*m.keep {
		m.events = append([]Event(nil), m.events[len(m.events)-m.keep:]...)
	}
}

// after are the events after a number; ok is false where some of them are forgotten, or the number is none of here.
func (m *memory) after(number int64) (events []Event, ok bool) {
	n := m.last - number
	if n < 0 || n > int64(min(len(m.events), m.keep)) {
		return nil, false
	}
	return m.events[len(m.events)-int(n):], true
}
