package follow

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"github.com/difygraph/difygraph/graph/list"
)

func anyPosition(t *rapid.T) Position {
	p := Position{
		follower: rapid.Uint64().Draw(t, "follower"),
		number:   rapid.Int64Range(0, 1<<40).Draw(t, "number"),
		settled:  rapid.Int64Range(0, list.LastSecond).Draw(t, "settled"),
		told:     make(map[mark]told),
		partial:  rapid.Bool().Draw(t, "partial"),
	}
	for range rapid.IntRange(0, maxTold+20).Draw(t, "told") {
		m := mark(rapid.SliceOfN(rapid.Byte(), len(mark{}), len(mark{})).Draw(t, "mark"))
		p.told[m] = told{
			second: rapid.Int64Range(max(0, p.settled-100), min(p.settled+100, list.LastSecond)).Draw(t, "second"),
			state:  rapid.SampledFrom([]state{0, 1, 2, 3, 4, 5, 6, otherState}).Draw(t, "state"),
		}
	}
	return p
}

// TestPositionRoundTrip: what is written is read, whatever stands behind it, and says where it is not all.
func TestPositionRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := anyPosition(t)
		text := want.Append(nil)
		got, rest, err := ParsePosition(append(bytes.Clone(text), "rest"...))
		if err != nil || string(rest) != "rest" || !bytes.Equal(got.Append(nil), text) {
			t.Fatalf("%v, %q left", err, rest)
		}
		if got.follower != want.follower || got.number != want.number || got.settled != want.settled ||
			got.partial != (want.partial || len(want.told) > maxTold) || len(got.told) != min(len(want.told), maxTold) {
			t.Fatalf("%+v, want %+v", got, want)
		}
		for m, told := range got.told {
			if want.told[m] != told {
				t.Fatalf("%x was told as %+v, want %+v", m, told, want.told[m])
			}
		}
	})
}

// FuzzParsePosition: nothing that is made up does harm.
func FuzzParsePosition(f *testing.F) {
	f.Add(Position{settled: 1772323200, told: map[mark]told{{1}: {1772323201, 1}}}.Append(nil))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, rest, err := ParsePosition(b)
		if err != nil {
			return
		}
		if again, left, err := ParsePosition(p.Append(nil)); err != nil || len(left) > 0 || again.settled != p.settled || len(again.told) != len(p.told) {
			t.Errorf("%x (%d left) is written as %x: %v", b, len(rest), p.Append(nil), err)
		}
	})
}
