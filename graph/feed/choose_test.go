package feed

import "testing"

// TestCostsOfAKeywordInSessions: a page of the keyword's rows takes as long as some of a session's with the runs of it.
func TestCostsOfAKeywordInSessions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		sessions      []int
		keyword       int
		session, text int
	}{
		{[]int{0}, 0, 0, 0},
		{[]int{1}, 1, 11, 40},
		{[]int{30}, 1, 40, 40},
		{[]int{30, 0, 101}, 100, 10 + 30 + 20 + 101, 40},
		{[]int{1}, 950, 11, 400},
	} {
		if session, text := sessionCost(test.sessions), keywordCost(test.keyword); session != test.session || text != test.text {
			t.Errorf("%v beside %d: %d and %d, want %d and %d", test.sessions, test.keyword, session, text, test.session, test.text)
		}
	}
}
