package difyapi_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/difygraph/difygraph/difyapi"
)

// TestMediaTypesAreToldFromAList: a server, or who stands before it, may repeat what it was sent wherever it likes, or tell a secret of
// another kind.
func TestMediaTypesAreToldFromAList(t *testing.T) {
	t.Parallel()
	for answered, want := range map[string]string{
		"app-Secret123/html": "another type", "text/x-app-secret123; charset=utf-8": "another type", "app-secret123/a+json": "another type",
		"text/secret123": "another type", "secret123": "another type", "application/secret123+json; charset=utf-8": "another type",
		"Text/HTML; charset=secret123": "text/html", "application/json": "application/json", "text/plain": "text/plain", "": "",
	} {
		client, err := difyapi.New(difyapi.Options{
			BaseURL: "http://dify.test/v1", APIKey: "app-Secret123",
			Transport: roundTrip(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {answered}}, Body: io.NopCloser(strings.NewReader("{"))}, nil
			}),
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Info(t.Context())
		failure, ok := errors.AsType[*difyapi.Error](err)
		if !ok || failure.ContentType != want || strings.Contains(strings.ToLower(fmt.Sprintf("%+v", failure.LogValue())), "secret123") {
			t.Errorf("%s: %v, %v", answered, err, failure.LogValue())
		}
	}
}
