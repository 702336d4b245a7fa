package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// operations are what clients send: lists of every kind, what hangs on their rows, and what is refused.
var operations = []string{
	`{workflowLogs(first: 20) {nodes {uuid createdAt app {key}} pageInfo {endCursor} scan {complete}}}`,
	`{workflowLogs(last: 50, onAppFailure: PARTIAL) {nodes {uuid} scan {failedApps {code}}}}`,
	`{workflowLogs(first: 10, filter: {status: [FAILED, RUNNING], elapsedTime: {gt: 1}}) {nodes {uuid} scan {reasons}}}`,
	`{workflowLogs(first: 5) {nodes {workflowRun {inputs outputs} createdByEndUser {name}}}}`,
	`{workflowLogs(first: 5, filter: {keyword: "a"}) {nodes {uuid}} a: workflowLogs {totalCount} b: workflowLogs {totalCount}}`,
	`{difyApps {key name mode difyVersion workflowLogs(first: 3) {totalCount nodes {id}}}}`,
	`{__schema {types {name fields {name}}}}`,
	`{workflowLogs(first: 5) {nodes {nothing}}}`,
	`{workflowLogs(first: -1) {nodes {uuid}}}`,
	`{` + strings.Repeat(`a: workflowLogs {totalCount} `, 400) + `}`,
}

const (
	clients = 16
	// leaving is the share of clients that do not wait for their answer.
	leaving = 0.05
)

// load is what many clients ask of a server, and what they got.
type load struct {
	url    string
	client *http.Client

	mu       sync.Mutex
	outcomes map[string]int // how often, by code; "" is an answer without errors
}

// run asks until ctx ends.
func (l *load) run(ctx context.Context) {
	var running sync.WaitGroup
	for range clients {
		running.Go(func() {
			for ctx.Err() == nil {
				l.count(l.ask(ctx))
			}
		})
	}
	running.Wait()
}

// ask sends one operation, and tells what came of it.
func (l *load) ask(ctx context.Context) string {
	if rand.Float64() < leaving {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(rand.Int64N(int64(20*time.Millisecond))))
		defer cancel()
	}
	body, err := json.Marshal(map[string]string{"query": operations[rand.IntN(len(operations))]})
	if err != nil {
		return err.Error()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url, bytes.NewReader(body))
	if err != nil {
		return err.Error()
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := l.client.Do(request)
	if ctx.Err() != nil {
		return "(left)"
	}
	if err != nil {
		return "(no answer) " + err.Error()
	}
	defer response.Body.Close()
	return outcome(ctx, response)
}

// send sends one operation, and returns the answer's text. An answer with errors, or with another status than 200, is an error.
func (l *load) send(ctx context.Context, query, token string) (string, error) {
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := l.client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && (response.StatusCode != http.StatusOK || bytes.Contains(text, []byte(`"errors"`))) {
		err = fmt.Errorf("%s: %.300s", response.Status, text)
	}
	return string(text), err
}

// outcome is the first error's code.
func outcome(ctx context.Context, response *http.Response) string {
	text, err := io.ReadAll(response.Body)
	if ctx.Err() != nil {
		return "(left)"
	}
	var answer struct {
		Errors []struct{ Extensions struct{ Code string } }
	}
	if err != nil || json.Unmarshal(text, &answer) != nil {
		return "(no answer) " + response.Status
	}
	if len(answer.Errors) == 0 {
		return ""
	}
	return answer.Errors[0].Extensions.Code
}

func (l *load) count(outcome string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.outcomes[outcome]++
}
