package difytest

import (
	"fmt"
	"net/http"
	"net/url"
)

// checkByReqparse checks as Dify did before 1.11.0: the first mistake only.
func checkByReqparse(version release, values url.Values, params *listParams) *answer {
	if values.Has("status") {
		if params.status = values.Get("status"); !filterable(params.status) {
			message := fmt.Sprintf("The value '%s' is not a valid choice for 'status'.", params.status)
			return new(reqparseError(version, "status", message))
		}
	}
	for _, number := range params.numbers() {
		if !values.Has(number.parameter) {
			continue
		}
		n, message := reqparseInt(values.Get(number.parameter), number.largest)
		if message != "" {
			return new(reqparseError(version, number.parameter, message))
		}
		*number.into = n
	}
	return nil
}

// reqparseInt reads an integer from 1 to largest, or says what is wrong.
func reqparseInt(text string, largest int) (n int, message string) {
	n, ok := pythonInt(text)
	switch {
	case !ok:
		return 0, text + " is not a valid integer"
	case n < 1 || n > largest:
		return 0, fmt.Sprintf("Invalid argument: %s. argument must be within the range 1 - %d", text, largest)
	}
	return n, ""
}

// reqparseError has no code and no status from 1.10 on, when the framework's
// own form came through. Before, Dify rewrote it and named the parameter. Which
// release changed that is not known for sure; 1.10.0 is taken.
func reqparseError(version release, parameter, message string) answer {
	var body []byte
	if version.has(triggersAdded) {
		body = append(body, `{"errors": {`...)
		body = appendString(body, parameter)
		body = append(body, `: `...)
		body = appendString(body, message)
		body = append(body, `}, "message": "Input payload validation failed"}`...)
	} else {
		body = append(body, `{"code": "invalid_param", "message": `...)
		body = appendString(body, message)
		body = append(body, `, "params": `...)
		body = appendString(body, parameter)
		body = append(body, `, "status": 400}`...)
	}
	return answer{status: http.StatusBadRequest, contentType: jsonType, body: append(body, '\n')}
}
