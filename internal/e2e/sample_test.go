package e2e

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"
)

// sample is what the process held at a moment.
type sample struct {
	at         time.Duration // since the load began
	heap       uint64        // bytes in use after a collection
	system     uint64        // bytes that the runtime has of the system
	goroutines int
}

func take(began time.Time) sample {
	goroutines := runtime.NumGoroutine()
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return sample{time.Since(began), memory.HeapAlloc, memory.Sys - memory.HeapReleased, goroutines}
}

func (s sample) String() string {
	return fmt.Sprintf("%6.1fs  heap %6.1f MiB  system %6.1f MiB  goroutines %d", s.at.Seconds(), mebibytes(s.heap), mebibytes(s.system), s.goroutines)
}

func mebibytes(bytes uint64) float64 { return float64(bytes) / (1 << 20) }

// How far the later half of the samples may lie above the earlier one: by a tenth, and by what is noise whatever the level.
const (
	margin          = 0.10
	heapNoise       = 4 << 20
	goroutinesNoise = 30
)

// growth compares the medians of two halves, and says what has grown. The first fifth is not looked at: caches and pools fill.
func growth(samples []sample) []string {
	samples = samples[len(samples)/5:]
	earlier, later := samples[:len(samples)/2], samples[len(samples)/2:]
	var grown []string
	for _, kind := range []struct {
		name  string
		noise float64
		of    func(sample) float64
	}{
		{"heap, bytes", heapNoise, func(s sample) float64 { return float64(s.heap) }},
		{"goroutines", goroutinesNoise, func(s sample) float64 { return float64(s.goroutines) }},
	} {
		before, after := median(earlier, kind.of), median(later, kind.of)
		if after > before*(1+margin)+kind.noise {
			grown = append(grown, fmt.Sprintf("%s: from %.0f to %.0f", kind.name, before, after))
		}
	}
	return grown
}

func median(samples []sample, of func(sample) float64) float64 {
	values := make([]float64, len(samples))
	for i, s := range samples {
		values[i] = of(s)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func TestGrowthIsSeen(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		at    func(i int) sample
		grown int
	}{
		"flat":                   {func(i int) sample { return sample{heap: 40<<20 + uint64(i%7)<<20, goroutines: 300 + i%50} }, 0},
		"warming up":             {func(i int) sample { return sample{heap: min(uint64(i), 12) << 22, goroutines: min(i, 12) * 20} }, 0},
		"heap leaks":             {func(i int) sample { return sample{heap: 40<<20 + uint64(i)<<19} }, 1},
		"goroutines leak":        {func(i int) sample { return sample{goroutines: 300 + 3*i} }, 1},
		"both, and then it ends": {func(i int) sample { return sample{heap: uint64(max(i, 36)) << 22, goroutines: max(i, 36) * 20} }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			samples := make([]sample, 60)
			for i := range samples {
				samples[i] = test.at(i)
			}
			if got := growth(samples); len(got) != test.grown {
				t.Errorf("grown: %q", got)
			}
		})
	}
}
