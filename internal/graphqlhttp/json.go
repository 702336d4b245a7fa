package graphqlhttp

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/go-json-experiment/json/jsontext"
)

// The members of a request.
const (
	memberQuery         = "query"
	memberOperationName = "operationName"
	memberVariables     = "variables"
	memberExtensions    = "extensions"
)

// members are those of a request's body, by name, each one valid JSON.
type members map[string]jsontext.Value

// readMembers reads the one JSON object that a body must be. Names that occur twice in an object, at any depth, are
// refused: readers differ in which of them they take. Members of other names are left out, as the specification asks.
func readMembers(body []byte) (members, *failure) {
	if !utf8.Valid(body) {
		return nil, unsound(http.StatusBadRequest, "the body is no valid UTF-8")
	}
	decoder := jsontext.NewDecoder(bytes.NewBuffer(body))
	if f := wantObject(decoder.PeekKind(), len(bytes.TrimSpace(body)) == 0); f != nil {
		return nil, f
	}
	found := members{}
	err := decodeMembers(decoder, found)
	if err != nil {
		return nil, notJSON(err)
	}
	if _, err := decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, unsound(http.StatusBadRequest, "the body must be one JSON object and nothing after it (byte %d)", decoder.InputOffset())
	}
	return found, nil
}

func wantObject(kind jsontext.Kind, empty bool) *failure {
	switch {
	case empty:
		return unsound(http.StatusBadRequest, "the body is empty")
	case kind == '[':
		return unsound(http.StatusBadRequest, "batches are not served: send one operation in a request")
	case kind != '{' && kind != 0: // 0 is what is no JSON
		return unsound(http.StatusBadRequest, "the body must be a JSON object")
	default:
		return nil
	}
}

func decodeMembers(decoder *jsontext.Decoder, found members) error {
	if _, err := decoder.ReadToken(); err != nil {
		return err
	}
	for decoder.PeekKind() != '}' {
		token, err := decoder.ReadToken()
		if err != nil {
			return err
		}
		name := token.String()
		value, err := decoder.ReadValue()
		if err != nil {
			return err
		}
		switch name {
		case memberQuery, memberOperationName, memberVariables, memberExtensions:
			found[name] = value.Clone()
		}
	}
	_, err := decoder.ReadToken()
	return err
}

// notJSON says where the body stops being JSON, and nothing of what is there.
func notJSON(err error) *failure {
	syntax, ok := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case !ok:
		return unsound(http.StatusBadRequest, "the body is no valid JSON")
	case errors.Is(err, jsontext.ErrDuplicateName):
		return unsound(http.StatusBadRequest, "an object of the body has a name twice (byte %d)", syntax.ByteOffset)
	default:
		return unsound(http.StatusBadRequest, "the body is no valid JSON (byte %d)", syntax.ByteOffset)
	}
}

func (m members) params() (*graphql.RawParams, *failure) {
	p := &graphql.RawParams{}
	for _, f := range []*failure{
		m.text(memberQuery, &p.Query),
		m.text(memberOperationName, &p.OperationName),
		m.object(memberVariables, &p.Variables),
		m.object(memberExtensions, &p.Extensions),
	} {
		if f != nil {
			return nil, f
		}
	}
	return p, nil
}

// text reads a member that is a string, null or absent.
func (m members) text(name string, into *string) *failure {
	switch value := m[name]; {
	case isAbsent(value):
		return nil
	case value.Kind() != '"':
		return wrongMember(name, "string", value.Kind())
	default:
		text, err := jsontext.AppendUnquote(nil, value)
		if err != nil {
			return notJSON(err)
		}
		*into = string(text)
		return nil
	}
}

// object reads a member that is an object, null or absent. Numbers stay as they were written.
func (m members) object(name string, into *map[string]any) *failure {
	switch value := m[name]; {
	case isAbsent(value):
		return nil
	case value.Kind() != '{':
		return wrongMember(name, "object", value.Kind())
	default:
		decoder := json.NewDecoder(bytes.NewReader(value))
		decoder.UseNumber()
		if err := decoder.Decode(into); err != nil {
			return unsound(http.StatusBadRequest, "%q can't be read", name)
		}
		return nil
	}
}

// objectInText is such an object in the text of a URL's parameter.
func objectInText(name string, texts map[string]string) (map[string]any, *failure) {
	value := jsontext.Value(texts[name])
	if len(value) == 0 {
		return nil, nil
	}
	if !value.IsValid() {
		return nil, unsound(http.StatusBadRequest, "%q is no valid JSON", name)
	}
	var object map[string]any
	f := members{name: value}.object(name, &object)
	return object, f
}

func isAbsent(value jsontext.Value) bool { return len(value) == 0 || value.Kind() == 'n' }

func wrongMember(name, want string, got jsontext.Kind) *failure {
	return unsound(http.StatusBadRequest, "%q must be a JSON %s or null, and is %s", name, want, describeKind(got))
}

func describeKind(k jsontext.Kind) string {
	switch k {
	case '"':
		return "a string"
	case '0':
		return "a number"
	case '[':
		return "a list"
	case '{':
		return "an object"
	default:
		return "true or false"
	}
}
