package difyapi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// visit is a call that wants a place.
type visit struct {
	number int
	caller string
	cancel context.CancelFunc
}

// visitors are all calls of a test, within a bubble.
type visitors struct {
	turns *turns

	mu      sync.Mutex
	came    int
	holding []*visit // in the order in which they were let in
	waiting []*visit // in the order in which they came
	let     []string // "caller number" of all that were ever let in
	refused []error
}

// come lets a caller want a place, and waits until it has one or is in line.
func (v *visitors) come(caller string) {
	ctx, cancel := context.WithCancel(WithCaller(context.Background(), caller))
	one := &visit{v.came, caller, cancel}
	v.came++
	v.waiting = append(v.waiting, one)
	go func() {
		err := v.turns.acquire(ctx, new(counters))
		v.mu.Lock()
		defer v.mu.Unlock()
		v.waiting = slices.DeleteFunc(v.waiting, func(o *visit) bool { return o == one })
		if err != nil {
			v.refused = append(v.refused, err)
			return
		}
		v.holding = append(v.holding, one)
		v.let = append(v.let, fmt.Sprint(caller, one.number))
	}()
	synctest.Wait()
}

// leave lets the i-th of those that hold a place give it back.
func (v *visitors) leave(i int) {
	one := v.holding[i]
	v.holding = slices.Delete(v.holding, i, i+1)
	v.turns.release()
	one.cancel()
	synctest.Wait()
}

// empty lets all calls have their turn, and tells whether all places are free then.
func (v *visitors) empty() string {
	for len(v.holding) > 0 {
		v.leave(0)
	}
	if len(v.waiting) > 0 || v.turns.queued > 0 || len(v.turns.waiting) > 0 || len(v.turns.order) > 0 {
		return fmt.Sprintf("%d calls wait for ever; %d are in line, of %d callers in order %v",
			len(v.waiting), v.turns.queued, len(v.turns.waiting), v.turns.order)
	}
	return ""
}

// TestCallersTakeTurns: callers are let in one after the other, each caller's calls as they came. There is one place.
func TestCallersTakeTurns(t *testing.T) {
	t.Parallel()
	for come, let := range map[string]string{
		"AAAA":      "A0 A1 A2 A3",
		"AAAAAAB":   "A0 A1 B6 A2 A3 A4 A5",
		"AAAAABC":   "A0 A1 B5 C6 A2 A3 A4",
		"AABBCCABC": "A0 A1 B2 C4 A6 B3 C5 B7 C8",
		"ABCDABCD":  "A0 B1 C2 D3 A4 B5 C6 D7",
	} {
		t.Run(come, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				v := &visitors{turns: newTurns(1)}
				for caller := range strings.SplitSeq(come, "") {
					v.come(caller)
				}
				if problem := v.empty(); problem != "" {
					t.Error(problem)
				}
				if diff := cmp.Diff(let, strings.Join(v.let, " ")); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestLittleIsNotHeldUpByMuch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := &visitors{turns: newTurns(8)}
		for range 108 {
			v.come("A")
		}
		v.come("B")
		v.leave(0)
		v.leave(0)
		if got := v.let[8:]; !slices.Equal(got, []string{"A8", "B108"}) {
			t.Errorf("let in %v, want B second", got)
		}
		if problem := v.empty(); problem != "" {
			t.Error(problem)
		}
	})
}

// play is a game of calls that come, get a place and leave, or give up waiting.
type play struct {
	places int
	steps  []playStep
}

type playStep struct {
	move   string
	caller string
	which  int // of those that wait or hold a place, counted round
}

func anyPlay(t *rapid.T) play {
	step := rapid.Custom(func(t *rapid.T) playStep {
		return playStep{
			move:   rapid.SampledFrom([]string{"come", "come", "come", "leave", "give up", "leave and give up"}).Draw(t, "move"),
			caller: rapid.SampledFrom([]string{"A", "A", "A", "B", "C"}).Draw(t, "caller"),
			which:  rapid.IntRange(0, 20).Draw(t, "which"),
		}
	})
	return play{rapid.IntRange(1, 4).Draw(t, "places"), rapid.SliceOfN(step, 1, 60).Draw(t, "steps")}
}

// TestNoPlaceIsLost plays games in which calls also give up at the very moment at which a place comes free.
func TestNoPlaceIsLost(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		game, problem := anyPlay(r), ""
		synctest.Test(t, func(*testing.T) { problem = game.run(&visitors{turns: newTurns(game.places)}) })
		if problem != "" {
			r.Fatal(problem)
		}
	})
}

