package graphqlhttp

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/graph/code"
)

// maxMessageBytes bounds one error's message: gqlparser's repeat what was sent.
const maxMessageBytes = 1000

// encodeErrors writes as many errors as an answer may have, and a last one that says how many are missing, unless there are
// more that nobody counted. It is empty without errors.
func (t *Transport) encodeErrors(errs gqlerror.List, more bool) ([]byte, error) {
	if len(errs) == 0 {
		return nil, nil
	}
	list := []byte{'['}
	kept := 0
	for _, e := range errs[:min(len(errs), t.options.MaxErrors)] {
		one, err := encodeError(e)
		if err != nil {
			return nil, err
		}
		if len(list)+len(one) > t.options.MaxErrorBytes {
			break
		}
		list = append(append(list, one...), ',')
		kept++
	}
	message := "more errors are left out"
	if leftOut := len(errs) - kept; !more && leftOut == 0 {
		list[len(list)-1] = ']'
		return list, nil
	} else if !more {
		message = fmt.Sprintf("%d more errors are left out", leftOut)
	}
	last, err := encodeError(newError(codeOf(errs[0]), "%s", message))
	return append(append(list, last...), ']'), err
}

// encodeError writes one error, its message cut where it is long.
func encodeError(e *gqlerror.Error) ([]byte, error) {
	if len(e.Message) <= maxMessageBytes {
		return json.Marshal(e)
	}
	cut := *e
	cut.Message = cutMessage(e.Message)
	return json.Marshal(&cut)
}

func cutMessage(message string) string {
	if len(message) <= maxMessageBytes {
		return message
	}
	end := maxMessageBytes
	for !utf8.RuneStart(message[end]) {
		end--
	}
	return message[:end] + "…"
}

func codeOf(e *gqlerror.Error) code.Code { return code.OfExtensions(e.Extensions) }
