package graphqlhttp

import (
	"bytes"
	"encoding/json"

	"github.com/go-json-experiment/json/jsontext"
)

// pick builds the wanted members of an object that a scanner has read, and nothing of the others. It returns the length of
// what it built from.
func pick(object jsontext.Value, wanted func(name string) bool) (picked map[string]any, length int) {
	if len(object) == 0 {
		return nil, 0
	}
	b := builder{jsontext.NewDecoder(bytes.NewBuffer(object), jsontext.AllowDuplicateNames(true))}
	b.next()
	picked = map[string]any{}
	for b.PeekKind() != '}' {
		name := b.next().String()
		start := b.InputOffset()
		if wanted(name) {
			picked[name] = b.value()
			length += int(b.InputOffset() - start)
		} else {
			b.skip()
		}
	}
	return picked, length
}

// builder makes Go values of JSON that was found valid before. Numbers stay as they were written.
type builder struct{ *jsontext.Decoder }

func (b builder) next() jsontext.Token {
	token, err := b.ReadToken()
	if err != nil {
		panic(err) // a scanner has read the same
	}
	return token
}

func (b builder) skip() {
	if err := b.SkipValue(); err != nil {
		panic(err)
	}
}

func (b builder) value() any {
	token := b.next()
	switch token.Kind() {
	case 'n':
		return nil
	case 't', 'f':
		return token.Bool()
	case '"':
		return token.String()
	case '0':
		return json.Number(token.String())
	case '[':
		return b.list()
	default:
		return b.object()
	}
}

func (b builder) list() []any {
	list := []any{}
	for b.PeekKind() != ']' {
		list = append(list, b.value())
	}
	b.next()
	return list
}

func (b builder) object() map[string]any {
	object := map[string]any{}
	for b.PeekKind() != '}' {
		name := b.next().String()
		object[name] = b.value()
	}
	b.next()
	return object
}
