package model

import (
	"io"
	"strings"

	"github.com/99designs/gqlgen/graphql"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/list"
)

// AppFailurePolicy says what to do when some of the apps can't be read.
type AppFailurePolicy string

// The policies.
const (
	Fail    AppFailurePolicy = "FAIL"
	Partial AppFailurePolicy = "PARTIAL"
)

// MarshalWorkflowRunStatus gives a status the schema's name: `partial-succeeded` is PARTIAL_SUCCEEDED, one that the
// schema does not name is UNKNOWN.
func MarshalWorkflowRunStatus(s difyapi.RunStatus) graphql.Marshaler { return enum(StatusName(s)) }

// StatusName is the schema's name of a status.
func StatusName(s difyapi.RunStatus) string {
	switch s {
	case difyapi.StatusRunning:
		return "RUNNING"
	case difyapi.StatusSucceeded:
		return "SUCCEEDED"
	case difyapi.StatusFailed:
		return "FAILED"
	case difyapi.StatusStopped:
		return "STOPPED"
	case difyapi.StatusPartialSucceeded:
		return "PARTIAL_SUCCEEDED"
	case difyapi.StatusPaused:
		return "PAUSED"
	default:
		return "UNKNOWN"
	}
}

// UnmarshalWorkflowRunStatus is its inverse. That the schema has the name was checked before.
func UnmarshalWorkflowRunStatus(v any) (difyapi.RunStatus, error) {
	name, _ := v.(string)
	status := difyapi.RunStatus(strings.ToLower(strings.ReplaceAll(name, "_", "-")))
	switch {
	case status.Known():
		return status, nil
	case name == "UNKNOWN":
		return list.StatusUnknown, nil
	default:
		return "", notA("WorkflowRunStatus", v, "one of its values")
	}
}

// MarshalWorkflowNodeStatus gives a status the schema's name: one that the schema does not name is UNKNOWN.
func MarshalWorkflowNodeStatus(s difyapi.NodeStatus) graphql.Marshaler {
	switch s {
	case difyapi.NodeRunning, difyapi.NodeSucceeded, difyapi.NodeFailed, difyapi.NodeRetry, difyapi.NodeException, difyapi.NodeStopped,
		difyapi.NodePaused:
		return enum(strings.ToUpper(string(s)))
	default:
		return enum("UNKNOWN")
	}
}

// UnmarshalWorkflowNodeStatus is never called: no input has a status of an execution.
func UnmarshalWorkflowNodeStatus(v any) (difyapi.NodeStatus, error) {
	return "", notA("WorkflowNodeStatus", v, "an input")
}

// MarshalDifyCreatorRole gives a role the schema's name.
func MarshalDifyCreatorRole(role string) graphql.Marshaler { return enum(RoleName(role)) }

// RoleName is the schema's name of a role.
func RoleName(role string) string {
	switch role {
	case "end_user":
		return "END_USER"
	case "account":
		return "ACCOUNT"
	default:
		return "UNKNOWN"
	}
}

// UnmarshalDifyCreatorRole is never called: no input has a role.
func UnmarshalDifyCreatorRole(v any) (string, error) {
	return "", notA("DifyCreatorRole", v, "an input")
}

func enum(name string) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) { io.WriteString(w, `"`+name+`"`) })
}
