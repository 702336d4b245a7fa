package service

import (
	"errors"
	"maps"
)

// errUnsettled is of a file that may still be written.
var errUnsettled = errors.New("the file is still changing")

// settling holds the states of files that may still be written. A file is taken once two polls have found it the same.
type settling struct {
	earlier map[string]fileState // by path; nil while nothing changes
	looks   int
	open    bool // a file was not the same
}

// inProgress tells whether a change was found that is not loaded yet.
func (s *settling) inProgress() bool { return s.earlier != nil }

func (s *settling) end() { *s = settling{} }

// isUnchanged tells whether the files are as the last poll has found them.
func (s *settling) isUnchanged(changed []string, now map[string]fileState) bool {
	same := s.inProgress()
	for _, path := range changed {
		was, ok := s.earlier[path]
		same = same && ok && was == now[path]
	}
	if !s.inProgress() {
		s.earlier = make(map[string]fileState, len(now))
	}
	maps.Copy(s.earlier, now)
	s.looks++
	return same
}

// settledOnly is read for files that are as an earlier poll has found them. Others are errUnsettled, and are noted for the next poll:
// such as a file that a changed one names.
func (s *settling) settledOnly(read readFile) readFile {
	s.open = false
	return func(path string) ([]byte, error) {
		content, err := read(path)
		now := fileStateOf(content, err)
		if was, ok := s.earlier[path]; ok && was == now {
			return content, err
		}
		s.earlier[path], s.open = now, true
		return nil, errUnsettled
	}
}
