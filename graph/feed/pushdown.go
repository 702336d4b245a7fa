package feed

import (
	"slices"
	"strings"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/list"
)

// pushdown is a filter as seen by Dify: which of its conditions Dify applies, and which are looked at in the rows that it
// gives.
type pushdown struct{ filter list.Filter }

// streams are the queries whose answers, merged, are the list: one for each app, pushed status and pushed session id.
func streams(l list.List) []streamKey {
	p, keys := pushdown{l.Filter()}, []streamKey(nil)
	for _, app := range l.Apps() {
		for _, status := range orNone(p.statuses()) {
			for _, session := range orNone(p.sessions()) {
				keys = append(keys, streamKey{app, p.query(status, session)})
			}
		}
	}
	return keys
}

// seconds are the bounds of the list, both inclusive.
func seconds(l list.List) span {
	from, to := l.Seconds()
	return span{from, to}
}

// streamKey is one list of Dify's: an app and the filters that it applies, without bounds of time and page.
type streamKey struct {
	app   string
	query difyapi.LogQuery
}

func (p pushdown) query(status difyapi.RunStatus, session string) difyapi.LogQuery {
	q := difyapi.LogQuery{Status: status, EndUserSessionID: session}
	q.Keyword = difyapi.StoredText(p.head()) // that of a run's id is itself
	if p.filter.AccountEmail != nil {
		q.AccountEmail = *p.filter.AccountEmail
	}
	return q
}

// statuses are empty unless Dify can filter by all that are asked for.
func (p pushdown) statuses() []difyapi.RunStatus {
	if slices.ContainsFunc(p.filter.Status, func(s difyapi.RunStatus) bool { return !s.Filterable() }) {
		return nil
	}
	return p.filter.Status
}

// sessions are empty beside a keyword: Dify up to 1.16 answers the two together with a server error.
func (p pushdown) sessions() []string {
	if p.filter.Keyword != nil {
		return nil
	}
	return p.filter.EndUserSessionID
}

// maxChosen bounds how many streams session ids may be made of, each of which takes calls to choose.
const maxChosen = 60

// sessionsBeside are session ids beside a keyword, where a list of so many streams may have one for each of them. They are none
// where the keyword can't be looked for here as Dify does: Dify takes a run's id for one, and what holds nothing is an empty
// object to some of its versions alone.
func (p pushdown) sessionsBeside(streams int) []string {
	keyword, sessions := p.keyword(), p.filter.EndUserSessionID
	if _, err := difyapi.ParseUUID(keyword); err == nil || streams*len(sessions) > maxChosen {
		return nil
	}
	if strings.Trim(keyword, "{}") == "" {
		return nil
	}
	return sessions
}

// orNone is the set, or the one zero value that stands for no condition.
func orNone[T any](set []T) []T {
	if len(set) == 0 {
		return make([]T, 1)
	}
	return set
}

// countable tells whether Dify applies the whole filter, so that its counts are the list's.
func (p pushdown) countable() bool {
	f := p.filter
	return len(f.Status) == len(p.statuses()) && len(f.EndUserSessionID) == len(p.sessions()) &&
		p.head() == p.keyword() && f.CreatedFrom == nil && f.TriggeredFrom == nil && f.ElapsedTime == nil && f.TotalTokens == nil &&
		f.HasError == nil && f.Error == nil
}

// residual is what is looked at in rows that Dify gave. A session id that Dify was asked for is not part of it: the end
// user of such a row may be gone.
func (p pushdown) residual() list.Filter {
	f := p.filter
	if len(p.sessions()) > 0 {
		f.EndUserSessionID = nil
	}
	return f
}

// dependsOnVersion tells whether some version of Dify would ignore a part of the filter, or read it otherwise.
func (p pushdown) dependsOnVersion() bool {
	f := p.filter
	return f.CreatedAt != nil || f.AccountEmail != nil || len(p.sessions()) > 0 || f.TriggeredFrom != nil ||
		difyapi.KeywordDependsOnVersion(p.head())
}

// keyword is the caller's text, empty if there is none.
func (p pushdown) keyword() string {
	if p.filter.Keyword == nil {
		return ""
	}
	return *p.filter.Keyword
}

// head is as much of the keyword as Dify compares. The id of a run is compared whole.
func (p pushdown) head() string {
	keyword := p.keyword()
	if _, err := difyapi.ParseUUID(keyword); err == nil {
		return keyword
	}
	return difyapi.ComparedHead(keyword)
}
