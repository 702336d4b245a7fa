package admission

// share is how many times what is free a caller may have: three quarters of all if it is alone, but never the last one, unless
// there is one alone.
const share = 3

// shares counts what callers have of a limited number of things. One caller's are bounded by what is free.
type shares struct {
	limit, taken int
	by           map[string]int
}

func (s *shares) free() int { return max(0, s.limit-s.taken) }

// allows tells whether the caller may have one more.
func (s *shares) allows(caller string) bool {
	return s.by[caller] < min(share*s.free(), max(1, s.limit-1))
}

func (s *shares) take(caller string) {
	if s.by == nil {
		s.by = make(map[string]int)
	}
	s.taken++
	s.by[caller]++
}

func (s *shares) giveBack(caller string) {
	s.taken--
	if s.by[caller]--; s.by[caller] == 0 {
		delete(s.by, caller)
	}
}
