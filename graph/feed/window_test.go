package feed

import (
	"testing"

	"pgregory.net/rapid"
)

func TestTail(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ total, wanted, page, limit, rows int }{
		{total: 1, wanted: 25, page: 1, limit: 2, rows: 1},
		{total: 30, wanted: 25, page: 1, limit: 31, rows: 30},
		{total: 300, wanted: 25, page: 6, limit: 55, rows: 25},
		{total: 100_000, wanted: 25, page: 3226, limit: 31, rows: 25},
		{total: 1000, wanted: 100, page: 11, limit: 91, rows: 90}, // no page has as many as are wanted
	} {
		page, limit, rows := tail(test.total, test.wanted)
		if page != test.page || limit != test.limit || rows != test.rows {
			t.Errorf("tail(%d, %d) = page %d, limit %d, rows %d; want %d, %d, %d", test.total, test.wanted, page, limit, rows, test.page, test.limit, test.rows)
		}
	}
}

// The planned page is the last one, short of its limit, and no other page serves better.
func TestTailIsTheBestPage(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.OneOf(rapid.IntRange(1, 300), rapid.IntRange(1, 20_000_000)).Draw(t, "total")
		wanted := rapid.IntRange(1, maxLimit).Draw(t, "wanted")
		page, limit, rows := tail(total, wanted)
		best := 0
		for l := 2; l <= maxLimit; l++ { // the slow and obvious way
			r := total - total/l*l
			if total/l+1 > maxPage {
				continue
			}
			if best < wanted && r > best || r >= wanted && r < best {
				best = r
			}
		}
		if rows != best {
			t.Fatalf("%d rows, the best page has %d", rows, best)
		}
		if page > 0 && (page > maxPage || limit > maxLimit || rows >= limit || (page-1)*limit+rows != total) {
			t.Fatalf("page %d of limit %d with %d rows is not the last of %d", page, limit, rows, total)
		}
	})
}

func TestLimitFor(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ wanted, passed, crowd, limit int }{
		{21, 0, 0, 26},
		{95, 0, 0, 100},
		{101, 0, 0, 100},
		{21, 40, 50, 66}, // ten are left of the cursor's second
		{21, 10, 50, 55}, // the page is within the second, which is only usable whole
		{1, 3, 300, 100},
	} {
		if got := limitFor(test.wanted, test.passed, test.crowd); got != test.limit {
			t.Errorf("limitFor(%d, %d, %d) = %d, want %d", test.wanted, test.passed, test.crowd, got, test.limit)
		}
	}
}

func TestLikelyCrowd(t *testing.T) {
	t.Parallel()
	for seen, want := range map[int]int{1: 1, few: few, few + 1: 3 * (few + 1), 100: 300} {
		if got := likelyCrowd(seen); got != want {
			t.Errorf("%d rows of a second: likely %d, want %d", seen, got, want)
		}
	}
}

func TestReach(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		pace    float64
		rows    int
		seconds int64
	}{
		{77.76, 80, 6220},
		{77.76, 32, 2488},
		{0.01, 32, 1},
	} {
		if got := reach(test.pace, test.rows); got != test.seconds {
			t.Errorf("reach(%v, %d) = %d, want %d", test.pace, test.rows, got, test.seconds)
		}
	}
}

func TestWindowRows(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ wanted, crowd, rows int }{
		{101, 1, 80}, // so that one answer holds them
		{21, 2, 32},
		{101, 7, 80},
		{101, 30, 80},
		{101, 45, 80},
		{101, 50, 50}, // two such seconds fill an answer, of which one would be cut
		{101, 99, 99},
		{3, 50, 50}, // less would have none of them
		{101, 300, 300},
	} {
		if got := windowRows(test.wanted, test.crowd); got != test.rows {
			t.Errorf("windowRows(%d, %d) = %d, want %d", test.wanted, test.crowd, got, test.rows)
		}
	}
}
