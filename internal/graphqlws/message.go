package graphqlws

import (
	"bytes"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The types of messages.
const (
	typeConnectionInit = "connection_init"
	typePing           = "ping"
	typePong           = "pong"
	typeSubscribe      = "subscribe"
	typeNext           = "next"
	typeError          = "error"
	typeComplete       = "complete"
)

// maxIDBytes bounds the id of an operation, which is repeated in each message about it. Clients number them, or take a UUID.
const maxIDBytes = 256

// message is one of the protocol's. Its payload is valid JSON; empty where there is none.
type message struct {
	Type    string         `json:"type"`
	ID      string         `json:"id,omitzero"`
	Payload jsontext.Value `json:"payload,omitzero"`
}

// parse reads a client's message. Names that occur twice in an object and text that is no UTF-8 are refused: readers differ in
// what they make of them.
func parse(data []byte) (m message, ok bool) {
	if err := json.Unmarshal(data, &m); err != nil {
		return message{}, false
	}
	if m.Payload.Kind() == 'n' {
		m.Payload = nil
	}
	return m, m.isSound()
}

// isSound tells whether the message has what its type asks for.
func (m message) isSound() bool {
	switch m.Type {
	case typeConnectionInit, typePing, typePong:
		return m.Payload == nil || m.Payload.Kind() == '{'
	case typeSubscribe:
		return m.hasID() && isRequest(m.Payload)
	case typeComplete:
		return m.hasID()
	default:
		return false
	}
}

func (m message) hasID() bool { return m.ID != "" && len(m.ID) <= maxIDBytes }

// isRequest tells whether the members of a subscribe's payload are of the kinds that the protocol gives them.
func isRequest(payload jsontext.Value) bool {
	var request struct {
		Query         jsontext.Value `json:"query"`
		OperationName jsontext.Value `json:"operationName"`
		Variables     jsontext.Value `json:"variables"`
		Extensions    jsontext.Value `json:"extensions"`
	}
	if payload.Kind() != '{' || json.Unmarshal(payload, &request) != nil {
		return false
	}
	return request.Query.Kind() == '"' && isOptional(request.OperationName, '"') &&
		isOptional(request.Variables, '{') && isOptional(request.Extensions, '{')
}

func isOptional(value jsontext.Value, kind jsontext.Kind) bool {
	return len(value) == 0 || value.Kind() == kind || value.Kind() == 'n'
}

// The server's messages that are about no operation.
var (
	ack  = []byte(`{"type":"connection_ack"}`)
	pong = []byte(`{"type":"pong"}`)
)

// encodeAbout writes a message about an operation. The payload is valid JSON, and is not looked at again.
func encodeAbout(o *operation, kind string, payload [][]byte) []byte {
	text, _ := json.Marshal(message{Type: kind, ID: o.id}) // no error: nothing but texts
	if len(payload) == 0 {
		return text
	}
	text = append(text[:len(text)-1], `,"payload":`...)
	return append(append(text, bytes.Join(payload, nil)...), '}')
}
