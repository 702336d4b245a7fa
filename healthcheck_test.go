package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHealthcheck(t *testing.T) {
	t.Parallel()
	listen := "DIFYGRAPH_LISTEN=" + strings.TrimPrefix(start(t, "DIFYGRAPH_LISTEN=127.0.0.1:0").url, "http://")
	_, port, _ := strings.Cut(listen, ":")
	sick := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	t.Cleanup(sick.Close)
	file := configFile(t, "listen: 127.0.0.1:%s\napps: [{key: a, baseURL: 'http://localhost', apiKey: app-1234567890}]", port)
	for name, test := range map[string]struct {
		args    []string
		environ string
		want    string // in the error; "" is none
	}{
		"lives":              {nil, listen, ""},
		"all addresses":      {nil, "DIFYGRAPH_LISTEN=0.0.0.0:" + port, ""},
		"no address":         {nil, "DIFYGRAPH_LISTEN=:" + port, ""},
		"by the file":        {[]string{"--config", file}, "", ""},
		"file gone bad":      {[]string{"--config", "nowhere"}, listen, ""},
		"no file":            {[]string{"--config", "nowhere"}, "", "nowhere"},
		"sick":               {nil, "DIFYGRAPH_LISTEN=" + strings.TrimPrefix(sick.URL, "http://"), "418"},
		"dead":               {nil, "DIFYGRAPH_LISTEN=127.0.0.1:1", "connection refused"},
		"nothing to ask for": {nil, "DIFYGRAPH_LISTEN=nonsense", "listen"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := run(t.Context(), process{append(test.args, "healthcheck"), []string{test.environ}, io.Discard, io.Discard})
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
