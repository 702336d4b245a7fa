package graph

import (
	"context"
	"errors"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/list"
	"github.com/difygraph/difygraph/graph/model"
	"github.com/difygraph/difygraph/graph/viewer"
)

// maxEntities bounds Query._entities. Gateways ask for all that one of their operations wants at once.
const maxEntities = 1000

// Entities resolves Query._entities: each representation by itself, so that one which is malformed harms no other.
func (r *Resolver) Entities(ctx context.Context, representations []map[string]any) []model.Entity {
	n := len(representations)
	if n > maxEntities {
		graphql.AddError(ctx, &list.InputError{Argument: "representations", Reason: fmt.Sprintf("at most %d, not %d", maxEntities, n)})
		return []model.Entity{}
	}
	keys, ids := make([]representationKey, n), make([]model.ID, n)
	for i, representation := range representations {
		keys[i].reference, keys[i].err = newReference(representation)
		ids[i] = keys[i].id
	}
	together := r.entriesTogether(ctx, ids)
	return eachOf(ctx, keys, func(ctx context.Context, key representationKey) (model.Entity, error) {
		if entry := together[key.id]; entry != nil {
			return entry, nil
		}
		return r.entity(ctx, key)
	})
}

// representationKey is what a representation refers to, or what is wrong with it.
type representationKey struct {
	reference
	err error
}

// entity fetches what a representation refers to; nil if it is not there.
func (r *Resolver) entity(ctx context.Context, ref representationKey) (model.Entity, error) {
	if ref.err != nil {
		return nil, &list.InputError{Argument: "representations", Reason: ref.err.Error()}
	}
	if ref.email != "" || ref.session != "" {
		if err := viewer.Needs(ctx, viewer.People); err != nil {
			return nil, err
		}
	}
	if ref.email != "" {
		return &model.DifyAccount{Account: &difyapi.Account{Email: &ref.email}}, nil
	}
	app := r.app(ctx, ref.id.App)
	switch {
	case app == nil:
		return nil, &list.InputError{Argument: "representations", Reason: noApp(ref.id.App)}
	case ref.session != "":
		return orNil(r.endUserOfSession(ctx, app, ref.session))
	default:
		return r.object(ctx, app, ref.id)
	}
}

// reference is what a representation says, by the first of its keys that is complete. Either the e-mail is given, or the
// id, of which the session id takes the UUID's place where it is not empty.
type reference struct {
	id             model.ID
	session, email string
}

var kinds = map[string]model.Kind{
	"DifyApp": model.KindApp, "WorkflowLog": model.KindLog, "WorkflowRun": model.KindRun, "EndUser": model.KindEndUser,
}

// newReference reads a representation. Nothing in it can be relied on: it is any JSON object.
func newReference(representation map[string]any) (reference, error) {
	name, _ := representation["__typename"].(string)
	kind, hasID := kinds[name]
	switch id, ok := representation["id"].(string); {
	case name == "":
		return reference{}, errors.New("__typename: is missing, or no text")
	case !hasID && name != "DifyAccount":
		return reference{}, errors.New(quoted("__typename: there is no entity of type %s", name))
	case hasID && ok:
		return referenceByID(kind, id)
	}
	ref := reference{id: model.ID{Kind: kind, App: keyOfApp(name, representation)}}
	complete := ref.id.App != ""
	switch name {
	case "WorkflowRun":
		ref.id.UUID, complete = uuidIn(representation, complete)
	case "EndUser":
		ref.session, complete = textIn(representation, "sessionId", complete)
	case "WorkflowLog":
		complete = false
	case "DifyAccount":
		ref.email, complete = textIn(representation, "email", true)
	}
	if !complete {
		return reference{}, fmt.Errorf("no key of this %s is complete: the fields of one have to be there, of their types and not null", name)
	}
	return ref, nil
}

func referenceByID(kind model.Kind, text string) (reference, error) {
	id, err := model.ParseID(text)
	switch {
	case err != nil:
		return reference{}, fmt.Errorf("id: %w", err)
	case id.Kind != kind:
		return reference{}, errors.New("id: of an object of another type")
	}
	return reference{id: id}, nil
}

// keyOfApp is `key` of an app itself, `app { key }` of all else; empty where it is not there.
func keyOfApp(name string, representation map[string]any) string {
	app := representation
	if name != "DifyApp" {
		app, _ = representation["app"].(map[string]any)
	}
	key, _ := app["key"].(string)
	return key
}

func uuidIn(representation map[string]any, complete bool) (uuid.UUID, bool) {
	text, _ := representation["uuid"].(string)
	id, err := difyapi.ParseUUID(text)
	return id, complete && err == nil
}

func textIn(representation map[string]any, field string, complete bool) (string, bool) {
	text, _ := representation[field].(string)
	return text, complete && text != ""
}

// typeNames are the kinds' types.
var typeNames = map[model.Kind]string{
	model.KindApp: "DifyApp", model.KindLog: "WorkflowLog", model.KindRun: "WorkflowRun", model.KindEndUser: "EndUser",
	0: "DifyAccount", // which is no kind of reference, as what can't be read
}
