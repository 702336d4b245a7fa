package feed

import (
	"testing"

	"github.com/difygraph/difygraph/graph/list"
)

// TestDensityOfRows: what is known of the rows met, in whichever direction they are read.
func TestDensityOfRows(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		seconds               []int64
		rows, leading, spread int
		met                   span
	}{
		"none":                   {nil, 0, 0, 0, span{}},
		"one":                    {[]int64{7}, 1, 1, 0, span{7, 7}},
		"toward older":           {[]int64{9, 9, 8, 5}, 4, 2, 2, span{5, 9}},
		"toward newer":           {[]int64{5, 8, 9, 9}, 4, 1, 3, span{5, 9}},
		"the first second again": {[]int64{5, 5, 8, 5}, 4, 3, 2, span{5, 8}},
		"nearly all of one":      {[]int64{5, 5, 5, 5, 5, 8}, 6, 5, 3, span{5, 8}},
	} {
		var d density
		for _, second := range test.seconds {
			d.meet(second)
		}
		if d.rows != test.rows || d.leading != test.leading || d.spread() != test.spread || d.met != test.met {
			t.Errorf("%s: %+v, spread %d", name, d, d.spread())
		}
	}
}

// TestDensityLearns: how many seconds a row takes, from each window.
func TestDensityLearns(t *testing.T) {
	t.Parallel()
	crowded := density{before: 10, secondsPerRow: 20, crowd: 3, rows: 50, leading: 30}
	for name, test := range map[string]struct {
		density
		rows             int
		seconds, covered int64
		pace             float64
	}{
		"a window":                             {density{secondsPerRow: 7}, 50, 600, 9999, 12},
		"the first":                            {density{}, 50, 600, 9999, 12},
		"two rows of a second are none":        {density{secondsPerRow: 7, crowd: few}, 50, 600, 9999, 12},
		"an empty one":                         {density{secondsPerRow: 7}, 0, 600, 9999, 56},
		"an empty one between crowded seconds": {crowded, 0, 600, 9999, 40},
		"crowded seconds":                      {crowded, 50, 600, 500, (10*100 + 500) / 125.},
		"crowded, behind no cursor":            {density{secondsPerRow: 20, crowd: 3, rows: 300, leading: 1}, 50, 600, 798, 2},
		"crowded, and nothing is known":        {density{crowd: 3}, 50, 600, 9999, 12},
	} {
		d := test.density
		if d.learn(test.rows, test.seconds, test.covered, 100); d.secondsPerRow != test.pace {
			t.Errorf("%s: %v seconds a row, want %v", name, d.secondsPerRow, test.pace)
		}
	}
}

// TestDensityCountsMisses: windows in succession of which each held less than a quarter of what was wanted, or would fit.
func TestDensityCountsMisses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ rows, wanted, misses int }{
		{19, 100, 3}, {20, 100, 0}, {4, 20, 3}, {5, 20, 0}, {0, 1, 3}, {1, 1, 0},
	} {
		d := density{secondsPerRow: 1, misses: maxMisses - 1}
		d.learn(test.rows, 60, 60, test.wanted)
		if d.misses != test.misses || d.guides() != (test.misses < maxMisses) {
			t.Errorf("%d of %d rows: %d misses, guides %v", test.rows, test.wanted, d.misses, d.guides())
		}
	}
	if (&density{}).guides() {
		t.Error("guides by nothing")
	}
	if d := densityAfter(2.5); !d.guides() || d.secondsPerRow != 2.5 || d.before != 2.5 {
		t.Errorf("%+v", d)
	}
}

// TestDensityWindow: windows end halfway between two crowded seconds.
func TestDensityWindow(t *testing.T) {
	t.Parallel()
	met := density{secondsPerRow: 10, rows: 30, met: span{100, 199}, crowd: 20}
	sparse := met
	sparse.crowd = few
	for name, test := range map[string]struct {
		density
		begins  int64
		hinted  int
		seconds int64
	}{
		"few rows a second":           {sparse, 200, 0, 800},
		"a hint of few":               {sparse, 500, few, 800},
		"somewhere":                   {met, 500, 0, 800},
		"right behind what was met":   {met, 200, 0, 900},
		"at a crowded second":         {met, 500, 20, 700},
		"at one, of a cursor's":       {sparse, 200, 40, 600},
		"at one, behind what was met": {met, 200, 20, 700},
		"nothing was met":             {density{secondsPerRow: 10, crowd: 20}, 1, 0, 800},
	} {
		if got := test.window(test.begins, test.hinted, 100); got != test.seconds {
			t.Errorf("%s: %d seconds, want %d", name, got, test.seconds)
		}
	}
}

// TestSmoothedPace: what a page's cursors say of the next page, in seconds for a hundred rows.
func TestSmoothedPace(t *testing.T) {
	t.Parallel()
	read := func(rows, leading int, covered int64) reading {
		return reading{density{rows: rows, leading: leading}, covered}
	}
	for name, test := range map[string]struct {
		before  int
		streams []reading
		pace    int
	}{
		"the first page":              {0, []reading{read(51, 1, 600)}, 1200},
		"a later one":                 {400, []reading{read(51, 1, 600)}, (3*400 + 1200) / 4},
		"two streams":                 {0, []reading{read(51, 1, 600), read(26, 1, 600)}, 800},
		"a stream without rows":       {0, []reading{read(51, 1, 600), read(0, 0, 9000)}, 1200},
		"a gap":                       {0, []reading{read(0, 0, 50), read(1, 1, 70)}, 100 * 70 * stride},
		"a gap that is not the worst": {9000, []reading{read(0, 0, 50)}, 9000 * stride},
		"a crowded second alone":      {400, []reading{read(30, 30, 1)}, 400},
		"behind nothing":              {0, []reading{read(30, 30, 1)}, 0},
		"and a time without rows":     {400, []reading{read(30, 30, 121)}, (3*400 + 806) / 4},
		"few rows of one":             {400, []reading{read(2, 2, 1)}, (3*400 + 100) / 4},
		"beyond what is written":      {0, []reading{read(0, 0, 1<<40)}, list.MaxSecondsPerHundred},
		"below":                       {0, []reading{read(1001, 1, 1)}, 1},
	} {
		if got := smoothed(test.before, test.streams); got != test.pace {
			t.Errorf("%s: %d, want %d", name, got, test.pace)
		}
	}
}
