package feedtest

import (
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph/list"
)

// Filter is what a list is asked for, and what rows it means.
type Filter struct {
	list.Filter
	conditions []func(difytest.Row) bool
	// inTexts looks at the whole of a keyword where the feed does so; nil where Dify compares all of it.
	inTexts func(difytest.Row) bool
	// texts are what rows should have, so that some match and more nearly do.
	texts []string
	rare  bool // few of the rows have the whole text
	// sharing is how many session ids share the calls of a page beside a keyword.
	sharing int
	// residual says that Dify can't apply all of it.
	residual bool
}

func (f Filter) matches(row difytest.Row) bool {
	return f.listed(row) && (f.inTexts == nil || f.inTexts(row))
}

// listed is what the list shows of a match.
func (f Filter) listed(row difytest.Row) bool {
	for _, holds := range f.conditions {
		if !holds(row) {
			return false
		}
	}
	return true
}

func (f *Filter) add(residual bool, holds func(difytest.Row) bool) {
	f.conditions = append(f.conditions, holds)
	f.residual = f.residual || residual
}

// Keywords is which of them a filter has in any case. The zero value is none but by chance.
type Keywords struct {
	Long      bool // one longer than Dify compares, else it is short
	InSession bool // one beside session ids
}

// anyFilter draws conditions, none as often as not, beside the keyword that is wanted.
func anyFilter(t *rapid.T, seconds int, words Keywords) (f Filter) {
	sessions := []string{"s0", "s1", "s2", "s3"}
	if words.Long {
		f.byLongKeyword(t)
		sessions = append(sessions, f.texts...)
	}
	draw := func(name string) bool { return rapid.IntRange(0, 7).Draw(t, name) == 0 }
	withSession := draw("by session") || words.InSession
	if draw("by status") {
		f.byStatus(rapid.SliceOfNDistinct(rapid.SampledFrom(statuses), 1, 3, rapid.ID).Draw(t, "statuses"))
	}
	if withSession {
		f.bySession(rapid.SliceOfNDistinct(rapid.SampledFrom(sessions), 1, 3, rapid.ID).Draw(t, "sessions"))
	}
	if !words.Long && (draw("by keyword") || words.InSession) {
		f.byKeyword(rapid.SampledFrom([]string{"京都", `"hello"`, "hello", "s1", `: 7, "`, "z"}).Draw(t, "keyword"), withSession)
	}
	if f.Keyword != nil && withSession {
		f.sharing = 3 // at most
	}
	if draw("by time") {
		since := rapid.IntRange(0, seconds).Draw(t, "since")
		f.byTime(since, since+rapid.IntRange(1, seconds+1).Draw(t, "for"))
	}
	f.byPeople(draw)
	f.byRun(t, draw)
	return f
}

func (f *Filter) byPeople(draw func(string) bool) {
	if draw("by account") {
		f.AccountEmail = &accounts[0].Email
		f.add(false, func(r difytest.Row) bool { return r.Account != nil && r.Account.Email == accounts[0].Email })
	}
	if draw("by origin") {
		f.CreatedFrom = []string{"web-app"}
		f.add(true, func(r difytest.Row) bool { return r.CreatedFrom == "web-app" })
	}
	if draw("by trigger") {
		f.TriggeredFrom = []string{"webhook"}
		f.add(true, func(r difytest.Row) bool { return r.Run != nil && r.Run.TriggeredFrom == "webhook" })
	}
}

func (f *Filter) byRun(t *rapid.T, draw func(string) bool) {
	if draw("by tokens") {
		f.TotalTokens = &list.Int64Range{Min: new(int64(50))}
		f.add(true, func(r difytest.Row) bool { return hasUsed(r) && r.Run.TotalTokens >= 50 })
	}
	if draw("by time taken") {
		f.ElapsedTime = &list.FloatRange{Max: new(4.5)}
		f.add(true, func(r difytest.Row) bool { return hasTaken(r) && r.Run.ElapsedTime <= 4.5 })
	}
	if draw("by error") {
		has := rapid.Bool().Draw(t, "has error")
		f.HasError = &has
		f.add(true, func(r difytest.Row) bool { return r.Run != nil && (r.Run.Error != nil) == has })
	}
	if draw("by the error's text") {
		text := rapid.SampledFrom([]string{"b", "OO", "boom", "bang"}).Draw(t, "error")
		f.Error = &list.ErrorFilter{Contains: text}
		f.add(true, func(r difytest.Row) bool {
			return r.Run != nil && r.Run.Error != nil && strings.Contains(*r.Run.Error, strings.ToLower(text))
		})
	}
}

// hasUsed tells whether it is known what a run has used: not before it waits or ends.
func hasUsed(r difytest.Row) bool { return r.Run != nil && r.Run.Status != "running" }

func hasTaken(r difytest.Row) bool {
	return hasUsed(r) && (r.Run.Status != "paused" || r.Run.ElapsedTime > 0)
}

// statuses are those that a filter can name. Of those that it can't, worlds have "scheduled".
var statuses = []difyapi.RunStatus{"succeeded", "failed", "stopped", "running", "partial-succeeded", "paused", list.StatusUnknown}

func (f *Filter) byStatus(names []difyapi.RunStatus) {
	f.Status = names
	residual := slices.ContainsFunc(names, func(name difyapi.RunStatus) bool { return !slices.Contains(statuses[:3], name) })
	f.add(residual, func(r difytest.Row) bool {
		return r.Run != nil && (slices.Contains(names, difyapi.RunStatus(r.Run.Status)) || r.Run.Status == "scheduled" && slices.Contains(names, list.StatusUnknown))
	})
}

func (f *Filter) bySession(ids []string) {
	f.EndUserSessionID = ids
	f.add(false, func(r difytest.Row) bool { return r.EndUser != nil && slices.Contains(ids, r.EndUser.SessionID) })
}

func (f *Filter) byKeyword(word string, withSession bool) {
	f.Keyword = &word
	finds := func(r difytest.Row) bool { return difyFinds(r, word) }
	f.residual = f.residual || withSession
	if withSession {
		f.inTexts = finds // it may be looked for after the row was listed
		return
	}
	f.add(false, finds)
}

func (f *Filter) byTime(since, until int) {
	from, to := Epoch.Add(time.Duration(since)*time.Second), Epoch.Add(time.Duration(until)*time.Second)
	f.CreatedAt = &list.TimeRange{Since: &from, Until: &to}
	f.add(false, func(r difytest.Row) bool { return !r.CreatedAt.Before(from) && r.CreatedAt.Before(to) })
}
