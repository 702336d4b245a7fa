package difytest_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// epoch is where the worlds of these tests are.
var epoch = time.Date(2026, 11, 13, 5, 0, 0, 0, time.UTC)

// question is a query of the list, and the obvious way to answer it.
type question struct {
	after, before            *int // seconds from epoch
	status, session, account string
	keyword                  string
}

func drawQuestion(t *rapid.T) question {
	seconds := rapid.Ptr(rapid.IntRange(-2, 25), true)
	q := question{
		after:   seconds.Draw(t, "after"),
		before:  seconds.Draw(t, "before"),
		status:  rapid.SampledFrom([]string{"", "", "succeeded", "failed", "stopped"}).Draw(t, "status"),
		account: rapid.SampledFrom([]string{"", "", "aiko.mori@example.com"}).Draw(t, "account"),
	}
	words := []string{"", "", "KYOTO", `\"`, "sys.user_id", `\u4eac`, "user-", "no such text"}
	if rapid.Bool().Draw(t, "searches") {
		q.keyword = rapid.SampledFrom(words).Draw(t, "keyword")
	} else {
		q.session = rapid.SampledFrom([]string{"", "user-0", "DEFAULT-USER", "nobody"}).Draw(t, "session")
	}
	return q
}

func (q question) query() string {
	values := url.Values{"limit": {"100"}}
	set := func(name, value string) {
		if value != "" {
			values.Set(name, value)
		}
	}
	at := func(name string, second *int) {
		if second != nil {
			values.Set(name, epoch.Add(time.Duration(*second)*time.Second).Format(time.RFC3339))
		}
	}
	at("created_at__after", q.after)
	at("created_at__before", q.before)
	set("status", q.status)
	set("keyword", q.keyword)
	set("created_by_end_user_session_id", q.session)
	set("created_by_account", q.account)
	return values.Encode()
}

func (q question) wants(row difytest.Row) bool {
	second := int(row.CreatedAt.Sub(epoch) / time.Second)
	return (q.after == nil || second >= *q.after) && (q.before == nil || second <= *q.before) &&
		(q.status == "" || row.Run != nil && row.Run.Status == q.status) &&
		(q.session == "" || row.EndUser != nil && row.EndUser.SessionID == q.session) &&
		(q.account == "" || row.Account != nil && row.Account.Email == q.account) &&
		(q.keyword == "" || row.Run != nil && q.finds(row))
}

func (q question) finds(row difytest.Row) bool {
	texts := []string{row.Run.Inputs, row.Run.Outputs}
	if row.EndUser != nil {
		texts = append(texts, row.EndUser.SessionID)
	}
	return slices.ContainsFunc(texts, func(text string) bool {
		return strings.Contains(strings.ToLower(text), strings.ToLower(q.keyword))
	})
}

// changeWorld does one thing to an app that may happen to one.
func changeWorld(t *rapid.T, app *difytest.App) {
	rows := app.Rows()
	if len(rows) == 0 {
		return
	}
	row := rapid.SampledFrom(rows).Draw(t, "row")
	switch rapid.SampledFrom([]string{"delete", "orphan", "forget", "finish", "insert"}).Draw(t, "change") {
	case "delete":
		app.Delete(row.ID)
	case "orphan":
		if err := app.DeleteRun(row.ID); err != nil {
			t.Fatal(err)
		}
	case "forget":
		if row.EndUser != nil {
			app.DeletePerson(row.EndUser.ID)
		}
	case "finish":
		err := app.Finish(row.ID, difytest.StatusSucceeded, row.CreatedAt.Add(time.Second))
		if (err != nil) != (row.Run.Ended() && row.Run.Status != difytest.StatusSucceeded) {
			t.Fatalf("finish %v: %v", row.Run, err)
		}
	case "insert":
		app.Insert(difytest.Row{CreatedAt: row.CreatedAt.Add(time.Second), Run: &difytest.Run{Status: "failed"}})
	}
}

// TestListAgainstOracle changes worlds and asks them, and compares with the
// rows filtered one by one.
func TestListAgainstOracle(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		dify, app := newApp(difytest.Options{Seed: rapid.Uint64().Draw(rt, "seed")})
		dify.AddAccount(difytest.Account{Email: "aiko.mori@example.com"})
		app.Insert(difytest.Generate(difytest.GenerateOptions{
			Seed: rapid.Uint64().Draw(rt, "data"), Rows: rapid.IntRange(0, 80).Draw(rt, "rows"),
			Until: epoch.Add(20 * time.Second), Span: 20 * time.Second,
		})...)
		for range rapid.IntRange(0, 8).Draw(rt, "changes") {
			changeWorld(rt, app)
		}
		for range 4 {
			q := drawQuestion(rt)
			answer := logs(t, dify, q.query())
			if got, want := sorted(answer.ids()), q.answer(app); !slices.Equal(got, want) || answer.Total != len(want) {
				rt.Fatalf("%s: total %d, rows %v, want %v", q.query(), answer.Total, got, want)
			}
			if !slices.IsSortedFunc(answer.Data, newestFirst) {
				rt.Fatalf("%s: not newest first", q.query())
			}
		}
	})
}

func (q question) answer(app *difytest.App) []string {
	var ids []uuid.UUID
	for _, row := range app.Rows() {
		if q.wants(row) {
			ids = append(ids, row.ID)
		}
	}
	return sorted(ids)
}

func sorted(ids []uuid.UUID) []string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = fmt.Sprint(id)
	}
	slices.Sort(texts)
	return texts
}
