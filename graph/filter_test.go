package graph_test

import (
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// filter is what a list is asked for: the variables, and what rows they mean.
type filter struct {
	input      map[string]any
	conditions []func(difytest.Row) bool
	// inTexts looks at the whole of a keyword of which Dify compares only the beginning; nil where there is none.
	inTexts func(difytest.Row) bool
	// texts are what rows should have, so that some match and more nearly do.
	texts []string
	rare  bool // few of the rows have the whole text
	// residual says that Dify can't apply all of it.
	residual bool
}

func (f filter) matches(row difytest.Row) bool {
	return f.listed(row) && (f.inTexts == nil || f.inTexts(row))
}

// listed is what the list shows of a match.
func (f filter) listed(row difytest.Row) bool {
	for _, holds := range f.conditions {
		if !holds(row) {
			return false
		}
	}
	return true
}

func (f *filter) add(name string, value any, residual bool, holds func(difytest.Row) bool) {
	f.input[name] = value
	f.conditions = append(f.conditions, holds)
	f.residual = f.residual || residual
}

// keywords is which of them a filter has.
type keywords struct {
	long      bool // one longer than Dify compares, else it is short, if any
	inSession bool // one in any case, beside session ids
}

// anyFilter draws conditions, none as often as not, beside the keyword that is wanted.
func anyFilter(t *rapid.T, seconds int, words keywords) filter {
	f := filter{input: map[string]any{}}
	sessions := []string{"s0", "s1", "s2", "s3"}
	if words.long {
		f.byLongKeyword(t)
		sessions = append(sessions, f.texts...)
	}
	draw := func(name string) bool { return rapid.IntRange(0, 7).Draw(t, name) == 0 }
	withSession := draw("by session") || words.inSession
	if draw("by status") {
		f.byStatus(rapid.SliceOfNDistinct(rapid.SampledFrom(statuses), 1, 3, rapid.ID).Draw(t, "statuses"))
	}
	if withSession {
		f.bySession(rapid.SliceOfNDistinct(rapid.SampledFrom(sessions), 1, 3, rapid.ID).Draw(t, "sessions"))
	}
	if !words.long && (draw("by keyword") || words.inSession) {
		f.byKeyword(rapid.SampledFrom([]string{"京都", `"hello"`, "hello", "s1", `: 7, "`, "z"}).Draw(t, "keyword"), withSession)
	}
	if draw("by time") {
		since := rapid.IntRange(0, seconds).Draw(t, "since")
		f.byTime(since, since+rapid.IntRange(1, seconds+1).Draw(t, "for"))
	}
	if draw("by account") {
		f.add("accountEmail", "ada@example.com", false, func(r difytest.Row) bool {
			return r.Account != nil && r.Account.Email == "ada@example.com"
		})
	}
	if draw("by origin") {
		f.add("createdFrom", []string{"web-app"}, true, func(r difytest.Row) bool { return r.CreatedFrom == "web-app" })
	}
	if draw("by trigger") {
		f.add("triggeredFrom", []string{"webhook"}, true, func(r difytest.Row) bool { return r.Run != nil && r.Run.TriggeredFrom == "webhook" })
	}
	f.byRun(t, draw)
	return f
}

func (f *filter) byRun(t *rapid.T, draw func(string) bool) {
	if draw("by tokens") {
		f.add("totalTokens", map[string]any{"min": 50}, true, func(r difytest.Row) bool { return hasUsed(r) && r.Run.TotalTokens >= 50 })
	}
	if draw("by time taken") {
		f.add("elapsedTime", map[string]any{"max": 4.5}, true, func(r difytest.Row) bool { return hasTaken(r) && r.Run.ElapsedTime <= 4.5 })
	}
	if draw("by error") {
		has := rapid.Bool().Draw(t, "has error")
		f.add("hasError", has, true, func(r difytest.Row) bool { return r.Run != nil && (r.Run.Error != nil) == has })
	}
}

// hasUsed tells whether it is known what a run has used: not before it waits or ends.
func hasUsed(r difytest.Row) bool { return r.Run != nil && r.Run.Status != "running" }

func hasTaken(r difytest.Row) bool {
	return hasUsed(r) && (r.Run.Status != "paused" || r.Run.ElapsedTime > 0)
}

var statuses = []string{"succeeded", "failed", "stopped", "running", "partial-succeeded", "paused", "unknown"}

func (f *filter) byStatus(names []string) {
	var enums []string
	residual := false
	for _, name := range names {
		enums = append(enums, strings.ToUpper(strings.ReplaceAll(name, "-", "_")))
		residual = residual || !slices.Contains(statuses[:3], name)
	}
	f.add("status", enums, residual, func(r difytest.Row) bool {
		return r.Run != nil && (slices.Contains(names, r.Run.Status) || r.Run.Status == "scheduled" && slices.Contains(names, "unknown"))
	})
}

func (f *filter) bySession(ids []string) {
	f.add("endUserSessionId", ids, false, func(r difytest.Row) bool {
		return r.EndUser != nil && slices.Contains(ids, r.EndUser.SessionID)
	})
}

func (f *filter) byKeyword(word string, withSession bool) {
	finds := func(r difytest.Row) bool { return difyFinds(r, word) }
	if !withSession {
		f.add("keyword", word, false, finds)
		return
	}
	f.add("keyword", word, true, func(difytest.Row) bool { return true })
	f.inTexts = finds // it may be looked for after the row was listed
}

func (f *filter) byTime(since, until int) {
	from, to := epoch.Add(time.Duration(since)*time.Second), epoch.Add(time.Duration(until)*time.Second)
	f.add("createdAt", map[string]any{"since": from, "until": to}, false, func(r difytest.Row) bool {
		return !r.CreatedAt.Before(from) && r.CreatedAt.Before(to)
	})
}
