package difyapi

import (
	"context"
	"net/http"
	"strings"
)

// judgeMissing tells what a 404 comes from. One is Dify's word that the app has no such run or end user. Any other is from a server
// that does not have the route, in whatever form it says so: that is Dify if the app has an answer to another question, and else the
// base URL is wrong.
func (c *Client) judgeMissing(ctx context.Context, path string, err error) error {
	failure := failureOf(err)
	if failure == nil || !hasStatus(failure, http.StatusNotFound) || failure.Code == codeNoEndUser {
		return err
	}
	found := c.isFound(ctx, path)
	if found && failure.Code == codeNoRun && strings.HasPrefix(path, workflowRunPath) {
		return err
	}
	missing := failure.as(KindStatus, ReasonNoRoute)
	if found {
		missing = failure.as(KindUnsupported, ReasonNoSuchRoute)
	}
	missing.Code, missing.Message = "", "" // not Dify's
	return missing
}

// isFound tells whether Dify answers at the base URL. Where it has not yet, GET /info tells, which all of its versions have: once for all
// that wait for it.
func (c *Client) isFound(ctx context.Context, path string) bool {
	if path == infoPath || c.found.Load() {
		return c.found.Load()
	}
	answered := c.lookup.DoChan(infoPath, func() (any, error) {
		return c.Info(context.WithoutCancel(ctx)) // which others may wait for, and which has a time limit of its own
	})
	select {
	case <-answered:
	case <-ctx.Done():
	}
	return c.found.Load()
}
