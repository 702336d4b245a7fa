package feed

import "sync/atomic"

// pool is a number of calls that several streams share.
type pool struct{ left atomic.Int64 }

func newPool(calls int) *pool {
	p := new(pool)
	p.left.Store(int64(max(0, calls)))
	return p
}

// take takes a call, if there is one left.
func (p *pool) take() bool { return p != nil && p.left.Add(-1) >= 0 }
