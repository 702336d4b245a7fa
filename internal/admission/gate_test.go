package admission

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

const patience = 5 * time.Second

// enter admits an operation of a caller, or ends the test.
func enter(t *testing.T, g *Gate, caller string) *Operation {
	t.Helper()
	o, err := g.Enter(WithCaller(t.Context(), caller))
	if err != nil {
		t.Fatalf("%s: %v", caller, err)
	}
	return o
}

func wait(t *testing.T, o *Operation, app string) (resume func(context.Context)) {
	t.Helper()
	resume, ok := o.Wait(app)
	if !ok {
		t.Fatalf("%s may not wait for %s", o.caller, app)
	}
	return resume
}

// TestOneCallerLeavesSlotsToOthers: whatever it does, a caller alone has three quarters of the slots.
func TestOneCallerLeavesSlotsToOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(Options{Operations: 64, Waiting: 2000, MaxWait: patience})
		refused := make(chan error, 200)
		for range cap(refused) {
			go func() {
				_, err := g.Enter(WithCaller(t.Context(), "greedy"))
				refused <- err
			}()
		}
		synctest.Wait()
		if g.slots.taken != 48 {
			t.Errorf("one caller has %d of 64 slots, want 48", g.slots.taken)
		}
		began := time.Now()
		for i := range 16 { // each of another
			enter(t, g, fmt.Sprint("caller ", i))
		}
		if waited := time.Since(began); waited > 0 {
			t.Errorf("others waited for %v", waited)
		}
		for range cap(refused) {
			if err := <-refused; err != nil && (!errors.Is(err, ErrOverloaded) || time.Since(began) != patience) {
				t.Errorf("%v after %v", err, time.Since(began))
			}
		}
	})
}

// TestWhoWaitsALittleGetsIn, in turn: the second caller's one operation is not behind all of the first's.
func TestWhoWaitsALittleGetsIn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(Options{Operations: 1, Waiting: 100, MaxWait: patience})
		first := enter(t, g, "greedy")
		order := make(chan string, 11)
		run := func(caller string) {
			o, err := g.Enter(WithCaller(t.Context(), caller))
			if err != nil {
				t.Errorf("%s: %v", caller, err)
				return
			}
			order <- caller
			time.Sleep(100 * time.Millisecond)
			o.Leave()
		}
		for range 10 {
			go run("greedy")
		}
		synctest.Wait()
		go run("polite")
		synctest.Wait()
		first.Leave()
		time.Sleep(time.Minute)
		if <-order != "greedy" || <-order != "polite" {
			t.Error("the polite caller's turn did not come second")
		}
		if len(order) != 9 {
			t.Errorf("%d more got in, want 9", len(order))
		}
	})
}

// TestWhoWaitsForAnAppHoldsNoSlot: with one slot, any number of operations may wait for an app that does not answer.
func TestWhoWaitsForAnAppHoldsNoSlot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(Options{Operations: 1, Waiting: 100, MaxWait: patience})
		for range 40 {
			wait(t, enter(t, g, "ann"), "hanging")
		}
		o := enter(t, g, "ben")
		wait(t, o, "healthy")(t.Context())
		o.Leave()
	})
}

// TestWhoComesBackGoesBeforeWhoComesNew, since what has begun is to end.
func TestWhoComesBackGoesBeforeWhoComesNew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(Options{Operations: 1, Waiting: 10, MaxWait: patience})
		back := enter(t, g, "ann")
		resume := wait(t, back, "a")
		working := enter(t, g, "ben")
		order := make(chan string, 2)
		go func() {
			enter(t, g, "cid")
			order <- "new"
		}()
		synctest.Wait()
		go func() {
			resume(t.Context())
			order <- "back"
			back.Leave()
		}()
		synctest.Wait()
		working.Leave()
		if first := <-order; first != "back" {
			t.Errorf("%s went first", first)
		}
		<-order
	})
}

// TestSlotComesBackWithTheLastAnswer: while something is still waited for, nothing else of the operation is held up.
func TestSlotComesBackWithTheLastAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(Options{Operations: 1, Waiting: 10, MaxWait: patience})
		o := enter(t, g, "ann")
		first, second, third := wait(t, o, "a"), wait(t, o, "a"), wait(t, o, "b")
		other := enter(t, g, "ben")
		first(t.Context())
		first(t.Context()) // a second time is none
		third(t.Context())
		if len(g.atApps) != 1 || g.atApps[callerAtApp{"ann", "a"}] != 1 {
			t.Errorf("at apps: %v", g.atApps)
		}
		back := make(chan struct{})
		go func() {
			second(t.Context())
			close(back)
		}()
		synctest.Wait()
		select {
		case <-back:
			t.Error("the last answer did not wait for a slot")
		default:
		}
		again := wait(t, o, "a") // another part of the operation asks: nobody is to wait for a slot now
		<-back
		other.Leave()
		again(t.Context())
		if !o.hasSlot {
			t.Error("no slot after the last answer")
		}
	})
}

