package difyapi

import (
	"errors"
	"net/http"

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

// newVariables takes over the text. Half a surrogate pair, which Python writes without complaint, is mended as everywhere
// in Dify's texts ([decoding]).
func newVariables(text jsontext.Value) Variables {
	err := text.Format(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	switch {
	case err != nil:
		return Variables{value: text, malformed: true}
	case text.Kind() == jsontext.KindNull:
		return Variables{}
	}
	return Variables{value: text}
}
