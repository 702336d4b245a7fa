package difyapi_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
)

// TestErrorsAreNotChangedOnceReturned: what ends a call may be the error of another, which somebody else reads meanwhile.
func TestErrorsAreNotChangedOnceReturned(t *testing.T) {
	t.Parallel()
	id := uuid.NewString()
	for name, call := range map[string]func(context.Context, *difyapi.Client) error{
		"info": func(ctx context.Context, c *difyapi.Client) error { _, err := c.Info(ctx); return err },
		"logs": func(ctx context.Context, c *difyapi.Client) error {
			_, err := c.WorkflowLogs(ctx, difyapi.LogQuery{})
			return err
		},
		"run":      func(ctx context.Context, c *difyapi.Client) error { _, err := c.WorkflowRun(ctx, id); return err },
		"end user": func(ctx context.Context, c *difyapi.Client) error { _, err := c.EndUser(ctx, id); return err },
	} {
		for _, theirs := range []difyapi.Error{
			{Kind: difyapi.KindUnavailable, Requests: 7},
			{Kind: difyapi.KindStatus, Status: http.StatusInternalServerError, Code: "unknown", Requests: 7},
			{Kind: difyapi.KindStatus, Status: http.StatusNotFound, Code: "not_found", Requests: 7},
			{Kind: difyapi.KindStatus, Status: http.StatusNotFound, Code: "end_user_not_found", Requests: 7},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				cause := theirs
				ctx, end := context.WithCancelCause(t.Context())
				client := newClient(t, difyapi.Options{
					Resilience: difyapi.Resilience{Retries: 2, Breaker: true},
					Transport: roundTrip(func(*http.Request) (*http.Response, error) {
						end(&cause)
						return nil, &cause
					}),
				})
				if err := call(ctx, client); !errors.Is(err, context.Canceled) || !errors.Is(err, &cause) {
					t.Errorf("got %v", err)
				}
				if cause != theirs {
					t.Errorf("the other call's error has become %+v", cause)
				}
			})
		}
	}
}