// TestNothingIsLeftBehind: of operations that ended in any way.
func TestNothingIsLeftBehind(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, g *Gate, o *Operation){
		"leaves": func(_ *testing.T, _ *Gate, o *Operation) { o.Leave() },
		"leaves twice": func(_ *testing.T, _ *Gate, o *Operation) {
			o.Leave()
			o.Leave()
		},
		"leaves while it waits for apps": func(t *testing.T, _ *Gate, o *Operation) {
			t.Helper()
			a, b := wait(t, o, "a"), wait(t, o, "b")
			a(t.Context())
			o.Leave()
			b(t.Context())
			wait(t, o, "c")(t.Context())
		},
		"comes back to a context that has ended": func(t *testing.T, g *Gate, o *Operation) {
			t.Helper()
			resume := wait(t, o, "a")
			other := enter(t, g, "ben")
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			resume(ctx)
			o.Leave()
			other.Leave()
		},
		"another is given up in line": func(t *testing.T, g *Gate, o *Operation) {
			t.Helper()
			cause := errors.New("gone")
			ctx, cancel := context.WithCancelCause(WithCaller(t.Context(), "ben"))
			time.AfterFunc(time.Second, func() { cancel(cause) })
			if _, err := g.Enter(ctx); !errors.Is(err, cause) {
				t.Errorf("%v, want the context's cause", err)
			}
			o.Leave()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := NewGate(Options{Operations: 1, Waiting: 10, MaxWait: patience})
				end(t, g, enter(t, g, "ann"))
				checkEmpty(t, g)
			})
		})
	}
}

func checkEmpty(t *testing.T, g *Gate) {
	t.Helper()
	for name, n := range map[string]int{
		"slots": g.slots.taken, "callers with slots": len(g.slots.by), "admitted": g.admitted.taken,
		"callers admitted": len(g.admitted.by), "at apps": len(g.atApps),
		"returning": len(g.returning.waiting) + len(g.returning.order) + g.returning.length,
		"entering":  len(g.entering.waiting) + len(g.entering.order) + g.entering.length,
	} {
		if n != 0 {
			t.Errorf("%s: %d", name, n)
		}
	}
}

// TestAdmissionsAreShared: one caller gets three quarters of them, half with an app that does not answer.
func TestAdmissionsAreShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(Options{Operations: 10, Waiting: 1990, MaxWait: patience})
		waiting := 0
		for {
			o := enter(t, g, "ann")
			if _, ok := o.Wait("hanging"); !ok {
				o.Leave()
				break
			}
			waiting++
		}
		if waiting != 1000 {
			t.Errorf("%d wait for the app that hangs, want 1000", waiting)
		}
		for {
			o, err := g.Enter(WithCaller(t.Context(), "ann"))
			if err != nil {
				break
			}
			wait(t, o, "healthy")
			waiting++
		}
		if waiting != 1500 {
			t.Errorf("%d are admitted, want 1500", waiting)
		}
		wait(t, enter(t, g, "ben"), "hanging")
	})
}

// TestLimitsChangeUnderWay: more slots let those in that wait.
func TestLimitsChangeUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(Options{Operations: 1, Waiting: 10, MaxWait: patience})
		enter(t, g, "ann")
		in := make(chan struct{})
		go func() {
			enter(t, g, "ben")
			close(in)
		}()
		synctest.Wait()
		g.Configure(Options{Operations: 2, Waiting: 10, MaxWait: patience})
		<-in
		g.Configure(Options{Operations: 1, Waiting: 0, MaxWait: patience})
		if _, err := g.Enter(WithCaller(t.Context(), "cid")); !errors.Is(err, ErrOverloaded) {
			t.Errorf("%v", err)
		}
	})
}

// TestGateTellsHowItStands: what runs and waits where, and what was refused and why.
func TestGateTellsHowItStands(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(Options{Operations: 1, Waiting: 7, MaxWait: patience})
		back := enter(t, g, "ann")
		resume := wait(t, back, "a")
		running := enter(t, g, "ben")
		go resume(t.Context())
		go func() { _, _ = g.Enter(WithCaller(t.Context(), "cid")) }()
		synctest.Wait()
		if got, want := g.Stats(), (Stats{Running: 1, Entering: 1, Returning: 1}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		time.Sleep(patience)
		synctest.Wait()
		running.Leave()
		wait(t, back, "a")
		for ok := true; ok; {
			_, ok = enter(t, g, "ann").Wait("a")
		}
		g.Configure(Options{Operations: 1, Waiting: 0, MaxWait: patience})
		if _, err := g.Enter(WithCaller(t.Context(), "ben")); !errors.Is(err, ErrOverloaded) {
			t.Errorf("%v", err)
		}
		if got, want := g.Stats(), (Stats{Running: 1, AtApps: 4, Refused: Refusals{Share: 1, Late: 1, AtApp: 1}}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	})
}
