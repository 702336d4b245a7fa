package graphqlhttp

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"unicode/utf8"

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
// refused: readers differ in which of them they take. Members of other names are left out, as the specification asks. Nothing
// is built of values here.
func readMembers(body []byte, limits Limits) (members, *failure) {
	if !utf8.Valid(body) {
		return nil, unsound(http.StatusBadRequest, "the body is no valid UTF-8")
	}
	s := newScanner(body, limits, 2)
	if f := wantObject(s.PeekKind(), len(bytes.TrimSpace(body)) == 0); f != nil {
		return nil, f
	}
	found, f := s.members(body)
	if f != nil {
		return nil, f
	}
	if !s.atEnd() {
		return nil, unsound(http.StatusBadRequest, "the body must be one JSON object and nothing after it (byte %d)", s.InputOffset())
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

// scanner reads JSON without building anything of it, and counts its values.
type scanner struct {
	*jsontext.Decoder
	limits Limits
	around int // objects around the variables' values
	values int
}

func newScanner(text []byte, limits Limits, around int) *scanner {
	return &scanner{Decoder: jsontext.NewDecoder(bytes.NewBuffer(text)), limits: limits, around: around}
}

func (s *scanner) members(text []byte) (members, *failure) {
	if _, err := s.ReadToken(); err != nil {
		return nil, notJSON(err)
	}
	found := members{}
	for s.PeekKind() != '}' {
		token, err := s.ReadToken()
		if err != nil {
			return nil, notJSON(err)
		}
		name, start := token.String(), s.InputOffset()
		if err := s.skip(); err != nil {
			return nil, notJSON(err)
		}
		switch name {
		case memberQuery, memberOperationName, memberVariables, memberExtensions:
			found[name] = bytes.TrimLeft(text[start:s.InputOffset()], ": \t\r\n")
		}
	}
	if _, err := s.ReadToken(); err != nil {
		return nil, notJSON(err)
	}
	return found, nil
}

// skip reads one value.
func (s *scanner) skip() error {
	for outside, first := s.StackDepth(), true; first || s.StackDepth() > outside; first = false {
		token, err := s.ReadToken()
		if err != nil {
			return err
		}
		if s.StackDepth() > s.limits.Nesting+s.around {
			return &failureError{unsound(http.StatusBadRequest, "the JSON is nested too deep: in a variable lists and objects may "+
				"stand in each other %d deep", s.limits.Nesting)}
		}
		if s.isValue(token.Kind()) {
			s.values++
		}
		if s.values > s.limits.Values {
			return &failureError{unsound(http.StatusBadRequest, "the request has more than %d values in its JSON, lists, objects and "+
				"their members included: send fewer at once", s.limits.Values)}
		}
	}
	return nil
}

// isValue tells whether the token that was read begins a value. Names alternate with values.
func (s *scanner) isValue(kind jsontext.Kind) bool {
	if kind == '}' || kind == ']' {
		return false
	}
	parent, read := s.StackIndex(s.StackDepth())
	return kind != '"' || parent != '{' || read%2 == 0
}

func (s *scanner) atEnd() bool {
	_, err := s.ReadToken()
	return errors.Is(err, io.EOF)
}

// notJSON says where the body stops being JSON, and nothing of what is there.
func notJSON(err error) *failure {
	if refused, ok := errors.AsType[*failureError](err); ok {
		return refused.failure
	}
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

// request makes the members what they must be.
func (m members) request() (*request, *failure) {
	r := &request{}
	for _, f := range []*failure{
		m.text(memberQuery, &r.Query),
		m.text(memberOperationName, &r.OperationName),
		m.object(memberVariables, &r.variables),
		m.object(memberExtensions, &r.extensions),
	} {
		if f != nil {
			return nil, f
		}
	}
	return r, nil
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

// object finds a member that is an object, null or absent.
func (m members) object(name string, into *jsontext.Value) *failure {
	switch value := m[name]; {
	case isAbsent(value):
		return nil
	case value.Kind() != '{':
		return wrongMember(name, "object", value.Kind())
	default:
		*into = value
		return nil
	}
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
