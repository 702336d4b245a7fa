package difytest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// A run ends between the statements of an answer, after which the connection
// breaks.
func Example() {
	dify := difytest.New(difytest.Options{Version: "1.13.3"})
	app := dify.AddApp(difytest.AppOptions{Name: "Echo", APIKey: "app-echo"})
	row := app.Insert(difytest.Row{Run: &difytest.Run{Status: difytest.StatusRunning}})[0]
	dify.OnStatement(func(statement difytest.Statement) {
		if statement.Kind == difytest.StatementLoad {
			_ = app.Finish(row.ID, difytest.StatusSucceeded, time.Now())
		}
	})
	dify.FailNext(nil, difytest.CutBody())
	server := httptest.NewServer(dify)
	defer server.Close()

	for range 2 {
		request, _ := http.NewRequest(http.MethodGet, server.URL+"/v1/workflows/logs", nil)
		request.Header.Set("Authorization", "Bearer "+app.APIKey())
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			fmt.Println(err)
			return
		}
		_, err = io.ReadAll(response.Body)
		fmt.Println(response.StatusCode, response.Header.Get("X-Version"), err, app.Rows()[0].Run.Status)
		response.Body.Close()
	}
	fmt.Println(dify.Calls("/v1/workflows/logs"), "calls")
	// Output:
	// 200 1.13.3 <nil> succeeded
	// 200 1.13.3 unexpected EOF succeeded
	// 2 calls
}
