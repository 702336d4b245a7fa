package admission

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func newAccounts(t *testing.T, terms Terms) *Accounts {
	t.Helper()
	a := NewAccounts(terms)
	t.Cleanup(a.Close)
	return a
}

// checkSpend wants to be admitted where after is 0, else to be told to come again then.
func checkSpend(t *testing.T, a *Accounts, payer string, price int, after time.Duration) {
	t.Helper()
	err := a.Spend(payer, price)
	refused, _ := errors.AsType[*RateError](err)
	switch {
	case after == 0 && err != nil:
		t.Errorf("%s spends %d: %v", payer, price, err)
	case after > 0 && (refused == nil || refused.After.Round(time.Millisecond) != after):
		t.Errorf("%s spends %d: %v, want %v", payer, price, err, after)
	}
}

func TestSpending(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAccounts(t, Terms{Rate: 10, Burst: 100})
		for _, step := range []struct {
			wait  time.Duration
			who   string
			price int
			after time.Duration // 0: admitted
		}{
			{0, "ann", 60, 0},
			{0, "ann", 60, 2 * time.Second},
			{0, "ann", 40, 0},
			{0, "ann", 1, 100 * time.Millisecond},
			{0, "ben", 100, 0},
			{2 * time.Second, "ann", 20, 0},
			{0, "ann", 1000, 10 * time.Second}, // as dear as can be
			{time.Minute, "ann", 100, 0},
			{0, "ben", 100, 0},
		} {
			time.Sleep(step.wait)
			checkSpend(t, a, step.who, step.price, step.after)
		}
	})
}

// TestWhatWasNotDoneIsGivenBack: no more than an account holds, however.
func TestWhatWasNotDoneIsGivenBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAccounts(t, Terms{Rate: 10, Burst: 100})
		checkSpend(t, a, "ann", 90, 0)
		a.Settle("ann", 80)
		checkSpend(t, a, "ann", 90, 0)
		a.Settle("ann", 1000)
		checkSpend(t, a, "ann", 100, 0)
		checkSpend(t, a, "ann", 1, 100*time.Millisecond)
	})
}

// TestDebtIsPaidBeforeTheNextRequest, and is bounded.
func TestDebtIsPaidBeforeTheNextRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAccounts(t, Terms{Rate: 10, Burst: 100})
		checkSpend(t, a, "ann", 100, 0)
		a.Settle("ann", -50)
		checkSpend(t, a, "ann", 1, 5100*time.Millisecond)
		a.Settle("ann", -1_000_000)
		checkSpend(t, a, "ann", 1, 10100*time.Millisecond)
		time.Sleep(15 * time.Second) // longer than an account takes to fill from nothing: it is not forgotten before
		checkSpend(t, a, "ann", 51, 100*time.Millisecond)
		checkSpend(t, a, "ann", 50, 0)
	})
}

// TestTermsChangeForWhatThereIs: an account neither begins anew nor keeps its old income.
func TestTermsChangeForWhatThereIs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAccounts(t, Terms{Rate: 10, Burst: 100})
		checkSpend(t, a, "ann", 100, 0)
		a.Configure(Terms{Rate: 20, Burst: 200})
		checkSpend(t, a, "ann", 100, 5*time.Second)
		time.Sleep(5 * time.Second)
		a.Configure(Terms{Rate: 20, Burst: 40})
		checkSpend(t, a, "ann", 40, 0)
		checkSpend(t, a, "ann", 20, time.Second)
	})
}
