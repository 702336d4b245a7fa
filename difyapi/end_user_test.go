package difyapi_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
)

// readEndUser reads a profile of the id userID from an answer of status 200.
func readEndUser(t *testing.T, body string) (*difyapi.EndUserProfile, error) {
	t.Helper()
	return newClient(t, difyapi.Options{Transport: answering(http.StatusOK, body)}).EndUser(t.Context(), userID)
}

func TestEndUserForms(t *testing.T) {
	t.Parallel()
	id := uuid.MustParse(userID)
	tests := map[string]struct {
		members string // beside id
		want    difyapi.EndUserProfile
	}{
		"all missing": {``, difyapi.EndUserProfile{EndUser: difyapi.EndUser{ID: id}}},
		"all null": {
			`,"tenant_id":null,"app_id":null,"type":null,"external_user_id":null,"name":null,"is_anonymous":null,"session_id":null,"created_at":null,"updated_at":null`,
			difyapi.EndUserProfile{EndUser: difyapi.EndUser{ID: id}},
		},
		"all there": {
			`,"tenant_id":"t","app_id":"` + logID + `","type":"browser","external_user_id":"e","name":"Ann","is_anonymous":true,"session_id":"s"`,
			difyapi.EndUserProfile{
				EndUser: difyapi.EndUser{ID: id, Type: "browser", SessionID: new("s")},
				AppID:   new(uuid.MustParse(logID)), ExternalUserID: new("e"), Name: new("Ann"), IsAnonymous: new(true),
			},
		},
		"old spelling": {`,"type":"service_api","is_anonymous":false`, difyapi.EndUserProfile{EndUser: difyapi.EndUser{ID: id, Type: "service-api"}, IsAnonymous: new(false)}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := `{"id":"` + userID + `"` + test.members + `}`
			profile, err := readEndUser(t, body)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&test.want, profile, cmpopts.IgnoreTypes(difyapi.Receipt{})); diff != "" || profile.Bytes != len(body) {
				t.Errorf("%d bytes (-want +got):\n%s", profile.Bytes, diff)
			}
		})
	}
}

func TestEndUserTimes(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 6, 22, 53, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2026-11-23T06:22:53":              at,
		"2026-11-23T06:22:53.5":            at.Add(500 * time.Millisecond),
		"2026-11-23T06:22:53.000001":       at.Add(time.Microsecond),
		"2026-11-23T06:22:53Z":             at,
		"2026-11-23T06:22:53.250000Z":      at.Add(250 * time.Millisecond),
		"2026-11-23T15:22:53.25+09:00":     at.Add(250 * time.Millisecond),
		"2026-11-23T06:22:53.000001+00:00": at.Add(time.Microsecond),
	} {
		profile, err := readEndUser(t, `{"id":"`+userID+`","created_at":"`+text+`"}`)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if *profile.CreatedAt != want || profile.UpdatedAt != nil {
			t.Errorf("%s became %v", text, profile.CreatedAt)
		}
	}
}

// TestNotAnEndUser holds that bodies of status 200 which are not the profile that was asked for are refused, and repeated nowhere.
func TestNotAnEndUser(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ body, reason string }{
		"null":         {`null`, `id is not that of the end user who was asked for`},
		"empty object": {`{}`, `id is not that of the end user who was asked for`},
		"null id":      {`{"id":null,"name":"secret"}`, `id is not that of the end user who was asked for`},
		"another":      {`{"id":"` + logID + `","name":"secret"}`, `id is not that of the end user who was asked for`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			profile, err := readEndUser(t, test.body)
			if profile != nil || !difyapi.IsBadResponse(err) {
				t.Fatalf("%v, %v", profile, err)
			}
			if want := "dify: GET /end-users/" + userID + ": bad response 200: " + test.reason; err.Error() != want {
				t.Errorf("the error says %v", err)
			}
		})
	}
}

func TestEndUserNotFound(t *testing.T) {
	t.Parallel()
	const gone = `{"code":"end_user_not_found","message":"End user not found.","status":404}`
	html := func(version string) []string { return []string{"Content-Type", htmlType, "X-Version", version} }
	tests := map[string]struct {
		status  int
		body    string
		header  []string
		version string // configured
		want    string
	}{
		"404":                       {404, gone, []string{"X-Version", "1.13.3"}, "", "not found"},
		"404 of nobody":             {404, gone, nil, "", "not found"},
		"404 of another code":       {404, `{"code":"not_found","message":"no"}`, nil, "1.14.2", "unsupported"},
		"404 HTML of 1.10.1":        {404, htmlPage, html("1.10.1"), "", "unsupported"},
		"404 HTML, header wins":     {404, htmlPage, html("1.12.9"), "1.14.2", "unsupported"},
		"404 HTML of nobody":        {404, htmlPage, html(""), "", "unsupported"},
		"404 HTML of 1.14.2":        {404, htmlPage, html("1.14.2"), "", "unsupported"},
		"404 HTML configured newer": {404, htmlPage, html(""), "1.13.0", "unsupported"},
		"500 of 1.13.0":             {500, unknown500, []string{"X-Version", "1.13.0"}, "", "unavailable"},
		"nulls":                     {200, `{"id":null}`, nil, "", "bad response"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, difyapi.Options{
				Transport: besideInfo(answering(test.status, test.body, test.header...)), Version: difyapi.ParseVersion(test.version),
			})
			profile, err := client.EndUser(t.Context(), userID)
			if failure, ok := asError(err); profile != nil || !ok || failure.Status != test.status {
				t.Fatalf("%v, %v", profile, err)
			}
			if got := outcome(err); got != test.want {
				t.Errorf("%s, want %s: %v", got, test.want, err)
			}
		})
	}
}

// TestEndUserOfOldServer holds that a server which is known to be too old is not asked, and that the error has both versions.
func TestEndUserOfOldServer(t *testing.T) {
	t.Parallel()
	calls := 0
	client := newClient(t, difyapi.Options{
		Version: difyapi.ParseVersion("1.12.1"),
		Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
			calls++
			return response(req, http.StatusOK, `{"name":"Echo","id":"`+userID+`"}`, "X-Version", "1.13.0"), nil
		}),
	})
	_, err := client.EndUser(t.Context(), userID)
	tooOld, ok := errors.AsType[*difyapi.UnsupportedError](err)
	if calls != 0 || !ok || !difyapi.IsUnsupported(err) || tooOld.Has.String() != "1.12.1" || tooOld.Needs.String() != "1.13.0" {
		t.Errorf("%d calls, error %v", calls, err)
	}
	if want := "dify: GET /end-users/" + userID + ": unsupported: needs Dify 1.13.0 or newer, the server has 1.12.1"; err.Error() != want {
		t.Errorf("the error says %v", err)
	}
	if _, err := client.Info(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := client.EndUser(t.Context(), userID); err != nil || calls != 2 {
		t.Errorf("after the server was renewed: %d calls, %v", calls, err)
	}
}

func TestUnsupportedText(t *testing.T) {
	t.Parallel()
	client := newClient(t, difyapi.Options{Transport: besideInfo(answering(http.StatusNotFound, htmlPage, "Content-Type", htmlType))})
	_, err := client.EndUser(t.Context(), userID)
	if want := "dify: GET /end-users/" + userID + ": unsupported 404: needs Dify 1.13.0 or newer, the server's version is not known"; err == nil || err.Error() != want {
		t.Errorf("the error says %v", err)
	}
}
