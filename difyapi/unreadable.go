package difyapi

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Unreadable names the members of an object that Dify wrote in a form without a meaning here, such as a boolean for a number
// of tokens. They are by Dify's names, and the fields that they belong to are as if Dify had not written them. Nil where all
// could be read, which is the rule.
type Unreadable []string

// Has reports whether the member could not be read.
func (u Unreadable) Has(member string) bool { return slices.Contains(u, member) }

// Err is the error for whoever wants the member, of [KindBadResponse]; nil where it could be read, or was not there.
func (u Unreadable) Err(member string) error {
	if !u.Has(member) {
		return nil
	}
	return &Error{Kind: KindBadResponse, Status: http.StatusOK, Place: member, cause: unreadableError(member)}
}

// unreadableError is for the member of that name. It says which form was expected, and nothing of what Dify has written.
type unreadableError string

func (e unreadableError) Error() string {
	return string(e) + " is not " + cmp.Or(forms[string(e)], "a text")
}

// Unwrap gives the words to callers, too.
func (e unreadableError) Unwrap() error { return Reason(e.Error()) }

// forms are what members have to be, all others but texts.
var forms = map[string]string{
	"id":                  aUUID,
	"app_id":              aUUID,
	"workflow_id":         aUUID,
	"workflow_run":        anObject,
	"created_by_account":  anObject,
	"created_by_end_user": anObject,
	"total_tokens":        aWholeNumber,
	"total_steps":         aWholeNumber,
	"exceptions_count":    aWholeNumber,
	"elapsed_time":        "a number of 64 bits",
	"created_at":          aTime,
	"updated_at":          aTime,
	"finished_at":         aTime,
	"is_anonymous":        "true or false",
	"details":             "JSON nested at most 500 deep",
	"tags":                "a list of texts",
}

const (
	aUUID        = "a UUID"
	anObject     = "an object with an id"
	aWholeNumber = "a whole number of 64 bits"
	aTime        = "a time in one of Dify's forms"
)

// place writes where a value stands in a body: data[3].created_at. The names are those of this package's own fields, never
// ones that only the body has.
func place(pointer jsontext.Pointer) string {
	var b strings.Builder
	for token := range pointer.Tokens() {
		switch {
		case isIndex(token):
			b.WriteString("[" + token + "]")
		case b.Len() > 0:
			b.WriteString("." + token)
		default:
			b.WriteString(token)
		}
	}
	return b.String()
}

func isIndex(token string) bool {
	return token != "" && strings.Trim(token, "0123456789") == ""
}

// topLevel are those of an answer that is one object.
func topLevel(pointers []jsontext.Pointer) Unreadable {
	var u Unreadable
	for _, pointer := range pointers {
		u = append(u, pointer.LastToken())
	}
	return u
}

// mark notes at a row's objects which of their members could not be read, by the members' path from the row.
func (l *WorkflowLog) mark(path []string) {
	switch {
	case len(path) == 1:
		l.Unreadable = append(l.Unreadable, path[0])
	case len(path) == 0: // the row itself, which is nil then
	case path[0] == "workflow_run" && l.WorkflowRun != nil:
		l.WorkflowRun.Unreadable = append(l.WorkflowRun.Unreadable, path[1])
	case path[0] == "created_by_account" && l.CreatedByAccount != nil:
		l.CreatedByAccount.Unreadable = append(l.CreatedByAccount.Unreadable, path[1])
	case path[0] == "created_by_end_user" && l.CreatedByEndUser != nil:
		l.CreatedByEndUser.Unreadable = append(l.CreatedByEndUser.Unreadable, path[1])
	}
}
