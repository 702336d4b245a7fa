package list

import (
	"crypto/sha256"
	"encoding/json"
	"math"
	"slices"
)

// List is what is asked for: rows of which apps, which of them, and in which order. Page size and failure policy are not
// part of it, so that a walk may change them.
type List struct {
	apps   []string
	order  Order
	filter Filter
	digest Digest
}

// New checks what is asked for. The apps are keys of the configuration; all says that the caller named none and
// means all that it may read, which is another list than one that names them: it goes on where an app is added.
func New(apps []string, all bool, filter Filter, order Order) (List, error) {
	filter, err := filter.canonical()
	if err != nil {
		return List{}, err
	}
	apps = slices.Compact(slices.Sorted(slices.Values(apps)))
	return List{apps: apps, order: order, filter: filter, digest: digest(apps, all, filter, order)}, nil
}

// Apps are the keys of the apps, sorted, each once.
func (l List) Apps() []string { return l.apps }

// Filter is canonical: no empty conditions, sets sorted and without duplicates, times in UTC and whole seconds.
func (l List) Filter() Filter { return l.filter }

// Digest is what cursors of the list hold of it.
func (l List) Digest() Digest { return l.digest }

// digest tells lists apart. It is taken from JSON, whose names are part of the cursors' format.
func digest(apps []string, all bool, filter Filter, order Order) (d Digest) {
	if all {
		apps = nil
	}
	if filter.EndUser != nil {
		filter.EndUserSessionID = nil
	}
	canonical, err := json.Marshal(struct {
		All    bool     `json:"all"`
		Apps   []string `json:"apps"`
		Order  Order    `json:"order"`
		Filter Filter   `json:"filter"`
	}{all, apps, order, filter})
	if err != nil {
		panic(err) // no value of these types is refused: times and numbers were checked
	}
	sum := sha256.Sum256(canonical)
	copy(d[:], sum[:])
	return d
}

// Seconds are the first and the last Unix second that a row of the list can have; [math.MinInt64] and [math.MaxInt64] stand
// for no bound, and a first after the last for a list without rows.
func (l List) Seconds() (first, last int64) {
	first, last = math.MinInt64, math.MaxInt64
	if l.filter.MatchesNone {
		return 1, 0
	}
	if r := l.filter.CreatedAt; r != nil && r.Since != nil && r.Since.Unix() > FirstSecond {
		first = r.Since.Unix()
	}
	if r := l.filter.CreatedAt; r != nil && r.Until != nil {
		last = r.Until.Unix() - 1
	}
	return first, last
}