// run plays the game to its end and returns what is wrong, if anything.
func (g play) run(v *visitors) string {
	for i, step := range g.steps {
		v.take(step)
		switch busy := len(v.holding); {
		case busy > g.places || v.turns.free != g.places-busy:
			return fmt.Sprintf("step %d: %d calls have places and %d are free, of %d", i, busy, v.turns.free, g.places)
		case len(v.waiting) > 0 && busy < g.places:
			return fmt.Sprintf("step %d: %d calls wait although %d places are free", i, len(v.waiting), g.places-busy)
		}
	}
	if problem := v.empty(); problem != "" {
		return problem
	}
	if v.turns.free != g.places {
		return fmt.Sprintf("%d places of %d are left", v.turns.free, g.places)
	}
	return ""
}

func (v *visitors) take(step playStep) {
	if step.move == "come" {
		v.come(step.caller)
		return
	}
	if n := len(v.waiting); n > 0 && step.move != "leave" {
		v.waiting[step.which%n].cancel() // who leaves below may give its place to this one
	}
	if n := len(v.holding); n > 0 && step.move != "give up" {
		v.leave(step.which % n)
	}
	synctest.Wait()
}

// TestTurnsByTheBook holds who is let in against a plain rule: the caller whose last turn is longest ago, counted from when it
// came to wait; of that caller, the first that came.
func TestTurnsByTheBook(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		places, callers := rapid.IntRange(1, 3).Draw(r, "places"), rapid.SampledFrom([]string{"A", "A", "A", "B", "C", "D"})
		come := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) string {
			return rapid.OneOf(callers, callers, rapid.Just("")).Draw(r, "caller")
		}), 1, 60).Draw(r, "come") // "" is a call that leaves
		var let, want []string
		synctest.Test(t, func(*testing.T) {
			v := &visitors{turns: newTurns(places)}
			book := &turnBook{free: places, since: map[string]int{}}
			for i, caller := range come {
				switch {
				case caller != "":
					v.come(caller)
					book.come(fmt.Sprint(caller, v.came-1), i)
				case len(v.holding) > 0:
					v.leave(0)
					book.leave(i)
				}
			}
			let, want = slices.Clone(v.let), book.let
			_ = v.empty()
		})
		if diff := cmp.Diff(want, let); diff != "" {
			r.Fatal(diff)
		}
	})
}

// turnBook is the plain rule. Calls are named by their caller's letter and a number.
type turnBook struct {
	free    int
	waiting []string
	since   map[string]int // when each caller had its last turn, or came to wait
	let     []string
}

func (b *turnBook) come(call string, now int) {
	if b.free > 0 {
		b.free--
		b.let = append(b.let, call)
		return
	}
	if !slices.ContainsFunc(b.waiting, func(other string) bool { return other[0] == call[0] }) {
		b.since[call[:1]] = now
	}
	b.waiting = append(b.waiting, call)
}

func (b *turnBook) leave(now int) {
	if len(b.waiting) == 0 {
		b.free++
		return
	}
	next := slices.MinFunc(b.waiting, func(a, c string) int { return b.since[a[:1]] - b.since[c[:1]] }) // the first of the least
	b.since[next[:1]] = now
	b.waiting = slices.DeleteFunc(b.waiting, func(call string) bool { return call == next })
	b.let = append(b.let, next)
}

func TestTooManyWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := &visitors{turns: newTurns(2)}
		for i := range 2 + MaxWaiting {
			v.come(string(rune('A' + i%7)))
		}
		if len(v.refused) > 0 || len(v.waiting) != MaxWaiting {
			t.Fatalf("%d wait, %d are refused", len(v.waiting), len(v.refused))
		}
		v.come("A")
		v.come("new")
		if len(v.refused) != 2 || !errors.Is(v.refused[0], errTooManyWait) || !errors.Is(v.refused[1], errTooManyWait) {
			t.Fatalf("refused %v, want two", v.refused)
		}
		v.waiting[500].cancel()
		synctest.Wait()
		v.come("A")
		v.leave(0)
		v.come("A")
		if len(v.refused) != 3 || !errors.Is(v.refused[2], context.Canceled) || len(v.waiting) != MaxWaiting {
			t.Errorf("after one gave up and one was let in, two more may wait: refused %v", v.refused[2:])
		}
		if problem := v.empty(); problem != "" {
			t.Error(problem)
		}
	})
}

func TestCallThatIsGoneTakesNoPlace(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	turns := newTurns(1)
	if err := turns.acquire(ctx, new(counters)); !errors.Is(err, context.Canceled) || turns.free != 1 {
		t.Errorf("error %v, %d places free", err, turns.free)
	}
}
