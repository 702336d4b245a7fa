package difyapi

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// withheld are the names of members that would let whoever reads them act: answer a form, go on with a run or stop it.
var withheld = []string{"form_token", "form_id", "resume_token", "upload_token", "access_token", "task_id"}

// redactor takes out of what Dify has sent what nobody is to be shown: members that are withheld, and the app's key, which a node
// may have sent somewhere. A nil one takes nothing out.
type redactor struct {
	leaver leaver
	key    apiKey
}

func newRedactor(key apiKey) *redactor { return &redactor{newLeaver(withheld), key} }

// value is for JSON in the form that [jsontext.Value.Format] gives it.
func (r *redactor) value(raw jsontext.Value) jsontext.Value {
	if r == nil || raw == nil {
		return raw
	}
	kept, left, err := r.leaver.value(raw)
	switch {
	case err != nil:
		return jsontext.Value("null") // nothing is passed on unseen
	case left:
		raw = kept
	}
	return bytes.ReplaceAll(raw, []byte(r.key.reveal()), []byte(redacted))
}

// text is for a text, which may hold JSON.
func (r *redactor) text(text string) string {
	if r == nil {
		return text
	}
	text, _ = r.leaver.text(text)
	return r.key.redact(text)
}
