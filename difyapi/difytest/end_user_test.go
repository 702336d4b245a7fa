package difytest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

const endUserPath = "/v1/end-users/"

func TestEndUser(t *testing.T) {
	t.Parallel()
	dify := difytest.New(difytest.Options{TenantID: uuid.MustParse("830e9c95-7fb7-4b06-9fe1-0cf4389cf4b3")})
	app := dify.AddApp(difytest.AppOptions{ID: uuid.MustParse("73cb9e2c-5661-4d7b-b1eb-f55c37a79b1b"), Name: "A", APIKey: "app-test"})
	row := rowAt(0)
	row.EndUser = &difytest.EndUser{
		ID: uuid.MustParse("23b7a24d-1f0c-4b80-a49e-52982e466067"), Type: "browser", IsAnonymous: true, SessionID: "s",
		ExternalUserID: new("x"), Name: new("Zoë"), CreatedAt: epoch, UpdatedAt: epoch.Add(1_500_009 * time.Nanosecond),
	}
	app.Insert(row)
	const want = `{"id": "23b7a24d-1f0c-4b80-a49e-52982e466067", "tenant_id": "830e9c95-7fb7-4b06-9fe1-0cf4389cf4b3", ` +
		`"app_id": "73cb9e2c-5661-4d7b-b1eb-f55c37a79b1b", "type": "browser", "external_user_id": "x", "name": "Zo\u00eb", ` +
		`"is_anonymous": true, "session_id": "s", "created_at": "2026-11-13T05:00:00", "updated_at": "2026-11-13T05:00:00.001500"}` + "\n"
	if got := get(dify, "app-test", endUserPath+row.EndUser.ID.String()).Body.String(); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if list := get(dify, "app-test", "/v1/workflows/logs").Body.String(); !strings.Contains(list, `"is_anonymous": false`) {
		t.Errorf("list %s", list)
	}
}

// TestEndUserRoute: before 1.13.0 there is none, and for what is no UUID with
// hyphens never. The router says so whatever the key is.
func TestEndUserRoute(t *testing.T) {
	t.Parallel()
	known := uuid.New()
	for _, test := range []struct {
		version, id, key string
		status           int
		html             bool
	}{
		{"1.14.2", known.String(), "app-test", 200, false},
		{"1.13.0", strings.ToUpper(known.String()), "app-test", 200, false},
		{"1.12.1", known.String(), "app-test", 404, true},
		{"1.12.1", known.String(), "app-wrong", 404, true},
		{"1.14.2", "not-a-uuid", "app-test", 404, true},
		{"1.14.2", strings.ReplaceAll(known.String(), "-", ""), "app-test", 404, true},
		{"1.14.2", "", "app-test", 404, true},
		{"1.14.2", known.String() + "/x", "app-test", 404, true},
		{"1.14.2", uuid.NewString(), "app-test", 404, false},
		{"1.14.2", known.String(), "app-wrong", 401, false},
		{"1.14.2", known.String(), "app-other", 404, false},
	} {
		dify, app := newApp(difytest.Options{Version: test.version})
		dify.AddApp(difytest.AppOptions{Name: "Other", APIKey: "app-other"})
		app.SetEndUser(difytest.EndUser{ID: known, SessionID: "s"})
		answer := get(dify, test.key, endUserPath+test.id)
		html := strings.HasPrefix(answer.Header().Get("Content-Type"), "text/html")
		if answer.Code != test.status || html != test.html {
			t.Errorf("%+v: %d %s", test, answer.Code, answer.Body)
		}
		if answer.Code == http.StatusNotFound && !html && !strings.Contains(answer.Body.String(), `"end_user_not_found"`) {
			t.Errorf("%+v: %s", test, answer.Body)
		}
	}
}

// TestProfileOutlivesChanges: the row makes a person known, what is set stays,
// and what is deleted is gone from the profile alone.
func TestProfileOutlivesChanges(t *testing.T) {
	t.Parallel()
	dify, app := newApp(difytest.Options{Now: func() time.Time { return epoch.Add(time.Hour) }})
	row := rowAt(7)
	row.EndUser = &difytest.EndUser{SessionID: "alice"}
	first, second := app.Insert(row)[0].EndUser, app.Insert(rowAt(8), row)[1].EndUser
	if first.ID != second.ID || first.ID == (uuid.UUID{}) {
		t.Errorf("one session id is two people: %s and %s", first.ID, second.ID)
	}
	target := endUserPath + first.ID.String()
	if _, got := detail(t, dify, target); got["created_at"] != `"2026-11-13T05:00:07"` || got["updated_at"] != got["created_at"] || got["name"] != "null" {
		t.Errorf("of the row: %v", got)
	}
	name := "Alice"
	stored := app.SetEndUser(difytest.EndUser{SessionID: "alice", Name: &name})
	name = "changed outside"
	app.Insert(row)
	if _, got := detail(t, dify, target); stored.ID != first.ID || got["name"] != `"Alice"` || got["created_at"] != `"2026-11-13T06:00:00"` {
		t.Errorf("as set: %v", got)
	}
	app.DeleteEndUsers(first.ID, uuid.New())
	if status, _ := detail(t, dify, target); status != http.StatusNotFound {
		t.Errorf("deleted: %d", status)
	}
	if got := logs(t, dify, "created_by_end_user_session_id=alice").Total; got != 3 {
		t.Errorf("%d rows still show the person, want 3", got)
	}
	app.SetEndUser(*first)
	app.DeletePerson(first.ID)
	if status, _ := detail(t, dify, target); status != http.StatusNotFound || logs(t, dify, "created_by_end_user_session_id=alice").Total != 0 {
		t.Errorf("without the person: %d", status)
	}
}

// TestSessionsAreEachAppsOwn: one session id in two apps is two people.
func TestSessionsAreEachAppsOwn(t *testing.T) {
	t.Parallel()
	dify, app := newApp(difytest.Options{})
	other := dify.AddApp(difytest.AppOptions{Name: "Other", APIKey: "app-other"})
	user := difytest.EndUser{SessionID: "s"}
	if app.ID() == other.ID() || app.SetEndUser(user).ID == other.SetEndUser(user).ID {
		t.Errorf("app ids %s and %s", app.ID(), other.ID())
	}
}
