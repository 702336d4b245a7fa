package difytest

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestTransport: within the process the server says what it says over a network, and what breaks there is an error here.
func TestTransport(t *testing.T) {
	t.Parallel()
	s := New(Options{})
	s.AddApp(AppOptions{Name: "a", APIKey: "app-a"}).Insert(Row{})
	client := &http.Client{Transport: s.Transport()}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://dify.test/v1/workflows/logs", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer app-a")
	reply, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(reply.Body)
	if err != nil || reply.StatusCode != http.StatusOK || reply.Header.Get("X-Version") != "1.14.2" || !strings.Contains(string(body), `"total": 1`) {
		t.Errorf("%v %s %v", reply.Status, body, err)
	}
	s.SetFault(func(*http.Request) *Fault { return CutBody() })
	if reply, err := client.Do(request); err == nil {
		t.Errorf("a connection that breaks off answers %s", reply.Status)
	}
}
