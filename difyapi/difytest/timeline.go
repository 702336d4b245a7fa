package difytest

import (
	"cmp"
	"slices"
)

// record is one row of the log and what has become of it. Its row is replaced
// as a whole by each change, never changed in place, so that a statement may
// keep the version that it read.
type record struct {
	row      *Row
	second   int64 // of created_at, which never changes
	favoured bool  // see disorder
}

// timeline holds records by second, oldest first. Within a second the order is
// that of insertion. A window of it is found by bisection, so that the count of
// a window costs O(log n) whatever its size.
type timeline []*record

// window returns the records of the seconds from after to before, both
// included. It shares the timeline's memory.
func (t timeline) window(after, before int64) timeline {
	from, to := t.from(after), t.through(before)
	if from >= to {
		return nil
	}
	return t[from:to]
}

// from returns the index of the first record at or after second.
func (t timeline) from(second int64) int {
	i, _ := slices.BinarySearchFunc(t, second, func(r *record, s int64) int { return cmp.Compare(r.second, s) })
	return i
}

// through returns the index after the last record at or before second. It is
// not from(second+1), which would overflow for an open bound.
func (t timeline) through(second int64) int {
	i, _ := slices.BinarySearchFunc(t, second, func(r *record, s int64) int {
		if r.second <= s {
			return -1
		}
		return 1
	})
	return i
}

// add puts records, themselves sorted by second, where they belong. A few go
// in one by one, many by sorting anew.
func (t timeline) add(records []*record) timeline {
	const few = 4
	if len(t) == 0 || t[len(t)-1].second <= records[0].second {
		return append(t, records...)
	}
	if len(records) <= few {
		for _, r := range records {
			t = slices.Insert(t, t.through(r.second), r)
		}
		return t
	}
	t = append(t, records...)
	slices.SortStableFunc(t, bySecond)
	return t
}

// remove takes out one record, looking through its second only.
func (t timeline) remove(gone *record) timeline {
	for i := t.from(gone.second); i < len(t) && t[i].second == gone.second; i++ {
		if t[i] == gone {
			return slices.Delete(t, i, i+1)
		}
	}
	return t
}

func bySecond(a, b *record) int { return cmp.Compare(a.second, b.second) }
