package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/difygraph/difygraph/internal/service"
)

// grow measures this server, as it is in production without a cache, where what is asked grows; its limits are the default ones.
func grow(ctx context.Context, w io.Writer) error {
	if err := onServer(ctx, canned{rows: walkedPages*walkedRows + walkedRows}, func(server *child) error { return walk(ctx, w, server) }); err != nil {
		return fmt.Errorf("a walk: %w", err)
	}
	if err := onServer(ctx, canned{rows: 100, texts: 100_000}, func(server *child) error { return large(ctx, w, server) }); err != nil {
		return fmt.Errorf("a large answer: %w", err)
	}
	return nil
}

// onServer measures a server over a Dify of its own.
func onServer(ctx context.Context, c canned, measure func(server *child) error) error {
	upstream, err := startChild(ctx, 0, c.args()...)
	if err != nil {
		return err
	}
	defer upstream.stop()
	server, err := startChild(ctx, 1, "difygraph", upstream.address, "0")
	if err != nil {
		return err
	}
	defer server.stop()
	return measure(server)
}

// A walk is measured over its pages 11 to 110 and over as many at its end.
const (
	walkedPages, walkedRows = 1000, 20
	warming, measured       = 10, 100
)

// taken is what so many pages took.
type taken struct {
	calls int
	used  usage
}

// walk prints what the last pages of a walk take beside the first.
func walk(ctx context.Context, w io.Writer, server *child) error {
	var after *string
	var first, last taken
	for _, part := range []struct {
		pages int
		into  *taken
	}{{warming, new(taken)}, {measured, &first}, {walkedPages - warming - 2*measured, new(taken)}, {measured, &last}} {
		before, err := server.usage(ctx)
		if err != nil {
			return err
		}
		for range part.pages {
			calls, next, err := nextPage(ctx, server, after)
			if err != nil {
				return err
			}
			part.into.calls, after = part.into.calls+calls, next
		}
		if part.into.used, err = server.usage(ctx); err != nil {
			return err
		}
		part.into.used.CPU -= before.CPU
		part.into.used.Allocated -= before.Allocated
	}
	_, err := fmt.Fprintf(w, "A walk by pages of %d rows: its pages %d to %d take %.2f of the calls, %.2f of the CPU and %.2f of the memory of its pages %d to %d\n",
		walkedRows, walkedPages-measured+1, walkedPages, float64(last.calls)/float64(first.calls),
		float64(last.used.CPU)/float64(first.used.CPU), float64(last.used.Allocated)/float64(first.used.Allocated), warming+1, warming+measured)
	return err
}

const walkQuery = `query($first: Int!, $after: String) { workflowLogs(first: $first, after: $after) {
  nodes { id createdAt workflowRun { id status } }
  pageInfo { endCursor }
  scan { upstreamCalls }
} }`

func nextPage(ctx context.Context, server *child, after *string) (calls int, next *string, err error) {
	var page struct {
		Data struct {
			WorkflowLogs struct {
				PageInfo struct{ EndCursor *string }
				Scan     struct{ UpstreamCalls int }
			}
		}
	}
	text, err := ask(ctx, server, walkQuery, map[string]any{"first": walkedRows, "after": after})
	if err != nil {
		return 0, nil, err
	}
	if err := json.Unmarshal(text, &page); err != nil {
		return 0, nil, err
	}
	list := page.Data.WorkflowLogs
	if list.PageInfo.EndCursor == nil {
		return 0, nil, fmt.Errorf("a page without rows: %.300s", text)
	}
	return list.Scan.UpstreamCalls, list.PageInfo.EndCursor, nil
}

// large prints the memory that a large answer takes at most.
func large(ctx context.Context, w io.Writer, server *child) error {
	text, err := ask(ctx, server, `{ workflowLogs(first: 100) { nodes { id workflowRun { id inputs outputs } } } }`, nil)
	if err != nil {
		return err
	}
	const least = 90 * 2 * 100_000 // of some rows the run is gone
	if len(text) < least {
		return fmt.Errorf("an answer of %d bytes: %.300s", len(text), text)
	}
	used, err := server.usage(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "100 rows with inputs and outputs of 100 kB each, %d MB: the process takes %d MB at the peak, twice the bytes and %d MB\n",
		len(text)>>20, used.Peak>>20, (used.Peak-2*int64(len(text)))>>20)
	return err
}

// ask sends one operation.
func ask(ctx context.Context, server *child, query string, variables map[string]any) ([]byte, error) {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+server.address+service.GraphQLPath, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+tokenOf(0))
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if answer.StatusCode != http.StatusOK {
		return nil, errors.Join(err, errors.New("status "+strconv.Itoa(answer.StatusCode)))
	}
	return text, err
}
