package difyapi

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// What is wrong with a run's inputs or outputs that can't be passed on.
var (
	// ErrVariablesNotJSON is wrapped by the error of [Variables.Value] for a value that is no JSON.
	ErrVariablesNotJSON error = Reason("what the run has stored is not JSON")
	// ErrVariablesTooDeep is wrapped by the error of [Variables.Value] for a value that clients could not read.
	ErrVariablesTooDeep error = Reason("what the run has stored is nested deeper than 500")
)

// Variables are the inputs or outputs of a run: nothing, a JSON value, or what should be one and is not. Dify writes them as a
// string that holds JSON (inputs on most servers, outputs before 1.13.0) or as the value itself; both are read alike. The zero
// value is nothing.
type Variables struct {
	value jsontext.Value
	err   error // why value, which is as it came then, is not to be passed on
}

// Value is the JSON value without blanks, its members in Dify's order, its numbers digit by digit, its text valid UTF-8;
// nil where Dify has none or says null. It is usually an object, but may be of any kind, and an object may have a name twice.
// It is shared, and not to be changed.
//
// What is no JSON, as NaN and Infinity, which Python writes, is an error of [KindBadResponse] that wraps [ErrVariablesNotJSON];
// so is what is nested more than 500 deep, with [ErrVariablesTooDeep]. Neither shows anything of the value.
func (v Variables) Value() (jsontext.Value, error) {
	if v.err != nil {
		return nil, badResponse(http.StatusOK, v.err)
	}
	return v.value, nil
}

// variablesSyntax is what is taken for JSON.
var variablesSyntax = json.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))

// newVariables takes over the text. Half a surrogate pair, which Python writes without complaint, is mended as everywhere
// in Dify's texts ([decoding]).
func newVariables(text jsontext.Value) Variables {
	err := text.Format(variablesSyntax)
	switch {
	case depth(text) > maxDepth:
		return Variables{value: text, err: ErrVariablesTooDeep}
	case err != nil:
		return Variables{value: text, err: ErrVariablesNotJSON}
	case text.Kind() == jsontext.KindNull:
		return Variables{}
	}
	return Variables{value: text}
}

// mostTexts is how many texts may stand in each other that are JSON, and are looked into. By escapes of escapes each can be nearly
// as long as the one around it, and what is written anew doubles its backslashes with each.
const mostTexts = 4

// Without is a JSON value without the members of some names at any depth, however often and however they are written: in any case, and
// between # and braces, as Dify writes variables. The value has to be JSON.
//
// It looks into strings that are JSON themselves, and into strings within these. One that cannot be looked into, as it is nested
// too deep or is only nearly JSON, becomes an empty text if a name may be in it. Text that merely mentions a name stays.
func Without(value jsontext.Value, names ...string) jsontext.Value {
	if !bytes.ContainsAny(value, `{\`) {
		return value // no object, nor the beginning of one in a string
	}
	kept, left, _ := newLeaver(names).value(value) // that the value is JSON was seen before
	if !left {
		return value
	}
	return kept
}

// leaver leaves out the members of some names.
type leaver struct {
	names []string // in lower case
	texts int      // in which the value stands
}

func newLeaver(names []string) leaver {
	l := leaver{names: make([]string, len(names))}
	for i, name := range names {
		l.names[i] = strings.ToLower(name)
	}
	return l
}

// value tells whether anything was left out. Its error is for what is no JSON; several values are as good as one.
func (l leaver) value(value []byte) (kept []byte, left bool, err error) {
	var out bytes.Buffer
	dec := jsontext.NewDecoder(bytes.NewReader(value), variablesSyntax)
	enc := jsontext.NewEncoder(&out, variablesSyntax)
	for {
		token, err := dec.ReadToken()
		switch {
		case errors.Is(err, io.EOF):
			return bytes.TrimSpace(out.Bytes()), left, nil
		case err != nil:
			return nil, false, err
		case isName(dec) && l.is(token.String()):
			left, err = true, dec.SkipValue()
		default:
			var changed bool
			token, changed = l.token(token)
			left, err = left || changed, enc.WriteToken(token)
		}
		if err != nil {
			return nil, false, err
		}
	}
}

func (l leaver) is(name string) bool {
	return slices.Contains(l.names, strings.ToLower(strings.Trim(name, "{#}")))
}

// mentions tells whether one of the names is in a text.
func (l leaver) mentions(text string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc(l.names, func(name string) bool { return strings.Contains(text, name) })
}

func (l leaver) token(token jsontext.Token) (shown jsontext.Token, changed bool) {
	if token.Kind() != jsontext.KindString {
		return token, false
	}
	text, changed := l.text(token.String())
	if !changed {
		return token, false
	}
	return jsontext.String(text), true
}

// text tells whether a string has to be another.
func (l leaver) text(text string) (shown string, changed bool) {
	named := l.mentions(text)
	if !named && !strings.Contains(text, `\`) || !beginsJSON(text) {
		return text, false
	}
	if l.texts == mostTexts {
		return "", true
	}
	l.texts++
	kept, left, err := l.value([]byte(text))
	switch {
	case err != nil && named:
		return "", true
	case left:
		return string(kept), true
	default:
		return text, false
	}
}

// beginsJSON tells whether a text may be a value that has members, or a string that is one.
func beginsJSON(text string) bool {
	trimmed := strings.TrimLeft(text, "\ufeff \t\r\n")
	return trimmed != "" && strings.IndexByte(`{["`, trimmed[0]) >= 0
}

// isName tells whether the token read last is the name of a member.
func isName(dec *jsontext.Decoder) bool {
	kind, length := dec.StackIndex(dec.StackDepth())
	return kind == jsontext.KindBeginObject && length%2 == 1
}
