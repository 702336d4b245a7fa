package difyapi

import (
	"bytes"
	"errors"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// ErrVariablesNotJSON is wrapped by the error of [Variables.Value] for a text that is no JSON.
var ErrVariablesNotJSON = errors.New("the run's stored text is not JSON")

// Variables are the inputs or outputs of a run: nothing, a JSON value, or a text that should hold one and does not. Dify
// writes them as a string that holds JSON (inputs on most servers, outputs before 1.13.0) or as the value itself; both are
// read alike. The zero value is nothing.
type Variables struct {
	value     jsontext.Value // as it came, if malformed
	malformed bool
}

// Value is the JSON value without blanks, its members in Dify's order, its numbers digit by digit, its text valid UTF-8;
// nil where Dify has none or says null. It is usually an object, but may be of any kind, and an object may have a name twice.
// It is shared, and not to be changed.
//
// A text that is no JSON is an error of [KindBadResponse] that wraps [ErrVariablesNotJSON] and shows nothing of the text;
// so is one that is nested more than 10,000 deep. NaN and Infinity, which Python writes, are no JSON.
func (v Variables) Value() (jsontext.Value, error) {
	if v.malformed {
		return nil, badResponse(http.StatusOK, ErrVariablesNotJSON)
	}
	return v.value, nil
}

// Without is [Variables.Value] without a member of its object, however often and however written it is there.
func (v Variables) Without(name string) (jsontext.Value, error) {
	value, err := v.Value()
	if err != nil || value.Kind() != jsontext.KindBeginObject {
		return value, err
	}
	var kept bytes.Buffer
	dec := jsontext.NewDecoder(bytes.NewReader(value), variablesSyntax)
	enc := jsontext.NewEncoder(&kept, variablesSyntax)
	if err := copyWithout(enc, dec, name); err != nil {
		return nil, badResponse(http.StatusOK, err)
	}
	return bytes.TrimSpace(kept.Bytes()), nil
}

// copyWithout copies an object, but for members of a name.
func copyWithout(enc *jsontext.Encoder, dec *jsontext.Decoder, name string) error {
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	err := enc.WriteToken(jsontext.BeginObject)
	for err == nil && dec.PeekKind() == jsontext.KindString {
		err = copyMember(enc, dec, name)
	}
	return errors.Join(err, enc.WriteToken(jsontext.EndObject))
}

func copyMember(enc *jsontext.Encoder, dec *jsontext.Decoder, but string) error {
	name, err := dec.ReadToken()
	if err != nil {
		return err
	}
	text := name.String() // the token is the decoder's own, and gone with its next
	value, err := dec.ReadValue()
	if err != nil || text == but {
		return err
	}
	return errors.Join(enc.WriteToken(jsontext.String(text)), enc.WriteValue(value))
}

// UnmarshalJSONFrom takes a string for a text that holds JSON, and looks into it once: a string within the text is a string.
// A text that is no JSON is no error here, since the rest of the run stands.
func (v *Variables) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() == jsontext.KindString {
		token, err := dec.ReadToken()
		if err != nil {
			return err
		}
		*v = newVariables(jsontext.Value(token.String()))
		return nil
	}
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	*v = newVariables(value.Clone()) // the decoder goes on to use its own
	return nil
}

// variablesSyntax is what is taken for JSON.
var variablesSyntax = json.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))

// newVariables takes over the text. Half a surrogate pair, which Python writes without complaint, is mended as everywhere
// in Dify's texts ([decoding]).
func newVariables(text jsontext.Value) Variables {
	err := text.Format(variablesSyntax)
	switch {
	case err != nil:
		return Variables{value: text, malformed: true}
	case text.Kind() == jsontext.KindNull:
		return Variables{}
	}
	return Variables{value: text}
}
