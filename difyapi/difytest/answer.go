package difytest

import (
	"maps"
	"net/http"
	"strconv"
)

// answer is what an endpoint says.
type answer struct {
	status      int
	contentType string
	header      http.Header // beyond the usual; may be nil
	body        []byte
	// stream writes an answer that goes on, in the place of a body.
	stream func(http.ResponseWriter, *http.Request, *Fault)
}

const (
	jsonType = "application/json"
	htmlType = "text/html; charset=utf-8"
)

// The page of a route that Dify does not have.
const notFoundPage = `<!doctype html>
<html lang=en>
<title>404 Not Found</title>
<h1>Not Found</h1>
<p>The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.</p>
`

func okAnswer(body []byte) answer {
	return answer{status: http.StatusOK, contentType: jsonType, body: append(body, '\n')}
}

// errorAnswer has the form of most of Dify's errors.
func errorAnswer(status int, code, message string) answer {
	body := []byte(`{"code": `)
	body = appendString(body, code)
	body = append(body, `, "message": `...)
	body = appendString(body, message)
	body = append(body, `, "status": `...)
	body = strconv.AppendInt(body, int64(status), 10)
	return answer{status: status, contentType: jsonType, body: append(body, "}\n"...)}
}

// unknownError is what an exception that Dify does not expect becomes.
func unknownError() answer {
	const body = `{"message": "Internal Server Error", "code": "unknown", "status": 500}` + "\n"
	return answer{status: http.StatusInternalServerError, contentType: jsonType, body: []byte(body)}
}

func invalidParam(message string) answer {
	return errorAnswer(http.StatusBadRequest, "invalid_param", message)
}

func forbidden(message string) answer {
	return errorAnswer(http.StatusForbidden, "forbidden", message)
}

func unauthorized(message string) answer {
	reply := errorAnswer(http.StatusUnauthorized, "unauthorized", message)
	reply.header = http.Header{"Www-Authenticate": {`Bearer realm="api"`}}
	return reply
}

func notFound() answer {
	return answer{status: http.StatusNotFound, contentType: htmlType, body: []byte(notFoundPage)}
}

func methodNotAllowed() answer {
	reply := errorAnswer(http.StatusMethodNotAllowed, "method_not_allowed", "The method is not allowed for the requested URL.")
	reply.header = http.Header{"Allow": {"GET, HEAD, OPTIONS"}}
	return reply
}

// write sends the answer, or the first half of it and then nothing.
func (a answer) write(w http.ResponseWriter, cut bool) {
	maps.Copy(w.Header(), a.header)
	w.Header().Set("Content-Type", a.contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	if !cut {
		_, _ = w.Write(a.body) // a client that has left is no concern of ours
		return
	}
	_, _ = w.Write(a.body[:len(a.body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}
