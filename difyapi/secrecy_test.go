package difyapi_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/difygraph/difygraph/difyapi"
)

// secretHost and testKey are what no text of the package may have in it.
const secretHost = "hidden-host.test"

// texts are all forms in which a value may end in a log.
func texts(t *testing.T, value any) []string {
	t.Helper()
	var forms []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		forms = append(forms, fmt.Sprintf(verb, value), fmt.Sprintf(verb, []any{value}))
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("text", "value", value)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("json", "value", value, "nested", struct{ V any }{value})
	marshalled, _ := json.Marshal(value)
	return append(forms, log.String(), string(marshalled))
}

func checkSecrecy(t *testing.T, value any, secrets ...string) {
	t.Helper()
	for _, text := range texts(t, value) {
		for _, secret := range secrets {
			if strings.Contains(text, secret) || strings.Contains(text, fmt.Sprintf("%x", secret)) {
				t.Errorf("%T shows %s: %s", value, secret, text)
			}
		}
	}
}

func TestValuesHideSecrets(t *testing.T) {
	t.Parallel()
	opts := difyapi.Options{BaseURL: "https://" + secretHost + "/v1", APIKey: testKey, Timeout: time.Second}
	client, err := difyapi.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]any{
		"options":            opts,
		"options by pointer": &opts,
		"client":             client,
		"client in a struct": struct{ client *difyapi.Client }{client},
		"client in a slice":  []*difyapi.Client{client},
		"client pointer":     &client,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkSecrecy(t, value, testKey, secretHost)
		})
	}
	// A client is not to be copied, but whoever does shows no key either.
	checkSecrecy(t, reflect.ValueOf(client).Elem().Interface(), testKey)
}

// TestErrorsHideSecrets lets calls fail in every way, the errors of the network and the answers repeating what was sent.
func TestErrorsHideSecrets(t *testing.T) {
	t.Parallel()
	echo := fmt.Sprintf("you sent Bearer %s", testKey)
	failing := func(err error) roundTrip {
		return func(*http.Request) (*http.Response, error) { return nil, err }
	}
	where := &url.Error{Op: "Get", URL: "https://" + secretHost + "/v1", Err: errors.New(echo)}
	tests := map[string]http.RoundTripper{
		"network":         failing(where),
		"certificate":     failing(x509.HostnameError{Certificate: &x509.Certificate{}, Host: secretHost}),
		"401":             answering(401, `{"code":"`+testKey+`","message":"`+echo+`"}`),
		"500 HTML":        answering(500, "<p>"+echo+" to "+secretHost, "Content-Type", "text/html"),
		"redirect":        answering(302, echo, "Location", "https://"+secretHost+"/"+testKey),
		"syntax":          answering(200, `{"`+testKey+`":{"`+secretHost+`":`),
		"type":            answering(200, `{"total":"`+testKey+secretHost+`","data":[]}`),
		"duplicate names": answering(200, `{"`+testKey+`":1,"`+testKey+`":2}`),
		"id":              answering(200, pageOf(`{"id":"`+testKey+`"}`)),
		"type of content": answering(200, emptyPage, "Content-Type", testKey),
		"404":             answering(404, `{"code":"not_found","message":"`+echo+`"}`),
		"500 of 1.13.0":   answering(500, `{"code":"unknown","message":"`+echo+`"}`, "X-Version", "1.13.0"),
		"type of time":    answering(200, `{"id":"`+testKey+`","created_at":"`+testKey+`","data":"`+testKey+`"}`),
	}
	for name, transport := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, difyapi.Options{BaseURL: "https://" + secretHost + "/v1", Transport: transport})
			_, logs := client.WorkflowLogs(t.Context(), difyapi.LogQuery{})
			_, run := client.WorkflowRun(t.Context(), runID)
			_, endUser := client.EndUser(t.Context(), userID)
			for _, err := range []error{logs, run, endUser} {
				checkErrorSecrecy(t, err)
			}
		})
	}
}

// TestRealNetworkErrorsHideSecrets does the same with errors as net and tls write them.
func TestRealNetworkErrorsHideSecrets(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(respond(200, emptyPage))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(server.Close)
	transport := difyapi.NewTransport()
	for name, base := range map[string]string{
		"untrusted certificate": server.URL,
		"HTTP to HTTPS":         strings.Replace(server.URL, "https", "http", 1),
	} {
		client := newClient(t, difyapi.Options{BaseURL: base, Transport: transport})
		_, err := client.WorkflowLogs(t.Context(), difyapi.LogQuery{})
		checkErrorSecrecy(t, err)
		if err != nil && strings.Contains(err.Error(), "127.0.0.1") {
			t.Errorf("%s: the error shows the address: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	client := newClient(t, difyapi.Options{BaseURL: "http://" + secretHost})
	_, err := client.WorkflowLogs(ctx, difyapi.LogQuery{})
	checkErrorSecrecy(t, err)
}

// checkErrorSecrecy looks at an error and at all that it wraps.
func checkErrorSecrecy(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Error("no error")
	}
	for ; err != nil; err = errors.Unwrap(err) {
		checkSecrecy(t, err, testKey, secretHost)
	}
}
