package graphqlhttp

import (
	"runtime"
	"strings"
	"testing"
	"time"
)

// cost takes a document through all passes, as if it had never been seen.
func (d *documents) cost(t *testing.T, text string) (time.Duration, uint64) {
	t.Helper()
	d.kept.InvalidateAll()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	d.readWhole(t.Context(), text)
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	return took, after.TotalAlloc - before.TotalAlloc
}

// FuzzDocument wants what any document takes to be in proportion to its bytes. Steps are exact, and have a bound that is exact.
// Time and memory are those of a plain document of this moment, many times over, and the least of three tries counts: a busy
// machine slows both, and no stall comes three times. What they would catch is a rule that multiplies.
func FuzzDocument(f *testing.F) {
	for _, shape := range shapes {
		f.Add(shape.of(4))
		f.Add(shape.of(30))
	}
	d := shapesDocuments(Limits{})
	plain := "{ item { " + repeat(90, "a#: name item { id name } ") + "} }"
	f.Fuzz(func(t *testing.T, text string) {
		steps, failed := d.readWhole(t.Context(), text)
		if steps > someSteps+stepsPerByte*len(text) {
			t.Fatalf("%d steps for %d bytes", steps, len(text))
		}
		if failed != nil && (len(failed.errors) == 0 || len(failed.errors) > 100) {
			t.Fatalf("%d errors", len(failed.errors))
		}
		var problem string
		for range 3 {
			if problem = d.outOfProportion(t, text, plain); problem == "" {
				return
			}
		}
		t.Fatalf("%s: %d bytes, %s", problem, len(text), strings.ToValidUTF8(text, "?"))
	})
}

// outOfProportion compares with a plain document. 100 of them are allowed for the least text, since few bytes can come to all
// that the limits let pass.
func (d *documents) outOfProportion(t *testing.T, text, plain string) string {
	t.Helper()
	plainTime, plainBytes := d.cost(t, plain)
	tookTime, tookBytes := d.cost(t, text)
	plains := 100 + 100*len(text)/len(plain)
	switch {
	case tookTime > time.Duration(plains)*plainTime:
		return tookTime.String() + ", and a plain document " + plainTime.String()
	case tookBytes > uint64(plains)*plainBytes:
		return "too much memory"
	default:
		return ""
	}
}
