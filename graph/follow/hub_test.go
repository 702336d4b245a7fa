package follow

import (
	"fmt"
	"testing"
	"time"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// check holds events against what they should be: kind, then the status of the row's run, then what it was before.
func check(t *testing.T, events []Event, want ...string) {
	t.Helper()
	var got []string
	for _, e := range events {
		text := [...]string{"", "appeared", "changed", "skipped", "failed", "recovered"}[e.Kind]
		if e.Row != nil {
			text += " " + string(e.Row.WorkflowRun.Status)
		}
		if e.Before != nil {
			text += " was " + string(e.Before.WorkflowRun.Status)
		}
		got = append(got, text)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("heard %v, want %v", got, want)
	}
}

// TestRunIsToldAsItHappens: its start within the pause after it shows, its end within the pause for its age.
func TestRunIsToldAsItHappens(t *testing.T) {
	t.Parallel()
	inTime(t, func(d *dify, h *Hub) {
		t := d.T
		d.start("a")
		s := d.listen(h, nil)
		pass(time.Minute)
		check(t, heard(t, s))
		row := d.start("a")
		pass(11 * time.Second)
		check(t, heard(t, s), "appeared running")
		d.finish(row, "a", difytest.StatusSucceeded)
		pass(4 * time.Second)
		check(t, heard(t, s), "changed succeeded was running")
		pass(time.Hour)
		check(t, heard(t, s))
	})
}

// TestEndWithExceptionsIsToldWhole: the detail of a run does not tell how many it had, so its second is read.
func TestEndWithExceptionsIsToldWhole(t *testing.T) {
	t.Parallel()
	inTime(t, func(d *dify, h *Hub) {
		t := d.T
		row := d.start("a")
		pass(time.Hour / 2)
		s := d.listen(h, nil)
		pass(time.Minute)
		if err := d.apps["a"].Update(row.ID, func(r *difytest.Row) {
			r.Run.Status, r.Run.ExceptionsCount, r.Run.FinishedAt = difytest.StatusPartialSucceeded, 2, time.Now()
		}); err != nil {
			t.Fatal(err)
		}
		pass(5 * time.Minute)
		events := heard(t, s)
		check(t, events, "changed partial-succeeded was running")
		if n := events[0].Row.WorkflowRun.ExceptionsCount; n == nil || *n != 2 {
			t.Errorf("%v exceptions, want 2", n)
		}
	})
}

// TestAppThatFailsIsToldOnce, and what happened meanwhile when it can be read again.
func TestAppThatFailsIsToldOnce(t *testing.T) {
	t.Parallel()
	inTime(t, func(d *dify, h *Hub) {
		t := d.T
		s := d.listen(h, nil)
		pass(time.Minute)
		d.down.Store(true)
		pass(time.Minute)
		d.start("a")
		pass(time.Hour)
		check(t, heard(t, s), "failed")
		late := d.listen(h, nil)
		check(t, heard(t, late), "failed")
		d.start("a")
		pass(time.Hour)
		d.down.Store(false)
		pass(2 * time.Minute)
		check(t, heard(t, s), "recovered", "appeared running", "appeared running")
		check(t, heard(t, late), "recovered", "appeared running")
	})
}

// TestNobodyListensNothingIsAsked, before and after.
func TestNobodyListensNothingIsAsked(t *testing.T) {
	t.Parallel()
	inTime(t, func(d *dify, h *Hub) {
		t := d.T
		pass(time.Hour)
		s := h.Subscribe()
		s.Add(d.app("a"), nil)
		pass(time.Minute)
		s.Close()
		calls := len(d.Requests())
		pass(time.Hour)
		if n := len(d.Requests()); calls == 0 || n != calls {
			t.Errorf("%d requests, then %d", calls, n)
		}
		if h.Stats().Following != 0 || len(h.followers) != 0 {
			t.Errorf("%+v, %d followers", h.Stats(), len(h.followers))
		}
	})
}

// TestIdleAppIsAskedSixTimesAMinute, whoever listens.
func TestIdleAppIsAskedSixTimesAMinute(t *testing.T) {
	t.Parallel()
	calls := make(map[int]int)
	for _, listeners := range []int{1, 1000} {
		inTime(t, func(d *dify, h *Hub) {
			t := d.T
			for range listeners {
				d.listen(h, nil)
			}
			pass(5 * time.Minute)
			calls[listeners] = len(d.Requests())
			d.ResetRequests()
			pass(10 * time.Minute)
			if n := len(d.Requests()); n != 60 {
				t.Errorf("%d requests in ten minutes of %d listeners", n, listeners)
			}
			for _, r := range d.Requests() {
				if r.Query.Get("created_at__after") == "" {
					t.Errorf("the whole log is asked for: %v", r.Query)
				}
			}
		})
	}
	if calls[1] != calls[1000] {
		t.Errorf("requests by listeners: %v", calls)
	}
}

// atMostTwoASecond holds all requests of a server against what its followers may ask together.
func atMostTwoASecond(t *testing.T, d *dify) {
	t.Helper()
	requests := d.Requests()
	for i := 2; i < len(requests); i++ {
		if took := requests[i].At.Sub(requests[i-2].At); took < time.Second-time.Millisecond {
			t.Fatalf("three requests within %v", took)
		}
	}
}

// TestHundredOpenRunsStayWithinTheShare: and their ends are told.
func TestHundredOpenRunsStayWithinTheShare(t *testing.T) {
	t.Parallel()
	inTime(t, func(d *dify, h *Hub) {
		t := d.T
		s := d.listen(h, nil)
		pass(time.Minute)
		var rows []difytest.Row
		for range 100 {
			rows = append(rows, d.start("a"))
			pass(2 * time.Second)
		}
		pass(10 * time.Second)
		if n := len(heard(t, s)); n != 100 {
			t.Errorf("%d events, want 100", n)
		}
		for _, row := range rows {
			d.finish(row, "a", difytest.StatusSucceeded)
		}
		pass(2 * time.Minute)
		if n := len(heard(t, s)); n != 100 {
			t.Errorf("%d ends, want 100", n)
		}
		atMostTwoASecond(t, d)
	})
}

// TestManyIdleAppsOfOneServerShareItsCalls: their pauses become longer.
func TestManyIdleAppsOfOneServerShareItsCalls(t *testing.T) {
	t.Parallel()
	var keys []string
	for i := range 300 {
		keys = append(keys, fmt.Sprint("app", i))
	}
	inTime(t, func(d *dify, h *Hub) {
		t := d.T
		s := h.Subscribe()
		defer s.Close()
		for _, key := range keys {
			d.finish(d.start(key), key, difytest.StatusSucceeded)
			s.Add(d.app(key), nil)
		}
		pass(20 * time.Minute)
		heard(t, s)
		for _, key := range keys {
			d.start(key)
		}
		pass(160 * time.Second)
		if n := len(heard(t, s)); n != 300 {
			t.Errorf("%d events, want 300", n)
		}
		atMostTwoASecond(t, d)
	}, keys...)
}

// TestBusyAppIsReadFrugally: what is new each second, and all that is not settled every ten.
func TestBusyAppIsReadFrugally(t *testing.T) {
	t.Parallel()
	inTime(t, func(d *dify, h *Hub) {
		t := d.T
		s := d.listen(h, nil)
		begin := func(seconds int) {
			for range seconds {
				d.finish(d.start("a"), "a", difytest.StatusSucceeded)
				pass(time.Second)
			}
		}
		begin(120)
		heard(t, s)
		d.ResetRequests()
		d.rows.Store(0)
		begin(600)
		if n := len(heard(t, s)); n != 600 {
			t.Errorf("%d events, want 600", n)
		}
		calls, rows := len(d.Requests()), d.rows.Load()
		if quick, sweeps := 540, 60; calls != quick+sweeps || rows != int64(3*quick+40*sweeps) { // 30 s unsettled, and 10 s since the last sweep
			t.Errorf("%d requests and %d rows for 600 runs in 600 s", calls, rows)
		}
	})
}
