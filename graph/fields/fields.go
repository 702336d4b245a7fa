// Package fields knows of each field of the objects of a row where its value comes from and who may see it. Price, prefetching,
// permission and the renderer read it here, and a field that is added to the schema is added to the table.
package fields

import (
	"context"
	"fmt"
	"slices"

	"github.com/99designs/gqlgen/graphql"

	"github.com/difygraph/difygraph/graph/viewer"
)

// Source is where a field's value comes from.
type Source int

// The sources. All but [Object] take a call to Dify, which the fields of one object that have the same source share.
const (
	// Object is the object itself, which has the value.
	Object Source = iota
	// Entry is a run's entry in the log, which rows of lists have, and other runs have to be found in.
	Entry
	// Detail is a run's detail.
	Detail
	// Profile is an end user's profile.
	Profile
	// Info is what Dify tells of an app, once for all objects.
	Info
	// List is a list of its own, with a price of its own.
	List
)

// Field is what is known of a field.
type Field struct {
	Source Source
	// Needs is the scope without which the field is refused; [viewer.Public] if none.
	Needs viewer.Scope
	// Redacts is the scope without which a part of the value is left out; [viewer.Public] if none.
	Redacts viewer.Scope
}

// Plain tells whether a viewer with these scopes sees the whole value, if there is one.
func (f Field) Plain(ctx context.Context) bool { return viewer.Needs(ctx, f.Needs, f.Redacts) == nil }

var object = Field{}

// table has the types of which rows are made.
var table = map[string]map[string]Field{
	"WorkflowLogEdge": {"cursor": object, "node": object},
	"WorkflowLog": {
		"id": object, "uuid": object, "app": object, "workflowRun": object, "createdFrom": object, "createdByRole": object,
		"createdByAccount": object, "createdByEndUser": object, "createdAt": object,
		"details": {Needs: viewer.Content, Redacts: viewer.People},
	},
	"WorkflowRun": {
		"id": object, "uuid": object, "app": object, "status": object, "statusText": object, "elapsedTime": object,
		"totalTokens": object, "totalSteps": object, "createdAt": object, "finishedAt": object,
		"error":           {Needs: viewer.Content},
		"version":         {Source: Entry},
		"exceptionsCount": {Source: Entry},
		"triggeredFrom":   {Source: Entry},
		"workflowLog":     {Source: Entry},
		"workflowId":      {Source: Detail, Needs: viewer.Logs},
		"inputs":          {Source: Detail, Needs: viewer.Content, Redacts: viewer.People},
		"outputs":         {Source: Detail, Needs: viewer.Content, Redacts: viewer.People},
	},
	"DifyAccount": {
		"id": {Needs: viewer.People}, "uuid": {Needs: viewer.People}, "name": {Needs: viewer.People}, "email": {Needs: viewer.People},
	},
	"EndUser": {
		"id": object, "uuid": object, "app": object, "type": object,
		"sessionId":        {Needs: viewer.People},
		"name":             {Source: Profile, Needs: viewer.People},
		"isAnonymous":      {Source: Profile, Needs: viewer.Logs},
		"externalUserId":   {Source: Profile, Needs: viewer.People},
		"profileCreatedAt": {Source: Profile, Needs: viewer.Logs},
		"profileUpdatedAt": {Source: Profile, Needs: viewer.Logs},
		"createdAt":        {Source: Profile, Needs: viewer.Logs},
		"updatedAt":        {Source: Profile, Needs: viewer.Logs},
		"workflowLogs":     {Source: List, Needs: viewer.Logs},
	},
	"DifyApp": {
		"id": object, "key": object,
		"name":         {Source: Info},
		"description":  {Source: Info},
		"tags":         {Source: Info},
		"mode":         {Source: Info},
		"authorName":   {Source: Info, Needs: viewer.People},
		"difyVersion":  {Source: Info},
		"workflowLogs": {Source: List, Needs: viewer.Logs},
	},
}

// Of is what is known of a type's field; false for a field that is not in the table.
func Of(typeName, name string) (Field, bool) {
	field, known := table[typeName][name]
	return field, known
}

// Types are the names of the types in the table, sorted.
func Types() []string {
	types := make([]string, 0, len(table))
	for name := range table {
		types = append(types, name)
	}
	slices.Sort(types)
	return types
}

// From are the names of a type's fields that come from a source, sorted.
func From(source Source, typeName string) (names []string) {
	for name, field := range table[typeName] {
		if field.Source == source {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Needs is nil if the viewer may see the field that is being resolved under the context, else a [*viewer.ForbiddenError]. Of a
// field that is not in the table nobody sees anything.
func Needs(ctx context.Context) error {
	field, err := resolved(ctx)
	if err != nil {
		return err
	}
	return viewer.Needs(ctx, field.Needs)
}

// Redacted tells whether the viewer may not see all of the field that is being resolved under the context.
func Redacted(ctx context.Context) bool {
	field, err := resolved(ctx)
	return err != nil || viewer.Needs(ctx, field.Redacts) != nil
}

func resolved(ctx context.Context) (Field, error) {
	at := graphql.GetFieldContext(ctx)
	field, known := Of(at.Object, at.Field.Name)
	if !known {
		return field, fmt.Errorf("%s.%s is in no table of fields", at.Object, at.Field.Name)
	}
	return field, nil
}
