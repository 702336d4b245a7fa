package follow

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// position is how far a subscription to app a was told, over the wire.
func position(t *testing.T, s *Subscription) *Position {
	t.Helper()
	p, rest, err := ParsePosition(s.Positions()["a"].Append(nil))
	if err != nil || len(rest) > 0 {
		t.Fatalf("%x left, %v", rest, err)
	}
	return &p
}

// TestThousandWhoComeBackShareOneReading: at another replica, each with a cursor of their own.
func TestThousandWhoComeBackShareOneReading(t *testing.T) {
	t.Parallel()
	calls := make(map[int]int)
	for _, n := range []int{1, 1000} {
		inTime(t, func(d *dify, h *Hub) {
			t := d.T
			first := d.listen(h, nil)
			pass(3 * time.Hour)
			var positions []*Position
			for range n {
				d.finish(d.start("a"), "a", difytest.StatusSucceeded)
				pass(3 * time.Second)
				heard(t, first)
				positions = append(positions, position(t, first))
			}
			first.Close()
			pass(2 * time.Hour)
			d.ResetRequests()
			replica, closed := d.hub(Options{})
			defer closed()
			var subs []*Subscription
			for i := range positions {
				subs = append(subs, d.listen(replica, positions[len(positions)-1-i]))
			}
			pass(time.Minute)
			for i, s := range subs {
				if events := heard(t, s); len(events) > i+1 {
					t.Fatalf("%d came back, of %d events after: %v", i, i, events)
				}
			}
			calls[n] = len(d.Requests())
		})
	}
	if calls[1000] > calls[1]+catchUpCalls {
		t.Errorf("requests by how many came back: %v", calls)
	}
}

// TestTooMuchToReadIsSkipped, between bounds that a list can be read by: what is newer is told.
func TestTooMuchToReadIsSkipped(t *testing.T) {
	t.Parallel()
	inTime(t, func(d *dify, h *Hub) {
		t := d.T
		began := time.Now()
		for range 2000 {
			d.finish(d.start("a"), "a", difytest.StatusSucceeded)
			pass(10 * time.Second)
		}
		since := PositionAt(began, 0)
		s := d.listen(h, &since)
		pass(time.Minute)
		events := heard(t, s)
		if len(events) < 900 || len(events) > 1001 || events[0].Kind != Skipped {
			t.Fatalf("%d events, the first is %+v", len(events), events[0])
		}
		gap := events[0].Gap
		if first := secondOf(events[1].Row); gap.Last != first-10 && gap.Last != first-1 || gap.First > began.Unix() || gap.Newest().Second <= gap.Oldest().Second {
			t.Errorf("skipped %+v, the next is of %d", gap, first)
		}
		checkAllAppeared(t, events[1:])
	})
}

func checkAllAppeared(t *testing.T, events []Event) {
	t.Helper()
	for _, e := range events {
		if e.Kind != Appeared {
			t.Fatalf("%+v", e)
		}
	}
}

// TestSlowSubscriberIsToldTheLastChangeOfEachRun, and is told off where even that is too much; its position holds.
func TestSlowSubscriberIsToldTheLastChangeOfEachRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDify(difytest.Options{}, "a")
		d.T = t
		h, closed := d.hub(Options{Queue: 10})
		defer closed()
		s := d.listen(h, nil)
		pass(time.Minute)
		for range 8 {
			row := d.start("a")
			pass(15 * time.Second)
			d.finish(row, "a", difytest.StatusSucceeded)
			pass(15 * time.Second)
		}
		events := heard(t, s)
		if len(events) != 8 || events[0].Row.WorkflowRun.Status != "succeeded" {
			t.Errorf("%d events: %+v", len(events), events)
		}
		checkAllAppeared(t, events)
		before := position(t, s)
		for range 11 {
			d.start("a")
			pass(time.Second)
		}
		pass(10 * time.Second)
		_, _, err := s.poll()
		if _, slow := errors.AsType[*OverflowError](err); !slow {
			t.Fatalf("%v, want an overflow", err)
		}
		if after := position(t, s); after.number != before.number || after.follower != before.follower {
			t.Errorf("%+v became %+v", before, after)
		}
		events = heard(t, d.listen(h, position(t, s)))
		if len(events) != 10 || events[0].Kind != Skipped || *events[0].Gap.Count != 2 {
			t.Errorf("%d events: %+v", len(events), events)
		}
	})
}

// TestWhoComesBackToTheSameFollowerIsToldEachEvent that it has found since, in order.
func TestWhoComesBackToTheSameFollowerIsToldEachEvent(t *testing.T) {
	t.Parallel()
	inTime(t, func(d *dify, h *Hub) {
		t := d.T
		d.listen(h, nil)
		s := d.listen(h, nil)
		pass(time.Minute)
		row := d.start("a")
		pass(15 * time.Second)
		check(t, heard(t, s), "appeared running")
		back := position(t, s)
		s.Close()
		if err := d.apps["a"].Update(row.ID, func(r *difytest.Row) { r.Run.Status = difytest.StatusPaused }); err != nil {
			t.Fatal(err)
		}
		pass(15 * time.Second)
		d.finish(row, "a", difytest.StatusStopped)
		pass(15 * time.Second)
		check(t, heard(t, d.listen(h, back)), "changed paused was running", "changed stopped was paused")
	})
}
