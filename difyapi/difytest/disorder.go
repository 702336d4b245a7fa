package difytest

import (
	"cmp"
	"encoding/binary"
	"math/rand/v2"
	"slices"

	"github.com/google/uuid"
)

// disorder is how one query orders the rows of one second, about which the
// list's ORDER BY says nothing. Each query has one of its own.
//
// PostgreSQL sorts a page that lies in the first half of the matching rows by
// a bounded heap, and one that lies beyond by sorting everything. A heap drops
// what comes late, so that pages near each other show the same rows of a second
// again and again: worse than by chance. Here half of all rows are favoured,
// and more likely to be what such a page shows; the weight is set by
// measurements of real servers (ties.json among the recordings). Beyond the
// half, each order is as likely as any other.
type disorder struct {
	rng    *rand.Rand
	stable bool
}

// favourWeight is how much likelier a favoured row is to be taken first.
const favourWeight = 8

func (s *Server) disorder() disorder {
	return disorder{
		rng:    rand.New(rand.NewPCG(s.options.Seed, s.queries.Add(1))),
		stable: s.options.StableTies,
	}
}

// favoured tosses a coin for a row, always the same for one seed and id.
func favoured(seed uint64, id uuid.UUID) bool {
	coin := rand.NewPCG(seed^binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:]))
	return coin.Uint64()&1 == 1
}

// page returns the rows from offset on, newest second first. matching is
// sorted the other way round. Only seconds that the page touches are put into
// disorder, so that a page costs nothing but its own rows and theirs.
func (d disorder) page(matching timeline, offset, limit int) []*record {
	n := len(matching)
	end := min(offset+limit, n)
	sortsAll := 2*(offset+limit) >= n
	var page []*record
	for at := offset; at < end; {
		second := matching[n-1-at].second
		low, high := matching.from(second), matching.through(second)
		first := n - high // the position of the second's first row in the list
		upTo := min(end-first, high-low)
		page = append(page, d.draw(matching[low:high], at-first, upTo, sortsAll)...)
		at = first + upTo
	}
	return page
}

// draw returns the rows of one second that come at its positions from to upTo.
func (d disorder) draw(second timeline, from, upTo int, sortsAll bool) []*record {
	if len(second) == 1 {
		return second
	}
	if sortsAll && d.stable {
		return slices.Clone(second[from:upTo])
	}
	return d.shuffled(second, !sortsAll)[:upTo-from]
}

// shuffled returns rows in an order in which, where wanted, favoured ones tend
// to be early: each waits for an exponential time that is shorter for them.
func (d disorder) shuffled(second timeline, favour bool) []*record {
	type waiting struct {
		record *record
		time   float64
	}
	queue := make([]waiting, len(second))
	for i, r := range second {
		queue[i] = waiting{r, d.rng.ExpFloat64()}
		if favour && r.favoured {
			queue[i].time /= favourWeight
		}
	}
	slices.SortFunc(queue, func(a, b waiting) int { return cmp.Compare(a.time, b.time) })
	order := make([]*record, len(queue))
	for i, next := range queue {
		order[i] = next.record
	}
	return order
}
