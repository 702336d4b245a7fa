package feed

import (
	"testing"

	"github.com/difygraph/difygraph/graph/list"
)

// TestGuess: a window toward newer rows is as long as the rows that are wanted take; as an answer's worth where rows are filtered here,
// since nobody knows how many match; and all of the rest where there is nothing to go by, or the guess reaches the present.
func TestGuess(t *testing.T) {
	t.Parallel()
	const now = 1_000_000
	rest := span{1000, end}
	for name, test := range map[string]struct {
		stream stream
		want   span
	}{
		"as Dify filters":         {stream{whole: true, density: density{secondsPerRow: 10}}, span{1000, 1000 + 12*10 - 1}},
		"rows are filtered here":  {stream{density: density{secondsPerRow: 10}}, span{1000, 1000 + fitting*10 - 1}},
		"nothing is known":        {stream{whole: true}, rest},
		"windows had few rows":    {stream{whole: true, density: density{secondsPerRow: 10, misses: maxMisses}}, rest},
		"it reaches the present":  {stream{whole: true, density: density{secondsPerRow: now}}, rest},
		"idle among many streams": {stream{whole: true, ahead: ahead{rows: 1}, density: density{secondsPerRow: 10, misses: 1}}, rest},
	} {
		s := test.stream
		s.now, s.rest, s.toward = now, rest, list.Newer
		if got := s.guess(5); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}
