package model

import "github.com/99designs/gqlgen/graphql"

// Entity is an object that other graphs can refer to by one of its keys.
type Entity interface{ IsEntity() }

// IsEntity says that the app can be referred to.
func (*DifyApp) IsEntity() {}

// IsEntity says that the entry can be referred to.
func (*WorkflowLog) IsEntity() {}

// IsEntity says that the run can be referred to.
func (*WorkflowRun) IsEntity() {}

// IsEntity says that the end user can be referred to.
func (*EndUser) IsEntity() {}

// IsEntity says that the member can be referred to.
func (*DifyAccount) IsEntity() {}

// Service is what a gateway is told of this server.
type Service struct{ SDL string }

// UnmarshalRepresentation reads a reference to an entity. What is no object is one without any member, so that it is an error
// at its own place and harms no other.
func UnmarshalRepresentation(v any) (map[string]any, error) {
	representation, _ := v.(map[string]any)
	return representation, nil
}

// MarshalRepresentation is never called: no output has a reference.
func MarshalRepresentation(v map[string]any) graphql.Marshaler { return graphql.MarshalMap(v) }
