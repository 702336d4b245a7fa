package docs_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/internal/config"
	"github.com/difygraph/difygraph/internal/service"
)

// sample is a server of the sample data, as `go run .` starts one.
type sample struct{ url string }

func serveSample(t *testing.T) sample {
	t.Helper()
	demo := difytest.NewDemo(difytest.Options{})
	dify := httptest.NewServer(demo)
	t.Cleanup(dify.Close)
	cfg, err := config.Load(config.Source{})
	if err != nil {
		t.Fatal(err)
	}
	for _, app := range demo.Apps {
		cfg.Apps = append(cfg.Apps, config.App{
			Key: strings.ReplaceAll(strings.ToLower(app.Name()), " ", "-"), Name: app.Name(),
			BaseURL: dify.URL + "/v1", APIKey: config.NewSecret(app.APIKey()),
		})
	}
	served, err := service.New(cfg, service.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(served.Close)
	server := httptest.NewServer(served)
	t.Cleanup(server.Close)
	return sample{server.URL}
}

// at is a text of a page that asks this server instead.
func (s sample) at(text string) string {
	return strings.ReplaceAll(text, "http://127.0.0.1:8080", s.url)
}

// ask sends an operation that must succeed.
func (s sample) ask(t *testing.T, query string) (answer map[string]any) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post(s.url+service.GraphQLPath, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || answer["errors"] != nil {
		t.Fatalf("%v: %v\nto %s", err, answer, query)
	}
	return answer
}
