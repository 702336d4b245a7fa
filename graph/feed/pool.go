package feed

import "sync/atomic"

// pool is a number of calls that several streams share.
type pool struct {
	left   atomic.Int64
	within *pool // of which these are a part; nil if they are all
}

func newPool(calls int) *pool {
	p := new(pool)
	p.left.Store(int64(max(0, calls)))
	return p
}

// part is a pool of so many of the calls.
func (p *pool) part(calls int) *pool {
	part := newPool(calls)
	part.within = p
	return part
}

// take takes a call, if there is one left.
func (p *pool) take() bool {
	return p != nil && p.left.Add(-1) >= 0 && (p.within == nil || p.within.take())
}
