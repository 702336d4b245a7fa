package difyapi

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// mostTexts is how many texts may stand in each other that are JSON, and are looked into. By escapes of escapes each can be nearly
// as long as the one around it, and what is written anew doubles its backslashes with each.
const mostTexts = 4

// Without is a JSON value without the members of a name at any depth, however often and however they are written: in any case, and
// between # and braces, as Dify writes variables. The value has to be JSON.
//
// It looks into strings that are JSON themselves, and into strings within these. One that cannot be looked into, as it is nested
// too deep or is only nearly JSON, becomes an empty text if the name may be in it. Text that merely mentions the name stays.
func Without(value jsontext.Value, name string) jsontext.Value {
	if !bytes.ContainsAny(value, `{\`) {
		return value // no object, nor the beginning of one in a string
	}
	kept, left, _ := leaver{name: strings.ToLower(name)}.value(value) // that the value is JSON was seen before
	if !left {
		return value
	}
	return kept
}

// leaver leaves out the members of a name.
type leaver struct {
	name  string
	texts int // in which the value stands
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

func (l leaver) is(name string) bool { return strings.EqualFold(strings.Trim(name, "{#}"), l.name) }

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
	named := strings.Contains(strings.ToLower(text), l.name)
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
