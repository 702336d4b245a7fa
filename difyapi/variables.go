package difyapi

import (
	"net/http"

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
