package graphqlhttp

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
)

// read makes gqlgen's parameters of the request's body or of its query string.
func (t *Transport) read(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, *failure) {
	start := graphql.Now()
	params, f := t.readParams(w, r)
	if f != nil {
		return nil, f
	}
	if params.Query == "" && params.Extensions[persistedMember] == nil {
		return nil, unsound(http.StatusBadRequest, "the request has no query")
	}
	params.Headers = r.Header
	params.ReadTime = graphql.TraceTiming{Start: start, End: graphql.Now()}
	return params, nil
}

func (t *Transport) readParams(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, *failure) {
	if r.Method == http.MethodGet {
		return readQueryString(r.URL.RawQuery, t.options.MaxBodyBytes)
	}
	return readBody(w, r, t.options.MaxBodyBytes)
}

func readBody(w http.ResponseWriter, r *http.Request, most int64) (*graphql.RawParams, *failure) {
	if r.ContentLength > most {
		return nil, tooLarge(most)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, tooLarge(most)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, unsound(http.StatusRequestTimeout, "the body took too long to arrive")
	}
	if err != nil {
		return nil, unsound(http.StatusBadRequest, "the body did not arrive whole")
	}
	members, f := readMembers(body)
	if f != nil {
		return nil, f
	}
	return members.params()
}

func tooLarge(most int64) *failure {
	return unsound(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes", most)
}

// readQueryString reads the parameters of a GET. `variables` and `extensions` are JSON in them.
func readQueryString(raw string, most int64) (*graphql.RawParams, *failure) {
	if int64(len(raw)) > most {
		return nil, unsound(http.StatusRequestURITooLong, "the query string is longer than %d bytes", most)
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, unsound(http.StatusBadRequest, "the query string can't be read")
	}
	texts := map[string]string{}
	for _, name := range []string{memberQuery, memberOperationName, memberVariables, memberExtensions} {
		switch given := values[name]; {
		case len(given) > 1:
			return nil, unsound(http.StatusBadRequest, "the query string has %q more than once", name)
		case len(given) == 1 && !utf8.ValidString(given[0]):
			return nil, unsound(http.StatusBadRequest, "%q is no valid UTF-8", name)
		case len(given) == 1:
			texts[name] = given[0]
		}
	}
	params := &graphql.RawParams{Query: texts[memberQuery], OperationName: texts[memberOperationName]}
	var f *failure
	if params.Variables, f = objectInText(memberVariables, texts); f != nil {
		return nil, f
	}
	params.Extensions, f = objectInText(memberExtensions, texts)
	return params, f
}
