package playground

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/difygraph/difygraph/internal/playground/graphiql"
)

// wholeBundle has all that GraphiQL needs, in a few bytes.
func wholeBundle() fstest.MapFS {
	bundle := fstest.MapFS{".gitignore": {Data: []byte("*")}, graphiql.LicensesFile: {Data: []byte("MIT")}}
	for name := range graphiql.Files {
		bundle[name] = &fstest.MapFile{Data: []byte("/* " + name + " */")}
	}
	return bundle
}

// bundles chooses each UI.
var bundles = map[string]fs.FS{"plain": fstest.MapFS{}, "graphiql": wholeBundle()}

func get(t *testing.T, handler http.Handler, method, path string, header ...string) *http.Response {
	t.Helper()
	request := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder.Result()
}

func body(t *testing.T, handler http.Handler, path string) string {
	t.Helper()
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, path, nil))
	if recorder.Code != http.StatusOK {
		t.Fatalf("GET %s: status %d", path, recorder.Code)
	}
	return recorder.Body.String()
}

var linked = regexp.MustCompile(`(?:src|href)="([^"]*)"`)

// pageFiles are the paths that the page links to.
func pageFiles(t *testing.T, handler http.Handler) []string {
	t.Helper()
	var paths []string
	for _, match := range linked.FindAllStringSubmatch(body(t, handler, "/"), -1) {
		paths = append(paths, match[1])
	}
	if len(paths) == 0 {
		t.Fatal("the page links to nothing")
	}
	return paths
}

func TestChoosesFaceByBundle(t *testing.T) {
	t.Parallel()
	half := wholeBundle()
	delete(half, "react.js")
	tests := map[string]struct {
		bundle fs.FS
		want   string
	}{
		"clean clone":   {fstest.MapFS{".gitignore": {}}, `id="query"`},
		"half a bundle": {half, `id="query"`},
		"whole bundle":  {wholeBundle(), `id="graphiql"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := body(t, newHandler(Options{}.withDefaults(), test.bundle), "/")
			if !strings.Contains(page, test.want) {
				t.Errorf("the page has no %s:\n%s", test.want, page)
			}
		})
	}
}

func TestNewServesWhatIsBuiltIn(t *testing.T) {
	t.Parallel()
	page := body(t, New(Options{}), "/")
	if got, want := strings.Contains(page, `id="graphiql"`), graphiql.Complete(graphiql.Bundle()); got != want {
		t.Errorf("page of GraphiQL: %t, built in: %t", got, want)
	}
}

func TestOptionsReachThePage(t *testing.T) {
	t.Parallel()
	options := Options{
		Endpoint: "/v2/graphql",
		Title:    "Logs <of> us",
		Notice:   "Sample & data",
		Examples: []Example{{Name: "One", Query: "{ a }", Variables: "{}"}},
	}
	for name, bundle := range bundles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			handler := newHandler(options.withDefaults(), bundle)
			page := body(t, handler, "/")
			for _, want := range []string{"<title>Logs &lt;of&gt; us</title>", `<p class="notice">Sample &amp; data</p>`} {
				if !strings.Contains(page, want) {
					t.Errorf("the page has no %s:\n%s", want, page)
				}
			}
			settings := body(t, handler, settingsPath(t, handler))
			want := `{"endpoint":"/v2/graphql","examples":[{"name":"One","query":"{ a }","variables":"{}"}]}`
			if diff := cmp.Diff(want, settings); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
		})
	}
}

// settingsPath is where the scripts of the page find the settings: beside themselves.
func settingsPath(t *testing.T, handler http.Handler) string {
	t.Helper()
	first := pageFiles(t, handler)[0]
	return first[:strings.LastIndex(first, "/")+1] + "settings.json"
}

func TestNoNoticeIfEmpty(t *testing.T) {
	t.Parallel()
	for name, bundle := range bundles {
		page := body(t, newHandler(Options{}.withDefaults(), bundle), "/")
		if strings.Contains(page, `<p class="notice"></p>`) {
			t.Errorf("%s: an empty notice is shown", name)
		}
	}
}
