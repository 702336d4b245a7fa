package difyapi_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/difygraph/difygraph/difyapi"
)

// exampleDify stands in for a Dify server with two runs.
func exampleDify() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Version", "1.14.2")
		_, _ = io.WriteString(w, `{"page":1,"limit":100,"total":2,"has_more":false,"data":[
			{"id":"425a41f7-eb1c-4072-9baa-744ccd875e76","created_from":"web-app","created_by_role":"end_user","created_at":1795418445,
			 "workflow_run":{"id":"7564e10c-6c67-42f2-9f55-4149dcb51d75","status":"succeeded","elapsed_time":0.5,"total_tokens":120}},
			{"id":"9c35b685-1287-47ff-9d0e-cf7fa9365f5d","created_from":"service-api","created_by_role":"end_user","created_at":1795418440,
			 "workflow_run":null}]}`)
	}))
}

func Example() {
	dify := exampleDify()
	defer dify.Close()

	client, err := difyapi.New(difyapi.Options{BaseURL: dify.URL + "/v1", APIKey: "app-example"})
	if err != nil {
		log.Fatal(err)
	}
	page, err := client.WorkflowLogs(context.Background(), difyapi.LogQuery{Limit: 100})
	switch {
	case difyapi.IsUnauthorized(err):
		log.Fatal("is the key right, and the app's API switched on?")
	case err != nil:
		log.Fatal(err)
	}
	fmt.Printf("%d runs on Dify %v\n", page.Total, page.Version)
	// Output: 2 runs on Dify 1.14.2
}

func ExampleClient_EachWorkflowLog() {
	dify := exampleDify()
	defer dify.Close()

	client, err := difyapi.New(difyapi.Options{BaseURL: dify.URL + "/v1", APIKey: "app-example"})
	if err != nil {
		log.Fatal(err)
	}
	lastWeek := difyapi.LogQuery{CreatedAfter: time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC)}
	for entry, err := range client.EachWorkflowLog(context.Background(), lastWeek) {
		if err != nil {
			log.Fatal(err)
		}
		status := difyapi.RunStatus("gone")
		if entry.WorkflowRun != nil {
			status = entry.WorkflowRun.Status
		}
		fmt.Println(entry.CreatedAt.Format(time.RFC3339), entry.CreatedFrom, status)
	}
	// Output:
	// 2026-11-23T07:20:45Z web-app succeeded
	// 2026-11-23T07:20:40Z service-api gone
}

func ExampleClient_WorkflowRun() {
	dify := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":"7564e10c-6c67-42f2-9f55-4149dcb51d75","status":"succeeded",
			"inputs":"{\"city\": \"\\u4eac\\u90fd\"}","outputs":{"temperature":21}}`)
	}))
	defer dify.Close()

	client, err := difyapi.New(difyapi.Options{BaseURL: dify.URL + "/v1", APIKey: "app-example"})
	if err != nil {
		log.Fatal(err)
	}
	run, err := client.WorkflowRun(context.Background(), "7564e10c-6c67-42f2-9f55-4149dcb51d75")
	switch {
	case difyapi.IsNotFound(err):
		log.Fatal("the app has no such run")
	case err != nil:
		log.Fatal(err)
	}
	for _, variables := range []difyapi.Variables{run.Inputs, run.Outputs} {
		value, err := variables.Value()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(value)
	}
	// Output:
	// {"city":"京都"}
	// {"temperature":21}
}

func ExampleClient_WorkflowRunEvents() {
	dify := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		const node = `"id":"83c2b8dd-d2c6-47d3-a091-134455ff1de2","node_id":"llm","title":"Answer"`
		for _, event := range []string{
			`{"event":"node_started","data":{` + node + `}}`,
			`{"event":"text_chunk","data":{"text":"Hello"}}`,
			`{"event":"node_finished","data":{` + node + `,"status":"succeeded"}}`,
			`{"event":"workflow_finished","data":{"status":"succeeded"}}`,
		} {
			_, _ = io.WriteString(w, "data: "+event+"\n\n")
		}
	}))
	defer dify.Close()

	client, err := difyapi.New(difyapi.Options{BaseURL: dify.URL + "/v1", APIKey: "app-example"})
	if err != nil {
		log.Fatal(err)
	}
	query := difyapi.RunEventsQuery{
		RunID:   "7564e10c-6c67-42f2-9f55-4149dcb51d75",
		EndUser: &difyapi.EndUser{Type: "service-api", SessionID: new("bob")}, // as the run's entry in the log has it
	}
	for event, err := range client.WorkflowRunEvents(context.Background(), query) {
		if err != nil {
			log.Fatal(err)
		}
		switch e := event.(type) {
		case *difyapi.NodeStarted:
			fmt.Println(e.Execution.Title, "began")
		case *difyapi.TextChunk:
			fmt.Println(e.Text)
		case *difyapi.NodeFinished:
			fmt.Println(e.Execution.Title, e.Execution.Status)
		case *difyapi.RunFinished:
			fmt.Println("the run", e.Run.Status)
		}
	}
	// Output:
	// Answer began
	// Hello
	// Answer succeeded
	// the run succeeded
}

func ExampleStoredText() {
	fmt.Println(difyapi.LogQuery{Keyword: difyapi.StoredText("京都")}.Keyword)
	// Output: \u4eac\u90fd
}
