package feed

import (
	"crypto/sha256"
	"encoding/json"
	"slices"

	"github.com/difygraph/difygraph/difyapi"
)

// MaxStreams bounds how many lists of Dify's one list may be made of.
const MaxStreams = 60

// List is what is asked for: rows of which apps, which of them, and in which order. Page size and failure policy are not
// part of it, so that a walk may change them.
type List struct {
	apps   []string
	order  Order
	filter Filter
	digest [digestSize]byte
}

// NewList checks what is asked for. The apps are keys of the configuration; all says that the caller named none and
// means all that it may read, which is another list than one that names them: it goes on where an app is added.
func NewList(apps []string, all bool, filter Filter, order Order) (List, error) {
	filter, err := filter.canonical()
	if err != nil {
		return List{}, err
	}
	apps = slices.Compact(slices.Sorted(slices.Values(apps)))
	l := List{apps: apps, order: order, filter: filter, digest: digest(apps, all, filter, order)}
	if n := len(l.streams()); n > MaxStreams {
		return List{}, inputError("filter", "apps × statuses × session ids make %d lists of Dify's to merge, at most %d are "+
			"allowed; name fewer of them", n, MaxStreams)
	}
	return l, nil
}

// Digest is what cursors of the list hold of it.
func (l List) Digest() [digestSize]byte { return l.digest }

// digest tells lists apart. It is taken from JSON, whose names are part of the cursors' format.
func digest(apps []string, all bool, filter Filter, order Order) (d [digestSize]byte) {
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

// seconds are the bounds of the list, both inclusive.
func (l List) seconds() span {
	s := span{from: beginning, to: end}
	if l.filter.Nothing {
		s = span{from: 1, to: 0}
	}
	if r := l.filter.CreatedAt; r != nil && r.Since != nil && r.Since.Unix() > firstSecond {
		s.from = r.Since.Unix()
	}
	if r := l.filter.CreatedAt; r != nil && r.Until != nil {
		s.to = r.Until.Unix() - 1
	}
	return s
}

// streams are the queries whose answers, merged, are the list: one for each app, pushed status and pushed session id.
func (l List) streams() []streamKey {
	var keys []streamKey
	for _, app := range l.apps {
		for _, status := range orNone(l.pushedStatuses()) {
			for _, session := range orNone(l.pushedSessions()) {
				keys = append(keys, streamKey{app, l.query(status, session)})
			}
		}
	}
	return keys
}

// streamKey is one list of Dify's: an app and the filters that it applies, without bounds of time and page.
type streamKey struct {
	app   string
	query difyapi.LogQuery
}

func (l List) query(status difyapi.RunStatus, session string) difyapi.LogQuery {
	q := difyapi.LogQuery{Status: status, EndUserSessionID: session}
	q.Keyword = difyapi.StoredText(l.head()) // that of a run's id is itself
	if l.filter.AccountEmail != nil {
		q.AccountEmail = *l.filter.AccountEmail
	}
	return q
}

// pushedStatuses are empty unless Dify can filter by all that are asked for.
func (l List) pushedStatuses() []difyapi.RunStatus {
	if slices.ContainsFunc(l.filter.Status, func(s difyapi.RunStatus) bool { return !s.Filterable() }) {
		return nil
	}
	return l.filter.Status
}

// pushedSessions are empty beside a keyword: Dify up to 1.16 answers the two together with a server error.
func (l List) pushedSessions() []string {
	if l.filter.Keyword != nil {
		return nil
	}
	return l.filter.EndUserSessionID
}

// orNone is the set, or the one zero value that stands for no condition.
func orNone[T any](set []T) []T {
	if len(set) == 0 {
		return make([]T, 1)
	}
	return set
}

// countable tells whether Dify applies the whole filter, so that its counts are the list's.
func (l List) countable() bool {
	f := l.filter
	return len(f.Status) == len(l.pushedStatuses()) && len(f.EndUserSessionID) == len(l.pushedSessions()) &&
		l.head() == l.keyword() && f.CreatedFrom == nil && f.TriggeredFrom == nil && f.ElapsedTime == nil && f.TotalTokens == nil && f.HasError == nil
}

// residual is what is looked at in rows that Dify gave. A session id that Dify was asked for is not part of it: the end
// user of such a row may be gone.
func (l List) residual() Filter {
	f := l.filter
	if len(l.pushedSessions()) > 0 {
		f.EndUserSessionID = nil
	}
	return f
}

// dependsOnVersion tells whether some version of Dify would ignore a part of the filter, or read it otherwise.
func (l List) dependsOnVersion() bool {
	f := l.filter
	return f.CreatedAt != nil || f.AccountEmail != nil || len(l.pushedSessions()) > 0 || f.TriggeredFrom != nil ||
		difyapi.KeywordDependsOnVersion(l.head())
}

// keyword is the caller's text, empty if there is none.
func (l List) keyword() string {
	if l.filter.Keyword == nil {
		return ""
	}
	return *l.filter.Keyword
}

// head is as much of the keyword as Dify compares.
func (l List) head() string {
	if keyword := l.keyword(); !isUUID(keyword) {
		return difyapi.ComparedHead(keyword)
	}
	return l.keyword()
}
