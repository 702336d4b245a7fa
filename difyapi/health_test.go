package difyapi_test

import (
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/difygraph/difygraph/difyapi"
)

// appOfMoods is an app that answers as it is told to, and what was told of its health.
type appOfMoods struct {
	client *difyapi.Client
	status int
	body   string
	told   []bool // whether it is down
	since  []time.Time
}

func newAppOfMoods(t *testing.T) *appOfMoods {
	t.Helper()
	a := &appOfMoods{status: http.StatusOK, body: infoBody}
	a.client = newClient(t, difyapi.Options{
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) { return answering(a.status, a.body)(r) }),
		HealthChanged: func(h difyapi.Health) {
			if h.Down != (h.Failure != nil) {
				t.Errorf("%+v", h)
			}
			a.told, a.since = append(a.told, h.Down), append(a.since, h.Since)
		},
	})
	return a
}

// ask asks so often, a second apart, for an answer of the status.
func (a *appOfMoods) ask(t *testing.T, times, status int, body string) {
	t.Helper()
	a.status, a.body = status, body
	for range times {
		_, _ = a.client.Info(t.Context())
		time.Sleep(time.Second)
	}
}

// TestAppThatGoesDownAndComesBackIsToldOnce each, with the time of the first failure.
func TestAppThatGoesDownAndComesBackIsToldOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAppOfMoods(t)
		a.ask(t, 3, 200, infoBody)
		began := time.Now()
		a.ask(t, 2, 503, "")
		if len(a.told) > 0 || a.client.Health().Down {
			t.Error("two failures make an app down")
		}
		a.ask(t, 50, 503, "")
		if !slices.Equal(a.told, []bool{true}) || !a.client.Health().Down {
			t.Errorf("told %v", a.told)
		}
		time.Sleep(time.Hour) // idle, nobody knows better
		a.ask(t, 50, 200, infoBody)
		if !slices.Equal(a.told, []bool{true, false}) || a.client.Health().Down || !a.since[0].Equal(began) || !a.since[1].Equal(began) {
			t.Errorf("told %v since %v, began %v", a.told, a.since, began)
		}
	})
}

// TestAppThatComesAndGoesIsDown, and not told of again and again.
func TestAppThatComesAndGoesIsDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAppOfMoods(t)
		for range 100 {
			a.ask(t, 3, 503, "")
			a.ask(t, 3, 200, infoBody)
		}
		if !slices.Equal(a.told, []bool{true}) {
			t.Errorf("told %d times", len(a.told))
		}
		a.ask(t, 10, 200, infoBody)
		if !slices.Equal(a.told, []bool{true, false}) {
			t.Errorf("told %v", a.told)
		}
	})
}

// TestWhatTellsOfHealth: a refused key does at once; what one question brings about does not, however often it is asked.
func TestWhatTellsOfHealth(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		times, status int
		body          string
		down          bool
	}{
		"a refused key":      {1, 401, `{"code": "unauthorized", "message": "Access token is invalid"}`, true},
		"no Dify":            {3, 403, `<html>`, true},
		"refused parameters": {9, 400, `{"code": "invalid_param", "message": "x"}`, false},
		"a limit":            {9, 429, `{"code": "too_many_requests", "message": "x"}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := newAppOfMoods(t)
				a.ask(t, test.times, test.status, test.body)
				if a.client.Health().Down != test.down {
					t.Errorf("%+v", a.client.Health())
				}
			})
		})
	}
}

// TestHealthOutlivesItsClient: a new one of the same app, as after a reload, tells of the change that comes next.
func TestHealthOutlivesItsClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool := difyapi.NewPool()
		defer pool.Close()
		status := 401
		var told []string
		client := func(name string) *difyapi.Client {
			c, err := pool.Client(difyapi.Options{
				BaseURL: "http://dify.test/v1", APIKey: testKey,
				Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					body := infoBody
					if status != 200 {
						body = `{"code": "unauthorized", "message": "x"}`
					}
					return answering(status, body)(r)
				}),
				HealthChanged: func(difyapi.Health) { told = append(told, name) },
			})
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		_, _ = client("old").Info(t.Context())
		next := client("new")
		if !next.Health().Down {
			t.Error("what was known is lost")
		}
		status = 200
		time.Sleep(time.Minute)
		_, _ = next.Info(t.Context())
		if !slices.Equal(told, []string{"old", "new"}) {
			t.Errorf("told %v", told)
		}
	})
}
