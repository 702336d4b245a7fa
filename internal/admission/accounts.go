package admission

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
)

// Terms are those of all accounts.
type Terms struct {
	// Rate is how much an account gains in a second, Burst its largest balance, both at least 1. An account begins with Burst, and
	// owes at most as much.
	Rate, Burst int
}

// Accounts are what payers may spend, by their names. They are safe for concurrent use.
//
// They are no [golang.org/x/time/rate] limiters: those have neither credit nor a bound on debt, and what is foreseen is to be
// settled once it is known.
type Accounts struct {
	terms   atomic.Pointer[Terms]
	byPayer *otter.Cache[string, *account]
}

// account is a balance at a time.
type account struct {
	mu      sync.Mutex
	balance float64
	at      time.Time
}

// maxAccounts bounds what is kept. An account that has not been used for as long as it takes to fill it from the deepest debt is
// as good as a new one.
const maxAccounts = 100_000

// NewAccounts makes accounts. They are to be closed.
func NewAccounts(t Terms) *Accounts {
	a := new(Accounts)
	a.Configure(t)
	a.byPayer = otter.Must(&otter.Options[string, *account]{
		MaximumSize: maxAccounts,
		ExpiryCalculator: otter.ExpiryAccessingFunc(func(otter.Entry[string, *account]) time.Duration {
			t := a.terms.Load()
			return t.timeFor(float64(2*t.Burst)) + time.Second
		}),
	})
	return a
}

// Configure changes the terms, of what there is too.
func (a *Accounts) Configure(t Terms) { a.terms.Store(&t) }

// Close ends what is done in the background.
func (a *Accounts) Close() { a.byPayer.StopAllGoroutines() }

// RateError says that a payer has spent too much.
type RateError struct {
	// After is when it can pay, unless it spends elsewhere.
	After time.Duration
}

func (e *RateError) Error() string { return fmt.Sprintf("spent too much; try again in %v", e.After) }

// Spend takes a price from the payer's account. Where the balance is too low it takes nothing, and returns a [*RateError] that says when
// it will do. A price above Burst takes all of a full account.
func (a *Accounts) Spend(payer string, price int) error {
	t := a.terms.Load()
	return a.with(payer, t, func(balance *float64) error {
		missing := min(float64(price), float64(t.Burst)) - *balance
		if missing > 0 {
			return &RateError{After: t.timeFor(missing)}
		}
		*balance = -missing
		return nil
	})
}

// Settle corrects what was spent: it gives back where amount is above 0, and takes where it is below, whether there is as much
// or not.
func (a *Accounts) Settle(payer string, amount int) {
	t := a.terms.Load()
	_ = a.with(payer, t, func(balance *float64) error {
		*balance = min(max(*balance+float64(amount), -float64(t.Burst)), float64(t.Burst))
		return nil
	})
}

// with calls do with a payer's balance, as it is now.
func (a *Accounts) with(payer string, t *Terms, do func(balance *float64) error) error {
	account, _ := a.byPayer.ComputeIfAbsent(payer, func() (*account, bool) {
		return &account{balance: float64(t.Burst), at: time.Now()}, false
	})
	account.mu.Lock()
	defer account.mu.Unlock()
	now := time.Now()
	account.balance = min(account.balance+now.Sub(account.at).Seconds()*float64(t.Rate), float64(t.Burst))
	account.at = now
	return do(&account.balance)
}

// timeFor is how long an amount takes to come in.
func (t *Terms) timeFor(amount float64) time.Duration {
	return time.Duration(amount / float64(t.Rate) * float64(time.Second))
}
