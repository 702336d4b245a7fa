package difyapi_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/difygraph/difygraph/difyapi"
)

// calls are one of each endpoint.
var calls = map[string]func(ctx context.Context, c *difyapi.Client) error{
	"/workflows/logs": func(ctx context.Context, c *difyapi.Client) error {
		_, err := c.WorkflowLogs(ctx, difyapi.LogQuery{})
		return err
	},
	"/workflows/run/": func(ctx context.Context, c *difyapi.Client) error { _, err := c.WorkflowRun(ctx, runID); return err },
	"/end-users/":     func(ctx context.Context, c *difyapi.Client) error { _, err := c.EndUser(ctx, userID); return err },
	"/info":           func(ctx context.Context, c *difyapi.Client) error { _, err := c.Info(ctx); return err },
}

// noSuchRoute are 404s in the forms of several servers, Dify's among them.
var noSuchRoute = map[string][]string{
	`<html>`:                 {"Content-Type", "text/html"},
	``:                       nil,
	`{"detail":"Not Found"}`: nil,
	`{"timestamp":"2026-11-23T06:22:53Z","status":404,"error":"Not Found","message":"No message available","path":"/v1/info"}`: nil,
	`{"code":"not_found","message":"The requested URL was not found on the server.","status":404}`:                             {"X-Version", "1.14.2"},
}

// TestNothingAtTheBaseURL: a 404 on every route is a wrong base URL, in whatever form it comes, and no word on a run or an end user.
func TestNothingAtTheBaseURL(t *testing.T) {
	t.Parallel()
	for body, header := range noSuchRoute {
		for path, call := range calls {
			for _, version := range []string{"", "1.14.2"} {
				client := newClient(t, difyapi.Options{Transport: answering(http.StatusNotFound, body, header...), Version: difyapi.ParseVersion(version)})
				for range 2 {
					err := call(t.Context(), client)
					checkReason(t, err, difyapi.IsBadResponse, difyapi.ReasonNoRoute)
					if failure, _ := asError(err); failure.Code != "" || failure.Message != "" || difyapi.IsNotFound(err) || difyapi.IsUnsupported(err) {
						t.Errorf("%s of %s: %v", path, body, err)
					}
				}
			}
		}
	}
}

// TestOneRouteIsMissing: where Dify has an answer elsewhere, it does not have the route. One request tells, once.
func TestOneRouteIsMissing(t *testing.T) {
	t.Parallel()
	for body, header := range noSuchRoute {
		for path, call := range calls {
			if path == "/info" || path == "/workflows/run/" && strings.Contains(body, "not_found") {
				continue // the latter is Dify's word on a run
			}
			var asked []string
			client := newClient(t, difyapi.Options{Version: difyapi.ParseVersion("1.14.2"), Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
				asked = append(asked, req.URL.Path)
				return besideInfo(answering(http.StatusNotFound, body, header...))(req)
			})})
			for range 2 {
				checkReason(t, call(t.Context(), client), difyapi.IsUnsupported, difyapi.ReasonNoSuchRoute)
			}
			if len(asked) != 3 || asked[1] != "/v1/info" {
				t.Errorf("requests %q", asked)
			}
		}
	}
}

// TestMissingDescriptionOfAnApp that has a log: its Dify is at the base URL.
func TestMissingDescriptionOfAnApp(t *testing.T) {
	t.Parallel()
	client := newClient(t, difyapi.Options{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
		if req.URL.Path == "/v1/info" {
			return response(req, http.StatusNotFound, "<html>", "Content-Type", "text/html"), nil
		}
		return response(req, http.StatusOK, emptyPage), nil
	})})
	_, err := client.Info(t.Context())
	checkReason(t, err, difyapi.IsBadResponse, difyapi.ReasonNoRoute)
	if err := calls["/workflows/logs"](t.Context(), client); err != nil {
		t.Fatal(err)
	}
	_, err = client.Info(t.Context())
	checkReason(t, err, difyapi.IsUnsupported, difyapi.ReasonNoSuchRoute)
}

// TestNoSuchRunOnceDifyIsFound: Dify's word on a run is taken where Dify is known to be.
func TestNoSuchRunOnceDifyIsFound(t *testing.T) {
	t.Parallel()
	requests := 0
	client := newClient(t, difyapi.Options{Version: difyapi.ParseVersion("1.14.2"), Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
		requests++
		if req.URL.Path == "/v1/info" {
			return response(req, http.StatusUnauthorized, `{"code":"unauthorized","message":"Access token is invalid","status":401}`), nil
		}
		return response(req, http.StatusNotFound, `{"code":"not_found","message":"secret","status":404}`), nil
	})})
	for range 2 {
		if _, err := client.WorkflowRun(t.Context(), runID); !difyapi.IsNotFound(err) {
			t.Errorf("%v", err)
		}
	}
	if requests != 3 {
		t.Errorf("%d requests, want 3", requests)
	}
}

// TestAnswersThatAreNotWhole are not said to be another's, and it is said what to mend.
func TestAnswersThatAreNotWhole(t *testing.T) {
	t.Parallel()
	large := `{"data":[],"total":0,"x":"` + strings.Repeat("x", 16<<20) + `"}`
	for _, test := range []struct {
		handler http.HandlerFunc
		want    difyapi.Reason
	}{
		{respond(413, "<html>", "Content-Type", "text/html"), difyapi.ReasonTooLargeForProxy},
		{respond(413, `{"message":"Request Entity Too Large"}`), difyapi.ReasonTooLargeForProxy},
		{respond(414, "<html>", "Content-Type", "text/html"), difyapi.ReasonTooLongForProxy},
		{respond(431, ""), difyapi.ReasonTooLongForProxy},
		{respond(200, large), difyapi.ReasonTooLarge},
		{cut(200, emptyPage), difyapi.ReasonCut},
	} {
		_, err := serve(t, test.handler).WorkflowLogs(t.Context(), difyapi.LogQuery{})
		checkReason(t, err, difyapi.IsBadResponse, test.want)
		if reason, _ := errors.AsType[difyapi.Reason](err); !difyapi.IsNotWhole(err) {
			t.Errorf("%s: %v", reason, err)
		}
	}
}
