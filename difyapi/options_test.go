package difyapi_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/difygraph/difygraph/difyapi"
)

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	good := difyapi.Options{BaseURL: "https://api.dify.ai/v1", APIKey: testKey}
	tests := map[string]struct {
		change func(*difyapi.Options)
		option string
		reason string
	}{
		"no base URL":      {func(o *difyapi.Options) { o.BaseURL = "" }, "BaseURL", "empty"},
		"no scheme":        {func(o *difyapi.Options) { o.BaseURL = "api.dify.ai/v1" }, "BaseURL", "http or https"},
		"another scheme":   {func(o *difyapi.Options) { o.BaseURL = "ftp://hidden.example/v1" }, "BaseURL", "http or https"},
		"no host":          {func(o *difyapi.Options) { o.BaseURL = "https:///v1" }, "BaseURL", "no host"},
		"only a port":      {func(o *difyapi.Options) { o.BaseURL = "https://:443/v1" }, "BaseURL", "no host"},
		"only a scheme":    {func(o *difyapi.Options) { o.BaseURL = "https://" }, "BaseURL", "no host"},
		"user name":        {func(o *difyapi.Options) { o.BaseURL = "https://hidden:hidden@dify.test/v1" }, "BaseURL", "user name"},
		"query":            {func(o *difyapi.Options) { o.BaseURL = "https://dify.test/v1?token=hidden" }, "BaseURL", "query"},
		"empty query":      {func(o *difyapi.Options) { o.BaseURL = "https://dify.test/v1?" }, "BaseURL", "query"},
		"fragment":         {func(o *difyapi.Options) { o.BaseURL = "https://dify.test/v1#hidden" }, "BaseURL", "fragment"},
		"not a URL":        {func(o *difyapi.Options) { o.BaseURL = "https://hidden:hidden@dify.test:port" }, "BaseURL", "cannot be read"},
		"blank":            {func(o *difyapi.Options) { o.BaseURL = " https://dify.test/v1" }, "BaseURL", "cannot be read"},
		"no key":           {func(o *difyapi.Options) { o.APIKey = "" }, "APIKey", "empty"},
		"key with newline": {func(o *difyapi.Options) { o.APIKey = "app-hidden\n" }, "APIKey", "line breaks"},
		"key with scheme":  {func(o *difyapi.Options) { o.APIKey = "Bearer app-hidden" }, "APIKey", "without Bearer"},
		"key with DEL":     {func(o *difyapi.Options) { o.APIKey = "app-hidden\x7f" }, "APIKey", "printable ASCII"},
		"key with umlaut":  {func(o *difyapi.Options) { o.APIKey = "app-hiddén" }, "APIKey", "printable ASCII"},
		"calls":            {func(o *difyapi.Options) { o.MaxInFlight = -1 }, "MaxInFlight", "negative"},
		"timeout":          {func(o *difyapi.Options) { o.Timeout = -time.Second }, "Timeout", "negative"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opts := good
			test.change(&opts)
			_, err := difyapi.New(opts)
			refused, ok := errors.AsType[*difyapi.OptionError](err)
			if !ok {
				t.Fatalf("error %v, want an OptionError", err)
			}
			if refused.Option != test.option || !strings.Contains(refused.Reason, test.reason) {
				t.Errorf("%q refused because %q, want %q because of %q", refused.Option, refused.Reason, test.option, test.reason)
			}
			if strings.Contains(err.Error(), "hidd") {
				t.Errorf("the error repeats the value: %v", err)
			}
		})
	}
}

func TestRequestForm(t *testing.T) {
	t.Parallel()
	bases := map[string]string{
		"https://api.dify.ai/v1":         "https://api.dify.ai/v1/info",
		"https://api.dify.ai/v1/":        "https://api.dify.ai/v1/info",
		"http://DIFY.test:8080":          "http://dify.test:8080/info",
		"http://[::1]:5001/a%2Fb/c":      "http://[::1]:5001/a%2Fb/c/info",
		"https://dify.test/under/proxy/": "https://dify.test/under/proxy/info",
	}
	for base, want := range bases {
		t.Run(base, func(t *testing.T) {
			t.Parallel()
			var sent *http.Request
			client := newClient(t, difyapi.Options{BaseURL: base, Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
				sent = req
				return response(req, http.StatusOK, `{"name":"Echo","tags":[]}`), nil
			})})
			if _, err := client.Info(t.Context()); err != nil {
				t.Fatal(err)
			}
			if sent.Method != http.MethodGet || sent.URL.String() != want {
				t.Errorf("sent %s %s, want GET %s", sent.Method, sent.URL, want)
			}
			if !strings.HasPrefix(sent.URL.RequestURI(), "/") {
				t.Errorf("the request line would say %s", sent.URL.RequestURI())
			}
			if sent.Header.Get("Authorization") != "Bearer "+testKey || sent.Header.Get("User-Agent") != "difygraph" {
				t.Errorf("headers %v", sent.Header)
			}
		})
	}
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	identity := func(base, key string) string {
		t.Helper()
		client, err := difyapi.New(difyapi.Options{BaseURL: base, APIKey: key})
		if err != nil {
			t.Fatal(err)
		}
		return client.Identity()
	}
	one := identity("https://dify.test/v1", "app-one")
	if one != identity("https://DIFY.test/v1/", "app-one") {
		t.Error("one server and key have two identities")
	}
	if one == identity("https://dify.test/v1", "app-two") || one == identity("https://dify.test/v2", "app-one") {
		t.Error("another server or key has the same identity")
	}
	if strings.Contains(one, "app-one") || strings.Contains(one, "dify.test") {
		t.Errorf("the identity shows what it is made of: %s", one)
	}
}
