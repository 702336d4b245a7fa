package service

import (
	"errors"
	"maps"
)

// errUnsettled is of a file that may still be written.
var errUnsettled = errors.New("the file is still changing")

// settling is what was seen of files that may still be written: each is taken once it has been the same for two looks.
type settling struct {
	earlier map[string]sight // nil while nothing changes
	looks   int
	open    bool // a file was not the same
}

// under tells whether something is on its way to be loaded.
func (s *settling) under() bool { return s.earlier != nil }

func (s *settling) end() { *s = settling{} }

// again tells whether those files are as they were at the look before.
func (s *settling) again(changed []string, now map[string]sight) bool {
	same := s.under()
	for _, path := range changed {
		was, ok := s.earlier[path]
		same = same && ok && was == now[path]
	}
	if !s.under() {
		s.earlier = make(map[string]sight, len(now))
	}
	maps.Copy(s.earlier, now)
	s.looks++
	return same
}

// over is read, of files that are as they were at a look before. Those that were not looked at before, as a file that a changed
// one names, have their first look.
func (s *settling) over(read readFile) readFile {
	s.open = false
	return func(path string) ([]byte, error) {
		content, err := read(path)
		now := sightOf(content, err)
		if was, ok := s.earlier[path]; ok && was == now {
			return content, err
		}
		s.earlier[path], s.open = now, true
		return nil, errUnsettled
	}
}
